"""The table of a kind: its readable records in blocks of columns, as far as somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from gitml.errors import NotFound
from gitml.repo.index.block import Cells, cells, columns
from gitml.repo.index.column import Column, picked

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.cache import Cache

# Two thousand names that a few runs each have are not worth a row of the cache each.
_SHELVES: Final = 16


class Columns(dict[str, Column]):
    """The columns of a block that are at hand: in one process the same for all tables that have the block."""


@dataclass(slots=True)
class Block:
    """Some hundred rows: how many, the names of their columns, and of these the ones that are at hand.

    `lost` are the paths of the records that cannot be read; `key` is what the cache knows the columns by, `rare` those
    that it keeps on shelves, `again` makes them where it has lost them, and `rows` are those that count, where not all
    do; `whole` are columns of all rows then, as far as they are at hand elsewhere.
    """

    size: int
    names: Collection[str]
    columns: dict[str, Column]
    lost: tuple[str, ...] = ()
    key: str = ""
    rare: Collection[str] = ()
    again: Callable[[], Cells] | None = None
    rows: Sequence[int] | None = None
    whole: Mapping[str, Column] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Cells) -> Block:
        """A block whose columns are all at hand."""
        return cls(found.size, found.columns.keys(), dict(found.columns), found.lost)

    def only(self, rows: Sequence[int], lost: Iterable[str]) -> Block:
        """The block with some of its rows."""
        return Block(len(rows), self.names, {}, tuple(lost), self.key, self.rare, self.again, rows, self.columns)

    def few(self, rows: Sequence[int]) -> Block:
        """A few of the rows, as a block of their own: of what comes to hand later these alone are picked."""
        whole, counted = (self.columns, rows) if self.rows is None else (self.whole, picked(self.rows, rows))
        columns = {name: column.only(rows) for name, column in self.columns.items()}
        return Block(len(rows), self.names, columns, (), self.key, self.rare, self.again, counted, whole)

    def take(self, name: str, column: Column) -> None:
        """Have a column of the whole block at hand."""
        self.columns[name] = column if self.rows is None else column.only(self.rows)

    def place(self, name: str) -> str:
        """Where the cache has a column."""
        return place(self.key, name, self.rare)


class Table:
    """The records of a kind in blocks of columns, in no order that means anything."""

    def __init__(self, blocks: Iterable[Block], cache: Cache | None = None) -> None:
        self.blocks = tuple(blocks)
        self._cache = cache

    @classmethod
    def of(cls, records: Iterable[Record]) -> Table:
        """Records that are at hand."""
        return cls([Block.of(cells(records))])

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Table:
        """Rows that are at hand."""
        return cls([Block.of(columns(rows))])

    def beside(self, other: Table) -> Table:
        """Both tables as one."""
        return Table([*self.blocks, *other.blocks], self._cache or other._cache)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all columns."""
        return frozenset().union(*{id(block.names): block.names for block in self.blocks}.values())

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(block.size for block in self.blocks)

    @property
    def lost(self) -> list[str]:
        """The paths of the records that cannot be read."""
        return [path for block in self.blocks for path in block.lost]

    def fetch(self, names: Iterable[str], blocks: Iterable[Block] | None = None) -> None:
        """Have some columns at hand, of some blocks or all."""
        asked = list(names)
        wanted: dict[str, list[tuple[Block, str]]] = {}
        for block in self.blocks if blocks is None else blocks:
            for name in asked:
                if name not in block.names or name in block.columns:
                    continue
                if (whole := block.whole.get(name)) is not None:
                    block.take(name, whole)
                else:
                    wanted.setdefault(block.place(name), []).append((block, name))
        kept = self._cache.get(wanted) if self._cache and wanted else {}
        for key, places in wanted.items():
            for block, name in places:
                plain = kept.get(key)
                found = plain.get(name) if isinstance(plain, dict) else plain
                if found is not None:
                    block.take(name, Column(*found))
                elif name not in block.columns:
                    _restore(block)


def _restore(block: Block) -> None:
    """Read again what the cache has lost."""
    found = block.again() if block.again else None
    if found is None or not found.columns.keys() >= set(block.names):
        raise NotFound("records that were once read are not in this clone any more", hint="git fsck tells which")
    for name in block.names:
        block.take(name, found.columns[name])


def place(key: str, name: str, rare: Collection[str]) -> str:
    """What the cache knows a column of a block by; one that is rare shares its place with others."""
    return _shelf_key(key, name) if name in rare else _column_key(key, name)


def stored(key: str, found: Mapping[str, Column]) -> dict[str, Any]:
    """The columns of a block as the cache keeps them: each alone, and the rare ones on a few shelves."""
    values: dict[str, Any] = {}
    for name, column in found.items():
        if column.is_rare:
            values.setdefault(_shelf_key(key, name), {})[name] = column.plain()
        else:
            values[_column_key(key, name)] = column.plain()
    return values


def _column_key(key: str, name: str) -> str:
    return f"column/{key}/{name}"


def _shelf_key(key: str, name: str) -> str:
    return f"shelf/{key}/{crc32(name.encode('utf-8', 'surrogateescape')) % _SHELVES}"
