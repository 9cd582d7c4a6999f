"""The past as text and JSON: the events of `log`, the fields of `blame`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import MISSING, FieldChange
from gitml.render.cells import printable, typed
from gitml.render.changes import field_line
from gitml.render.page import PLAIN, Page, Style
from gitml.render.problems import problem_line
from gitml.render.shapes import FORMAT, Shape, at_shape, problem_shapes
from gitml.render.sheet import Strip, joined, sheet
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.views.history.blame import Blame
    from gitml.views.history.events import Event
    from gitml.views.history.log import Log

SHORT: Final = 8
_MINUTE = len("2026-03-01T12:00")
_MARKS: Final[dict[str, tuple[str, Style]]] = {
    "created": ("+", "good"),
    "deleted": ("-", "bad"),
    "changed": ("~", "warn"),
    "renamed": (">", "warn"),
}
_SIGNED: Final[dict[str, tuple[str, Style]]] = {
    "good": ("signed", "good"),
    "bad": ("BAD SIGNATURE", "bad"),
    "unknown": ("signed by somebody unknown here", "warn"),
}


def log_shape(log: Log) -> Shape:
    """The answer of `log`."""
    return {
        "format": FORMAT,
        "at": at_shape(log.at),
        "ref": log.ref,
        "complete": log.complete,
        "total": log.total,
        "events": [_event_shape(event) for event in log.events],
        "problems": problem_shapes(log.problems),
    }


def _event_shape(event: Event) -> Shape:
    sides = {"before": event.before, "after": event.after}
    return {
        "commit": event.commit,
        "time": event.time,
        "author": event.author,
        "event": event.event,
        "summary": event.summary,
        "ref": event.ref,
        "kind": event.kind,
        "field": event.field,
        **{name: held for name, held in sides.items() if held is not MISSING},
        "pull_request": event.pull_request,
        "signature": event.signature,
        "old_ref": event.old_ref,
        "merged": event.merged,
        "problems": problem_shapes(event.problems),
    }


def log_text(log: Log, page: Page = PLAIN) -> str:
    """A line a commit, below it what it did to records, below that to their fields."""
    return joined([*_blocks(log, page)] or ["no events"] * (not log.total))


def log_page(log: Log) -> Rows:
    """What people read of it in a table: when, who, of which record what, from what to what, and by which commit."""
    names = ("time", "who", "ref", "what", "old", "new", "commit", "pull request")
    columns = tuple(Column(name, "mixed" if name in {"old", "new"} else "string") for name in names)
    rows = tuple(dict(zip(names, _read(event), strict=True)) for event in log.events)
    return Rows(None, columns, rows, log.total, log.problems, log.complete)


def _read(event: Event) -> Iterator[Any]:
    yield minute(event.time)
    yield _name(event.author) + f" ({_SIGNED['bad'][0]})" * (event.signature == "bad")
    yield event.ref
    yield event.summary if event.field is None or _is_plain(event) else f"{event.summary}: {event.field}"
    yield from (MISSING if event.field is None else side for side in (event.before, event.after))
    yield event.commit[:SHORT]
    yield event.pull_request or ""


def _blocks(log: Log, page: Page) -> Iterator[str]:
    for number, (_commit, group) in enumerate(groupby(log.events, key=lambda event: event.commit)):
        events = list(group)
        if number:
            yield ""
        yield _heading(events[0], page)
        for _ref, told in groupby(events, key=lambda event: event.ref):
            yield from _record_lines(list(told), page)


def _heading(event: Event, page: Page) -> str:
    signed = _SIGNED.get(event.signature)
    parts = [page.paint(event.commit[:SHORT], "strong"), minute(event.time), printable(_name(event.author))]
    parts += [event.pull_request] if event.pull_request else []
    return "  ".join([*parts, *([page.paint(*signed)] if signed else [])])


def _name(author: str) -> str:
    return author.rpartition(" <")[0] or author


def minute(time: str) -> str:
    """A time to the minute, for people."""
    return time[:_MINUTE].replace("T", " ")


def _record_lines(events: list[Event], page: Page) -> Iterator[str]:
    """What a commit did to one record: in words, then its fields."""
    whole = [event for event in events if event.field is None]
    fields = [event for event in events if event.field is not None]
    told = whole or [next((event for event in fields if not _is_plain(event)), fields[0])]
    for event in told:
        mark, style = _MARKS[event.event]
        words = event.summary if event.field is None or not _is_plain(event) else "changed"
        yield f"{page.paint(mark, style)} {printable(event.ref)}  {printable(words)}"
    for event in fields:
        by_merge = "  (by the merge)" if event.merged else ""
        yield f"    {field_line(FieldChange(event.field or '', event.before, event.after))}{by_merge}"
    problems = dict.fromkeys(problem for event in events for problem in event.problems)
    yield from (f"    {problem_line(problem, page)}" for problem in problems)


def _is_plain(event: Event) -> bool:
    """Whether the words of a field's event say no more than its line does."""
    return event.summary.startswith(f"{event.field} ")


def blame_shape(blame: Blame) -> Shape:
    """The answer of `blame`."""
    return {
        "format": FORMAT,
        "at": at_shape(blame.at),
        "ref": blame.ref,
        "complete": blame.complete,
        "fields": [
            {
                "field": one.field,
                "value": one.value,
                "commit": one.commit,
                "time": one.time,
                "author": one.author,
                "boundary": one.boundary,
            }
            for one in blame.fields
        ],
    }


def blame_text(blame: Blame, page: Page = PLAIN) -> str:
    """A line a field: its last commit (`^` where a shallow clone begins there), when, who, and its value."""
    cells: dict[str, list[str]] = {name: [] for name in ("commit", "time", "author", "field", "value")}
    for one in blame.fields:
        cells["commit"].append(f"{'^' * one.boundary}{one.commit[:SHORT]}" if one.commit else "-")
        cells["time"].append(minute(one.time) if one.time else "not committed")
        cells["author"].append(printable(_name(one.author or "")))
        cells["field"].append(printable(one.field))
        cells["value"].append(_value(one.value))
    whole = {"commit", "time", "field"}
    strips = [
        Strip(name, held, rank=number, whole=name in whole) for number, (name, held) in enumerate(cells.items()) if held
    ]
    return joined(sheet(strips, page).lines if strips else [])


def _value(value: Any) -> str:
    return "" if value is MISSING else typed(value)
