"""The cache looked after: what lies in it, what is damaged, what nobody asks for. Raises DiskFailed where it cannot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.errors import DiskFailed
from gitml.repo.cache import FORMAT, Cache, unpack
from gitml.repo.index.asked import Asked, incomplete, is_table

if TYPE_CHECKING:
    import sqlite3

_TABLE: Final = "CREATE TABLE IF NOT EXISTS kept (key TEXT UNIQUE, value BLOB)"
_NAME: Final = re.compile(r"cache-(\d+)\.sqlite(-journal)?")


@dataclass(frozen=True, slots=True)
class Sort:
    """Entries of one sort (how their keys begin): how many, and the bytes of their values."""

    sort: str
    count: int
    bytes: int


class Fault(NamedTuple):
    """What is damaged: an entry by its key, or the whole file, whose key is empty."""

    key: str
    told: str


class _DamagedError(DiskFailed):
    """The file is no database, or not any more."""


def size(cache: Cache) -> int:
    """The bytes of the cache's file; 0 where there is none."""
    return cache.path.stat().st_size if cache.path.is_file() else 0


def info(cache: Cache) -> list[Sort]:
    """What lies in the cache, sort by sort."""
    with _opened(cache) as connection:
        return _sorts(_sizes(connection)) if connection else []


def verify(cache: Cache) -> tuple[int, list[Fault]]:
    """How many entries were read, and which of them were damaged: these are removed, so that they are made again."""
    try:
        with _opened(cache) as connection:
            if connection is None:
                return 0, []
            (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if told == "ok":
                keys, faults = _faults(connection)
                _remove(connection, (fault.key for fault in faults))
                return len(keys), faults
    except _DamagedError as error:
        told = error.message
    clear(cache)
    return 0, [Fault("", f"the whole file: {told}")]


def _faults(connection: sqlite3.Connection) -> tuple[set[str], list[Fault]]:
    """All keys, and those of entries that are damaged."""
    keys: set[str] = set()
    bad: dict[str, str] = {}
    tables: dict[str, Any] = {}
    for key, raw in connection.execute("SELECT key, CAST(value AS BLOB) FROM kept"):
        keys.add(key)
        value = unpack(raw)
        if value is None:
            bad[key] = "its checksum is wrong"
        elif is_table(key):
            tables[key] = value
    bad |= incomplete(keys - bad.keys(), tables)
    return keys, [Fault(key, told) for key, told in sorted(bad.items())]


def clear(cache: Cache) -> int:
    """Remove the cache, and those of older versions; the bytes that were freed. Who uses it notices and goes on."""
    freed = 0
    try:
        with _opened(cache) as connection:
            if connection:
                connection.execute("BEGIN EXCLUSIVE")  # a file that vanished in the middle of a change could do harm
            freed = _unlinked(_files(cache))
    except _DamagedError:
        with _telling(cache):
            freed = _unlinked(_files(cache))
    return freed


def gc(cache: Cache, others: tuple[str, ...], tips: Collection[str], *, dry_run: bool = False) -> list[Sort]:
    """Remove what nobody will ask for again (see Asked), and give its place back to the disk; what that was."""
    gone: list[tuple[str, int]] = []
    with _opened(cache) as connection:
        if connection:
            asked = Asked(_tables(connection), others, tips)
            gone = [found for found in _sizes(connection) if found[0] not in asked]
            if not dry_run:
                _remove(connection, (key for key, _held in gone))
                if any(connection.execute("PRAGMA freelist_count").fetchone()):
                    connection.execute("VACUUM")
        older = [path for path in _files(cache) if path.name.startswith("cache-") and not _is_ours(cache, path)]
        found = [(path.name, path.stat().st_size) for path in older]
        if not dry_run:
            _unlinked(older)
    return _sorts([*gone, *found])


def _tables(connection: sqlite3.Connection) -> dict[str, Any]:
    """The tables, and which were asked for last; a damaged one is none."""
    found = connection.execute("SELECT key, CAST(value AS BLOB) FROM kept WHERE key >= 'table/' AND key < 'table0'")
    return {key: value for key, raw in found if (value := unpack(raw)) is not None}


def _sizes(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    """Each entry's key and size."""
    return iter(connection.execute("SELECT key, coalesce(length(value), 0) FROM kept"))


def _sorts(entries: Iterable[tuple[str, int]]) -> list[Sort]:
    counts, held = Counter[str](), Counter[str]()
    for key, length in entries:
        sort = key.partition("/")[0]
        counts[sort] += 1
        held[sort] += length
    return [Sort(sort, counts[sort], held[sort]) for sort in sorted(counts)]


def _remove(connection: sqlite3.Connection, keys: Iterable[str]) -> None:
    wanted = [(key,) for key in keys]
    if wanted:
        with connection:
            connection.executemany("DELETE FROM kept WHERE key = ?", wanted)


def _files(cache: Cache) -> list[Path]:
    """The files of this cache and of older ones, with what a change that broke off has left."""
    beside = cache.path.parent.iterdir() if cache.path.parent.is_dir() else ()
    return sorted(path for path in beside if (found := _NAME.fullmatch(path.name)) and int(found[1]) <= FORMAT)


def _is_ours(cache: Cache, path: Path) -> bool:
    return path.name.startswith(cache.path.name)


def _unlinked(files: Iterable[Path]) -> int:
    freed = 0
    for path in files:
        with suppress(FileNotFoundError):  # somebody else was quicker
            held = path.stat().st_size
            path.unlink()
            freed += held
    return freed


@contextmanager
def _opened(cache: Cache) -> Iterator[sqlite3.Connection | None]:
    """A connection of its own to the cache; None where there is no file. What goes wrong is told."""
    cache.close()
    with _telling(cache):
        if not cache.path.exists():
            yield None
            return
        with closing(cache.connect()) as connection:
            connection.execute(_TABLE)
            yield connection


@contextmanager
def _telling(cache: Cache) -> Iterator[None]:
    """What SQLite and the disk refuse, in a line."""
    import sqlite3

    try:
        yield
    except sqlite3.OperationalError as error:
        hint = "another process may be at work in it: try again, or see who may write there"
        raise DiskFailed(f"the cache {cache.path} cannot be used: {error}", hint=hint) from error
    except sqlite3.DatabaseError as error:
        hint = "git ml cache verify removes it, and it is built anew"
        raise _DamagedError(f"the cache {cache.path} is damaged: {error}", hint=hint) from error
    except OSError as error:
        hint = "see who may write there; it may be removed by hand"
        raise DiskFailed(f"the cache {cache.path} cannot be changed: {error.strerror or error}", hint=hint) from error
