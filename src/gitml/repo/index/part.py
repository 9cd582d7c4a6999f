"""A block as a table holds it, and what the cache knows it by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Part(NamedTuple):
    """A block as a table holds it: its key, its last path, its rows, the names of its columns, what cannot be read.

    `rare` are those of the columns that are kept together.
    """

    key: str
    last: str
    size: int
    names: tuple[str, ...]
    rare: tuple[str, ...]
    lost: tuple[str, ...]


def shared(parts: Iterable[Part]) -> list[tuple[Any, ...]]:
    """Parts as plain data in which equal names are one object, which is kept once."""
    texts: dict[str, str] = {}
    tuples: dict[tuple[str, ...], tuple[str, ...]] = {}

    def one(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuples.get(names) or tuples.setdefault(names, tuple(texts.setdefault(name, name) for name in names))

    return [(part.key, part.last, part.size, one(part.names), one(part.rare), part.lost) for part in parts]


def named(ids: Iterable[str | None]) -> str:
    """The folders of a table by their ids, as its key has them."""
    return ":".join(oid or "" for oid in ids)


def head_key(key: str) -> str:
    """What the cache knows by, of a block, all but its columns."""
    return f"block/{key}"


def alone_key(key: str) -> str:
    """What the cache knows by that no file of DVC's lies among the records of a table."""
    return f"alone/{key}"


def files_key(key: str) -> str:
    """What the cache knows the files of a block by."""
    return f"files/{key}"
