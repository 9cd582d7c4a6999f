"""A block: some hundred neighbouring records of one kind as columns; what was once cut and read is never again."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

from gitml.records.record import MISSING, Record
from gitml.repo.git.objects import Entry

FORMAT: Final = 1
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
    """The readable records of a block: how many, and their columns by dotted name, MISSING where one has no such field.

    `lost` are the paths of those that cannot be read.
    """

    size: int
    columns: Mapping[str, Sequence[Any]]
    lost: tuple[str, ...] = ()


def cells(records: Iterable[Record], lost: Iterable[str] = ()) -> Cells:
    """Records as columns; a field `ref` gives way to the record's own name."""
    rows = [record.row for record in records]
    return Cells(len(rows), columns(rows), tuple(lost))


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
    """Mappings as columns, MISSING where one lacks the name."""
    names = {name: None for keys in dict.fromkeys(map(tuple, rows)) for name in keys}
    return {name: [row.get(name, MISSING) for row in rows] for name in names}


def packed(column: Sequence[Any]) -> Any:
    """A column as plain data: its values, or those of them that are there, with their rows. Equal texts are one."""
    texts: dict[str, str] = {}
    present = [row for row, value in enumerate(column) if value is not MISSING]
    held = map(column.__getitem__, present)
    values = [texts.setdefault(value, value) if type(value) is str else value for value in held]
    return values if len(values) == len(column) else (len(column), array("I", present).tobytes(), values)


def unpacked(kept: Any) -> Sequence[Any]:
    """The column again."""
    if isinstance(kept, list):
        return kept
    count, rows, values = kept
    column: list[Any] = [MISSING] * count
    for row, value in zip(array("I", rows), values, strict=True):
        column[row] = value
    return column
