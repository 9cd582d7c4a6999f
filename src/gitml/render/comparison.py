"""A comparison as text: a line a field, a column a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitml.render.beside import beside_lines, beside_same
from gitml.render.cells import printable, typed
from gitml.render.changed_values import signed
from gitml.render.page import PLAIN, Page, Style
from gitml.render.problems import counted
from gitml.render.sheet import Strip, joined, sheet
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.views.compare import Comparison, Field

_STYLES: dict[str, Style] = {"better": "good", "worse": "bad"}


def comparison_text(comparison: Comparison, page: Page = PLAIN, *, everything: bool = False) -> str:
    """The fields that differ (or all): each value, its difference from the first, and whether that is better.

    Below them stand data, code, environment and duration, where these differ.
    """
    fields = [field for field in comparison.fields if everything or not field.same]
    beside = comparison.beside
    below = list(beside_lines(beside, comparison.labels, page, everything=everything)) if beside else []
    same = [counted(len(comparison.fields) - len(fields), "field")] if len(fields) < len(comparison.fields) else []
    same += beside_same(beside) if beside and not everything else []
    notes = [f"{', '.join(same)} the same"] if same else []
    if not fields and not below:
        return joined([f"nothing differs: {notes[0]}" if notes else "nothing to compare"])
    names = Strip("field", [printable(field.name) for field in fields], whole=True)
    sides = [_strip(label, side, fields) for side, label in enumerate(comparison.labels)]
    printed = sheet([names, *sides], page) if fields else None
    if printed and printed.hidden:
        notes.append(f"+{counted(printed.hidden, 'record')}: --format csv")
    lines = printed.lines if printed else ()
    return joined([*lines, *below, *(page.paint(note, "faint") for note in notes)])


def _strip(label: str, side: int, fields: list[Field]) -> Strip:
    words = [field.verdict[side] or "" for field in fields]
    styles = {row: _STYLES[word] for row, word in enumerate(words) if word in _STYLES}
    return Strip(label, [_cell(field, side) for field in fields], rank=side + 1, styles=styles)


def _cell(field: Field, side: int) -> str:
    delta, word = field.delta[side], field.verdict[side]
    told = [signed(delta)] if delta else []
    told += [] if word is None else [word]
    return typed(field.held(side)) + (f" ({' '.join(told)})" if told else "")


def comparison_rows(comparison: Comparison) -> Rows:
    """A comparison as rows, for CSV and Markdown: a column for each record, then those of the differences."""
    labels = comparison.labels
    columns = [Column("field", "string"), Column("same", "bool"), *(Column(label, "mixed") for label in labels)]
    for label in labels[1:]:
        columns += [Column(f"{label} delta", "float"), Column(f"{label} relative", "float")]
        columns.append(Column(f"{label} verdict", "string"))
    cells = tuple(_row(field, labels) for field in comparison.fields)
    return Rows(None, tuple(columns), cells, len(cells))


def _row(field: Field, labels: tuple[str, ...]) -> dict[str, Any]:
    row: dict[str, Any] = {"field": field.name, "same": field.same}
    row |= {label: field.values[side] for side, label in enumerate(labels) if field.present[side]}
    for side, label in list(enumerate(labels))[1:]:
        told = {"delta": field.delta[side], "relative": field.relative[side], "verdict": field.verdict[side]}
        row |= {f"{label} {name}": value for name, value in told.items() if value is not None}
    return row
