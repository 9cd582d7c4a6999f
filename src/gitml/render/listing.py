"""Rows as a table to read, as CSV and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import MISSING, segments
from gitml.render.cells import cell, exact, is_ambiguous, printable, typed
from gitml.render.page import PLAIN, Page, Style
from gitml.render.sheet import Strip, joined, sheet

if TYPE_CHECKING:
    from gitml.views.rows import Column, Rows

_NUMBERS: Final = frozenset({"int", "float"})
_NAMES: Final = frozenset({"ref", "kind", "field"})
_PROBLEMS: Final = "problems"
_TAG: Final = "schema"
_BAD: Final[Style] = "bad"
_DIGEST = re.compile(r"[0-9a-f]{7,64}|[0-9A-HJKMNP-TV-Z]{26}")
_LONG = 60
_QUOTED = re.compile(r"""[",\n\r]|^\s|\s$""")
_MARKDOWN = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])|^[#+-](?=\s)")


def table(rows: Rows, page: Page = PLAIN, keep: Collection[str] = ()) -> str:
    """A line a row under a line of names.

    On a page the columns that say least go until the rest fits, last those named in `keep` (or inside one of them),
    and notes tell what is left out. A `schema` that is the same in all rows is not shown.
    """
    if not rows.rows:
        return joined([] if page.width is None else [" ".join(filter(None, ["no", rows.kind, "records"]))])
    strips = [_strip(column, rows, page, keep) for column in rows.columns if not _is_tag(column, rows, keep)]
    printed = sheet(strips, page)
    notes = [] if page.width is None else [page.paint(note, "faint") for note in _notes(rows, printed.hidden)]
    return joined([*printed.lines, *notes])


def _is_tag(column: Column, rows: Rows, keep: Collection[str]) -> bool:
    # Every record of a kind begins with `schema: kind/major`: to a reader it says something only where majors differ.
    return column.name == _TAG and _TAG not in keep and len({str(row.get(_TAG)) for row in rows.rows}) == 1


def _strip(column: Column, rows: Rows, page: Page, keep: Collection[str]) -> Strip:
    values = [row.get(column.name, MISSING) for row in rows.rows]
    write = typed if column.type == "mixed" else cell
    cells = [_short(value, write(value)) for value in values]
    named = column.name in _NAMES
    wanted = page.width is None or any(f"{column.name}.".startswith(f"{name}.") for name in keep)
    rank = 0 if named else 1 if wanted else 2 + _rank(column, values, cells)
    wrong = [row for row, value in enumerate(values) if value] if column.name == _PROBLEMS and not rows.kind else []
    styles = dict.fromkeys(wrong, _BAD)
    return Strip(printable(column.name), cells, column.type in _NUMBERS, rank, whole=named, styles=styles)


def _short(value: Any, text: str) -> str:
    """A list or mapping by its beginning, where it is long: whole it stands in CSV and JSON."""
    return f"{text[: _LONG - 1]}…" if isinstance(value, list | dict) and len(text) > _LONG else text


def _rank(column: Column, values: Sequence[Any], cells: Sequence[str]) -> int:
    """How little a column says: metrics say most, then what differs and is short, last what is the same everywhere."""
    path = segments(column.name)
    if len(set(cells)) == 1 and len(cells) > 1:
        return 5
    if column.type in {"list", "mapping"} or max(map(len, cells)) > _LONG or _are_digests(values):
        return 4
    if path[0] == "metrics":
        return 0
    return 1 if len(path) == 1 or path[0] == "params" else 2


def _are_digests(values: Sequence[Any]) -> bool:
    present = [value for value in values if value is not MISSING and value is not None]
    return all(isinstance(value, str) and _DIGEST.fullmatch(value) for value in present)


def _notes(rows: Rows, hidden: int) -> Iterator[str]:
    if rows.total > len(rows.rows):
        yield f"{len(rows.rows)} of {rows.total}"
    if hidden:
        yield f"+{hidden} column{'s' * (hidden > 1)}: --columns or --format csv"


def csv(rows: Rows) -> str:
    """CSV as in RFC 4180 with line feeds: a missing or null field is empty, NaN `nan`, a list or mapping JSON.

    A text that reads as something else is quoted, so that "2025" differs from 2025 and "" from nothing. A text that
    begins with `=` or `@` stands as it is: `@mona` is an owner, and a program must read back what was said. Import a
    file from strangers into a spreadsheet as text.
    """
    names = [column.name for column in rows.columns]
    lines = (",".join(_field(row.get(name, MISSING)) for name in names) for row in rows.rows)
    return joined([",".join(map(_text, names)), *lines])


def _field(value: Any) -> str:
    if isinstance(value, str):
        return _text_field(value)
    return "" if value is None else _text(exact(value))


@lru_cache(maxsize=1 << 16)
def _text_field(text: str) -> str:
    return f'"{text}"' if is_ambiguous(text) else _text(exact(text))


def _text(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def markdown(rows: Rows) -> str:
    """A Markdown table; numbers stand to the right, and no cell breaks the table or runs as HTML."""
    heads = [markdown_text(printable(column.name)) for column in rows.columns]
    rules = ["---:" if column.type in _NUMBERS else "---" for column in rows.columns]
    body = (
        [
            markdown_text((typed if column.type == "mixed" else cell)(row.get(column.name, MISSING)))
            for column in rows.columns
        ]
        for row in rows.rows
    )
    return joined(f"| {' | '.join(parts)} |" for parts in (heads, rules, *body))


@lru_cache(maxsize=1 << 16)
def markdown_text(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _MARKDOWN.sub(lambda found: {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(found[0], f"\\{found[0]}"), text)
