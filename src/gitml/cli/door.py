"""The door: one command line at work, the store that it is about, and where words go."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitml.errors import DiskFailed

if TYPE_CHECKING:
    from argparse import Namespace
    from datetime import datetime

    from gitml.render.page import Page
    from gitml.repo.repository import Repository
    from gitml.store import Store
    from gitml.views.rows import Rows

    Answer = tuple[Callable[[], dict[str, Any]], Callable[[], Rows], Callable[[], str]]

Shape = dict[str, Any]
DATE = r"\d{4}-\d\d-\d\d"
FINE, FOUND, WRONG, OURS, INTERRUPTED, UNREAD = 0, 1, 2, 3, 130, 141
"""Exit codes (README, The verbs); 141 is what a shell sees of a process whose reader has gone."""


@dataclass(frozen=True)
class Door:
    """One command line at work: its arguments, the store around here, and where words go."""

    args: Namespace
    clock: Callable[[], datetime] | None = None
    patience: float = field(default=1.0, kw_only=True)

    @property
    def format(self) -> str:
        """What was asked for: table, json, csv, md."""
        return getattr(self.args, "format", "table")

    @cached_property
    def here(self) -> Store:
        """The store around the current folder, at its work tree."""
        from gitml import store

        return store.open(".", clock=self.clock or store.now)

    @cached_property
    def store(self) -> Store:
        """The store as of `--at`."""
        at = getattr(self.args, "at", None)
        if not at:
            return self.here
        store = self.here.at(at)
        meant = store.snapshot.at
        # A date names another commit tomorrow, if work of that day is pushed late: say which one was meant.
        if meant.commit and (meant.events or re.match(DATE, at)):
            events = f", events as of {meant.events[:12]}" if meant.events else ""
            self.tell(f"{at} is {meant.commit[:12]}{events}")
        return store

    @property
    def page(self) -> Page:
        """What standard output is laid out for."""
        return page(sys.stdout, self.args.color)

    def answer(self, shape: Callable[[], Shape], rows: Callable[[], Rows], text: Callable[[], str]) -> None:
        """What was asked for, in the format that was asked for, on standard output."""
        put(self.rendered(shape, rows, text))

    def rendered(self, shape: Callable[[], Shape], rows: Callable[[], Rows], text: Callable[[], str]) -> str:
        """An answer in the format that was asked for."""
        if self.format == "json":
            from gitml.render.shapes import to_json

            return f"{to_json(shape())}\n"
        if self.format == "table":
            return text()
        from gitml.render.listing import csv, markdown

        return (csv if self.format == "csv" else markdown)(rows())

    def tell(self, text: str) -> None:
        """A word beside the answer, on standard error."""
        from gitml.render.cells import printable

        sys.stderr.write(f"git ml: {printable(text)}\n")

    def tell_of(self, repository: Repository) -> None:
        """Why this was slower than it should be, where it was: the cache could not be used."""
        if repository.cache.note:
            self.tell(repository.cache.note)

    def waiting(self, told: str) -> AbstractContextManager[None]:
        """A moving bar on standard error while something takes longer than a moment; only on a terminal."""
        from contextlib import nullcontext

        if not (sys.stderr and sys.stderr.isatty()):
            return nullcontext()
        from gitml.cli.progress import waiting

        return waiting(told, sys.stderr, self.patience, self._how_far)

    def _how_far(self) -> tuple[int, int]:
        """How many records of how many are read; none of none before there is a store."""
        store: Store | None = vars(self).get("here")
        progress = store.repository.progress if store else None
        return (progress.done, progress.whole) if progress else (0, 0)


def put(text: str) -> None:
    """Write to standard output, and know at once that it has arrived; raises BrokenPipeError, DiskFailed."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output()
        raise DiskFailed(f"standard output cannot be written: {error.strerror or error}") from error


def drop_output() -> None:
    """Point standard output at nothing: what is left in its buffer cannot be written, and Python tries at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def page(stream: Any, color: str) -> Page:
    """The page that a stream shows: a terminal's width, and colour there unless NO_COLOR or TERM=dumb says no."""
    from gitml.render.page import Page

    terminal = stream.isatty()
    auto = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    colour = color == "always" or (color == "auto" and auto)
    if not terminal:
        return Page(None, colour)
    from shutil import get_terminal_size

    return Page(get_terminal_size().columns, colour)
