"""The one lock that serialises gitml's writers: the kernel's, so that it dies with the process that holds it."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

PAUSE = 0.005
_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class Lock(Enum):
    """What became of asking for the lock."""

    HELD = "held"
    BUSY = "busy"
    """Another process held it for as long as we would wait."""
    ABSENT = "absent"
    """This disk has no locks, or the lock file cannot be made."""


if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def exclusive(path: Path, wait: float) -> Iterator[Lock]:
    """Hold the lock file at `path` for the block, waiting up to `wait` seconds; yields how that went.

    The file stays when the lock is given back: removing it would let two processes lock two files of one name.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        yield Lock.ABSENT
        return
    try:
        yield _ask(handle, time.monotonic() + wait)
    finally:
        os.close(handle)


def _ask(handle: int, deadline: float) -> Lock:
    while True:
        try:
            _try(handle)
        except OSError as error:
            if error.errno not in _TAKEN:
                return Lock.ABSENT
        else:
            return Lock.HELD
        if time.monotonic() >= deadline:
            return Lock.BUSY
        time.sleep(PAUSE)
