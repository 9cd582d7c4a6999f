"""How two versions of data differ: columns, counts, figures of the profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import MISSING, differences, leaves
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.values import load_values
from gitml.views.beside.parts import Version
from gitml.views.deltas import is_number

if TYPE_CHECKING:
    from gitml.records.record import FieldChange, Record
    from gitml.repo.snapshot import Snapshot

_COLUMNS: Final = (("columns", "name"), ("features", "name"))
_PROFILE: Final = "profile"


def is_data(record: Record, snapshot: Snapshot) -> bool:
    """Whether a record is a version of data: one of columns, of which the schema says by which key they are known."""
    kind = snapshot.schemas.latest.get(record.kind)
    return kind is not None and kind.addressing == "version" and ("columns",) in kind.shape.list_keys


def version(old: Record, new: Record, before: Snapshot, after: Snapshot) -> Version:
    """How a version differs from the baseline's."""
    rest = [
        {name: value for name, value in record.data.items() if name not in {*dict(_COLUMNS), _PROFILE}}
        for record in (old, new)
    ]
    figures = (found for found in differences(rest[0], rest[1]) if _is_figure(found))
    profiles = [_profile(record, snapshot) for record, snapshot in ((old, before), (new, after))]
    told = differences(profiles[0], profiles[1], _by_name) if all(profiles) else ()
    return Version(_columns(old, new), tuple(figures), tuple(found for found in told if _is_figure(found)))


def _columns(old: Record, new: Record) -> dict[str, tuple[FieldChange, ...]]:
    """The columns that differ, by name, in the order in which they stand; what is under no name is left out."""
    sides = [_named(record) for record in (old, new)]
    found = {name: differences(sides[0].get(name), sides[1].get(name)) for name in {**sides[0], **sides[1]}}
    return {name: changes for name, changes in found.items() if changes}


def _named(record: Record) -> dict[str, Mapping[str, Any]]:
    items = [
        (item.get(key), item)
        for field, key in _COLUMNS
        for item in record.data.get(field) or ()
        if isinstance(item, Mapping)
    ]
    return {name: item for name, item in items if isinstance(name, str)}


def _is_figure(found: FieldChange) -> bool:
    sides = [value for value in (found.before, found.after) if value is not MISSING]
    return all(is_number(value) for value in sides)


def _profile(record: Record, snapshot: Snapshot) -> dict[str, Any]:
    """The profile beside the record as figures; nothing where it is not here, or cannot be read."""
    said = record.data.get(_PROFILE)
    path = said.get("path") if isinstance(said, Mapping) else None
    if not isinstance(path, str) or (raw := _bytes(snapshot, path)) is None:
        return {}
    try:
        found = load_values(raw, path)
    except Unreadable:
        return {}
    return found if isinstance(found, dict) and leaves(found) else {}


def _bytes(snapshot: Snapshot, path: str) -> bytes | None:
    """What lies at a path; of the work tree only small text has been read already."""
    entry = snapshot.entries.get(path)
    is_unread = entry is not None and not entry.oid.strip("0")
    return snapshot.git.unread(path) if is_unread else snapshot.bytes_at(path)


def _by_name(_pattern: tuple[str, ...]) -> str:
    return "name"
