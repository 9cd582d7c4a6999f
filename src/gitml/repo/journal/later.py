"""What is to be done in a second or a minute, by one thread of the process: one for each run would cost too much."""

from __future__ import annotations

import os
import time
from _thread import start_new_thread
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from threading import Event, Lock
from typing import Final

PATIENCE: Final = 1.0
"""Seconds after which it is done where nobody says otherwise."""
Deed = Callable[[], None]


class _Later:
    """Deeds by when they are due; a fork of the process begins with none."""

    def __init__(self) -> None:
        self._owner = 0
        self._begin()

    def _begin(self) -> None:
        self._waiting: list[tuple[float, int, Deed]] = []
        self._numbers = count()
        self._turn = Lock()
        self._sooner = Event()

    def add(self, deed: Deed, seconds: float = PATIENCE) -> None:
        """Have it done, in a thread that must not be kept for long."""
        if self._owner != os.getpid():
            self._begin()
            self._owner = os.getpid()
            start_new_thread(self._go, ())
        due = (time.monotonic() + seconds, next(self._numbers), deed)
        with self._turn:
            heappush(self._waiting, due)
            is_first = self._waiting[0] is due
        if is_first:
            self._sooner.set()

    def _go(self) -> None:
        pause: float | None = None
        while True:
            self._sooner.wait(pause)
            self._sooner.clear()
            pause = self._done()

    def _done(self) -> float | None:
        """Do what is due; seconds until the next is, None where nothing is left."""
        while True:
            with self._turn:
                left = self._waiting[0][0] - time.monotonic() if self._waiting else None
                deed = heappop(self._waiting)[2] if left is not None and left <= 0 else None
            if deed is None:
                return left
            deed()


later: Final = _Later().add
"""Have something done so many seconds from now; it must not raise."""
