"""The cache looked after: what lies in it, what is damaged, what nobody asks for. Raises DiskFailed where it cannot."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from gitml.errors import DiskFailed
from gitml.repo.cache import FORMAT, Cache, unpack
from gitml.repo.database import Database, is_damage
from gitml.repo.index.asked import Asked, incomplete, is_table

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
    with _opened(cache) as database:
        return _sorts(_sizes(database)) if database else []


def verify(cache: Cache) -> tuple[int, list[Fault]]:
    """How many entries were read, and which of them were damaged: these are removed, so that they are made again."""
    try:
        with _opened(cache) as database:
            if database is None:
                return 0, []
            (told,) = database.connection.execute("PRAGMA integrity_check(1)").fetchone()
            if told == "ok":
                keys, faults = _faults(database)
                if faults:
                    with database.changing():
                        database.remove(fault.key for fault in faults)
                return len(keys), faults
    except _DamagedError as error:
        told = error.message
    clear(cache)
    return 0, [Fault("", f"the whole file: {told}")]


def _faults(database: Database) -> tuple[set[str], list[Fault]]:
    """All keys, and those of entries that are damaged."""
    keys: set[str] = set()
    bad: dict[str, str] = {}
    tables: dict[str, Any] = {}
    for key, raw in database.connection.execute("SELECT key, CAST(value AS BLOB) FROM kept"):
        keys.add(key)
        value = unpack(key, raw)
        if value is None:
            bad[key] = "its checksum is wrong"
        elif is_table(key):
            tables[key] = value
    bad |= incomplete(keys - bad.keys(), tables)
    return keys, [Fault(key, told) for key, told in sorted(bad.items())]


def clear(cache: Cache) -> int:
    """Empty the cache, and remove those of older versions; the bytes that were freed. Who uses it goes on."""
    cache.close()
    held = size(cache)
    with _telling(cache):
        if not _is_empty(cache):
            with closing(Database(cache.path)) as database:
                database.clear()
        return held - size(cache) + _unlinked(_older(cache))


def gc(
    cache: Cache,
    others: tuple[str, ...],
    deeds: tuple[str, ...] = (),
    tips: Collection[str] = (),
    *,
    dry_run: bool = False,
) -> list[Sort]:
    """Remove what nobody will ask for again (see Asked), and give its place back to the disk; what that was."""
    gone: list[tuple[str, int]] = []
    with _opened(cache) as database:
        if database:
            with nullcontext() if dry_run else database.changing():
                asked = Asked(_tables(database), others, deeds, tips)
                gone = [found for found in _sizes(database) if found[0] not in asked]
                if not dry_run:
                    database.remove(key for key, _held in gone)
            if not dry_run:
                database.shrink()
        older = _older(cache)
        found = [(path.name, path.stat().st_size) for path in older]
        if not dry_run:
            _unlinked(older)
    return _sorts([*gone, *found])


def _tables(database: Database) -> dict[str, Any]:
    """The tables, and which were asked for last; a damaged one is none."""
    asked = "SELECT key, CAST(value AS BLOB) FROM kept WHERE key >= 'table/' AND key < 'table0'"
    found = database.connection.execute(asked)
    return {key: value for key, raw in found if (value := unpack(key, raw)) is not None}


def _sizes(database: Database) -> Iterator[tuple[str, int]]:
    """Each entry's key and size."""
    return iter(database.connection.execute("SELECT key, coalesce(length(value), 0) FROM kept"))


def _sorts(entries: Iterable[tuple[str, int]]) -> list[Sort]:
    counts, held = Counter[str](), Counter[str]()
    for key, length in entries:
        sort = key.partition("/")[0]
        counts[sort] += 1
        held[sort] += length
    return [Sort(sort, counts[sort], held[sort]) for sort in sorted(counts)]


def _older(cache: Cache) -> list[Path]:
    """The files of older caches, with what a change that broke off has left."""
    beside = cache.path.parent.iterdir() if cache.path.parent.is_dir() else ()
    return sorted(path for path in beside if (found := _NAME.fullmatch(path.name)) and int(found[1]) < FORMAT)


def _unlinked(files: Iterable[Path]) -> int:
    freed = 0
    for path in files:
        with suppress(FileNotFoundError):  # somebody else was quicker
            held = path.stat().st_size
            path.unlink()
            freed += held
    return freed


def _is_empty(cache: Cache) -> bool:
    return not cache.path.exists() or (cache.path.is_file() and not size(cache))


@contextmanager
def _opened(cache: Cache) -> Iterator[Database | None]:
    """The cache's file, opened anew; None where nothing lies in it. What goes wrong is told."""
    cache.close()
    with _telling(cache):
        if _is_empty(cache):
            yield None
            return
        with closing(Database(cache.path)) as database:
            yield database if database.is_made() else None


@contextmanager
def _telling(cache: Cache) -> Iterator[None]:
    """What SQLite and the disk refuse, in a line."""
    import sqlite3

    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_damage(error):
            hint = "git ml cache verify empties it, and it is built anew"
            raise _DamagedError(f"the cache {cache.path} is damaged: {error}", hint=hint) from error
        hint = "another process may be at work in it: try again, or see who may write there"
        raise DiskFailed(f"the cache {cache.path} cannot be used: {error}", hint=hint) from error
    except OSError as error:
        hint = "see who may write there; it may be removed by hand"
        raise DiskFailed(f"the cache {cache.path} cannot be changed: {error.strerror or error}", hint=hint) from error
