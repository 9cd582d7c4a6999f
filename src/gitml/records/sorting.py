"""One order for cells of any type: booleans, numbers, texts, lists, mappings; then NaN; then missing and null."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from gitml.records.record import MISSING

SortKey = tuple[int, Any]

_BOOL, _NUMBER, _TEXT, _LIST, _MAPPING, _NAN, _ABSENT = range(7)
_SCALARS = ((_BOOL, bool), (_NUMBER, (int, float)), (_TEXT, str))  # bool first: to Python it is an int
_ALIKE: Final = ({str}, {int})  # of floats some may be NaN


def sort_key(value: object) -> SortKey:
    """A key by which any two values can be ordered; numbers by value, texts by code point, lists item by item."""
    if value is None or value is MISSING:
        return (_ABSENT, 0)
    if isinstance(value, float) and math.isnan(value):
        return (_NAN, 0)
    for rank, known in _SCALARS:
        if isinstance(value, known):
            return (rank, value)
    if isinstance(value, list | tuple):
        return (_LIST, tuple(map(sort_key, value)))
    return (_MAPPING, repr(value))


def order(values: Sequence[object], *, descending: bool = False) -> list[int]:
    """The positions of `values` in order: NaN, then missing and null, stand last whether ascending or descending.

    Stable both ways, so several keys are several passes, the last key first, after one pass by ref for the ties.
    """
    types: set[type] = set(map(type, values))
    if types in _ALIKE:
        plain: Sequence[Any] = values
        return sorted(range(len(plain)), key=plain.__getitem__, reverse=descending)
    keys = [sort_key(value) for value in values]
    present = [place for place, (rank, _) in enumerate(keys) if rank < _NAN]
    present.sort(key=keys.__getitem__, reverse=descending)
    last = [place for place, (rank, _) in enumerate(keys) if rank >= _NAN]
    last.sort(key=keys.__getitem__)
    return present + last
