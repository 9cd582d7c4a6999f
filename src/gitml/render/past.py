"""Rows over history to read: short commits, times to the minute, refs with commas between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gitml.views.past import COMMIT, REFS, TIME
from gitml.views.rows import Column

if TYPE_CHECKING:
    from gitml.views.rows import Cells, Rows

HEAD: Final = (COMMIT, TIME)
"""What a narrow page keeps."""

_SHORT = 8
_MINUTE = len("2026-03-01T12:00")


def readable(rows: Rows) -> Rows:
    """The same rows for people: nothing to compute with."""
    columns = tuple(Column(REFS, "string") if column.name == REFS else column for column in rows.columns)
    return replace(rows, columns=columns, rows=tuple(map(_row, rows.rows)))


def _row(row: Cells) -> Cells:
    written = {
        COMMIT: row[COMMIT][:_SHORT],
        TIME: row[TIME][:_MINUTE].replace("T", " "),
        REFS: ", ".join(row[REFS]),
    }
    return row | written
