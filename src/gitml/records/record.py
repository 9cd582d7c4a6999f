"""A record and its dotted fields: `metrics.auc`, ``params.`a.b` ``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from gitml.errors import Problem
from gitml.records.ref import Ref

Path = tuple[str | int, ...]


class Missing(Enum):
    """The type of MISSING, which is not None: an absent field and a null one differ."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
_PLAIN_SEGMENT = re.compile(r"[^\s.`\[\]]+")
_BRACKETS = re.compile(r"[\[\]`]")
_SEGMENT = re.compile(r"`((?:[^`]|``)*)`|([^.`]+)")


def segment(name: str) -> str:
    """One segment of a column name, backticked where it holds a dot, a space or a backtick."""
    return name if _PLAIN_SEGMENT.fullmatch(name) else "`" + name.replace("`", "``") + "`"


def column(*names: str) -> str:
    """The dotted name of a field."""
    return ".".join(map(segment, names))


@lru_cache(maxsize=1 << 14)
def segments(name: str) -> tuple[str, ...]:
    """The keys that a dotted name stands for; the inverse of `column`."""
    return tuple(found[2] if found[1] is None else found[1].replace("``", "`") for found in _SEGMENT.finditer(name))


def flatten(data: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted leaf fields of nested mappings, in order; lists and empty mappings are leaves."""
    flat: dict[str, Any] = {}
    _flatten(data, "", flat)
    return flat


def _flatten(data: Mapping[str, Any], prefix: str, flat: dict[str, Any]) -> None:
    for key, value in data.items():
        name = prefix + (key if key.isidentifier() else segment(key))
        if isinstance(value, dict) and value:
            _flatten(value, name + ".", flat)
        else:
            flat[name] = value


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a snapshot: where it is, what it says, and what is wrong with its form.

    `data` is the mapping as it stands in the YAML, `blob` the id of its bytes, `derived` true for what a reader made.
    """

    ref: Ref
    path: str
    blob: str
    data: Mapping[str, Any]
    derived: bool = False
    problems: tuple[Problem, ...] = ()

    @property
    def kind(self) -> str:
        """The record's kind."""
        return self.ref.kind

    @property
    def row(self) -> dict[str, Any]:
        """Its dotted fields, after `ref`."""
        name = {"ref": str(self.ref)}
        return name | flatten(self.data) | name  # a field `ref` gives way to the record's own name


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; `op` is added, removed or changed; an absent side is MISSING."""

    field: str
    before: Any
    after: Any

    @property
    def op(self) -> str:
        """What happened to the field."""
        if self.before is MISSING:
            return "added"
        return "removed" if self.after is MISSING else "changed"


def same(left: Any, right: Any) -> bool:
    """Whether two values are the same in type and content; NaN is the same as NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


ListKey = Callable[[tuple[str, ...]], str | None]


def no_list_key(_pattern: tuple[str, ...]) -> None:
    """No list is keyed."""


def leaves(data: Mapping[str, Any], list_key: ListKey = no_list_key) -> dict[str, Any]:
    """Dotted leaves as in a diff: keyed lists are entered as `columns[name=age].type`, other lists are leaves."""
    found: dict[str, Any] = {}
    _enter(data, "", (), list_key, found)
    return found


def _enter(
    data: Mapping[str, Any], prefix: str, pattern: tuple[str, ...], list_key: ListKey, found: dict[str, Any]
) -> None:
    for key, value in data.items():
        name = prefix + (key if key.isidentifier() else segment(key))
        if isinstance(value, dict) and value:
            _enter(value, f"{name}.", (*pattern, key), list_key, found)
        elif isinstance(value, list) and value and (by := list_key((*pattern, key))) and is_keyed(value, by):
            for item in value:
                _enter(item, f"{name}[{by}={item_name(item[by])}].", (*pattern, key, "[]"), list_key, found)
        else:
            found[name] = value


def item_name(name: Any) -> str:
    """The name of a keyed list's item as it stands in a field: in backticks where it holds brackets."""
    text = str(name)
    return f"`{text.replace('`', '``')}`" if _BRACKETS.search(text) else text


def is_keyed(items: list[Any], key: str) -> bool:
    """Whether every item of a list has the key, each another one."""
    names = [item.get(key) if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str | int) for name in names) and len({str(name) for name in names}) == len(names)


def differences(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, list_key: ListKey = no_list_key
) -> tuple[FieldChange, ...]:
    """The leaves that differ, by type and value; the order is that of `before`, then what `after` adds."""
    left, right = _apart(before or {}, after or {})
    old, new = leaves(left, list_key), leaves(right, list_key)
    return tuple(
        FieldChange(name, old.get(name, MISSING), new.get(name, MISSING))
        for name in {**old, **new}
        if not (name in old and name in new and same(old[name], new[name]))
    )


def _apart(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two mappings without what is the same in both, however deep: most of a record is as it was."""
    left = {key: value for key, value in before.items() if not (key in after and same(value, after[key]))}
    right = {key: value for key, value in after.items() if key in left or key not in before}
    for key in left.keys() & right.keys():
        one, other = left[key], right[key]
        if isinstance(one, dict) and isinstance(other, dict) and one and other:
            for side, rest in zip((left, right), _apart(one, other), strict=True):
                if rest:
                    side[key] = rest
                else:
                    del side[key]
    return left, right
