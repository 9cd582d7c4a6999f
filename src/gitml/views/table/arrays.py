"""The columns of a view as arrays, straight from packed ones: no Python object a number, and one a distinct text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from gitml.repo.index.column import Column
from gitml.views.choice import Group, Spots

_EXACT: Final = 2**53  # a float holds every integer up to here
_NUMBERS: Final[dict[str, frozenset[str]]] = {
    "float": frozenset({"float", "number", "int"}),
    "int": frozenset({"int"}),
}

Places = npt.NDArray[np.intp]
Objects = npt.NDArray[np.object_]


class Piece(NamedTuple):
    """What one block holds of a column: the positions of its rows among those shown, and which of its values count."""

    column: Column
    positions: Places
    values: slice | npt.NDArray[Any]


class Arrays:
    """The rows of some spots, whose columns are at hand."""

    def __init__(self, spots: Spots) -> None:
        self.count = spots.count
        self._groups = [(group, *_where(group)) for group in spots.groups]

    def pieces(self, name: str) -> list[Piece]:
        """What the blocks hold of a column."""
        return list(self._pieces(name))

    def _pieces(self, name: str) -> Iterator[Piece]:
        for group, where, is_all in self._groups:
            column = group.block.columns.get(name)
            if column is not None:
                piece = _piece(column, where, is_all=is_all)
                if len(piece.positions):
                    yield piece

    def positions(self, pieces: list[Piece]) -> Places:
        """The positions of the values of all pieces, in their order."""
        return np.concatenate([piece.positions for piece in pieces]) if pieces else np.empty(0, dtype=np.intp)

    def numbers(self, pieces: list[Piece], kind: str) -> npt.NDArray[Any] | None:
        """The values of all pieces as 64-bit floats or integers; None where they are not such, or a float loses one."""
        forms = _NUMBERS.get(kind)
        if not pieces or not forms or not all(piece.column.form in forms for piece in pieces):
            return None
        found = [_numbers(piece.column)[piece.values] for piece in pieces]
        integers = [one for one in found if one.dtype == np.int64] if kind == "float" else []
        if any(one.min() < -_EXACT or one.max() > _EXACT for one in integers):
            return None
        return np.concatenate(found, dtype=np.int64 if kind == "int" else np.float64)

    def objects(self, pieces: list[Piece]) -> Objects:
        """The values of all pieces as they are."""
        found = [_objects(piece.column)[piece.values] for piece in pieces]
        return np.concatenate(found) if found else np.empty(0, dtype=object)


def listed(values: Sequence[Any]) -> Objects:
    """Values as an array of objects, one by one: a list among them is a value too."""
    return np.fromiter(values, dtype=object, count=len(values))


def _where(group: Group) -> tuple[Places, bool]:
    """The position of each row of a block among those shown, -1 where it is none of them; and whether all are."""
    if isinstance(group.rows, range):
        return np.asarray(group.positions, dtype=np.intp), True
    where = np.full(group.block.size, -1, dtype=np.intp)
    where[np.asarray(group.rows, dtype=np.intp)] = group.positions
    return where, False


def _piece(column: Column, where: Places, *, is_all: bool) -> Piece:
    if column.rows is not None:
        where = where[np.frombuffer(column.rows, dtype=np.uint32)]
        held = None if is_all else where >= 0
    elif column.mask is not None:
        held = np.frombuffer(column.mask, dtype=bool)
        held = held if is_all else held & (where >= 0)
    else:
        held = None if is_all else where >= 0
    return Piece(column, where, slice(None)) if held is None else Piece(column, where[held], held)


def _numbers(column: Column) -> npt.NDArray[Any]:
    if column.form == "int":
        return np.frombuffer(column.held, dtype=np.int64)
    return np.frombuffer(column.held if column.form == "float" else column.held[0], dtype=np.float64)


def _objects(column: Column) -> Objects:
    if column.form == "coded":
        distinct, codes = column.held
        return listed(distinct)[np.frombuffer(codes, dtype=np.uint8)]
    return listed(column.values)
