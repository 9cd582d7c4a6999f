"""Rows of a table by their places: those for which a filter holds, and of these the first in an order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from itertools import chain, compress, repeat
from operator import ge, le
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from gitml.errors import BadValue
from gitml.records.record import MISSING
from gitml.records.sorting import order
from gitml.repo.index.column import picked
from gitml.views.columns import REF

if TYPE_CHECKING:
    from gitml.records.filter import Expr
    from gitml.repo.index.table import Block, Table

_ABSENT: Final = frozenset({type(MISSING), type(None)})
_COMPARABLE: Final = (frozenset({int, float}), frozenset({str}))

# Of a block that is cut to some of its rows anyway, one row in so many is cut out alone.
_FEW: Final = 4

Key = tuple[str, bool]
"""A column, and whether its highest value stands first."""


class Asked(Protocol):
    """A table, and which of its columns belong to a field."""

    @property
    def table(self) -> Table:
        """The table."""
        ...

    def under(self, fields: Iterable[str]) -> list[str]:
        """The columns of some fields."""
        ...

    def inside(self, name: str) -> list[str]:
        """The columns of the fields in a mapping."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """Some rows of some blocks, in the table's order."""

    blocks: Sequence[tuple[Block, Sequence[int]]]

    @classmethod
    def of(cls, asked: Asked, expr: Expr) -> Choice:
        """The rows for which a filter holds."""
        if not expr.fields:
            return cls([(block, range(block.size)) for block in asked.table.blocks if block.size and expr.on({})])
        names = asked.under(expr.fields)
        asked.table.fetch(names)
        found = ((block, _held(expr, block, names)) for block in asked.table.blocks)
        return cls([(block, rows) for block, rows in found if rows])

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(len(rows) for _block, rows in self.blocks)

    def first(self, asked: Asked, keys: Sequence[Key], limit: int | None) -> Spots:
        """The rows in order, up to a limit: by keys, then by ref; raises BadValue for a key that is a mapping."""
        asked.table.fetch([REF, *(name for name, _descending in keys)])
        for name, _descending in keys:
            inside = asked.inside(name)
            if inside and self._has(asked.table, inside):
                raise BadValue(f"{name} is a mapping, which has no order", hint=f"sort by a field in it: {name}.…")
        leading, *_others = every = [*keys, (REF, False)]
        front = _front(self.values(leading[0]), limit, descending=leading[1])
        # Of few rows little is left to ask.
        left = self if isinstance(front, range) else Choice([group[:2] for group in _grouped(self, front, front)])
        places: Sequence[int] = range(left.count)
        for name, descending in reversed(every):
            values = left.values(name)
            places = picked(places, order(picked(values, places), descending=descending))
        return Spots(left, places if limit is None else places[:limit], asked.table)

    def values(self, name: str) -> list[Any]:
        """The values of a column that is at hand."""
        return list(chain.from_iterable(_cells(block, name, rows) for block, rows in self.blocks))

    def only(self, kept: Sequence[bool]) -> Choice:
        """The rows that are kept, of all in order."""
        left, found = iter(kept), []
        for block, rows in self.blocks:
            inner = [row for row in rows if next(left)]
            if inner:
                found.append((block, rows if len(inner) == len(rows) else inner))
        return Choice(found)

    def _has(self, table: Table, names: Iterable[str]) -> bool:
        table.fetch(names, [block for block, _rows in self.blocks])
        return any(value is not MISSING for name in names for value in self.values(name))


class Group(NamedTuple):
    """Rows of one block, and the positions that they have among all that are shown."""

    block: Block
    rows: Sequence[int]
    positions: Sequence[int]


class Spots:
    """Rows in an order of their own, `count` of them, by the blocks in which they lie."""

    def __init__(self, choice: Choice, places: Sequence[int], table: Table) -> None:
        self.count = len(places)
        self._table = table
        ranked = sorted(range(len(places)), key=places.__getitem__)
        self.groups = list(_grouped(choice, picked(places, ranked), ranked))

    def fetch(self, names: Iterable[str]) -> None:
        """Have some columns of the rows at hand."""
        self._table.fetch(names, [group.block for group in self.groups])

    def types(self, names: Iterable[str]) -> dict[str, set[type]]:
        """The types of the values in each of some columns that are at hand, but for those that have none."""
        types: dict[str, set[type]] = {name: set() for name in names}
        for group in self.groups:
            for name, column in list(group.block.columns.items()):  # another thread may bring more to hand
                if name in types:
                    types[name] |= column.types(group.rows)
        return {name: found for name, found in types.items() if found}

    def present(self, name: str) -> tuple[list[int], list[Any]]:
        """The positions of the rows that have something in a column that is at hand, and what that is."""
        positions: list[int] = []
        values: list[Any] = []
        for group in self.groups:
            column = group.block.columns.get(name)
            if column is not None:
                found = column.at(group.rows)
                there = [value is not MISSING for value in found]
                positions += compress(group.positions, there)
                values += compress(found, there)
        return positions, values

    def cells(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """The cells of the rows in some columns that are at hand, in the order of these."""
        cells: list[dict[str, Any]] = [{} for _row in range(self.count)]
        for name in names:
            positions, values = self.present(name)
            for position, value in zip(positions, values, strict=True):
                cells[position][name] = value
        return cells


def _grouped(choice: Choice, places: Sequence[int], positions: Sequence[int]) -> Iterator[Group]:
    """The rows at places of a choice, in their order, by blocks."""
    begun = start = 0
    for block, rows in choice.blocks:
        stop = bisect_left(places, begun + len(rows), start)
        if stop - start == len(rows):
            yield Group(block, rows, positions[start:stop])
        elif stop > start:
            some = [rows[place - begun] for place in places[start:stop]]
            if block.rows is not None and len(some) * _FEW < block.size:
                yield Group(block.few(some), range(len(some)), positions[start:stop])
            else:
                yield Group(block, some, positions[start:stop])
        begun, start = begun + len(rows), stop


def _held(expr: Expr, block: Block, names: Iterable[str]) -> Sequence[int]:
    """The rows of a block for which a filter holds that looks at some columns."""
    columns = {name: column for name in names if (column := block.columns.get(name)) is not None}
    every = range(block.size)
    rows = list(compress(every, expr.mask(columns, block.size)))
    return every if len(rows) == block.size else rows


def _cells(block: Block, name: str, rows: Sequence[int]) -> Sequence[Any]:
    column = block.columns.get(name)
    return [MISSING] * len(rows) if column is None else column.at(rows)


def _front(values: Sequence[Any], limit: int | None, *, descending: bool) -> Sequence[int]:
    """The places among which the first are, by one key; those that tie with the last of them included."""
    everything = range(len(values))
    types = set(map(type, values)) - _ABSENT
    if limit is None or not limit or limit >= len(values) or not any(types <= known for known in _COMPARABLE):
        return everything
    present = [value for value in values if value is not MISSING and value is not None and value == value]  # noqa: PLR0124
    if len(present) < limit:
        return everything
    last = (nlargest if descending else nsmallest)(limit, present)[-1]
    before = ge if descending else le
    if len(present) == len(values):
        return list(compress(everything, map(before, values, repeat(last))))
    there = ((place, value) for place, value in enumerate(values) if value is not MISSING and value is not None)
    return [place for place, value in there if before(value, last)]
