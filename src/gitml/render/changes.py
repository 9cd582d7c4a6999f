"""What was written, as text: a line a record, below it the fields that changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import MISSING
from gitml.render.cells import printable, typed
from gitml.render.page import PLAIN, Page, Style
from gitml.render.problems import problem_lines
from gitml.render.sheet import joined, shortened
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.records.record import FieldChange
    from gitml.views.changes import Difference

_MARKS: Final[dict[str, tuple[str, Style]]] = {
    "added": ("+", "good"),
    "removed": ("-", "bad"),
    "changed": ("~", "warn"),
    "renamed": (">", "warn"),
}
_LONGEST = 60


def written_text(
    commit: str | None, changes: Sequence[Difference], problems: Iterable[Problem] = (), page: Page = PLAIN
) -> str:
    """What a verb that writes says: the changes, the warnings, and whether they are committed."""
    end = f"committed {commit[:12]}" if commit else "written, not committed" if changes else "nothing to change"
    return joined([*change_lines(changes, page), *problem_lines(problems, page), end])


def change_lines(changes: Iterable[Difference], page: Page = PLAIN) -> Iterator[str]:
    """`+ ref  path` for what was added, `-` removed, `~` changed (with its fields), `>` renamed."""
    for change in changes:
        mark, style = _MARKS.get(change.op, ("?", "warn"))
        old = f"{printable(change.old_ref)} -> " if change.old_ref else ""
        names = [change.ref or "", change.path] if change.ref else [change.path]
        yield f"{page.paint(mark, style)} {old}{'  '.join(map(printable, names))}"
        if change.op in {"changed", "renamed"}:
            yield from (f"    {field_line(field)}" for field in change.fields)


def field_line(field: FieldChange) -> str:
    """`field: before -> after`; an absent side is blank."""
    before, after = (_value(value) for value in (field.before, field.after))
    return f"{printable(field.field)}: {f'{before} -> {after}'.strip()}"


def _value(value: Any) -> str:
    return "" if value is MISSING else shortened(typed(value), _LONGEST)


def change_rows(changes: Iterable[Difference]) -> Rows:
    """Changes as rows, for CSV and Markdown: one row a field, and one for a change without fields."""
    rows = tuple(row for change in changes for row in _rows(change))
    columns = ("op", "ref", "path", "field", "before", "after")
    typed_columns = tuple(Column(name, "mixed" if name in {"before", "after"} else "string") for name in columns)
    return Rows(None, typed_columns, rows, len(rows))


def _rows(change: Difference) -> Iterator[dict[str, Any]]:
    what = {"op": change.op, "ref": change.ref, "path": change.path}
    for field in change.fields:
        yield {**what, "field": field.field, **_present(field)}
    if not change.fields:
        yield what


def _present(field: FieldChange) -> dict[str, Any]:
    sides = {"before": field.before, "after": field.after}
    return {name: held for name, held in sides.items() if held is not MISSING}
