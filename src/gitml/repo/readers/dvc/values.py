"""Parameters and metrics of many files as one mapping, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitml.records.record import same

_FREE = object()


def together(files: Mapping[str, Any]) -> dict[str, Any]:
    """The values of files (name or dotted name to value), nested by name.

    A name that two files give different values stands a second time as `file:name`. A file that is one bare value
    has that under its own path.
    """
    found: dict[str, Any] = {}
    for file, values in files.items():
        for name, value in (values if isinstance(values, dict) else {file: values}).items():
            steps = str(name).split(".") if isinstance(values, dict) else [file]
            if not _put(found, steps, value):
                found[f"{file}:{name}"] = value
    return found


def _put(found: dict[str, Any], steps: list[str], value: Any) -> bool:
    """Put a value at its place, beside what is there; False where something else stands there."""
    place, *deeper = steps
    there = found.get(place, _FREE)
    if deeper:
        inner = {} if there is _FREE else there
        if not isinstance(inner, dict):
            return False
        fresh = dict(inner)
        found[place] = fresh
        return _put(fresh, deeper, value) or _restored(found, place, there)
    if there is _FREE:
        found[place] = value
        return True
    if isinstance(there, dict) and isinstance(value, dict):
        merged = dict(there)
        if all(_put(merged, [str(name)], inner) for name, inner in value.items()):
            found[place] = merged
            return True
        return False
    return same(there, value)


def _restored(found: dict[str, Any], place: str, there: Any) -> bool:
    if there is _FREE:
        del found[place]
    else:
        found[place] = there
    return False
