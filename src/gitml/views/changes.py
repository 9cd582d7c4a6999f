"""Changes by meaning: which record, what happened to it, which of its fields differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gitml.records.record import FieldChange, Record, differences
from gitml.repo.change import Change
from gitml.repo.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """One changed file; `op` is added, removed or changed; `ref` and `kind` are None for what is no record."""

    op: str
    ref: str | None
    kind: str | None
    path: str
    before: str | None
    after: str | None
    fields: tuple[FieldChange, ...] = ()
    old_ref: str | None = None


def describe(changes: Iterable[Change], before: Snapshot, after: Snapshot) -> list[Difference]:
    """Changes as differences, sorted by kind and ref."""
    found = [_one(change, before, after) for change in changes]
    return sorted(found, key=lambda one: (one.kind or "", one.ref or "", one.path))


def _one(change: Change, before: Snapshot, after: Snapshot) -> Difference:
    old, new = _record(before, change.path), _record(after, change.path)
    record = new or old
    kind = record.kind if record else None
    schemas = after.schemas if new else before.schemas
    list_key = schemas.kind(kind).list_key if kind else lambda _pattern: None
    fields = differences(old.data if old else None, new.data if new else None, list_key) if record else ()
    op = "added" if change.before is None else "removed" if change.after is None else "changed"
    return Difference(op, str(record.ref) if record else None, kind, change.path, change.before, change.after, fields)


def _record(snapshot: Snapshot, path: str) -> Record | None:
    if path not in snapshot.entries or not snapshot.is_record_path(path):
        return None
    return snapshot.load([path])[0].record
