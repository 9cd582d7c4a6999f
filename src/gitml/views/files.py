"""What changed in files of a store that are no records: its settings, its schemas, what DVC says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitml.records.reader import read
from gitml.records.record import differences
from gitml.records.schemas import is_schema_path
from gitml.repo.data.plain import Unreadable
from gitml.repo.load import NO_FILES
from gitml.repo.readers.dvc import is_pointer_file
from gitml.repo.readers.plain_values import plain
from gitml.repo.readers.values import load_lines

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot
    from gitml.views.changes import Difference


def by_meaning(one: Difference, before: Snapshot, after: Snapshot) -> Difference | None:
    """A changed file with the fields that differ, where it has such; None where only its form or mode is another."""
    if one.op != "changed":
        return one
    if one.before == one.after:
        return one if any(snapshot.tree[one.path].mode in NO_FILES for snapshot in (before, after)) else None
    old, new = (values(snapshot, one.path) for snapshot in (before, after))
    if old is None or new is None:
        return one
    # The lists of mappings in DVC's files are keyed by path; one without stays a leaf.
    fields = differences(old, new, lambda _pattern: "path")
    return replace(one, fields=fields) if fields else None


def values(snapshot: Snapshot, path: str) -> dict[str, Any] | None:
    """What a file says, where it is a mapping; None for what cannot be read, or is no such file."""
    inner = snapshot.inner(path) or ""
    raw = snapshot.bytes_at(path)
    if raw is None:
        return None
    if is_pointer_file(path):
        try:
            found = plain(load_lines(raw)[0])
        except Unreadable:
            return None
        return found if isinstance(found, dict) else None
    return read(raw).data if is_schema_path(inner) or snapshot.is_settings(path) else None
