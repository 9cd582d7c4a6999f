"""A bump as text and as JSON: who rests on the version before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.render.cells import printable
from gitml.render.shapes import Shape
from gitml.render.sheet import joined

if TYPE_CHECKING:
    from gitml.actions.bump import Bumped

_MOST = 20


def bumped_text(done: Bumped, written: str) -> str:
    """What was written, or why nothing was, and the records that refer to the version before."""
    if done.note:
        return joined([printable(done.note)])
    count = len(done.dependents)
    if not count:
        return joined([*written.splitlines(), f"nothing refers to {done.previous}"])

    told = [f"{count} record{'s' * (count != 1)} refer{'s' * (count == 1)} to {done.previous}:"]
    lines = [f"  {printable(one.ref)}  {printable(one.field)}".rstrip() for one in done.dependents[:_MOST]]
    rest = [f"  and {count - _MOST} more: --format json"] if count > _MOST else []
    return joined([*written.splitlines(), *told, *lines, *rest])


def bumped_shape(done: Bumped) -> Shape:
    """What the answer of `bump` says beside what was written."""
    every = [{"ref": one.ref, "field": one.field, "role": one.role} for one in done.dependents]
    return {"previous": done.previous, "dependents": every, "note": done.note or None}
