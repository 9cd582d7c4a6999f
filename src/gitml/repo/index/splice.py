"""A block out of one that is known: a few records are read, and their rows put among those that stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gitml.records.record import MISSING
from gitml.repo.git.objects import Entry
from gitml.repo.index.block import Cells, Files
from gitml.repo.index.column import Column, picked
from gitml.repo.index.table import Block
from gitml.repo.load import Loaded


class Source(NamedTuple):
    """A block that is known, all its columns at hand, and the files that it was made of."""

    block: Block
    files: Mapping[str, Entry]

    def fresh(self, files: Files) -> Files:
        """Those of some files that it was not made of."""
        return [(path, entry) for path, entry in files if self.files.get(path) != entry]

    def spliced(self, files: Files, loaded: Sequence[Loaded]) -> Cells:
        """The block of other files, of which the fresh ones are loaded."""
        broken = set(self.block.lost)
        rows = {path: row for row, path in enumerate(path for path in sorted(self.files) if path not in broken)}
        read = {one.path: one.record.row if one.record is not None else None for one in loaded}
        is_lost = {path for path, _entry in files if (read[path] is None if path in read else path in broken)}
        staying: list[int] = []
        coming: list[tuple[int, Mapping[str, Any]]] = []
        readable = [path for path, _entry in files if path not in is_lost]
        for place, path in enumerate(readable):
            row = read.get(path)
            if row is not None:
                coming.append((place, row))
            else:
                staying.append(rows[path])
        names = dict.fromkeys([*self.block.names, *(name for _place, row in coming for name in row)])
        columns = {name: column for name in names if (column := self._column(name, staying, coming)) is not None}
        return Cells(len(readable), columns, tuple(path for path, _entry in files if path in is_lost))

    def _column(
        self, name: str, staying: Sequence[int], coming: Sequence[tuple[int, Mapping[str, Any]]]
    ) -> Column | None:
        known = self.block.columns.get(name)
        cells = [MISSING] * len(staying) if known is None else list(known.at(staying))
        for place, row in coming:
            cells.insert(place, row.get(name, MISSING))
        there = [row for row, value in enumerate(cells) if value is not MISSING]
        return Column.of(len(cells), there, picked(cells, there)) if there else None
