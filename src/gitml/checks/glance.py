"""One walk for what most records are: keys in order, nothing large, nothing like a secret, all numbers finite.

What passes has a yes to each of these questions; of the few that do not pass each is asked alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from gitml.checks.secrets import HINTS, SHORTEST, names_a_secret
from gitml.records.canonical import KeyOrder

INLINE_LIMIT: Final = 64 * 1024
# By characters, of which UTF-8 and JSON make four bytes at most.
_LARGE = INLINE_LIMIT // 4
_hint = HINTS.search


def is_plain(data: Mapping[str, Any], order: KeyOrder) -> bool:
    """Whether nothing in a mapping needs a second look; False says nothing yet."""
    ranks, last = order.ranks, len(order.ranks)
    before, name = -1, ""
    for key, value in data.items():
        rank = ranks.get(key, last)
        if rank <= before and (rank < before or key < name):
            return False
        before, name = rank, key
        kind = type(value)
        if kind is float:
            if not isfinite(value):
                return False
        elif kind is str:
            if names_a_secret(key) or _is_odd(value):
                return False
        elif kind is dict:
            if not is_plain(value, order.child(key)):
                return False
        elif kind is list and (len(repr(value)) > _LARGE or not _is_plain_list(value, order.child(key).item())):
            return False
    return True


def _is_plain_list(items: list[Any], order: KeyOrder) -> bool:
    for value in items:
        kind = type(value)
        if (
            (kind is float and not isfinite(value))
            or (kind is str and _is_odd(value))
            or (kind is dict and not is_plain(value, order))
            or (kind is list and not _is_plain_list(value, order.item()))
        ):
            return False
    return True


def _is_odd(text: str) -> bool:
    size = len(text)
    return size > SHORTEST and (size > _LARGE or _hint(text) is not None)


def is_large(data: Mapping[str, Any]) -> bool:
    """Whether some value could pass the limit."""
    for value in data.values():
        kind = type(value)
        if kind is dict:
            if is_large(value):
                return True
        elif (kind is str or kind is list) and len(value if kind is str else repr(value)) > _LARGE:
            return True
    return False
