"""What is to be done a second from now, by one thread of the process: one for each run would cost too much."""

from __future__ import annotations

import os
import time
from _thread import start_new_thread
from collections import deque
from collections.abc import Callable
from threading import Event
from typing import Final

PATIENCE: Final = 1.0
"""Seconds after which it is done."""
Deed = Callable[[], None]


class _Later:
    """Deeds in the order in which they are due; a fork of the process begins with none."""

    def __init__(self) -> None:
        self._owner = 0
        self._begin()

    def _begin(self) -> None:
        self._waiting: deque[tuple[float, Deed]] = deque()
        self._some = Event()

    def add(self, deed: Deed) -> None:
        """Have it done, in a thread that must not be kept for long."""
        if self._owner != os.getpid():
            self._begin()
            self._owner = os.getpid()
            start_new_thread(self._go, ())
        self._waiting.append((time.monotonic() + PATIENCE, deed))
        self._some.set()

    def _go(self) -> None:
        while self._some.wait():
            self._some.clear()
            while self._waiting:
                due, deed = self._waiting[0]
                time.sleep(max(0.0, due - time.monotonic()))
                self._waiting.popleft()
                deed()


later: Final = _Later().add
"""Have something done a second from now; it must not raise."""
