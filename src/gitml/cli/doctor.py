"""The verb `doctor`: what would help in this clone, and setting it."""

from __future__ import annotations

from gitml.cli.door import FINE, Door
from gitml.render.diagnosis import diagnosis_shape, diagnosis_text


def doctor(door: Door) -> int:
    """A line for each thing looked at; with --fix what can be set is set first."""
    with door.waiting("setting" if door.args.fix else "looking"):
        found = door.here.doctor(fix=door.args.fix)
    door.answer(lambda: diagnosis_shape(found), lambda: found.rows, lambda: diagnosis_text(found, door.page))
    return FINE
