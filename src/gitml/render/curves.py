"""Curves as text: a drawing as wide as the terminal, scales beside it, and a legend with the last and best value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any, Final

from gitml.render.canvas import HIGH, WIDE, Canvas
from gitml.render.cells import cell, printable
from gitml.render.page import PLAIN, Page
from gitml.render.shapes import FORMAT, Shape
from gitml.render.sheet import Strip, joined, sheet
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.views.curves import Curve, Curves, Mark

_WIDTH: Final = 80
_HEIGHT: Final = 16
_LEAST: Final = 20
# M. Okabe and K. Ito, "Color universal design", 2008, by the nearest of a terminal's 256 colours: blue, orange, green,
# vermilion, sky blue, purple, yellow. Who sees no colour has the letters at the right.
COLOURS: Final = (32, 214, 36, 166, 117, 175, 227)


def letter(number: int) -> str:
    """The letter that a curve has in the legend."""
    return ascii_lowercase[number % len(ascii_lowercase)]


def curves_text(curves: Curves, page: Page = PLAIN) -> str:
    """The drawing and its legend."""
    drawn = [curve.stretches for curve in curves.curves]
    lines = list(_drawing(curves, drawn, page)) if any(drawn) else [f"no value of {curves.metric} can be drawn yet"]
    return joined([*lines, *_legend(curves, page)])


def _drawing(curves: Curves, drawn: Sequence[Sequence[Sequence[Mark]]], page: Page) -> Iterator[str]:
    marks = [mark for one in drawn for stretch in one for mark in stretch]
    left, right = (end(mark.at for mark in marks) for end in (min, max))
    low, high = _span([mark.value for mark in marks])
    scale = [_number(value) for value in (high, (low + high) / 2, low)]
    margin = max(map(len, scale))
    width = max((page.width or _WIDTH) - margin - 4 - len(drawn), _LEAST)
    canvas = Canvas(width, _HEIGHT)
    ends: dict[int, str] = {}
    for number, one in enumerate(drawn):
        for stretch in one:
            dots = [_dot(mark, (left, right), (low, high), canvas) for mark in stretch]
            canvas.line(dots, number)
        if one:
            row = dots[-1][1] // HIGH
            ends[row] = ends.get(row, "") + letter(number)
    labels = {0: scale[0], _HEIGHT // 2: scale[1], _HEIGHT - 1: scale[2]}
    for row, text in enumerate(_rows(canvas, len(drawn), page)):
        side = "┤" if row in labels else "│"
        named = "".join(_painted(one, ascii_lowercase.index(one), page) for one in ends.get(row, ""))
        yield f"{labels.get(row, ''):>{margin}} {side}{text} {named}".rstrip()
    first, last = f"{left:,}", f"{right:,} {curves.along}"
    gap = max(width - len(first) - len(last), 1)
    yield f"{'':{margin}} └{'─' * width}"
    yield f"{'':{margin}}  {first}{' ' * gap}{last}"


def _rows(canvas: Canvas, count: int, page: Page) -> Iterator[str]:
    """By braille where there is colour, or one curve; else a letter a curve: a dot says nothing of whose it is."""
    if count > 1 and not page.colour:
        yield from canvas.letters([letter(number) for number in range(count)])
        return
    for row in canvas.rows():
        parts = ((owner, "".join(text for text, _owner in some)) for owner, some in groupby(row, key=itemgetter(1)))
        yield "".join(text if owner is None else _painted(text, owner, page) for owner, text in parts)


def _painted(text: str, number: int, page: Page) -> str:
    return f"\x1b[38;5;{COLOURS[number % len(COLOURS)]}m{text}\x1b[0m" if page.colour else text


def _span(values: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest value, apart from each other."""
    low, high = float(min(values)), float(max(values))
    if low < high:
        return low, high
    room = abs(low) / 2 or 1.0
    return low - room, high + room


def _dot(mark: Mark, across: tuple[int, int], up: tuple[float, float], canvas: Canvas) -> tuple[int, int]:
    columns, rows = canvas.width * WIDE - 1, canvas.height * HIGH - 1
    wide = across[1] - across[0]
    # Halved, since the whole distance between two numbers may be none.
    share = (mark.value / 2 - up[0] / 2) / (up[1] / 2 - up[0] / 2)
    return round((mark.at - across[0]) / wide * columns) if wide else 0, rows - round(share * rows)


def _number(value: float) -> str:
    return f"{value:.4g}"


def _legend(curves: Curves, page: Page) -> Iterator[str]:
    every = curves.curves
    strips = [
        Strip("", [letter(number) for number in range(len(every))], whole=True),
        Strip(curves.metric, [printable(curve.ref) for curve in every], whole=True),
        Strip("last", [_value(curve.last) for curve in every], right=True),
        Strip(f"at {curves.along}", [_at(curve.last) for curve in every], right=True),
        Strip("best", [_value(curve.best) for curve in every], right=True, rank=1),
        Strip(f"at {curves.along}", [_at(curve.best) for curve in every], right=True, rank=1),
        Strip("", ["still running" if curve.live else "" for curve in every], rank=2),
    ]
    heading, *lines = sheet(strips, page).lines
    yield page.paint(heading, "strong")
    for number, line in enumerate(lines):
        yield _painted(line[:1], number, page) + line[1:]


def _value(mark: Mark | None) -> str:
    return "" if mark is None else cell(mark.value)


def _at(mark: Mark | None) -> str:
    return "" if mark is None else str(mark.at)


def curves_rows(curves: Curves) -> Rows:
    """One row a point."""
    columns = (Column("ref", "string"), Column(curves.along, "int"), Column(curves.metric, "float"))
    rows = tuple(
        {"ref": curve.ref, curves.along: mark.at, curves.metric: mark.value}
        for curve in curves.curves
        for mark in curve.marks
    )
    return Rows(None, columns, rows, len(rows))


def curves_shape(curves: Curves) -> Shape:
    """The answer of `compare --curves`."""
    return {
        "format": FORMAT,
        "metric": curves.metric,
        "along": curves.along,
        "curves": [_shape(curve) for curve in curves.curves],
    }


def _shape(curve: Curve) -> Shape:
    ends: dict[str, Any] = {"last": curve.last, "best": curve.best}
    told = {name: None if mark is None else {"at": mark.at, "value": mark.value} for name, mark in ends.items()}
    points = [[mark.at, mark.value] for mark in curve.marks]
    return {"ref": curve.ref, "live": curve.live, **told, "points": points}
