"""A diff as text: a line a record, below it its fields; what was added or removed in one line that says most of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.records.record import MISSING
from gitml.render.cells import printable, typed
from gitml.render.changed_values import lists, numbers, texts
from gitml.render.page import PLAIN, Page, Style
from gitml.render.problems import problem_lines
from gitml.render.sheet import GAP, display_width, joined, shortened
from gitml.render.telling import telling
from gitml.repo.git.index import UNMERGED
from gitml.views.metrics import Metrics
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.records.record import FieldChange
    from gitml.repo.snapshot import Snapshot
    from gitml.views.changes import Difference
    from gitml.views.diff import Diff

MARKS: Final[dict[str, tuple[str, Style]]] = {
    "added": ("+", "good"),
    "removed": ("-", "bad"),
    "changed": ("~", "warn"),
    "renamed": (">", "warn"),
}
_SIDES: Final[dict[str, Style]] = {"+": "good", "-": "bad"}
_INDENT: Final = "    "
_NAMES: Final = 40
_LEAST: Final = 20
# `columns[name=age].type`: the item of a keyed list, its key's name, and what is inside it.
_ITEM: Final = re.compile(r"(.*\[([^=\[\]]+)=(?:`(?:[^`]|``)*`|[^\[\]]*)\])\.(.+)")


class Line(NamedTuple):
    """One field of a changed record: its name, what became of it, and further lines below it."""

    name: str
    told: str
    style: Style | None = None
    below: tuple[tuple[str, Style], ...] = ()


def diff_text(diff: Diff, page: Page = PLAIN, to: str = "") -> str:
    """What `diff` says: the changes, what cannot be read, and how many there are of each sort, from where to where.

    `to` names the other side where that is no snapshot of what there is.
    """
    metrics = _metrics(diff)
    lines = [line for change in diff for line in _change(change, metrics, page)]
    counts = Counter(change.op for change in diff)
    counts["unmerged"] = len({one.path for one in diff.problems if one.code == UNMERGED})
    told = ", ".join(f"{counts[op]} {op}" for op in (*MARKS, "unmerged") if counts[op]) or "no changes"
    end = f"{told}: {place(diff.before)} -> {to or place(diff.after)}"
    return joined([*lines, *problem_lines(diff.problems, page), end])


def place(snapshot: Snapshot) -> str:
    """A snapshot in a word or two."""
    if snapshot.at.kind == "commit":
        return (snapshot.at.commit or "nothing")[:8]
    return "staged" if snapshot.at.kind == "staged" else "work tree"


def _metrics(diff: Diff) -> Metrics:
    """What is better, where metrics are among the changes: to know it their records must be read."""
    changed = (field.field for one in diff if one.op in {"changed", "renamed"} for field in one.fields)
    return Metrics.of(diff.after) if any("metrics" in name for name in changed) else Metrics()


def _change(change: Difference, metrics: Metrics, page: Page) -> Iterator[str]:
    mark, style = MARKS[change.op]
    old = f"{change.old_ref} -> " if change.old_ref else ""
    name = printable(f"{old}{change.ref or change.path}")
    width = None if page.width is None else page.width - len(mark) - 1 - display_width(name) - len(GAP)
    notes = " ".join(_notes(change, width))
    yield f"{page.paint(mark, style)} {name}" + (f"{GAP}{page.paint(notes, 'faint')}" if notes else "")
    if change.op in {"changed", "renamed"}:
        room = None if page.width is None else page.width - len(_INDENT)
        yield from _laid_out(list(_lines(change.fields, metrics)), room, page)


def _notes(change: Difference, width: int | None) -> Iterator[str]:
    if change.op in {"added", "removed"}:
        yield telling(change, width)
    elif change.derived:
        yield f"({printable(change.path)})"
    sides = [(change.before, change.old, "before"), (change.after, change.new, "now")]
    unread = [word for blob, record, word in sides if change.kind and blob and record is None]
    if unread:
        yield f"cannot be read {' and '.join(unread)}"


def _laid_out(lines: list[Line], room: int | None, page: Page) -> Iterator[str]:
    """Names in a column as wide as they are, and what became of them beside it, cut to the page.

    A name that is too long for the column has a line of its own, and what became of it the next.
    """
    limit = _NAMES if room is None else min(_NAMES, max(room // 2, _LEAST))
    column = max((width for line in lines if (width := display_width(line.name)) <= limit), default=0)
    for line in lines:
        width = display_width(line.name)
        left = None if room is None else max(room - (column if width <= limit else 0) - len(GAP), _LEAST)
        told = line.told if left is None else shortened(line.told, left) if line.style else _cut(line.told, left)
        between = " " * (column - width) if width <= limit else f"\n{_INDENT}" if told else ""
        yield f"{_INDENT}{line.name}{between}{GAP}{page.paint(told, line.style)}".rstrip()
        for text, style in line.below:
            inner = text if room is None else shortened(text, max(room - len(GAP), _LEAST))
            yield f"{_INDENT}{GAP}{page.paint(inner, style)}"


def _cut(told: str, room: int) -> str:
    """`before -> after`, both shortened where the two are too long together."""
    before, arrow, after = told.partition(" -> ")
    if display_width(told) <= room or not arrow:
        return shortened(told, room)
    half = (room - len(arrow)) // 2
    left = shortened(before, max(half, room - len(arrow) - display_width(after)))
    return left + arrow + shortened(after, room - len(arrow) - display_width(left))


def _lines(fields: Iterable[FieldChange], metrics: Metrics) -> Iterator[Line]:
    """A line a field; the item of a keyed list that has come or gone is one line."""
    for (item, op), group in groupby(fields, key=_item):
        held = list(group)
        if item is None:
            yield from (_line(field, metrics) for field in held)
            continue
        sides = {_inside(field.field): field.before if op == "-" else field.after for field in held}
        told = ", ".join(f"{printable(name)} {typed(value)}" for name, value in sides.items())
        yield Line(printable(item), f"{op} {told}".rstrip(), "good" if op == "+" else "bad")


def _item(field: FieldChange) -> tuple[str | None, str]:
    """The whole item of a keyed list that a field belongs to, and whether it has come or gone."""
    found = _ITEM.fullmatch(field.field)
    if found is None or field.op == "changed":
        return None, ""
    return found[1], "+" if field.op == "added" else "-"


def _inside(name: str) -> str:
    found = _ITEM.fullmatch(name)
    return found[3] if found else name


def _line(field: FieldChange, metrics: Metrics) -> Line:
    name, (before, after) = printable(field.field), (field.before, field.after)
    if before is MISSING or after is MISSING:
        op, value = ("+", after) if before is MISSING else ("-", before)
        return Line(name, f"{op} {typed(value)}".rstrip(), "good" if op == "+" else "bad")
    if isinstance(before, list) and isinstance(after, list):
        told = lists(before, after)
        below = tuple((text, _SIDES[text[0]]) for text in told) if len(told) > 1 else ()
        return Line(name, "" if below else told[0], None, below)
    below = texts(before, after)
    if below:
        return Line(name, "", None, below)
    return Line(name, f"{typed(before)} -> {typed(after)}{numbers(field, metrics)}")


def diff_rows(diff: Iterable[Difference]) -> Rows:
    """A diff as rows, for CSV and Markdown: one row a field, and one for a change without fields."""
    rows = tuple(row for change in diff for row in _rows(change))
    names = ("op", "kind", "ref", "old_ref", "path", "field", "change", "before", "after")
    columns = tuple(Column(name, "mixed" if name in {"before", "after"} else "string") for name in names)
    return Rows(None, columns, rows, len(rows))


def _rows(change: Difference) -> Iterator[dict[str, Any]]:
    named = {"op": change.op, "kind": change.kind, "ref": change.ref, "old_ref": change.old_ref, "path": change.path}
    what = {name: value for name, value in named.items() if value is not None}
    for field in change.fields:
        sides = {"before": field.before, "after": field.after}
        held = {name: value for name, value in sides.items() if value is not MISSING}
        yield {**what, "field": field.field, "change": field.op, **held}
    if not change.fields:
        yield what
