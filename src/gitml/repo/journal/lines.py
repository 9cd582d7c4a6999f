"""The lines of a journal: JSON each. A mapping is an event of one key beside its time; a list is what `log` was given.

    {"at": 1772443800000, "begin": {"format": 1, "ref": "run/wine/01JD…", "process": {…}, …}}
    [1772443800123, 1, "validation.auc", 0.91, "validation.loss", "nan"]
    {"at": 1772443801000, "end": {"status": "finished"}}

Times are milliseconds since 1970, UTC; a step may be null. A last line without its end was torn by a crash, and nobody
has said it.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from gitml.records.record import segments

FORMAT = 1
_TAIL = 1 << 16
_DECODER = json.JSONDecoder()
Name = tuple[str, ...]
"""A metric's place below `metrics`: its split, if any, and its name."""
_ODD = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class Point(NamedTuple):
    """One logged value of a metric, and when that was, in milliseconds since 1970."""

    name: Name
    value: int | float
    step: int | None
    time: int


def milliseconds(time: datetime) -> int:
    """A time as the journal holds it."""
    return int(time.timestamp() * 1000 + 1e-3)


def moment(time: int) -> datetime:
    """The time that the journal holds."""
    return datetime.fromtimestamp(time // 1000, UTC).replace(microsecond=time % 1000 * 1000)


def event_line(time: int, what: str, said: Any) -> str:
    """The line of an event."""
    return json_line(time, what, json.dumps(said))


def json_line(time: int, what: str, said: str) -> str:
    """The line of an event, of which what was said is JSON already."""
    return f'{{"at": {time}, "{what}": {said}}}\n'


def named(column: str) -> str:
    """How a metric's name begins its part of a line."""
    return f", {json.dumps(column)}, "


def number_text(value: float) -> str:
    """A number as JSON has it; what JSON has no number for is text."""
    if type(value) is int:
        return str(value)
    return repr(value) if math.isfinite(value) else f'"{value!r}"'


def points_line(time: int, step: int | None, parts: Iterable[str]) -> str:
    """The line of some metrics that were logged together, each `named(…) + number_text(…)`."""
    return f"[{time}, {'null' if step is None else step}{''.join(parts)}]\n"


def whole(path: Path, size: int | None = None) -> Iterator[bytes]:
    """The whole lines of a file, or of so many bytes of it; none where it has gone."""
    left = math.inf if size is None else size
    try:
        with path.open("rb") as file:
            for line in file:
                left -= len(line)
                if left < 0 or not line.endswith(b"\n"):
                    return
                yield line
    except (FileNotFoundError, NotADirectoryError):
        return


def tail(path: Path) -> list[bytes]:
    """The last whole lines of a file, some thousand bytes of them; none where it has gone."""
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - _TAIL)
            file.seek(start)
            lines = file.read().splitlines(keepends=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [line for line in lines[1 if start else 0 :] if line.endswith(b"\n")]


def events(lines: Iterable[bytes]) -> Iterator[tuple[int, str, Any]]:
    """The events among lines: when, what, and what was said. A line that is none of ours is passed by."""
    for line in lines:
        if line.startswith(b'{"at": '):
            found = _parsed(line)
            if isinstance(found, Mapping) and isinstance(found.get("at"), int):
                yield from ((found["at"], what, said) for what, said in found.items() if what != "at")


def points(lines: Iterable[bytes]) -> Iterator[Point]:
    """The points among lines."""
    names: dict[str, Name] = {}
    for line in lines:
        if not line.startswith(b"["):
            continue
        found = _parsed(line)
        if not isinstance(found, list) or len(found) % 2:
            continue
        time, step = found[:2]
        for name, said in zip(found[2::2], found[3::2], strict=True):
            value = _ODD.get(said) if isinstance(said, str) else said
            if name not in names:
                names[name] = segments(name)
            if value is not None:
                yield Point(names[name], value, step, time)


def _parsed(line: bytes) -> Any:
    """A line's value; None for one that a failing disk has spoilt."""
    try:
        return _DECODER.decode(line.decode())
    except ValueError:
        return None
