"""The answer of `why`: what differs upstream of two records or commits, as text, rows and JSON."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from gitml.records.record import MISSING
from gitml.render.cells import printable, typed
from gitml.render.page import PLAIN, Page
from gitml.render.shapes import FORMAT, Shape, at_shape
from gitml.render.sheet import GAP, display_width, joined, shortened
from gitml.views.lineage.why import Difference, Why
from gitml.views.rows import Column, Rows

_HASH = 12
_WIDE = 48


def why_text(found: Why, page: Page = PLAIN) -> str:
    """The differences, nearest first: a line for each pair of records, and below it one for each field."""
    names = [printable(side.name) for side in found.sides]
    if not found.differences:
        return joined([f"nothing that is recorded upstream of {names[0]} and {names[1]} differs"])
    rows = [["", "", *names], *map(_cells, found.differences)]
    widths = [max(display_width(row[column]) for row in rows) for column in range(4)]
    lines = [page.paint(_line(rows[0], widths), "strong")]
    told = zip(found.differences, rows[1:], strict=True)
    for (steps, refs), several in groupby(told, key=lambda pair: (pair[0].steps, pair[0].refs)):
        lines.append(page.paint(printable(_heading(steps, refs)), "strong"))
        lines += [_line(row, widths) for _one, row in several]
    return joined(lines)


def _heading(steps: int, refs: tuple[str | None, str | None]) -> str:
    named = [ref or "nothing" for ref in refs]
    pair = named[0] if named[0] == named[1] else f"{named[0]} | {named[1]}"
    return f"{pair}{f', {steps} up' if steps else ''}"


def _cells(one: Difference) -> list[str]:
    return [one.what, printable(one.field), *(shortened(_value(value), _WIDE) for value in one.values)]


def _value(value: Any) -> str:
    if value is MISSING:
        return "-"
    sort, colon, digits = value.partition(":") if isinstance(value, str) else ("", "", "")
    is_hash = colon and sort in ("md5", "sha256", "git") and len(digits) > _HASH
    return f"{digits[:_HASH]}…" if is_hash else typed(value)


def _line(row: list[str], widths: list[int]) -> str:
    padded = (text + " " * (width - display_width(text)) for text, width in zip(row, widths, strict=True))
    return "  " + GAP.join(padded).rstrip()


def why_rows(found: Why) -> Rows:
    """The differences as rows, for CSV and Markdown."""
    columns = (
        *(Column("steps", "int"), Column("what", "string"), Column("field", "string")),
        *(Column("ref_a", "string"), Column("ref_b", "string"), Column("a", "mixed"), Column("b", "mixed")),
    )
    rows = tuple(
        {"steps": one.steps, "what": one.what, "field": one.field}
        | {name: ref for name, ref in zip(("ref_a", "ref_b"), one.refs, strict=True) if ref is not None}
        | {name: value for name, value in zip(("a", "b"), one.values, strict=True) if value is not MISSING}
        for one in found.differences
    )
    return Rows(None, columns, rows, len(rows))


def why_shape(found: Why) -> Shape:
    """The answer of `why`; arrays are parallel to `records`, where a commit as a whole has null for its ref."""
    return {
        "format": FORMAT,
        "records": [{"ref": side.ref, "at": at_shape(side.at)} for side in found.sides],
        "complete": found.complete,
        "differences": [_shape(one) for one in found.differences],
    }


def _shape(one: Difference) -> Shape:
    return {
        "what": one.what,
        "steps": one.steps,
        "refs": list(one.refs),
        "field": one.field,
        "present": [value is not MISSING for value in one.values],
        "values": [None if value is MISSING else value for value in one.values],
    }
