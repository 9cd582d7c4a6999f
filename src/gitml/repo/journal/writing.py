"""A journal as it is written: lines gathered in memory, and on the disk itself a second later at most.

A thread of its own writes and flushes, so that to log costs no system call. Nothing that the disk refuses is an error
here: it stays in memory, is tried again with what comes next, and `fault` says what was wrong.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from threading import Lock

from gitml.repo.journal.later import later

_MOST_LINES = 4096
_MOST_BYTES = 32 << 20
_BEAT = 60.0
"""Seconds after which the file of a run that says nothing is touched: from elsewhere it is seen to go on."""
_open: set[Journal] = set()


def _beat() -> None:
    for one in _ours():
        with suppress(OSError):
            os.utime(one.path)
    if _ours():
        later(_beat, _BEAT)


def _ours() -> list[Journal]:
    """The open ones of this process: a fork of it has others."""
    return [one for one in tuple(_open) if one.process == os.getpid()]


class Journal:
    """One file of one process in a run's folder; threads may share it. A fork of the process takes another file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.fault: OSError | None = None
        self.lost = 0
        self._most = _MOST_LINES
        self._begin(name)

    def _begin(self, name: str) -> None:
        self.turn = Lock()
        """Held while a line is added: whoever counts what it adds holds it for both."""
        self.process = os.getpid()
        self.path = self.folder / name
        self._disk = Lock()
        self._lines: list[str] = []
        self._left = b""
        self._handle: int | None = None
        self._waits = self._closed = False

    def at_once(self) -> None:
        """Hand each line to the system at once: a child may end without a word (multiprocessing's do)."""
        self._most = 1

    def fork(self, name: str) -> None:
        """Go on in a child of the process that it was made in: what its parent has not written is its parent's."""
        if self._handle is not None:
            with suppress(OSError):
                os.close(self._handle)
        self.at_once()
        self._begin(name)

    def add(self, line: str) -> None:
        """Add a line, its end included, for who holds `turn`."""
        self._lines.append(line)
        if not self._waits:
            self._waits = True
            later(self._flush_late)
        if len(self._lines) >= self._most:
            with self._disk:
                self._write(self._taken())

    def _flush_late(self) -> None:
        if not self._closed:
            self.flush()

    def _taken(self) -> bytes:
        lines, self._lines = self._lines, []
        return "".join(lines).encode()

    def flush(self, *, durable: bool = True) -> None:
        """Hand all lines to the system, and where `durable` wait until they are on disk."""
        with self.turn:
            fresh = self._taken()
            self._waits = False
            self._disk.acquire()  # before the turn ends: the lines of who comes next come next
        try:
            self._write(fresh)
            if durable and self._handle is not None:
                os.fsync(self._handle)
        except OSError as error:
            self.fault = error
        finally:
            self._disk.release()

    def _write(self, fresh: bytes) -> None:
        """Write what is left and more; what the disk does not take is left, from the last whole line on."""
        whole = self._left + fresh
        done = 0
        try:
            while done < len(whole):
                done += os.write(self._opened(), memoryview(whole)[done:])
        except OSError as error:
            self.fault = error
        self._left = b"" if done == len(whole) else self._untorn(whole, done)
        if len(self._left) > _MOST_BYTES:
            end = self._left.rfind(b"\n", 0, _MOST_BYTES) + 1
            self.lost += self._left.count(b"\n", end)
            self._left = self._left[:end]

    def _untorn(self, whole: bytes, done: int) -> bytes:
        """What is left to be written where so much was: whole lines, so that what is on disk can be read meanwhile."""
        start = whole.rfind(b"\n", 0, done) + 1
        if self._handle is None or done == start:
            return whole[start:]
        try:
            os.ftruncate(self._handle, os.fstat(self._handle).st_size - (done - start))
        except OSError:
            return b"\n" + whole[start:]  # the torn line stays, and is one that nobody can read
        return whole[start:]

    def _opened(self) -> int:
        if self._handle is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._handle = os.open(self.path, flags, 0o666)
            if not _ours():
                later(_beat, _BEAT)
            _open.add(self)
        return self._handle

    def held(self) -> tuple[int | None, list[bytes]]:
        """How many bytes of its file to read (None: all), and the lines that no disk has taken: all that was added."""
        if not self._closed:
            self.flush(durable=False)
        with self.turn, self._disk:
            size = None if self._handle is None else os.fstat(self._handle).st_size
            return size, (self._left + "".join(self._lines).encode()).splitlines(keepends=True)

    def rest(self) -> None:
        """Give its file back to the system till there is more to write: a process can hold only so many."""
        self.flush()
        with self._disk:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def close(self, *, durable: bool) -> None:
        """Write what is left, and write no more; what the disk still refuses stays in memory."""
        self.flush(durable=durable)
        self._closed = True
        _open.discard(self)
        with self._disk:
            if self._handle is not None:
                with suppress(OSError):  # some network disks tell of a failed write as late as this
                    os.close(self._handle)
                self._handle = None
