"""A column of a block, packed: numbers as one run of bytes, texts that repeat as codes; opened as far as one asks.

Packed it is what the cache keeps and what numpy reads without a Python object a cell; opened it is a list.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import Any, Final, Literal, overload

from gitml.records.masks import Mask, Packed, both, either, opposite
from gitml.records.record import MISSING

Form = Literal["float", "int", "number", "coded", "text", "any"]

_NULL: Final = type(None)
_EXACT: Final = 2**53  # a float holds every integer up to here
_CODES: Final = 256
# Of so many rows one at least must have a cell, or only those that have one are held; or it is rare.
_FULL, _RARE = 2, 8
_TYPES: Final[dict[str, frozenset[type]]] = {
    "float": frozenset({float}),
    "int": frozenset({int}),
    "number": frozenset({int, float}),
    "text": frozenset({str}),
}


@dataclass(slots=True)
class Column(Sequence[Any], Packed):
    """The cells of a block under one name, MISSING for a row that has none.

    `held` is, by form: `float` and `int` 64 bits a value; `number` floats, and a byte a value that says which were
    integers; `coded` the distinct texts, booleans or nulls, and a byte a value that says which; else a list. There is
    a value a row, and `mask`, where there is one, says by a byte a row which of them count; where few have one, only
    these have, and `rows` are they, 32 bits each.
    """

    form: Form
    size: int
    mask: bytes | None
    rows: bytes | None
    held: Any
    _opened: Sequence[Any] | None = None

    @classmethod
    def of(cls, size: int, rows: Sequence[int], values: Sequence[Any]) -> Column:
        """A column of values at some rows, in their order."""
        form = _form(values)
        if len(rows) == size:
            return cls(form, size, None, None, _packed(form, values))
        if len(rows) * _FULL < size:
            return cls(form, size, None, array("I", rows).tobytes(), _packed(form, values))
        mask = bytearray(size)
        filled = [values[0]] * size
        for row, value in zip(rows, values, strict=True):
            mask[row] = 1
            filled[row] = value
        return cls(form, size, bytes(mask), None, _packed(form, filled))

    def plain(self) -> tuple[Any, ...]:
        """What the cache keeps: `Column(*plain)` is the column again."""
        return (self.form, self.size, self.mask, self.rows, self.held)

    @property
    def is_rare(self) -> bool:
        """Whether very few rows have a cell."""
        return self.rows is not None and len(self.rows) // array("I").itemsize * _RARE < self.size

    @property
    def values(self) -> Sequence[Any]:
        """A value for each row, whatever it be where one has none; where there are `rows`, for each of these."""
        if self._opened is None:
            self._opened = _opened(self.form, self.held)
        return self._opened

    @property
    def cells(self) -> Sequence[Any]:
        """A value for each row, MISSING where it has none."""
        return self._spread(self.values, MISSING)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[Any]:
        return iter(self.cells)

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Any]: ...
    def __getitem__(self, row: int | slice) -> Any:
        return self.cells[row]

    def at(self, rows: Sequence[int]) -> Sequence[Any]:
        """The cells of some rows, MISSING where one has none."""
        if self.is_all(rows):
            return self.cells
        if self.rows is not None:
            found = dict(zip(array("I", self.rows), self.values, strict=True))
            return [found.get(row, MISSING) for row in rows]
        values = picked(self.values, rows)
        there = picked(self.mask, rows) if self.mask else ()
        return values if all(there) else _masked(values, there)

    def only(self, rows: Sequence[int]) -> Column:
        """The column with some of its rows, counted anew."""
        mask = bytes(picked(self.mask, rows)) if self.mask else None
        if self.rows is not None or (mask is not None and 1 not in mask) or self.form not in _PICKED:
            cells = self.at(rows)
            there = [at for at, value in enumerate(cells) if value is not MISSING]
            return Column.of(len(rows), there, picked(cells, there))
        return Column(self.form, len(rows), mask, None, _PICKED[self.form](self, rows, mask))

    def types(self, rows: Sequence[int]) -> set[type]:
        """The types of the cells of some rows."""
        if not self.is_all(rows):
            return set(map(type, self.at(rows))) - {type(MISSING)}
        if self.form == "coded":
            return set(map(type, self.held[0]))
        return set(_TYPES.get(self.form) or map(type, self.held))

    def is_all(self, rows: Sequence[int]) -> bool:
        """Whether these are all rows, in their order."""
        return isinstance(rows, range) and len(rows) == self.size

    def told(self, deed: Callable[[Sequence[Any]], Mask], *, missing: bool, exact: bool = True) -> Mask:
        """What a deed says of each row's value, `missing` where it has none; of equal texts it is asked once."""
        if self.form == "coded":
            distinct, codes = self.held
            said = codes.translate(bytes(deed(distinct)).ljust(_CODES, b"\0"))
        elif self.form == "number" and not exact:
            said = bytes(deed(array("d", self.held[0])))
        else:
            said = bytes(deed(self.values))
        if self.mask is None:
            return said if self.rows is None else self._spread(said, missing)
        return either(said, opposite(self.mask)) if missing else both(said, self.mask)

    def _spread(self, values: Sequence[Any], other: Any) -> Sequence[Any]:
        if self.rows is None:
            return _masked(values, self.mask, other) if self.mask else values
        spread: list[Any] = [other] * self.size
        for row, value in zip(array("I", self.rows), values, strict=True):
            spread[row] = value
        return spread


