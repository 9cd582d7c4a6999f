"""What stands against a revert, in words: fields and files that have been changed again since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gitml.actions.reverting.inverse import Clash, is_below
from gitml.errors import NotFound, Problem
from gitml.records.nearest import nearest
from gitml.records.reader import all_marks
from gitml.records.record import differences, leaves, no_list_key
from gitml.repo.data.pointers import leniently
from gitml.repo.readers.dvc import is_pointer_file

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.records.schema import Kind
    from gitml.views.changes import Difference

CONFLICT = "revert.conflict"
AGAIN = "was changed, and has been changed again since"
_FEW = 3
_BY_HAND = "set it by hand, or leave it out (--field, --kind)"


def clashing(now: Record, clash: Clash, raw: bytes) -> Problem:
    """A field that was changed again, at its place in the record of today."""
    _keys, values = all_marks(raw)
    at = clash.path
    while at and at not in values:
        at = at[:-1]
    line, column = values.get(at, (None, None))
    return Problem(CONFLICT, now.path, str(clash), _BY_HAND, line=line, column=column, ref=str(now.ref),
                   field=clash.field)  # fmt: skip


def which_fields(new: Record, now: Record) -> str:
    """The first few fields in which a record has changed since."""
    names = [one.field for one in differences(new.data, now.data)]
    return ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} more" if len(names) > _FEW else "")


def unread_side(one: Difference) -> str:
    """When a record could not be read."""
    sides = {"before it": one.old, "after it": one.new}
    return next((told for told, record in sides.items() if record is None), "today")


def in_hashes(path: str, sides: Sequence[bytes | None]) -> str:
    """A file that was changed again; of a pointer with the hashes before, after and today."""
    if not is_pointer_file(path):
        return AGAIN
    was, made, now = (_hashes(path, raw) for raw in sides)
    return f"{AGAIN}: was {was}, was made {made}, and is {now} today"


def _hashes(path: str, raw: bytes | None) -> str:
    if raw is None:
        return "absent"
    return ", ".join(pointer.md5 for pointer in leniently(path, raw, {})) or "without a hash"


def see_field(name: str, records: Iterable[Record], kinds: Mapping[str, Kind], where: str) -> None:
    """Raise NotFound where none of some records has a field, or one that it holds."""
    keys = ((record, kinds.get(record.kind)) for record in records)
    names = {one for record, kind in keys for one in leaves(record.data, kind.list_key if kind else no_list_key)}
    if names and not any(is_below(one, name) or is_below(name, one) for one in names):
        raise NotFound(f"{where} has no field {name}", near=nearest(name, names), hint="git ml show prints them")
