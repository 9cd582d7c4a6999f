"""The table of a kind at a snapshot: its readable records, column by column, as far as somebody asks for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from gitml.errors import NotFound
from gitml.records.reader import VERSION
from gitml.repo.index.block import Cells, Files, cells, columns, cut, digest, packed, unpacked
from gitml.repo.load import UNREADABLE, load_each

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.snapshot import Snapshot

# Fewer records than this are read sooner than their columns are kept.
_WORTH_KEEPING: Final = 64


@dataclass(slots=True)
class Block:
    """Some hundred rows: how many, and their columns by name, None for one that is not at hand.

    `lost` are the paths of the records that cannot be read; `key` is what the cache knows the block by, if it does.
    """

    size: int
    columns: dict[str, Sequence[Any] | None]
    lost: tuple[str, ...] = ()
    key: str = ""
    files: Files = ()

    @classmethod
    def of(cls, found: Cells) -> Block:
        """A block whose columns are all at hand."""
        return cls(found.size, dict(found.columns), found.lost)


class Table:
    """The records of a kind in blocks of columns, in no order that means anything."""

    def __init__(self, blocks: Iterable[Block], snapshot: Snapshot | None = None) -> None:
        self.blocks = tuple(blocks)
        self._snapshot = snapshot

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
        return Table([*self.blocks, *other.blocks], self._snapshot or other._snapshot)

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
        cache = self._snapshot.cache if self._snapshot else None
        kept = cache.get(_column(block.key, name) for block, name in wanted) if cache else {}
        for block, name in wanted:
            found = kept.get(_column(block.key, name))
            if found is not None:
                block.columns[name] = unpacked(found)
            elif block.columns[name] is None:
                self._restore(block)

    def _restore(self, block: Block) -> None:
        """Read again what the cache has lost."""
        if self._snapshot is not None:
            found = _read(self._snapshot, block.files)
            if found.size == block.size:
                block.columns.update(found.columns)
                return
        raise NotFound("records that were once read are not in this clone any more", hint="git fsck tells which")


def table(snapshot: Snapshot, kind: str) -> Table:
    """The records of a kind that stand in files of their own."""
    paths = snapshot.paths_of(kind)
    files = sorted(snapshot.named({path: snapshot.entries[path] for path in paths}).items())
    if snapshot.cache is None or len(files) < _WORTH_KEEPING:
        return Table([Block.of(_read(snapshot, files))])
    salt = _salt(snapshot)
    parts = {digest(part, salt): part for part in cut(files)}
    heads = snapshot.cache.get(map(_head, parts))
    kept = {key: _known(key, part, heads[_head(key)]) for key, part in parts.items() if _head(key) in heads}
    fresh = dict(_made(snapshot, {key: part for key, part in parts.items() if key not in kept}))
    return Table([kept.get(key) or fresh[key] for key in parts], snapshot)


def _made(snapshot: Snapshot, parts: Mapping[str, Files]) -> Iterator[tuple[str, Block]]:
    """Blocks that nobody has read yet; each is kept, unless objects are missing that may come."""
    for key, part in parts.items():
        found = _read(snapshot, part)
        if snapshot.cache and not any(_is_absent(snapshot, path) for path in found.lost):
            kept = {_column(key, name): packed(column) for name, column in found.columns.items()}
            snapshot.cache.put({_head(key): (found.size, list(found.columns), found.lost), **kept})
        yield key, Block.of(found)


def _read(snapshot: Snapshot, files: Files) -> Cells:
    loaded = load_each([(snapshot, path, entry) for path, entry in files])
    return cells(
        (found.record for found in loaded if found.record), (found.path for found in loaded if not found.record)
    )


def _is_absent(snapshot: Snapshot, path: str) -> bool:
    return any(problem.code == UNREADABLE for problem in snapshot.load([path])[0].problems)


def _known(key: str, part: Files, head: Any) -> Block:
    size, names, lost = head
    return Block(size, dict.fromkeys(names), tuple(lost), key, part)


def _head(key: str) -> str:
    return f"block/{key}"


def _column(key: str, name: str) -> str:
    return f"column/{key}/{name}"


def _salt(snapshot: Snapshot) -> str:
    """What a record's place depends on beside its path: the store's folder, all templates, and our reader."""
    templates = sorted((name, major, kind.template.text) for (name, major), kind in snapshot.schemas.kinds.items())
    return hashlib.sha256(repr((VERSION, snapshot.prefix, templates)).encode()).hexdigest()
