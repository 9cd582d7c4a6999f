"""A column of a block, packed: numbers as one run of bytes, texts that repeat as codes; opened as far as one asks.

Packed it is what the cache keeps and what numpy reads without a Python object a cell; opened it is a list.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, Literal, overload

from gitml.records.filter_nodes import Packed
from gitml.records.record import MISSING

Form = Literal["float", "int", "number", "coded", "text", "any"]

_NULL: Final = type(None)
_EXACT: Final = 2**53  # a float holds every integer up to here
_CODES: Final = 256
_TYPES: Final[dict[str, frozenset[type]]] = {
    "float": frozenset({float}),
    "int": frozenset({int}),
    "number": frozenset({int, float}),
    "text": frozenset({str}),
}


@dataclass(slots=True)
class Column(Sequence[Any], Packed):
    """The cells of a block under one name; `rows`, 32-bit integers, are those that have one, None where all do.

    `held` is, by form: `float` and `int` 64 bits a value; `number` floats, and a byte a value that says which were
    integers; `coded` the distinct texts, booleans or nulls, and a byte a value that says which; else a list.
    """

    form: Form
    size: int
    rows: bytes | None
    held: Any
    _opened: Sequence[Any] | None = None

    @classmethod
    def of(cls, size: int, rows: Sequence[int], values: Sequence[Any]) -> Column:
        """A column of values at some rows, in their order."""
        form, held = _packed(values)
        return cls(form, size, None if len(rows) == size else array("I", rows).tobytes(), held)

    def plain(self) -> tuple[Any, ...]:
        """What the cache keeps: `Column(*plain)` is the column again."""
        return (self.form, self.size, self.rows, self.held)

    @property
    def filled(self) -> int:
        """How many rows have a cell."""
        return self.size if self.rows is None else len(self.rows) // array("I").itemsize

    @property
    def present(self) -> Sequence[int]:
        """The rows that have a cell."""
        return range(self.size) if self.rows is None else array("I", self.rows)

    @property
    def values(self) -> Sequence[Any]:
        """The values of the rows that have one."""
        return _opened(self.form, self.held)

    @property
    def cells(self) -> Sequence[Any]:
        """A value for each row, MISSING where it has none; once opened it stays open."""
        if self._opened is None:
            self._opened = self.values if self.rows is None else self._spread(self.values, MISSING)
        return self._opened

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
        if self.rows is None or self._opened is not None:
            return picked(self.cells, rows)
        found = dict(zip(self.present, self.values, strict=True))
        return [found.get(row, MISSING) for row in rows]

    def only(self, rows: Sequence[int]) -> Column:
        """The column with some of its rows, counted anew."""
        cells = self.at(rows)
        there = [at for at, value in enumerate(cells) if value is not MISSING]
        return Column.of(len(rows), there, picked(cells, there))

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

    def told(self, deed: Callable[[Sequence[Any]], Sequence[bool]], *, missing: bool) -> Sequence[bool]:
        """What a deed says of each row; it is asked about values that are there, and of equal ones once."""
        if self.form == "coded":
            distinct, codes = self.held
            said: Sequence[Any] = codes.translate(bytes(deed(distinct)).ljust(_CODES, b"\0"))
        else:
            said = deed(self.values)
        return said if self.rows is None else self._spread(said, missing)

    def _spread(self, values: Sequence[Any], other: Any) -> list[Any]:
        spread: list[Any] = [other] * self.size
        for row, value in zip(self.present, values, strict=True):
            spread[row] = value
        return spread


def picked(cells: Sequence[Any], rows: Sequence[int]) -> Sequence[Any]:
    """The cells at some places."""
    return itemgetter(*rows)(cells) if len(rows) > 1 else [cells[row] for row in rows]


def _packed(values: Sequence[Any]) -> tuple[Form, Any]:
    types = set(map(type, values))
    if types == {float}:
        return "float", array("d", values).tobytes()
    if types == {int}:
        try:
            return "int", array("q", values).tobytes()
        except OverflowError:
            return "any", list(values)
    if types == {int, float} and all(-_EXACT <= value <= _EXACT for value in values if type(value) is int):
        return "number", (array("d", values).tobytes(), bytes(type(value) is int for value in values))
    if types <= {str, _NULL} or types <= {bool, _NULL}:
        codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
        if len(codes) <= min(_CODES, len(values) // 2):
            return "coded", (list(codes), bytes(map(codes.__getitem__, values)))
    return "text" if types == {str} else "any", list(values)


def _opened(form: Form, held: Any) -> Sequence[Any]:
    if form == "float":
        return array("d", held)
    if form == "int":
        return array("q", held)
    if form == "number":
        numbers, integers = held
        return [int(value) if is_int else value for value, is_int in zip(array("d", numbers), integers, strict=True)]
    if form == "coded":
        distinct, codes = held
        return list(map(distinct.__getitem__, codes))
    return held  # type: ignore[no-any-return]
