"""What was once parsed, kept by blob id below the Git directory: disposable, shared by worktrees and processes.

One SQLite file with a rollback journal. What is corrupt is noticed (a checksum on every value, and SQLite's own
checks) and built again; where the file cannot be written everything works without it, and `note` says so.
"""

from __future__ import annotations

import marshal
import weakref
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3

FORMAT = 1
_BUSY_SECONDS = 5.0
_CHUNK = 500


class Cache:
    """Values by text key: plain Python data (mappings, lists, texts, numbers)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "gitml" / f"cache-{FORMAT}.sqlite"
        self.note = ""
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._turn = RLock()  # two threads in one connection can bring the process down

    def get(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values kept for some of the keys."""
        import sqlite3

        wanted = [key for key in keys if _is_text(key)]
        found: dict[str, Any] = {}
        with self._turn:
            try:
                connection = self._open(create=False)
                if connection is None:
                    return {}
                for at in range(0, len(wanted), _CHUNK):
                    part = wanted[at : at + _CHUNK]
                    marks = ",".join("?" * len(part))
                    rows = connection.execute(f"SELECT key, value FROM kept WHERE key IN ({marks})", part)  # noqa: S608
                    found.update({key: value for key, raw in rows if (value := unpack(raw)) is not None})
            except sqlite3.DatabaseError as error:
                self._damaged(error)
        return found

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep values; quietly does without where nothing can be written, but leaves a note."""
        import sqlite3

        rows = [(key, _pack(value)) for key, value in values.items() if _is_text(key)]
        if not rows:
            return
        with self._turn:
            try:
                connection = self._open(create=True)
                if connection is not None:
                    with connection:
                        connection.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", rows)
            except (sqlite3.DatabaseError, OSError) as error:
                self._damaged(error)

    def close(self) -> None:
        """Let the file go."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def connect(self) -> sqlite3.Connection:
        """A connection to the file, which is made where there is none; it waits some seconds for other processes."""
        import sqlite3

        return sqlite3.connect(self.path, timeout=_BUSY_SECONDS, check_same_thread=False)

    def _open(self, *, create: bool) -> sqlite3.Connection | None:
        if self._connection is not None and _identity(self.path) != self._file:
            self.close()  # somebody has removed the file: what is written to it now nobody finds
        if self._connection is None and not self.note:
            if not self.path.exists() and not create:
                return None
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self.connect()
            self._file = _identity(self.path)
            weakref.finalize(self, self._connection.close)  # else Python 3.13 warns of it
            self._connection.execute("PRAGMA synchronous=OFF")
            self._connection.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT UNIQUE, value BLOB)")
        return self._connection

    def _damaged(self, error: Exception) -> None:
        """Go on without the cache; a file that is no database is removed, so that the next process builds it anew."""
        import sqlite3

        was_removed = self._connection is not None and _identity(self.path) != self._file
        self.close()
        if was_removed:
            return  # in the middle of this: whoever asks next finds the new file
        self.note = f"the cache {self.path} cannot be used ({error}); going on without it, slower"
        # Its subclasses are about locks, disks and threads, not about the file.
        if type(error) is sqlite3.DatabaseError:
            try:
                self.path.unlink(missing_ok=True)
                self.note = f"the cache was damaged ({error}) and is built anew"
            except OSError as second:
                self.note += f"; remove it by hand ({second})"


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one of its name."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def _is_text(key: str) -> bool:
    """Whether SQLite takes a key: one that names a path which is no UTF-8 is not kept."""
    return key.isascii() or key.encode(errors="replace").decode() == key


def _pack(value: Any) -> bytes:
    body = marshal.dumps(value, 4)
    return zlib.crc32(body).to_bytes(4, "big") + body


def unpack(raw: Any) -> Any:
    """A value as it was kept; None for one that is damaged."""
    if not isinstance(raw, bytes) or zlib.crc32(raw[4:]).to_bytes(4, "big") != raw[:4]:
        return None
    return marshal.loads(raw[4:])  # noqa: S302  (our own file in the Git directory, checksummed)
