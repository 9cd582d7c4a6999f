"""Data: a pointer that a change brings must be what DVC tracks; one that has landed need only stand in history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitml.checks.scope import Scope
from gitml.errors import WARNING, GitmlError, Problem
from gitml.records.annotations import find
from gitml.records.record import Path, Record
from gitml.repo.pointers import Tracked, hashes_in_history, is_pointer_file, tracked
from gitml.repo.snapshot import Snapshot

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
    now: Tracked | None = None
    history: Mapping[str, frozenset[str]] | None = None
    for record, at, pointer in _pointers(scope):
        kind = pointer.get("type")
        if not any(pointer.get(word) for word in IDENTITY.get(str(kind), ())):
            yield scope.problem(
                record,
                "pointer.unpinned",
                "the pointer has no identity (hash, version or digest)",
                "add one, or nobody can tell whether the bytes are still the same",
                at=at,
                severity=WARNING,
            )
        path, md5 = pointer.get("path"), pointer.get("md5")
        if kind != "dvc" or not isinstance(path, str) or not isinstance(md5, str):
            continue
        now = now or tracked_in(scope.snapshot)
        found = now.pointers.get(scope.snapshot.prefix + path)
        if found is not None and found.md5 == md5:
            continue
        if not scope.is_new(record.path):
            history = hashes_in_history(scope.snapshot.git) if history is None else history
            if md5 in history.get(scope.snapshot.prefix + path, ()):
                continue
        if not _stands_at(scope, pointer, scope.snapshot.prefix + path, md5):
            yield _wrong(scope, record, at, path, None if found is None else found.md5)


def _pointers(scope: Scope) -> Iterator[tuple[Record, Path, Mapping[str, Any]]]:
    for record, kind in scope.records():
        for pattern in kind.shape.pointers:
            for at, value in find(record.data, pattern):
                if isinstance(value, Mapping) and (scope.whole or scope.is_new(record.path)):
                    yield record, at, value


def tracked_in(snapshot: Snapshot) -> Tracked:
    """What DVC's files in a snapshot track, by path from the repository's root."""
    paths = [path for path in snapshot.entries if is_pointer_file(path)]
    raw = snapshot.read(snapshot.entries[path].oid for path in paths)
    return tracked({path: raw[oid] for path in paths if (oid := snapshot.entries[path].oid) in raw})


def _stands_at(scope: Scope, pointer: Mapping[str, Any], path: str, md5: str) -> bool:
    """Whether the commit that the pointer names (`tracked_at`) tracks the path with that hash."""
    named = pointer.get("tracked_at")
    if not isinstance(named, str):
        return False
    try:
        commit = scope.snapshot.git.resolve(named)
    except GitmlError:  # a commit that is gone, or was never fetched, proves nothing
        return False
    there = Snapshot(
        scope.snapshot.git, scope.snapshot.at, scope.snapshot.git.tree(commit), prefix=scope.snapshot.prefix
    )
    found = tracked_in(there).pointers.get(path)
    return found is not None and found.md5 == md5


def _wrong(scope: Scope, record: Record, at: Path, path: str, tracked_md5: str | None) -> Problem:
    if tracked_md5 is None:
        return scope.problem(
            record,
            "pointer.missing",
            f"DVC does not track {path}",
            f"dvc add {path}, and commit {path}.dvc",
            at=(*at, "path"),
        )
    return scope.problem(
        record,
        "pointer.hash",
        f"DVC tracks {path} with {tracked_md5}",
        "record the data as it is now, or check out the data that was meant",
        at=(*at, "md5"),
    )
