"""The first rows of data, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from gitml.render.cells import printable
from gitml.render.listing import table
from gitml.render.page import PLAIN, Page
from gitml.render.shapes import FORMAT, Shape, at_shape
from gitml.render.sheet import joined
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.actions.preview import Preview
    from gitml.repo.git.revision import At

_TEXT: Final = "text"
_LINE: Final = "line"
_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float",
    list: "list",
    dict: "mapping",
}


def preview_rows(found: Preview) -> Rows:
    """The rows as a table."""
    columns = tuple(Column(name, _type(row[name] for row in found.rows if name in row)) for name in found.names)
    rows = tuple(dict(row) for row in found.rows)
    return Rows(None, columns, rows, len(rows) if found.total is None else max(found.total, len(rows)))


def _type(values: Iterable[Any]) -> str:
    types = {type(value) for value in values if value is not None}
    if types == {int, float}:
        return "float"
    return _TYPES.get(next(iter(types)), "mixed") if len(types) == 1 else "mixed" if types else "string"


def preview_text(found: Preview, page: Page = PLAIN) -> str:
    """The rows to read; of a text its lines as they stand."""
    if found.format == _TEXT:
        return joined(printable(str(row.get(_LINE, ""))) for row in found.rows)
    if not found.rows:
        return joined(["  ".join(map(printable, found.names))] if found.names else [])
    return table(preview_rows(found), page)


def preview_shape(found: Preview, at: At) -> Shape:
    """The answer of `preview`."""
    return {
        "format": FORMAT,
        "at": at_shape(at),
        "ref": found.ref,
        "path": found.path,
        "type": found.format,
        "total": found.total,
        "columns": [{"name": column.name, "type": column.type} for column in preview_rows(found).columns],
        "rows": [dict(row) for row in found.rows],
        "masked": list(found.masked),
        "notes": list(found.notes),
    }
