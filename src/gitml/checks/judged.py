"""Commits that were judged before: of what is built on one only the difference is looked at, and what was wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from gitml.checks.facts import rules
from gitml.errors import GitFailed
from gitml.records.schemas import FOLDER
from gitml.records.template import OWN_FOLDER
from gitml.repo.readers.dvc import is_plain_pointer, is_pointer_file

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.repo.cache import Cache
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_GTO: Final = "gto"
_JUDGED: Final = ("judged", "")
# So many commits that were judged last are known.
_KNOWN: Final = 8
# A commit in which more records are wrong, or from which more differ, is no help.
_MANY: Final = 5000


class Judged(NamedTuple):
    """A commit: how many records it has, and the paths of those in which something is wrong.

    `piped` tells that it has pipelines or model indexes: then any file may be one that a reader reads.
    """

    commit: str
    size: int
    wrong: tuple[str, ...]
    piped: bool


class Step(NamedTuple):
    """From a judged commit to a snapshot: the snapshot's number of records, and which of them are to be looked at.

    `piped` is that of both.
    """

    size: int
    before: Snapshot
    paths: frozenset[str]
    piped: bool


def step(repository: Repository, snapshot: Snapshot) -> Step | None:
    """The step from the last judged commit below a snapshot; None where another file than a record may tell more."""
    here = snapshot.tree.base
    for one in _known(snapshot, snapshot.cache) if snapshot.cache and here else ():
        if here and _is_below(repository, one.commit, here):
            before = repository.commit(one.commit, snapshot.asker, snapshot.asked.until)
            differing = snapshot.tree.differs(before.tree)
            records = frozenset(path for path in differing if _is_plain_record(snapshot, path))
            if len(records) > _MANY or any(_matters(snapshot, one, path) for path in differing - records):
                return None
            more = sum(path in snapshot.tree for path in records) - sum(path in before.tree for path in records)
            return Step(one.size + more, before, records.union(one.wrong), one.piped)
    return None


def _is_below(repository: Repository, commit: str, here: str) -> bool:
    try:
        return commit == here or repository.git.merge_base(commit, here) == commit
    except GitFailed:  # it is gone, with the branch that held it
        return False


def learn(snapshot: Snapshot, size: int, problems: Iterable[Problem], *, piped: bool | None = None) -> None:
    """Keep what a whole commit was judged to be, where that can help: little is wrong, and only in records.

    Whether it is `piped` is looked up where nobody knows.
    """
    cache, tree = snapshot.cache, snapshot.tree
    wrong = {problem.path for problem in problems}
    if cache is None or tree.base is None or tree.changes or len(wrong) > _MANY or snapshot.tree_problems:
        return
    if all(path in tree and _is_plain_record(snapshot, path) for path in wrong):
        others = [one for one in _known(snapshot, cache) if one.commit != tree.base]
        piped = any(map(_is_joined, snapshot.seen.starts)) if piped is None else piped
        told = [Judged(tree.base, size, tuple(sorted(wrong)), piped), *others]
        cache.put({_key(snapshot): [tuple(one) for one in told[:_KNOWN]]})


def _is_plain_record(snapshot: Snapshot, path: str) -> bool:
    return snapshot.place(path) is not None and snapshot.is_record_path(path) and not is_pointer_file(path)


def _matters(snapshot: Snapshot, one: Judged, path: str) -> bool:
    """Whether a file that is no record may change what is wrong in others."""
    from gitml.repo.readers.model_index import is_index

    own = (snapshot.prefix + OWN_FOLDER, snapshot.prefix + FOLDER)
    return one.piped or path.startswith(own) or is_pointer_file(path) or is_index(path)


def _is_joined(path: str) -> bool:
    from gitml.repo.readers.model_index import is_index

    return (is_pointer_file(path) and not is_plain_pointer(path)) or is_index(path)


def _known(snapshot: Snapshot, cache: Cache) -> list[Judged]:
    key = _key(snapshot)
    return [Judged(*one) for one in cache.get([key]).get(key, ())]


def _key(snapshot: Snapshot) -> str:
    found: str | None = snapshot.worked_out.get(_JUDGED)
    if found is None:
        found = snapshot.worked_out[_JUDGED] = _made_key(snapshot)
    return found


def _made_key(snapshot: Snapshot) -> str:
    schemas = sorted((name, major, kind.blob) for (name, major), kind in snapshot.schemas.kinds.items())
    # Tags, which are in no tree, register versions and move aliases where that reader is on.
    tags = snapshot.git.refs("refs/tags/") if _GTO in snapshot.settings.readers else {}
    said = repr((snapshot.prefix, snapshot.tree.events, schemas, sorted(tags.items()))).encode(
        "utf-8", "surrogateescape"
    )
    return f"{asked()}{hashlib.sha256(said).hexdigest()[:16]}"


def asked() -> str:
    """How all keys begin that this version asks the cache for."""
    return f"judged/{rules()}/"
