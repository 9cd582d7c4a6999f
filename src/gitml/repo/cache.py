"""What was once parsed, kept by blob id below the Git directory: disposable, shared by worktrees and processes.

One SQLite file with a rollback journal. What is corrupt is noticed (a checksum on every value, and SQLite's own
checks) and built again; where the file cannot be written everything works without it, and `note` says so.
"""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import RLock
from typing import Any

from gitml.repo.database import Database, is_damage

FORMAT = 2


class Cache:
    """Values by text key: plain Python data (mappings, lists, texts, numbers)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "gitml" / f"cache-{FORMAT}.sqlite"
        self.note = ""
        self._database: Database | None = None
        self._is_readable = True
        self._is_writable = True
        self._was_repaired = False
        self._turn = RLock()  # two threads in one connection can bring the process down

    def get(self, keys: Iterable[str]) -> dict[str, Any]:
        """The values kept for some of the keys."""
        wanted = [key for key in keys if _is_text(key)]
        found: dict[str, Any] | None = self._done(lambda database: _read(database, wanted), create=False)
        return found or {}

    def put(self, values: Mapping[str, Any], *, beside: Sequence[str] = ()) -> None:
        """Keep values; quietly does without where nothing can be written, but leaves a note.

        Nothing is kept where somebody has removed one of those that they are of use `beside`.
        """
        if self._is_writable and values:
            rows = [(key, _pack(key, value)) for key, value in values.items() if _is_text(key)]
            self._done(lambda database: database.write(rows, beside), create=True)

    def close(self) -> None:
        """Let the file go."""
        with self._turn:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _done(self, deed: Callable[[Database], Any], *, create: bool) -> Any:
        """What comes of a deed, the second time where the file had to be repaired; None where it comes to nothing."""
        import sqlite3

        with self._turn:
            for _again in range(2):
                try:
                    database = self._open(create=create)
                    return None if database is None else deed(database)
                except (sqlite3.DatabaseError, OSError) as error:
                    if not self._is_mended(error):
                        self._do_without(error, writing=create)
                        break
        return None

    def _open(self, *, create: bool) -> Database | None:
        if self._database is not None and self._database.is_gone():
            self.close()
        if self._database is None and self._is_readable:
            if not create and not self.path.exists():
                return None
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = Database(self.path)
        return self._database

    def _is_mended(self, error: Exception) -> bool:
        """Whether it is worth trying again: a file that was removed meanwhile, or damaged and is repaired, once."""
        import sqlite3

        if self._database is None:
            return False
        if self._database.is_gone():
            return True
        if not is_damage(error) or self._was_repaired:
            return False
        try:
            self._was_repaired = self._database.repair()
        except (sqlite3.DatabaseError, OSError):
            return False
        if self._was_repaired:
            self.note = f"the cache was damaged ({error}) and is built anew"
        self.close()
        return True

    def _do_without(self, error: Exception, *, writing: bool) -> None:
        """Go on without the cache; where it is there and cannot be written, with what is in it."""
        self._is_writable = False
        if writing and self._database is not None and not is_damage(error):
            self.note = f"the cache {self.path} cannot be written ({error}); what is new is not kept"
            return
        self.close()
        self._is_readable = False
        self.note = f"the cache {self.path} cannot be used ({error}); going on without it, slower"


def _read(database: Database, keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, raw in database.read(keys) if (value := unpack(key, raw)) is not None}


def _is_text(key: str) -> bool:
    """Whether SQLite takes a key: one that names a path which is no UTF-8 is not kept."""
    return key.isascii() or key.encode(errors="replace").decode() == key


def _pack(key: str, value: Any) -> bytes:
    body = marshal.dumps(value, 4)
    return _checksum(key, body) + body


def unpack(key: str, raw: Any) -> Any:
    """A value as it was kept; None for one that is damaged, or another key's."""
    if not isinstance(raw, bytes) or _checksum(key, raw[4:]) != raw[:4]:
        return None
    return marshal.loads(raw[4:])  # noqa: S302  (our own file in the Git directory, checksummed)


def _checksum(key: str, body: bytes) -> bytes:
    return zlib.crc32(body, zlib.crc32(key.encode())).to_bytes(4, "big")
