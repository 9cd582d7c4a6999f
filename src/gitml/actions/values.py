"""Whatever a training holds, as plain values that a record can hold: numbers, texts, lists, mappings."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from datetime import date, time
from enum import Enum
from typing import Any

from gitml.records.canonical import INT_MAX, INT_MIN

Tell = Callable[[str], None]
"""Told of everything that could not be kept as it was."""

LONGEST = 60_000
_MOST_ITEMS = 20_000
_LONGEST_KEY = 200
_DEEPEST = 20
_CONVERSIONS = ("tolist", "item", "numpy", "isoformat")


def mapping_of(given: Any, name: str, tell: Tell) -> dict[str, Any]:
    """Names and values from a mapping, a dataclass, or an object with attributes (argparse's Namespace), made plain."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        given = _attributes(given)
    found = plain(given, name, tell)
    return found if isinstance(found, dict) else {}


def _attributes(given: Any) -> Mapping[str, Any]:
    if dataclasses.is_dataclass(given):
        return {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    return vars(given) if hasattr(given, "__dict__") else {"value": given}


def plain(value: Any, name: str, tell: Tell, depth: int = 0) -> Any:
    """A value as numbers, texts, booleans, None, lists, mappings; what is none of these becomes text, and is told."""
    if value is None or type(value) in (bool, float):
        return value
    if isinstance(value, str) and not isinstance(value, Enum):
        return _text(str(value), name, tell)
    if type(value) is int:
        return _integer(value, name, tell)
    if depth > _DEEPEST:
        tell(f"{name} is nested deeper than {_DEEPEST}: kept as text")
        return _text(_described(value), name, tell)
    return _whole(value, name, tell, depth)


def _whole(value: Any, name: str, tell: Tell, depth: int) -> Any:
    """A value with parts, or of a type that is not YAML's own."""
    if isinstance(value, Mapping):
        return {key: plain(inner, f"{name}.{key}", tell, depth + 1) for key, inner in _keyed(value, name, tell)}
    if isinstance(value, list | tuple | set | frozenset):
        return _list(value, name, tell, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(_attributes(value), name, tell, depth)
    if isinstance(value, Enum):
        return plain(value.value, name, tell, depth + 1)
    if isinstance(value, os.PathLike):
        return _text(os.fsdecode(value).replace(os.sep, "/"), name, tell)
    return _converted(value, name, tell, depth)


def _text(text: str, name: str, tell: Tell) -> str:
    clean = text if text.isascii() else text.encode("utf-8", "replace").decode()
    if clean != text:
        tell(f"{name} holds half a character: replaced by ?")
    if len(clean) > LONGEST // 4 and len(clean.encode()) > LONGEST:
        tell(f"{name} has {len(clean)} characters: cut short")
        clean = clean.encode()[: LONGEST // 2].decode("utf-8", "ignore") + "…"
    return clean


def _integer(value: int, name: str, tell: Tell) -> int | str:
    if INT_MIN <= value <= INT_MAX:
        return value
    tell(f"{name} is an integer beyond 64 bits: kept as text")
    try:
        return str(value)
    except ValueError:  # Python writes no more than some thousand digits
        return hex(value)[:LONGEST]


def _keyed(value: Mapping[Any, Any], name: str, tell: Tell) -> list[tuple[str, Any]]:
    pairs = []
    for key, inner in value.items():
        text = _text(key if isinstance(key, str) else _described(key), f"a key of {name}", tell)
        if len(text) > _LONGEST_KEY:
            tell(f"{name} has a key of {len(text)} characters: cut short")
            text = text[:_LONGEST_KEY] + "…"
        pairs.append((text, inner))
    if len({text for text, _inner in pairs}) < len(pairs):
        tell(f"{name} has keys that are equal as text: the last one is kept")
    return pairs


def _list(value: Any, name: str, tell: Tell, depth: int) -> Any:
    ordered = value
    if isinstance(value, set | frozenset):
        ordered = sorted(value, key=lambda one: (type(one).__name__, str(one)))
    if len(ordered) > _MOST_ITEMS:
        return _left_out(name, f"{len(ordered)} values", tell)
    found = [plain(inner, f"{name}[{index}]", tell, depth + 1) for index, inner in enumerate(ordered)]
    if len(found) > LONGEST // 1000 and len(json.dumps(found)) > LONGEST:
        return _left_out(name, f"{len(found)} values", tell)
    return found


def _left_out(name: str, what: str, tell: Tell) -> str:
    tell(f"{name} holds {what}, too many for a record: left out (log it as an output)")
    return f"[{what} left out]"


def _converted(value: Any, name: str, tell: Tell, depth: int) -> Any:
    """By what the value offers of itself: arrays and tensors become lists, their scalars numbers, dates text."""
    count = _count(value)
    if count is not None and count > _MOST_ITEMS:
        return _left_out(name, f"{count} values", tell)
    for convert in () if isinstance(value, type) else _CONVERSIONS:
        found = _call(value, convert)
        if found is not None and type(found) is not type(value):
            return plain(found, name, tell, depth + 1)
    exact = number(value)
    if exact is not None:
        return plain(exact, name, tell, depth + 1)
    tell(f"{name} is a {type(value).__name__}: kept as text")
    if isinstance(getattr(value, "shape", None), tuple):  # a table: its values are no parameters
        return f"{type(value).__name__} of shape {value.shape}"
    return _text(_described(value), name, tell)


def _count(value: Any) -> int | None:
    size = getattr(value, "size", None)
    found = _call(value, "numel") if callable(size) else size
    return found if isinstance(found, int) else None


def _call(value: Any, method: str) -> Any:
    """What a method gives, None where there is none or it fails: a foreign object may do anything."""
    if not callable(getattr(value, method, None)):
        return None
    if method == "isoformat" and not isinstance(value, date | time):
        return None
    try:
        return getattr(value, method)()
    except Exception:  # noqa: BLE001 - the next conversion is tried, and text in the end
        return None


def _described(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - its own __str__ fails, and no run is lost for that
        return f"<{type(value).__name__}>"


def number(value: Any) -> int | float | None:
    """A value as one number, None where it is none; booleans are 0 and 1, integers beyond 64 bits floats."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value) if INT_MIN <= value <= INT_MAX else _float(value)
    if isinstance(value, str | bytes | bytearray) or value is None:
        return None
    found = _call(value, "item")
    if found is not None and type(found) is not type(value):
        return number(found)
    exact = _call(value, "__index__")
    return number(exact) if isinstance(exact, int) else _float(value)


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    except Exception:  # noqa: BLE001 - no number; whoever asks says so
        return None


def tag(value: Any, name: str, tell: Tell) -> str:
    """A tag's text: `true` for True, numbers as they are written."""
    found = plain(value, name, tell)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def seed(value: Any, name: str, tell: Tell) -> int | str:
    """A seed: an integer, or text where it is none or too large."""
    found = plain(value, name, tell)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return int(found) if isinstance(found, int) else tag(found, name, tell)
