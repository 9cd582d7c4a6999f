"""What the doctor finds, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gitml.render.cells import printable
from gitml.render.page import PLAIN, Page, Style
from gitml.render.shapes import FORMAT, Shape
from gitml.render.sheet import joined

if TYPE_CHECKING:
    from gitml.actions.doctor.finding import Diagnosis, Finding

_STYLES: Final[dict[str, Style]] = {"good": "faint", "advised": "warn", "wrong": "bad", "fixed": "good"}


def diagnosis_text(found: Diagnosis, page: Page = PLAIN) -> str:
    """A line for each thing, what would help below it, and how much --fix would set."""
    wide = max(len(one.name) for one in found.findings)
    lines = [line for one in found.findings for line in _lines(one, wide, page)]
    settable = sum(one.is_settable for one in found.left)
    return joined([*lines, *([f"git ml doctor --fix sets {settable} of these"] if settable else [])])


def _lines(one: Finding, wide: int, page: Page) -> list[str]:
    state = page.paint(f"{one.state:<7}", _STYLES[one.state])
    told = [f"{state}  {one.name:<{wide}}  {printable(one.message)}"]
    return [*told, f"{'':<{9 + wide}}  {printable(one.hint)}"] if one.hint else told


def diagnosis_shape(found: Diagnosis) -> Shape:
    """All that was looked at."""
    return {
        "format": FORMAT,
        "at": {"kind": "worktree", "commit": None, "events": None},
        "files": found.files,
        "findings": [
            {
                "name": one.name,
                "state": one.state,
                "message": one.message,
                "hint": one.hint,
                "settable": one.is_settable,
            }
            for one in found.findings
        ],
    }
