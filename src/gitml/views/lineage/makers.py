"""The run that made a record: the one that it names, else one that put its bytes where they are, now or back then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.errors import BadRef, NotFound
from gitml.records.annotations import find
from gitml.records.links import links
from gitml.records.ref import Ref
from gitml.repo.data.produced import producers
from gitml.repo.load import is_complete
from gitml.views.lineage.held import Held, held

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_ROLES: Final = frozenset(["produced_by", "executes"])
_RUN: Final = "run"
_MD5: Final = "md5:"

Wrote = Mapping[Held, "Record"]
"""By its bytes the run that wrote them; of several the last."""


class Made(NamedTuple):
    """A run that made something, and the snapshot that tells of it."""

    run: Record
    snapshot: Snapshot


class Makers:
    """Who made what; `complete` is False once a commit was asked for that this clone does not have.

    Never by the hash alone: two files equal to the byte in two places are two things.
    """

    def __init__(self, repository: Repository) -> None:
        self.complete = True
        self._repository = repository
        self._known: dict[tuple[int, bool], tuple[Snapshot, Wrote]] = {}

    def of(self, record: Record, snapshot: Snapshot) -> Made | None:
        """The run that made a record of a snapshot; None where nobody knows."""
        named = next(_named(record, snapshot), None)
        if named is not None:
            return Made(named, snapshot)
        pointers = list(_pointers(record, snapshot))
        here = (self._wrote(snapshot, derived=derived) for derived in (True, False) if pointers)
        found = next((Made(wrote[one], snapshot) for wrote in here for one, _says in pointers if one in wrote), None)
        return found or next(self._once(pointers, snapshot), None)

    def _once(self, pointers: Iterable[tuple[Held, Mapping[str, Any]]], snapshot: Snapshot) -> Iterator[Made]:
        """Who made bytes that the stage does not give any more, as the commit tells that tracked or produced them."""
        for one, says in pointers:
            for commit in self._commits(one, says, snapshot):
                if self._repository.git.commit_or_none(commit) is None:
                    self.complete = False
                    continue
                then = self._repository.commit(commit, snapshot.own_schemas)
                wrote = self._wrote(then, derived=True)
                if one in wrote:
                    yield Made(wrote[one], then)

    def _commits(self, one: Held, says: Mapping[str, Any], snapshot: Snapshot) -> Iterator[str]:
        tracked = says.get("tracked_at")
        if isinstance(tracked, str):
            yield tracked
        elif (tip := snapshot.at.commit or snapshot.git.head()) is not None and one.hash and one.hash.startswith(_MD5):
            wanted = (one.path, one.hash.removeprefix(_MD5))
            found = producers(snapshot.git, [wanted], tip)
            cut = not found and (snapshot.git.is_shallow() or bool(snapshot.git.promisor()))
            self.complete = self.complete and not cut
            yield from found.values()

    def _wrote(self, snapshot: Snapshot, *, derived: bool) -> Wrote:
        """What the runs of a snapshot wrote: DVC's, of its locks, or those that are recorded."""
        key = (id(snapshot), derived)
        if key not in self._known:
            runs = _runs(snapshot, derived=derived)
            self._known[key] = (snapshot, {one: run for run in runs for one in _outputs(run)})
            if derived:
                self.complete = self.complete and is_complete(snapshot.derived(_RUN).problems)
        return self._known[key][1]


def resolved(text: Any, snapshot: Snapshot) -> Record | None:
    """The record that a ref names; None where it is not here, or the text is no ref."""
    try:
        return snapshot.record(Ref.parse(text).bare) if isinstance(text, str) else None
    except (BadRef, NotFound):
        return None


def _named(record: Record, snapshot: Snapshot) -> Iterator[Record]:
    kind = snapshot.schemas.latest.get(record.kind)
    for link in links(record, kind) if kind else ():
        if link.role in _ROLES and (run := resolved(link.text, snapshot)) is not None:
            yield run


def _pointers(record: Record, snapshot: Snapshot) -> Iterator[tuple[Held, Mapping[str, Any]]]:
    kind = snapshot.schemas.latest.get(record.kind)
    for pattern in kind.shape.pointers if kind else ():
        for _at, says in find(record.data, pattern):
            one = held(says)
            if one is not None and one.hash and not says.get("repository"):
                yield one, says


def _runs(snapshot: Snapshot, *, derived: bool) -> Iterable[Record]:
    if _RUN not in snapshot.schemas.latest:
        return ()
    if derived:
        return snapshot.derived(_RUN).of(_RUN)
    recorded = (run for run in snapshot.records(_RUN) if not run.derived)
    return sorted(recorded, key=lambda run: (str(run.data.get("created", "")), str(run.ref)))


def _outputs(run: Record) -> Iterator[Held]:
    items = run.data.get("outputs")
    for item in items.values() if isinstance(items, Mapping) else ():
        one = held(item)
        if one is not None and one.hash:
            yield one
