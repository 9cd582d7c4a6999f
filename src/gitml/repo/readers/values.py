"""Values of other tools' files, typed exactly as DVC reads them, by the ending of the file's name.

Two departures, since records are plain data: dates are texts (in YAML as written, in TOML as ISO 8601), and Python's
tuples and sets are lists.
"""

from __future__ import annotations

import datetime as dt
import json
import posixpath
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from gitml.repo.data.plain import DEPTH, SIZE, Unreadable
from gitml.repo.readers.yaml12 import Lines, load_yaml

_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def load_values(raw: bytes, name: str) -> Any:
    """The values in a file: by its ending JSON, TOML or Python, else YAML; nothing at all is an empty mapping.

    Unreadable, with a line, where it cannot be read.
    """
    load = _LOADERS.get(posixpath.splitext(name)[1].lower(), load_yaml)
    return load(_text(raw)) or {}


@lru_cache(64)
def load_lines(raw: bytes) -> tuple[Any, Mapping[tuple[Any, ...], int]]:
    """The values of a YAML file, and the line of each key of its two outer levels, by path (`("stages", "train")`).

    Whoever gets them changes nothing in them: history asks for the same file a thousand times.
    """
    lines: Lines = {}
    return load_yaml(_text(raw), lines) or {}, lines


def _text(raw: bytes) -> str:
    if len(raw) > SIZE:
        raise Unreadable(f"the file is larger than {SIZE >> 20} MiB")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"the byte 0x{raw[error.start]:02x} is not UTF-8", line) from error


def _json(text: str) -> Any:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error.msg}", error.lineno) from error
    except ValueError as error:  # an integer of thousands of digits
        raise Unreadable("not JSON that can be read: a number is too long") from error
    except RecursionError as error:
        raise Unreadable("nested too deep") from error
    return _shallow(data)


def _toml(text: str) -> Any:
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _AT_LINE.search(str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        raise Unreadable(f"not TOML: {_AT_LINE.sub('', str(error))}", line) from error
    except (ValueError, RecursionError) as error:
        raise Unreadable("not TOML that can be read: a number is too long, or it is nested too deep") from error
    return _undated(_shallow(data))


def _python(text: str) -> Any:
    from gitml.repo.readers.python_values import load_python

    return _shallow(load_python(text))


def _shallow(data: Any) -> Any:
    """The data itself; Unreadable where it is too deep for those who walk through it."""
    level = [data]
    for _ in range(DEPTH + 1):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return data
    raise Unreadable("nested too deep")


def _inside(outer: dict[Any, Any] | list[Any]) -> list[Any]:
    return outer if isinstance(outer, list) else list(outer.values())


def _undated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _undated(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_undated(inner) for inner in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


_LOADERS: Mapping[str, Callable[[str], Any]] = {".json": _json, ".toml": _toml, ".py": _python}
