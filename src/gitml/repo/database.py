"""The cache's file: SQLite's, with a rollback journal, shared by processes.

Who had a file open that another process removed would share the journal's name with whoever made the next one, and
each would take the other's changes back. So what can be read as a database is emptied in place, by SQLite and under its
lock; what is no database is removed.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitml.repo.writing.lock import Lock, exclusive

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS = 5.0
_CHUNK = 500
_LOOKS = 5
_COLUMNS = ["key", "value"]


class Database:
    """The file as somebody has it open: raw values by key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection, self._seen = _opened(path)
        self._was_emptied: int | None = None
        weakref.finalize(self, self.connection.close)  # else Python 3.13 warns of it

    def read(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """What is kept for some of the keys."""
        import sqlite3

        self._look()
        try:
            for part in _portions(keys):
                yield from self.connection.execute(f"SELECT key, value FROM kept WHERE {_among(part)}", part).fetchall()  # noqa: S608
        except sqlite3.OperationalError as error:
            if not is_damage(error) or self._columns() not in ([], _COLUMNS):
                raise  # and not what another process has emptied, and perhaps filled again, since we looked

    def write(self, rows: Iterable[tuple[str, bytes]], beside: Sequence[str] = ()) -> None:
        """Keep values: all of them, or none where one of those that they stand `beside` is not kept any more."""
        self._look()
        if not self.is_made():
            self._reclaim()
        with self.changing():
            self.connection.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT UNIQUE, value BLOB)")
            if sum(map(self._count, _portions(beside))) == len(beside):
                self.connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", rows)

    def _count(self, keys: Sequence[str]) -> int:
        (count,) = self.connection.execute(f"SELECT count(*) FROM kept WHERE {_among(keys)}", keys).fetchone()  # noqa: S608
        return int(count)

    def remove(self, keys: Iterable[str]) -> None:
        """Keep some values no longer."""
        self.connection.executemany("DELETE FROM kept WHERE key = ?", [(key,) for key in keys])

    @contextmanager
    def changing(self) -> Iterator[None]:
        """A change, all of it or nothing: others may read meanwhile, and wait before they write."""
        with self.connection:
            self.connection.execute("BEGIN IMMEDIATE")
            yield

    def shrink(self) -> None:
        """Give unused place back to the disk."""
        if any(self.connection.execute("PRAGMA freelist_count").fetchone()):
            self.connection.execute("VACUUM")

    def is_made(self) -> bool:
        """Whether there is a table in it: not in one that has just been emptied."""
        return bool(self._columns())

    def _columns(self) -> list[str]:
        return [name for (name,) in self.connection.execute("SELECT name FROM pragma_table_info('kept')")]

    def is_gone(self) -> bool:
        """Whether somebody has removed the file: what is written to it now nobody finds."""
        return identity(self.path) != self._seen

    def clear(self) -> None:
        """Remove all that lies in it, whoever else has it open, and give its place back to the disk."""
        self._cleared(lambda _times: True)

    def repair(self) -> bool:
        """Make a damaged file usable, and empty; False where another process has been quicker."""
        return self._cleared(lambda times: times == self._was_emptied)

    def _cleared(self, is_due: Callable[[int], bool]) -> bool:
        import sqlite3

        try:
            with self._alone() as times:
                if not is_due(times):
                    return False
                self._forget(times)
            self.connection.execute("VACUUM")
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            return self._remove()
        return True

    def _reclaim(self) -> None:
        """Give back the pages that are left where somebody was killed while he emptied it."""
        (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
        if pages > 1:
            self.connection.execute("VACUUM")

    def close(self) -> None:
        """Let the file go."""
        self.connection.close()

    def _look(self) -> None:
        """Remember how often the file had been emptied when it was first looked at: who empties it counts."""
        if self._was_emptied is None:
            self._was_emptied = self._times()
            self.connection.execute("PRAGMA synchronous=OFF")

    def _times(self) -> int:
        (times,) = self.connection.execute("PRAGMA user_version").fetchone()
        return int(times)

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """A change while nobody else reads or writes; how often the file has been emptied."""
        for setting in ("writable_schema=ON", "journal_mode=MEMORY", "temp_store=MEMORY"):  # a full disk can be emptied
            self.connection.execute(f"PRAGMA {setting}")
        with self.connection:
            self.connection.execute("BEGIN EXCLUSIVE")
            yield self._times()

    def _forget(self, times: int) -> None:
        """Forget the tables, however they look; the next VACUUM gives their pages back, and reads none of them."""
        self.connection.execute("DELETE FROM sqlite_master")
        self.connection.execute(f"PRAGMA user_version={(times + 1) & 0x7FFFFFFF}")

    def _remove(self) -> bool:
        """Remove the file, which is held open, so that no other one can be taken for it; False where it is gone."""
        with exclusive(self.path.with_name("cache.lock"), BUSY_SECONDS) as lock:
            if lock is Lock.BUSY or self.is_gone():
                return False
            self.path.unlink()
            return True


def _opened(path: Path) -> tuple[sqlite3.Connection, tuple[int, int] | None]:
    """A connection, which waits some seconds for other processes, and what tells its file from others of its name."""
    import sqlite3

    for look in range(_LOOKS):
        before = identity(path)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
        if (before and before == identity(path)) or look + 1 == _LOOKS:
            break
        connection.close()  # it was made, or removed and made, meanwhile
    return connection, before


def _portions(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Keys, as many at a time as SQLite takes in one question."""
    return (keys[at : at + _CHUNK] for at in range(0, len(keys), _CHUNK))


def _among(keys: Sequence[str]) -> str:
    return f"key IN ({','.join('?' * len(keys))})"


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of its name, as long as somebody has it open."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def is_damage(error: Exception) -> bool:
    """Whether it is the file that is wrong (or its tables are not ours), and not a lock, a disk or a thread."""
    import sqlite3

    if type(error) is sqlite3.OperationalError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        return code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA)  # the table is not there, or not there any more
    return type(error) is sqlite3.DatabaseError
