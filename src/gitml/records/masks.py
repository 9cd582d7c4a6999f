"""Masks: of which rows something holds, a number a row that is 1 or 0; as bytes they are joined at C's speed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

Mask = Sequence[int]


class Packed(ABC):
    """A column that holds its cells in a form of its own, in which equal ones may be one."""

    __slots__ = ()

    @abstractmethod
    def told(self, deed: Callable[[Sequence[Any]], Mask], *, missing: bool, exact: bool = True) -> Mask:
        """What a deed says of each row's value, `missing` where it has none; of equal values it may be asked once.

        Where it need not be `exact`, an integer among floats may come as the float that equals it.
        """


def both(some: Mask, others: Mask) -> bytes:
    """Where two masks hold."""
    return (_number(some) & _number(others)).to_bytes(len(some), "little")


def either(some: Mask, others: Mask) -> bytes:
    """Where one of two masks holds."""
    return (_number(some) | _number(others)).to_bytes(len(some), "little")


def opposite(mask: Mask) -> bytes:
    """Where a mask does not hold."""
    return (_number(mask) ^ _number(b"\1" * len(mask))).to_bytes(len(mask), "little")


def _number(mask: Mask) -> int:
    return int.from_bytes(bytes(mask), "little")
