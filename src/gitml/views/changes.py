"""Changes by meaning: which record, what happened to it, which of its fields differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gitml.errors import BadRef
from gitml.records.record import FieldChange, Record, differences, no_list_key
from gitml.repo.change import Change
from gitml.repo.load import read_blob
from gitml.repo.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """One changed record or file; `op` is added, removed, changed or renamed; `ref` and `kind` None: it is no record.

    `before` and `after` are blobs; `old_ref` and `old_path` are those of what was renamed. `old` and `new` are the
    records themselves, where they can be read.
    """

    op: str
    ref: str | None
    kind: str | None
    path: str
    before: str | None
    after: str | None
    fields: tuple[FieldChange, ...] = ()
    old_ref: str | None = None
    old_path: str | None = None
    old: Record | None = field(default=None, compare=False, repr=False)
    new: Record | None = field(default=None, compare=False, repr=False)

    @property
    def order(self) -> tuple[str, str, str]:
        """By kind and ref; what is no record comes first, by path."""
        return self.kind or "", self.ref or "", self.path

    @property
    def derived(self) -> bool:
        """Whether it is about what a reader made of other tools' files."""
        return any(record.derived for record in (self.old, self.new) if record)


def describe(changes: Iterable[Change], before: Snapshot, after: Snapshot) -> list[Difference]:
    """Changes as differences, sorted by kind and ref."""
    wanted = list(changes)
    for snapshot in (before, after):
        snapshot.load(change.path for change in wanted if _is_record(snapshot, change.path))
    return sorted((_one(change, before, after) for change in wanted), key=lambda one: one.order)


def between(old: Record | None, new: Record | None, before: Snapshot, after: Snapshot) -> tuple[FieldChange, ...]:
    """The fields in which two records differ, or all those of one."""
    record = new or old
    if record is None:
        return ()
    known = [snapshot.schemas.latest.get(record.kind) for snapshot in (after, before)]
    kind = next((kind for kind in (known if new else reversed(known)) if kind), None)
    return differences(old.data if old else None, new.data if new else None, kind.list_key if kind else no_list_key)


def _one(change: Change, before: Snapshot, after: Snapshot) -> Difference:
    old, new = _record(before, change.path, after), _record(after, change.path, before)
    ref, kind = _named(new or old, change.path, (after, before))
    op = "added" if change.before is None else "removed" if change.after is None else "changed"
    # Of a side that cannot be read nobody can say which fields it had.
    is_read = all(record or blob is None for record, blob in ((old, change.before), (new, change.after)))
    fields = between(old, new, before, after) if is_read else ()
    return Difference(op, ref, kind, change.path, change.before, change.after, fields, old=old, new=new)


def _named(record: Record | None, path: str, snapshots: Iterable[Snapshot]) -> tuple[str | None, str | None]:
    """The ref and kind of a record; of one that cannot be read, those of its path."""
    if record is not None:
        return str(record.ref), record.kind
    for snapshot in snapshots:
        place = snapshot.place(path)
        if place is not None and snapshot.is_record_path(path):
            try:
                return str(snapshot.schemas.ref(place, {})), place.kind.name
            except BadRef:  # the exact name stands inside
                return None, place.kind.name
    return None, None


def _is_record(snapshot: Snapshot, path: str) -> bool:
    return path in snapshot.tree and snapshot.is_record_path(path)


def _record(snapshot: Snapshot, path: str, other: Snapshot) -> Record | None:
    """The record at a path; where the snapshot does not know the kind yet, or any more, as the other one reads it."""
    if _is_record(snapshot, path):
        return snapshot.load([path])[0].record
    place = other.place(path) if path in snapshot.tree and other.is_record_path(path) else None
    raw = snapshot.bytes_at(path) if place else None
    data = read_blob(raw).data if raw is not None else None
    if place is None or data is None:
        return None
    try:
        return Record(other.schemas.ref(place, data), path, snapshot.tree[path].oid, data)
    except BadRef:
        return None
