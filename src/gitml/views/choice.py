"""Rows of a table by their places: those for which a filter holds, and of these the first in an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from itertools import chain, compress
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from gitml.errors import BadValue
from gitml.records.record import MISSING
from gitml.records.sorting import order
from gitml.views.columns import REF

if TYPE_CHECKING:
    from gitml.records.filter import Expr
    from gitml.repo.index.table import Block, Table

_ABSENT: Final = frozenset({type(MISSING), type(None)})
_COMPARABLE: Final = (frozenset({int, float}), frozenset({str}))

Key = tuple[str, bool]
"""A column, and whether its highest value stands first."""
Spot = tuple["Block", int]


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
        held = ((block, expr.mask(_columns(block, names), block.size)) for block in asked.table.blocks)
        found = ((block, list(compress(range(block.size), mask))) for block, mask in held)
        return cls([(block, places) for block, places in found if places])

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(len(places) for _block, places in self.blocks)

    def first(self, asked: Asked, keys: Sequence[Key], limit: int | None) -> Spots:
        """The rows in order, up to a limit: by keys, then by ref; raises BadValue for a key that is a mapping."""
        asked.table.fetch([REF, *(name for name, _descending in keys)])
        for name, _descending in keys:
            inside = asked.inside(name)
            if inside and self._has(asked.table, inside):
                raise BadValue(f"{name} is a mapping, which has no order", hint=f"sort by a field in it: {name}.…")
        leading, *_others = [*keys, (REF, False)]
        places: Sequence[int] = _front(self.values(leading[0]), limit, descending=leading[1])
        for name, descending in reversed([*keys, (REF, False)]):
            values = self.values(name)
            places = [places[at] for at in order([values[place] for place in places], descending=descending)]
        spots = [(block, row) for block, rows in self.blocks for row in rows]
        return Spots([spots[place] for place in (places if limit is None else places[:limit])], asked.table)

    def values(self, name: str) -> list[Any]:
        """The values of a column that is at hand."""
        return list(chain.from_iterable(_picked(block.columns.get(name), places) for block, places in self.blocks))

    def _has(self, table: Table, names: Iterable[str]) -> bool:
        table.fetch(names, [block for block, _places in self.blocks])
        return any(value is not MISSING for name in names for value in self.values(name))


class Spots:
    """Rows in an order of their own, `count` of them."""

    def __init__(self, spots: Sequence[Spot], table: Table) -> None:
        self.count = len(spots)
        self._table = table
        groups: dict[int, _Group] = {}
        for position, (block, row) in enumerate(spots):
            group = groups.setdefault(id(block), _Group(block, [], []))
            group.rows.append(row)
            group.positions.append(position)
        self._groups = list(groups.values())

    def fetch(self, names: Iterable[str]) -> None:
        """Have some columns of the rows at hand."""
        self._table.fetch(names, [group.block for group in self._groups])

    def types(self, names: Iterable[str]) -> dict[str, set[type]]:
        """The types of the values in each of some columns that are at hand, but for those that have none."""
        types: dict[str, set[type]] = {name: set() for name in names}
        for group in self._groups:
            for name, found in types.items():
                if name in group.block.columns:
                    found.update(map(type, group.picked(name)))
        return {name: left for name, found in types.items() if (left := found - {type(MISSING)})}

    def present(self, name: str) -> tuple[list[int], list[Any]]:
        """The positions of the rows that have something in a column that is at hand, and what that is."""
        positions: list[int] = []
        values: list[Any] = []
        for group in self._groups:
            if name in group.block.columns:
                picked = group.picked(name)
                there = [value is not MISSING for value in picked]
                positions += compress(group.positions, there)
                values += compress(picked, there)
        return positions, values

    def cells(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """The cells of the rows in some columns that are at hand, in the order of these."""
        cells: list[dict[str, Any]] = [{} for _row in range(self.count)]
        for group in self._groups:
            there = [name for name in names if name in group.block.columns]
            rows = zip(*map(group.picked, there), strict=True)
            for position, values in zip(group.positions, rows, strict=True):
                cells[position] = {
                    name: value for name, value in zip(there, values, strict=True) if value is not MISSING
                }
        return cells


class _Group(NamedTuple):
    """The rows of one block, and the positions that they have among all."""

    block: Block
    rows: list[int]
    positions: list[int]

    def picked(self, name: str) -> Sequence[Any]:
        """The values of the rows in a column."""
        return _picked(self.block.columns.get(name), self.rows)


def _columns(block: Block, names: Iterable[str]) -> Mapping[str, Sequence[Any]]:
    return {name: column for name in names if (column := block.columns.get(name)) is not None}


def _picked(column: Sequence[Any] | None, places: Sequence[int]) -> Sequence[Any]:
    if column is None:
        return [MISSING] * len(places)
    if isinstance(places, range) or not places:
        return column if places else ()
    return [column[places[0]]] if len(places) == 1 else itemgetter(*places)(column)


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
    there = ((place, value) for place, value in enumerate(values) if value is not MISSING and value is not None)
    return [place for place, value in there if (value >= last if descending else value <= last)]
