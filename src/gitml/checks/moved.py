"""Data that has changed since the last version of it, while no version says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gitml.checks.data import tracked_in
from gitml.checks.facts import Facts
from gitml.checks.scope import Scope
from gitml.errors import WARNING, Problem
from gitml.records.ref import VERSION

# What is bumped when its data change; a model's next version comes from the run that made it.
HEADS: Final = ("dataset", "feature-set")
_WORDS: Final = {"dvc": ("DVC", "md5"), "git": ("git", "blob")}
_DVC_FILES: Final = (".dvc", "dvc.lock", "dvc.yaml", "Dvcfile")
_POINTER: Final = "pointer"


class _Version(NamedTuple):
    """A version of data: its number, its path, and what it points to."""

    number: int
    path: str
    pointer: Mapping[str, Any]

    @property
    def place(self) -> tuple[str, str] | None:
        """Who tracks its bytes here (dvc, git), and the path; None where nobody does."""
        kind, path = self.pointer.get("type"), self.pointer.get("path")
        return (kind, path) if isinstance(kind, str) and kind in _WORDS and isinstance(path, str) else None


def moved(scope: Scope) -> Iterator[Problem]:
    """Data that DVC or git tracks with a hash that no version has; told of the last version, once that has landed."""
    heads = dict(_in_question(scope))
    last = {head: versions[-1] for head, versions in heads.items()}
    now = _tracked(scope, [version.place for version in last.values() if version.place])
    for head, version in last.items():
        place = version.place
        if place is None or place not in now:
            continue
        tool, word = _WORDS[place[0]]
        said = [other.pointer.get(word) for other in heads[head] if other.place == place]
        if word in version.pointer and now[place] not in said:
            told = f"{place[1]} has changed: {tool} tracks {now[place]}, and no version of {head} says so"
            at, hint = (_POINTER, word), f"git ml bump {head} --reason …"
            yield scope.problem_in(version.path, "pointer.moved", told, hint, at=at, severity=WARNING)


def _in_question(scope: Scope) -> Iterator[tuple[str, list[_Version]]]:
    """The heads whose versions are in question, all of them where a file of DVC's has changed; the last one last."""
    everything = scope.whole or any(path.endswith(_DVC_FILES) for path in scope.changed)
    for kind in (name + VERSION for name in HEADS if name + VERSION in scope.snapshot.schemas.latest):
        asked = set() if everything else _asked(scope, kind)
        if not (everything or asked):
            continue
        for head, versions in _heads(scope, kind).items():
            if (everything or head in asked) and not scope.is_new(versions[-1].path):
                yield head, versions


def _asked(scope: Scope, kind: str) -> set[str]:
    found = scope.facts.of(scope.present)
    return {_head(facts) for facts in found if facts is not None and facts.kind == kind}


def _heads(scope: Scope, kind: str) -> dict[str, list[_Version]]:
    paths = [path for path in scope.snapshot.paths_of(kind) if path in scope.snapshot.tree]
    found: dict[str, list[_Version]] = {}
    for path, facts in zip(paths, scope.facts.of(paths), strict=True):
        number = facts.ref.rpartition("@")[2] if facts else ""
        if facts and number.isascii() and number.isdigit():
            pointer = next((value for at, value in facts.pointers if at == (_POINTER,)), {})
            found.setdefault(_head(facts), []).append(_Version(int(number), path, pointer))
    return {head: sorted(versions, key=lambda version: version.number) for head, versions in found.items()}


def _head(facts: Facts) -> str:
    return facts.ref.rpartition("@")[0]


def _tracked(scope: Scope, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The hash that DVC, or git, has for each of these now."""
    by_dvc = {path for kind, path in places if kind == "dvc"}
    pointers = tracked_in(scope.snapshot).pointers if by_dvc else {}
    tree = scope.snapshot.tree
    blobs = {path: entry.oid for kind, path in places if kind == "git" and (entry := tree.file(path)) is not None}
    # A changed file of the work tree that is no record has no id yet.
    unread = [path for path, oid in blobs.items() if not oid.strip("0")]
    blobs |= scope.snapshot.git.hash_paths(unread) if unread else {}
    found = {("dvc", path): pointers[path].md5 for path in by_dvc if path in pointers}
    return found | {("git", path): oid for path, oid in blobs.items()}
