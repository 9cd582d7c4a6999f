"""A store as MLflow's clients share it: one for the process, fresh enough to read, one writer at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

from mlflow.utils.time import get_current_time_millis

import gitml
from gitml.errors import GitFailed, NotFound
from gitml.interop.mlflow.address import NEVER, Address
from gitml.interop.mlflow.faults import forbidden
from gitml.repo.snapshot import Snapshot
from gitml.store import Store

T = TypeVar("T")
_PATIENCE = 1.0
"""Seconds for which a work tree that nobody has written through MLflow counts as unchanged, at least."""
_SHARE = 10.0
"""How many times as long it counts as unchanged as it took to look at it: a large one is not looked at all the time."""
_STATEMENTS, _RUNS = "statements", "runs"


class Opened:
    """A store for all threads of this process; other processes' writes through MLflow are seen at once.

    What a person does to the work tree meanwhile is seen a second later, or, where to look takes long, ten times as
    long later; a commit, a checkout, a fetch at once.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.turn = RLock()
        self.store: Store = gitml.open(address.path, clock=_clock)
        self._snapshot: Snapshot | None = None
        self._signs: list[object] = []
        self._until = 0.0

    @property
    def root(self) -> Path:
        """The store's folder."""
        repository = self.store.repository
        if repository.git.root is None:
            raise GitFailed("this repository is bare: it has no work tree", hint="clone it and work there")
        return repository.file(repository.prefix)

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def snapshot(self) -> Snapshot:
        """The store as it is, or was a moment ago, as long as nothing tells of a change."""
        with self.turn:
            held = self._snapshot
            if held is None or (self.address.ref is None and (self._signs != self._seen() or self._is_old())):
                held = self.look()
            return held

    @property
    def statements(self) -> Snapshot:
        """The store as it is but for runs that have ended a moment ago: what changes seldom, at no cost."""
        with self.turn:
            held = self._snapshot
            if held is None or (self.address.ref is None and (self._signs[:-1] != self._seen()[:-1] or self._is_old())):
                held = self.look()
            return held

    def look(self) -> Snapshot:
        """Look at the repository again."""
        with self.turn:
            began = time.monotonic()
            self._signs = self._seen()
            self._snapshot = self._taken()
            now = time.monotonic()
            self._until = now + max(_PATIENCE, _SHARE * (now - began))
            return self._snapshot

    def found(self, look: Callable[[Snapshot], T | None]) -> T | None:
        """What a look at the store finds; where it finds nothing, at the store as it is now."""
        found = look(self.snapshot)
        if found is None and self.address.ref is None:
            found = look(self.look())
        return found

    def _taken(self) -> Snapshot:
        repository, address = self.store.repository, self.address
        if address.ref is not None:
            rules = repository.rules()
            return repository.at(address.ref, rules.settings.main, rules.own_schemas)
        if address.branch is None:
            return repository.here()
        try:
            return repository.at(address.branch)
        except NotFound:  # the first write makes it, from HEAD on
            return repository.head()

    def _is_old(self) -> bool:
        return self.address.branch is None and time.monotonic() > self._until

    def _seen(self) -> list[object]:
        """What changes when something is written through MLflow, committed, checked out or fetched; runs are last."""
        git = self.store.repository.git
        watched = (git.git_dir / "HEAD", git.git_dir / "index", git.git_dir / "logs" / "HEAD",
                   git.common_dir / "packed-refs", git.common_dir / "refs" / "heads")  # fmt: skip
        more = [git.common_dir / "refs" / "heads" / name for name in (self.address.branch, self._events) if name]
        marks = self._mark(_STATEMENTS), self._mark(_RUNS)
        return [*map(_stamp, (*watched, *more)), *map(_content, marks)]

    @property
    def _events(self) -> str | None:
        return self._snapshot.settings.events if self._snapshot is not None else None

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def how(self) -> dict[str, Any]:
        """How a deed is to be written, as the address says."""
        return {"commit": self.address.commit != NEVER, "branch": self.address.branch}

    def write(self, deed: Callable[[Store], T]) -> T:
        """Do something to the store, one at a time; PERMISSION_DENIED for one that is only looked at."""
        with self.writing():
            done = deed(self.store)
            self.written()
            return done

    def writing(self) -> RLock:
        """The turn of who writes, to be held in a `with` block."""
        if self.address.ref is not None:
            forbidden(f"this store is seen as of {self.address.ref}: it can only be read; leave out ref= to write")
        return self.turn

    def stale(self) -> None:
        """Look again before anybody reads."""
        self._snapshot = None

    def written(self, what: str = _STATEMENTS) -> None:
        """Tell every thread and process that something was written: a run, or what changes seldom."""
        with suppress(OSError):  # then the others see it a second later
            self._mark(what).parent.mkdir(parents=True, exist_ok=True)
            self._mark(what).write_bytes(os.urandom(8))

    def ended(self) -> None:
        """Tell of a run that was written."""
        self.written(_RUNS)

    @property
    def signs(self) -> tuple[object, ...]:
        """What stays the same as long as nobody has written anything through MLflow, or moved HEAD."""
        return tuple(self._seen())

    def _mark(self, what: str) -> Path:
        return self.store.repository.git.common_dir / "gitml" / "mlflow" / what


@cache
def opened(address: Address) -> Opened:
    """The store at an address; tracking and registry share it."""
    return Opened(address)


def _clock() -> datetime:
    """The moment, by the clock that MLflow goes by."""
    return datetime.fromtimestamp(get_current_time_millis() / 1000, UTC)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _content(path: Path) -> bytes | None:
    """What a file says: two writes within a moment may bear the same time."""
    try:
        return path.read_bytes()
    except OSError:
        return None
