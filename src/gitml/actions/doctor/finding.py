"""What the doctor finds: a line for each thing looked at, whether all is well with it, and what would help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gitml.views.rows import Column, Rows

GOOD: Final = "good"
ADVISED: Final = "advised"
WRONG: Final = "wrong"
FIXED: Final = "fixed"
"""States: all is well; something would be faster or safer; something does not work; `--fix` has just set it."""

_COLUMNS = tuple(Column(name, "string") for name in ("name", "state", "message", "hint"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what is so, and what would help (empty where all is well).

    `is_settable`: `git ml doctor --fix` does it, since it touches neither a file of the tree nor another machine.
    """

    name: str
    state: str
    message: str
    hint: str = ""
    is_settable: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was looked at, in a fixed order; `files` are those of git's index."""

    findings: tuple[Finding, ...]
    files: int

    @property
    def left(self) -> tuple[Finding, ...]:
        """What is not as it could be."""
        return tuple(one for one in self.findings if one.state in (ADVISED, WRONG))

    @property
    def rows(self) -> Rows:
        """It as rows."""
        rows = tuple(
            {"name": one.name, "state": one.state, "message": one.message, "hint": one.hint} for one in self.findings
        )
        return Rows(None, _COLUMNS, rows, len(rows))


def good(name: str, message: str) -> Finding:
    """All is well with it."""
    return Finding(name, GOOD, message)


def advised(name: str, message: str, hint: str, *, settable: bool = False) -> Finding:
    """It would be faster or safer otherwise."""
    return Finding(name, ADVISED, message, hint, settable)


def wrong(name: str, message: str, hint: str, *, settable: bool = False) -> Finding:
    """It does not work."""
    return Finding(name, WRONG, message, hint, settable)
