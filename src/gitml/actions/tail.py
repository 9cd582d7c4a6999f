"""The last lines of a command's output: copied on the way to where they go anyway, or read there where that is a file.

A terminal stays the command's own: who sits at one has seen them.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from contextlib import suppress
from threading import Thread
from typing import Final

from gitml.actions.redaction import REDACTED
from gitml.checks.secrets import shape

_MOST_LINES: Final = 40
_LONGEST_LINE: Final = 500
_PART: Final = 1 << 16
_LEAVING: Final = 1.0
"""Seconds to wait for the rest, where something that the command has started still holds its streams."""


class Tail:
    """What came last; `stdout` and `stderr` are what to give to the command."""

    def __init__(self, stdout: int, stderr: int) -> None:
        self._lines: deque[bytes] = deque(maxlen=_MOST_LINES)
        self._rests: dict[int, bytes] = {}
        self._copying: list[Thread] = []
        self._ends: list[int] = []
        self._files: list[tuple[int, int]] = []
        together = _is_same(stdout, stderr)
        self.stdout = self._copied(stdout)
        self.stderr = self.stdout if together else self._copied(stderr)

    def _copied(self, target: int) -> int:
        size = _size(target)
        if size is not None:
            self._files.append((target, size))
        if size is not None or target < 0 or os.isatty(target):
            return target
        source, end = os.pipe()
        self._ends.append(end)
        self._copying.append(Thread(target=self._copy, args=(source, target), daemon=True))
        return end

    def begin(self) -> None:
        """The command has them: copy from now on."""
        for end in self._ends:
            os.close(end)
        for one in self._copying:
            one.start()

    def _copy(self, source: int, target: int) -> None:
        with os.fdopen(source, "rb", buffering=0) as pipe:
            while part := pipe.read(_PART):
                *lines, rest = (self._rests.get(target, b"") + part).split(b"\n")
                self._lines.extend(lines)
                self._rests[target] = rest[-_PART:]
                with suppress(OSError):  # nobody reads it any more: the command need not die of that
                    _write(target, part)

    def text(self) -> str:
        """The last lines, those that look like a secret replaced."""
        for one in self._copying:
            one.join(_LEAVING)
        read = [line for target, size in self._files for line in _since(target, size)]
        lines = [*self._lines, *filter(None, self._rests.values()), *read]
        told = (line.decode("utf-8", "replace").rpartition("\r")[2][:_LONGEST_LINE] for line in lines[-_MOST_LINES:])
        return "\n".join(REDACTED if shape(line) else line for line in told)


def _size(target: int) -> int | None:
    """How long a file is that a command writes to; None where it is no file."""
    try:
        found = os.fstat(target)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _since(target: int, size: int) -> list[bytes]:
    """The last lines that a file has got since it was so long; none on systems that show nobody what is open."""
    try:
        with open(f"/dev/fd/{target}", "rb") as file:  # noqa: PTH123 - it is no path to be tidied
            end = file.seek(0, os.SEEK_END)
            file.seek(min(end, max(size, end - _PART)))
            return file.read().splitlines()
    except OSError:
        return []


def _is_same(one: int, other: int) -> bool:
    try:
        return os.path.sameopenfile(one, other)
    except OSError:
        return False


def _write(target: int, part: bytes) -> None:
    view = memoryview(part)
    while view:
        view = view[os.write(target, view) :]
