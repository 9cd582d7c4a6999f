"""Runs under way, as their journals tell: those of this process, of others, of gitml itself; what is said is there.

Each call of MLflow's is in the journal, and handed to the system, when it returns: another process sees it at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gitml.actions.ground import InRepository
from gitml.actions.recording import Recording
from gitml.actions.story import Story
from gitml.interop.mlflow import words
from gitml.interop.mlflow.opened import Opened
from gitml.interop.mlflow.runs import Latest, Told
from gitml.records.record import MISSING
from gitml.repo.journal.folder import BEGIN, OWN, WRITTEN, Folder, root
from gitml.repo.journal.lines import Point, events, points
from gitml.repo.journal.writing import Journal

_WRITTEN = f', "{WRITTEN}": {{'.encode()  # in a text of somebody's the quotes would be escaped
_OPEN = 128
"""Journals that this process keeps open for writing at most."""


class Live:
    """A run under way: what its journal has told so far, whoever wrote that."""

    def __init__(self, opened: Opened, path: Path, recording: Recording | None = None) -> None:
        self.folder = Folder(path)
        self.latest: dict[str, Latest] = {}
        self.is_over = False
        self.warnings: list[str] = []
        self._opened = opened
        self._read: dict[str, int] = {}
        self._recording = recording
        self._own = {OWN} if recording else set[str]()

    @property
    def recording(self) -> Recording:
        """It as this process records it."""
        if self._recording is None:
            raise LookupError(self.folder.id)
        return self._recording

    @property
    def told(self) -> Told:
        """What is known of it."""
        return Told.of_story(self.recording.story, self.latest)

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_written(self) -> bool:
        """Whether its record has been written, by a look that costs little: of thousands most have been."""
        try:
            return any(_WRITTEN in file.read_bytes() for file in self.folder.path.glob("*.jsonl"))
        except OSError:
            return True  # it has gone meanwhile

    def catch_up(self) -> bool:
        """Take over what others have said since; whether it is still under way."""
        try:
            found = [(one.name, one.stat().st_size) for one in os.scandir(self.folder.path)]
        except OSError:
            self.is_over = True
            return False
        for name, size in sorted(found, key=lambda one: one[0] != OWN):
            if name.endswith(".jsonl") and name not in self._own and size > self._read.get(name, 0):
                self._take(name)
        return not self.is_over and self._recording is not None

    def _take(self, name: str) -> None:
        start = self._read.get(name, 0)
        with (self.folder.path / name).open("rb") as file:
            file.seek(start)
            raw = file.read()
        end = raw.rfind(b"\n") + 1
        self._read[name] = start + end
        lines = raw[:end].splitlines(keepends=True)
        for _at, what, said in events(lines):
            self._heard(what, said)
        for point in points(lines):
            self._logged(point)

    def _heard(self, what: str, said: Any) -> None:
        if what == WRITTEN:
            self.is_over = True
        elif what != BEGIN:
            if self._recording is not None:
                self._recording.story.take(what, said)
        elif self._recording is None:
            story = Story.of(self.folder)  # from the beginning on, so that what is heard twice is heard in order
            if story is not None:
                self._recording = self._joining(story)

    def _joining(self, story: Story) -> Recording:
        """It as another process records it: in a file of its own."""
        name = f"{os.getpid()}-{os.urandom(4).hex()}.jsonl"
        self._own.add(name)
        return Recording(ground(self._opened), story, Journal(self.folder.path, name), self.warnings.append)

    def _logged(self, point: Point) -> None:
        key = ".".join(point.name)
        found = Latest.of(point)
        held = self.latest.get(key)
        if held is None or found.order > held.order:
            self.latest[key] = found

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def say(self, said: Mapping[str, Any], logged: Iterable[Point] = ()) -> None:
        """Say something of it: events by their words, and points; all of it is in the system's hands on return."""
        recording, now = self.recording, self._opened.store.clock()
        for what, value in said.items():
            recording.say(what, value, now)
        put = list(logged)
        recording.put(put)
        for point in put:
            self._logged(point)
        recording.journal.flush(durable=False)

    @property
    def kept(self) -> Mapping[str, Any]:
        """What it has said for MLflow alone."""
        return words.custom({"custom": self.recording.story.custom})

    def keep(self, **more: Any) -> None:
        """Say something of MLflow's that we have no place for; MISSING lets go of it."""
        told = {key: one for key, one in {**self.kept, **more}.items() if one is not MISSING}
        self.say({"custom": {**self.recording.story.custom, words.CUSTOM: told}})

    def history(self) -> Iterator[Point]:
        """Every point, in the order in which they were written."""
        return self.folder.points()


class Underway:
    """The runs of a store that are under way."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._root = root(opened.store.repository.git)
        self._runs: dict[str, Live] = {}
        self._over: set[str] = set()
        self._seen: int | None = None
        self._writing: dict[str, Live] = {}
        self._last: tuple[Told, tuple[object, ...]] | None = None

    def begin(self, story: Story, recording: Recording) -> Live:
        """A run that begins here."""
        live = Live(self._opened, recording.journal.folder, recording)
        recording.begin()
        self._runs[story.ref.keys[1]] = live
        self._open(live)
        return live

    def get(self, run: str) -> Live | None:
        """A run by its id; None where it is not under way."""
        live = self._runs.get(run)
        if live is None:
            if run in self._over or not (self._root / run / OWN).exists():
                return None
            live = Live(self._opened, self._root / run)
        return live if self._kept(run, live) else None

    def all(self) -> list[Live]:
        """Every run that is under way."""
        for run in self._fresh():
            if run not in self._runs and run not in self._over:
                live = Live(self._opened, self._root / run)
                if live.is_written:
                    self._over.add(run)
                else:
                    self._runs[run] = live
        return [live for run, live in list(self._runs.items()) if self._kept(run, live)]

    def writing(self, live: Live) -> Live:
        """A run that this process is about to write to; the file of the one longest untouched is closed."""
        self._open(live)
        return live

    def over(self, live: Live) -> None:
        """A run whose record has been written."""
        self._runs.pop(live.folder.id, None)
        self._writing.pop(live.folder.id, None)
        self._over.add(live.folder.id)
        self._last = live.told, self._opened.signs

    def last(self, run: str) -> Told | None:
        """A run that has ended here a moment ago, as long as nobody has written anything since."""
        if self._last is not None and self._last[0].id == run and self._last[1] == self._opened.signs:
            return self._last[0]
        return None

    def _open(self, live: Live) -> None:
        self._writing.pop(live.folder.id, None)
        self._writing[live.folder.id] = live
        while len(self._writing) > _OPEN:
            self._writing.pop(next(iter(self._writing))).recording.journal.rest()

    def _kept(self, run: str, live: Live) -> bool:
        if live.catch_up() and self._is_ours(live):
            self._runs[run] = live
            return True
        if live.is_over:
            self._over.add(run)
            self._opened.stale()  # what it wrote is there to be looked at
        self._runs.pop(run, None)
        return False

    def _is_ours(self, live: Live) -> bool:
        begin = live.folder.begin or {}
        return bool(begin.get("store") == self._opened.store.repository.prefix)

    def _fresh(self) -> Iterator[str]:
        try:
            seen = self._root.stat().st_mtime_ns
            if seen == self._seen:
                return
            with os.scandir(self._root) as found:
                yield from [one.name for one in found if not one.name.startswith(".")]
            self._seen = seen
        except FileNotFoundError:
            return


def ground(opened: Opened) -> InRepository:
    """Where a store's runs stand."""
    repository, branch = opened.store.repository, opened.address.branch
    return InRepository(repository, lambda: repository.target(branch))
