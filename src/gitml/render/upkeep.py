"""What lies in the cache, what is damaged there and what was removed, as rows and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from gitml.render.cells import printable
from gitml.render.listing import table
from gitml.render.page import PLAIN, Page
from gitml.render.sheet import joined
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.repo.upkeep import Fault, Sort

_SORTS: Final = (Column("sort", "string"), Column("count", "int"), Column("bytes", "int"))
_FAULTS: Final = (Column("key", "string"), Column("fault", "string"))


def sort_rows(sorts: Sequence[Sort]) -> Rows:
    """Entries, sort by sort."""
    return Rows(None, _SORTS, tuple(asdict(one) for one in sorts), len(sorts))


def fault_rows(faults: Sequence[Fault]) -> Rows:
    """What is damaged."""
    return Rows(None, _FAULTS, tuple({"key": one.key, "fault": one.told} for one in faults), len(faults))


def sorts_text(sorts: Sequence[Sort], told: str, page: Page = PLAIN) -> str:
    """Entries, sort by sort, and a line on all of them."""
    return joined([*(table(sort_rows(sorts), page).splitlines() if sorts else []), printable(told)])


def faults_text(checked: int, faults: Sequence[Fault]) -> str:
    """A line for each that is damaged, and one for all."""
    lines = [printable(f"{one.key}: {one.told}" if one.key else one.told) for one in faults]
    told = f"{len(faults)} damaged and removed; they are made again when they are asked for" if faults else "all sound"
    return joined([*lines, f"{count(checked, 'entry', 'entries')} read: {told}"])


def count(number: int, one: str, many: str) -> str:
    """So many of something: `1 entry`, `2,000 entries`."""
    return f"{number:,} {one if number == 1 else many}"
