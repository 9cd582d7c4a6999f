"""The table of a kind: its readable records in blocks of columns, as far as somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitml.errors import NotFound
from gitml.repo.index.block import Cells, cells, columns, unpacked

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.cache import Cache

Columns = Mapping[str, Sequence[Any]]


@dataclass(slots=True)
class Block:
    """Some hundred rows: how many, and their columns by name, None for one that is not at hand.

    `lost` are the paths of the records that cannot be read; `key` is what the cache knows the columns by, `again` makes
    them where it has lost them, and `rows` are those that count, where not all do.
    """

    size: int
    columns: dict[str, Sequence[Any] | None]
    lost: tuple[str, ...] = ()
    key: str = ""
    again: Callable[[], Cells] | None = None
    rows: Sequence[int] | None = None

    @classmethod
    def of(cls, found: Cells) -> Block:
        """A block whose columns are all at hand."""
        return cls(found.size, dict(found.columns), found.lost)

    def only(self, rows: Sequence[int], lost: Iterable[str]) -> Block:
        """The block with some of its rows."""
        return Block(len(rows), dict.fromkeys(self.columns), tuple(lost), self.key, self.again, rows)

    def take(self, name: str, column: Sequence[Any]) -> None:
        """Have a column of the whole block at hand."""
        self.columns[name] = column if self.rows is None else [column[row] for row in self.rows]


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
        found = list(rows)
        return cls([Block.of(Cells(len(found), columns(found)))])

    def beside(self, other: Table) -> Table:
        """Both tables as one."""
        return Table([*self.blocks, *other.blocks], self._cache or other._cache)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all columns."""
        return frozenset().union(*(block.columns for block in self.blocks))

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
        there = self.blocks if blocks is None else blocks
        wanted = [(block, name) for block in there for name in asked if block.columns.get(name, ()) is None]
        if not wanted:
            return
        keys = [column_key(block.key, name) for block, name in wanted]
        kept = self._cache.get(keys) if self._cache else {}
        for key, (block, name) in zip(keys, wanted, strict=True):
            if key in kept:
                block.take(name, unpacked(kept[key]))
            elif block.columns[name] is None:
                _restore(block)


def _restore(block: Block) -> None:
    """Read again what the cache has lost."""
    found = block.again() if block.again else None
    if found is None or not block.columns.keys() <= found.columns.keys():
        raise NotFound("records that were once read are not in this clone any more", hint="git fsck tells which")
    for name in block.columns:
        block.take(name, found.columns[name])


def column_key(key: str, name: str) -> str:
    """What the cache knows a column by."""
    return f"column/{key}/{name}"
