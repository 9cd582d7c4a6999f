"""A block: some hundred neighbouring records of one kind as columns; what was once cut and read is never again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

from gitml.records.record import Record
from gitml.repo.git.objects import Entry
from gitml.repo.index.column import Column

FORMAT: Final = 3
"""Of what is kept of a block: what was kept in another one is made again (cache key)."""

_CUT = 1 << 9

Files = Sequence[tuple[str, Entry]]
"""Record paths, sorted, each with what Git has there."""


def cut(files: Files) -> Iterator[Files]:
    """Files in portions of some hundred. Where one ends its last path alone says: a change moves no other end."""
    start = 0
    for end, (path, _entry) in enumerate(files, start=1):
        if ends(path):
            yield files[start:end]
            start = end
    if start < len(files):
        yield files[start:]


def ends(path: str) -> bool:
    """Whether a block ends with this path."""
    return crc32(path.encode("utf-8", "surrogateescape")) % _CUT == 0


def digest(files: Files, salt: str) -> str:
    """The name of a block: what lies where, and `salt`, all else that decides how it is read."""
    said = "\0".join(f"{path}\0{mode}{oid}" for path, (mode, oid) in files)
    return hashlib.sha256(f"{FORMAT}\0{salt}\0{said}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


class Cells(NamedTuple):
    """The readable records of a block: how many, and their columns by dotted name, in the order of their first cells.

    `lost` are the paths of those that cannot be read.
    """

    size: int
    columns: Mapping[str, Column]
    lost: tuple[str, ...] = ()


def cells(records: Iterable[Record], lost: Iterable[str] = ()) -> Cells:
    """Records as columns; a field `ref` gives way to the record's own name."""
    return columns((record.row for record in records), lost)


def columns(rows: Iterable[Mapping[str, Any]], lost: Iterable[str] = ()) -> Cells:
    """Mappings as columns, each with the rows that have its name."""
    size = 0
    found: dict[str, tuple[list[int], list[Any]]] = {}
    for row, held in enumerate(rows):
        for name, value in held.items():
            there, values = found.get(name) or found.setdefault(name, ([], []))
            there.append(row)
            values.append(value)
        size = row + 1
    return Cells(size, {name: Column.of(size, there, values) for name, (there, values) in found.items()}, tuple(lost))
