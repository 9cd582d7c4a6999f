"""A moving bar for what takes longer than a moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_LOOK_SECONDS = 0.2

HowFar = Callable[[], tuple[int, int]]
"""How far it has come, and how far it goes: 0 where nobody knows."""


def nobody_knows() -> tuple[int, int]:
    """No end in sight."""
    return 0, 0


@contextmanager
def waiting(told: str, stream: TextIO, patience: float, how_far: HowFar = nobody_knows) -> Iterator[None]:
    """Show on a terminal what is being done, and for how long, once it has taken `patience` seconds; then wipe it."""
    over = threading.Event()
    shower = threading.Thread(target=_show, args=(told, stream, patience, how_far, over), daemon=True)
    shower.start()
    try:
        yield
    finally:
        over.set()
        shower.join()


def _show(told: str, stream: TextIO, patience: float, how_far: HowFar, over: threading.Event) -> None:
    if over.wait(patience):
        return
    from rich.console import Console  # 50 ms, paid only by those who wait a second anyway
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[far]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        task = progress.add_task(told, total=None, far="")
        while not over.wait(_LOOK_SECONDS):
            done, whole = how_far()
            done = min(done, whole)
            far = f"{done:,} of {whole:,}" if whole else ""
            progress.update(task, total=whole or None, completed=done, far=far)