def picked(cells: Sequence[Any], rows: Sequence[int]) -> Sequence[Any]:
    """The cells at some places."""
    return itemgetter(*rows)(cells) if len(rows) > 1 else [cells[row] for row in rows]


def _masked(values: Sequence[Any], mask: Sequence[Any], other: Any = MISSING) -> list[Any]:
    return [value if is_there else other for value, is_there in zip(values, mask, strict=True)]


def _form(values: Sequence[Any]) -> Form:
    types = set(map(type, values))
    if types == {float}:
        return "float"
    if types == {int} and min(values) >= -(2**63) and max(values) < 2**63:
        return "int"
    if types == {int, float} and all(-_EXACT <= value <= _EXACT for value in values if type(value) is int):
        return "number"
    if types <= {str, _NULL} or types <= {bool, _NULL}:
        distinct = len(set(values))
        if distinct <= min(_CODES, len(values) // 2):
            return "coded"
    return "text" if types == {str} else "any"


def _packed(form: Form, values: Sequence[Any]) -> Any:
    if form == "float":
        return array("d", values).tobytes()
    if form == "int":
        return array("q", values).tobytes()
    if form == "number":
        return array("d", values).tobytes(), bytes(type(value) is int for value in values)
    if form == "coded":
        codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
        return list(codes), bytes(map(codes.__getitem__, values))
    return list(values)


def _opened(form: Form, held: Any) -> Sequence[Any]:
    if form == "float":
        return array("d", held)
    if form == "int":
        return array("q", held)
    if form == "number":
        numbers, integers = held
        values: list[float] = array("d", numbers).tolist()
        for row in compress(range(len(values)), integers):
            values[row] = int(values[row])
        return values
    if form == "coded":
        distinct, codes = held
        return list(map(distinct.__getitem__, codes))
    return held  # type: ignore[no-any-return]


def _codes(column: Column, rows: Sequence[int], mask: bytes | None) -> Any:
    """The codes of some rows, and of the distinct values those alone that one of these has."""
    distinct, codes = column.held
    chosen = bytes(picked(codes, rows))
    used = sorted(set(compress(chosen, mask) if mask else chosen))
    anew = bytearray(_CODES)
    for code, old in enumerate(used):
        anew[old] = code
    return [distinct[old] for old in used], chosen.translate(anew)


# What can be picked from as it is packed; of other forms the types that are left must be looked at.
_PICKED: Final[dict[str, Callable[[Column, Sequence[int], bytes | None], Any]]] = {
    "float": lambda column, rows, _mask: array("d", picked(column.values, rows)).tobytes(),
    "int": lambda column, rows, _mask: array("q", picked(column.values, rows)).tobytes(),
    "text": lambda column, rows, _mask: list(picked(column.held, rows)),
    "coded": _codes,
}
