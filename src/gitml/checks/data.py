"""Data: a pointer that is not committed yet must be what DVC tracks; one that is need only stand in history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from gitml.checks.scope import Scope
from gitml.errors import WARNING, GitmlError, Problem
from gitml.records.record import Path
from gitml.repo.git.trees import Tree
from gitml.repo.snapshot import Snapshot

if TYPE_CHECKING:
    from gitml.repo.data.pointers import Pointer, Tracked

_TRACKED: Final = ("tracked", "")
# What makes each type of pointer immutable; one of them is enough.
IDENTITY: Mapping[str, tuple[str, ...]] = {
    "dvc": ("md5", "sha256", "etag", "version_id"),
    "uri": ("sha256", "md5", "digest", "etag", "version_id", "object_version"),
    "table": ("snapshot", "version", "digest", "version_id"),
    "query": ("digest", "sha256", "snapshot"),
    "oci": ("digest",),
    "git": ("blob", "commit", "tree"),
}


def pointers(scope: Scope) -> Iterator[Problem]:
    """Pointers of records in question: with an identity, and tracked by DVC with just that hash."""
    tracking = _Tracking(scope)
    for file, at, pointer in _pointers(scope):
        kind = pointer.get("type")
        if not any(pointer.get(word) for word in IDENTITY.get(str(kind), ())):
            told = "the pointer has no identity (hash, version or digest)"
            hint = "add one, or nobody can tell whether the bytes are still the same"
            yield scope.problem_in(file, "pointer.unpinned", told, hint, at=at, severity=WARNING)
        path, md5 = pointer.get("path"), pointer.get("md5")
        if kind == "dvc" and isinstance(path, str) and isinstance(md5, str):
            held = tracking.holds(file, pointer, md5)
            if held is None:
                told = f"whether DVC ever tracked {path} with {md5} was not checked: history is cut short here"
                yield scope.problem_in(file, "pointer.unknown", told, tracking.lacking, at=at, severity=WARNING)
            elif not held:
                yield _untracked(scope, tracking, file, at, path)


def _untracked(scope: Scope, tracking: _Tracking, file: str, at: Path, path: str) -> Problem:
    found = tracking.now.get(path)
    if found is None:
        told, hint = f"DVC does not track {path}", f"dvc add {path}, and commit {path}.dvc"
        return scope.problem_in(file, "pointer.missing", told, hint, at=(*at, "path"))
    hint = "record the data as it is now, or check out the data that was meant"
    return scope.problem_in(file, "pointer.hash", f"DVC tracks {path} with {found.md5}", hint, at=(*at, "md5"))


def _pointers(scope: Scope) -> Iterator[tuple[str, Path, Mapping[str, Any]]]:
    for one in scope.surveyed:
        yield from (found for found in one.gist.pointers if scope.counts_old or scope.is_new(found[0]))


def readable(scope: Scope) -> Iterator[Problem]:
    """Files of other tools that are in question and cannot be read."""
    from gitml.repo.readers.dvc import is_pointer_file

    if scope.whole or any(map(is_pointer_file, scope.changed)):
        found = scope.snapshot.derived().problems
        yield from (problem for problem in found if scope.whole or problem.path in scope.changed)


def tracked_in(snapshot: Snapshot) -> Tracked:
    """What DVC's files in a snapshot track, by path from the repository's root."""
    from gitml.repo.data.pointers import tracked
    from gitml.repo.readers.dvc import is_pointer_file

    told: Tracked | None = snapshot.worked_out.get(_TRACKED)
    if told is None:
        seen = snapshot.seen
        found = {path: seen.entries[path] for path in seen.starts if is_pointer_file(path)}
        raw = snapshot.read(entry.oid for entry in found.values())
        told = tracked({path: raw[entry.oid] for path, entry in found.items() if entry.oid in raw})
        snapshot.worked_out[_TRACKED] = told
    return told


class _Tracking:
    """What DVC tracks now, ever did, and did at some commit; each looked up once, when first asked for."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._git = scope.snapshot.git
        self._then: dict[str, Mapping[str, Pointer] | None] = {}

    @cached_property
    def now(self) -> Mapping[str, Pointer]:
        """What the snapshot tracks, by path."""
        return tracked_in(self._scope.snapshot).pointers

    def holds(self, file: str, pointer: Mapping[str, Any], md5: str) -> bool | None:
        """Whether the path of a record's pointer is tracked with a hash; of a record that is in a commit: ever was.

        None where nothing shows it and history is cut short.
        """
        path = str(pointer["path"])
        if _tracks(self.now, path, md5):
            return True
        committed = self._is_committed(file)
        if committed and md5 in self._ever.get(path, ()):
            return True
        named = pointer.get("tracked_at")
        then = self._at(named) if isinstance(named, str) else {}
        if then is not None and _tracks(then, path, md5):
            return True
        return None if (committed or then is None) and self.lacking else False

    @cached_property
    def lacking(self) -> str:
        """The command that would bring what this clone lacks of history; empty where it lacks nothing."""
        if self._git.is_shallow():
            return "git fetch --unshallow"
        return "git fetch --refetch" if self._git.promisor() else ""

    @cached_property
    def _tips(self) -> list[str]:
        """The commits that the snapshot stands on: its own or HEAD, the other one of a merge, and what has landed."""
        own, base = self._scope.snapshot.at.commit, self._scope.base
        asked = [own] if own else ["HEAD", "MERGE_HEAD"]
        found = [self._git.commit_or_none(tip) for tip in asked]
        return [tip for tip in dict.fromkeys([*found, base.at.commit if base else None]) if tip]

    @cached_property
    def _ever(self) -> Mapping[str, frozenset[str]]:
        from gitml.repo.data.produced import hashes_in_history

        return hashes_in_history(self._git, *self._tips) if self._tips else {}

    @cached_property
    def _trees(self) -> list[Tree]:
        return [Tree(self._git, tip, {}, self._scope.snapshot.tree.objects) for tip in self._tips]

    def _is_committed(self, file: str) -> bool:
        entry = self._scope.snapshot.tree[file]
        return any(tree.file(file) == entry for tree in self._trees)

    def _at(self, named: str) -> Mapping[str, Pointer] | None:
        """What the commit tracks that a pointer names (`tracked_at`); None where it is not here."""
        if named not in self._then:
            snapshot = self._scope.snapshot
            try:
                tree = self._git.tree(self._git.resolve(named))
            except GitmlError:  # a commit that is gone, or was never fetched, proves nothing
                self._then[named] = None
            else:
                held = Tree(self._git, None, tree, snapshot.tree.objects)
                self._then[named] = tracked_in(Snapshot(self._git, snapshot.at, held)).pointers
        return self._then[named]


def _tracks(pointers: Mapping[str, Pointer], path: str, md5: str) -> bool:
    found = pointers.get(path)
    return found is not None and found.md5 == md5
