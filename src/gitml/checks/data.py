"""Data: a pointer that a change brings must be what DVC tracks; one that has landed need only stand in history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitml.checks.scope import Scope
from gitml.errors import WARNING, GitmlError, Problem
from gitml.records.record import Path
from gitml.repo.snapshot import Snapshot

if TYPE_CHECKING:
    from gitml.repo.data.pointers import Pointer, Tracked

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
    trackings = _Trackings(scope)
    for file, at, pointer in _pointers(scope):
        kind = pointer.get("type")
        if not any(pointer.get(word) for word in IDENTITY.get(str(kind), ())):
            told = "the pointer has no identity (hash, version or digest)"
            hint = "add one, or nobody can tell whether the bytes are still the same"
            yield scope.problem_in(file, "pointer.unpinned", told, hint, at=at, severity=WARNING)
        path, md5 = pointer.get("path"), pointer.get("md5")
        if kind == "dvc" and isinstance(path, str) and isinstance(md5, str) and not trackings.hold(file, pointer, md5):
            found = trackings.now.get(path)
            if found is None:
                told, hint = f"DVC does not track {path}", f"dvc add {path}, and commit {path}.dvc"
                yield scope.problem_in(file, "pointer.missing", told, hint, at=(*at, "path"))
            else:
                told = f"DVC tracks {path} with {found.md5}"
                hint = "record the data as it is now, or check out the data that was meant"
                yield scope.problem_in(file, "pointer.hash", told, hint, at=(*at, "md5"))


def _pointers(scope: Scope) -> Iterator[tuple[str, Path, Mapping[str, Any]]]:
    for path, facts in scope.glances():
        if facts.pointers and (scope.whole or scope.is_new(path)):
            yield from ((path, at, value) for at, value in facts.pointers)


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

    paths = [path for path in snapshot.entries if is_pointer_file(path)]
    raw = snapshot.read(snapshot.entries[path].oid for path in paths)
    return tracked({path: raw[oid] for path in paths if (oid := snapshot.entries[path].oid) in raw})


class _Trackings:
    """What DVC tracks now, ever did, and did at some commit; each looked up once, when first asked for."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._then: dict[str, Mapping[str, Pointer]] = {}

    @cached_property
    def now(self) -> Mapping[str, Pointer]:
        return tracked_in(self.scope.snapshot).pointers

    @cached_property
    def ever(self) -> Mapping[str, frozenset[str]]:
        from gitml.repo.data.produced import hashes_in_history

        return hashes_in_history(self.scope.snapshot.git)

    def hold(self, file: str, pointer: Mapping[str, Any], md5: str) -> bool:
        """Whether the path of a record's pointer is tracked with a hash; of a record that has landed: ever was."""
        path = str(pointer["path"])
        found = self.now.get(path)
        if found is not None and found.md5 == md5:
            return True
        if not self.scope.is_new(file) and md5 in self.ever.get(path, ()):
            return True
        then = self._at(pointer.get("tracked_at")).get(path)
        return then is not None and then.md5 == md5

    def _at(self, named: object) -> Mapping[str, Pointer]:
        """What the commit tracks that the pointer names (`tracked_at`)."""
        if not isinstance(named, str):
            return {}
        if named not in self._then:
            snapshot = self.scope.snapshot
            try:
                tree = snapshot.git.tree(snapshot.git.resolve(named))
            except GitmlError:  # a commit that is gone, or was never fetched, proves nothing
                tree = {}
            self._then[named] = tracked_in(Snapshot(snapshot.git, snapshot.at, tree)).pointers
        return self._then[named]
