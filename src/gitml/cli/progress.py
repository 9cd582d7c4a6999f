"""A moving bar for what takes longer than a moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def waiting(told: str, stream: TextIO, patience: float) -> Iterator[None]:
    """Show on a terminal what is being done, and for how long, once it has taken `patience` seconds; then wipe it."""
    over = threading.Event()
    shower = threading.Thread(target=_show, args=(told, stream, patience, over), daemon=True)
    shower.start()
    try:
        yield
    finally:
        over.set()
        shower.join()


def _show(told: str, stream: TextIO, patience: float, over: threading.Event) -> None:
    if over.wait(patience):
        return
    from rich.console import Console  # 50 ms, paid only by those who wait a second anyway
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as progress:
        progress.add_task(told, total=None)
        over.wait()
