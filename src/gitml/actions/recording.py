"""A run as it is recorded: each event told to its story and its journal, points to its tallies and its journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from os import getpid, urandom
from typing import Any

from gitml.actions import capture, series, values
from gitml.actions.ground import Ground
from gitml.actions.redaction import REDACTED, redacted
from gitml.actions.story import ENVIRONMENT, Story
from gitml.actions.values import Tell
from gitml.checks.secrets import shape
from gitml.records.record import column
from gitml.repo.journal.folder import BEGIN, OWN, RANK, WRITTEN, Folder
from gitml.repo.journal.lines import Point, event_line, json_line, milliseconds, named, number_text, points_line
from gitml.repo.journal.process import this_process
from gitml.repo.journal.writing import Journal

_DIGITS = 4000
"""Python writes no integer of many more."""


@dataclass
class Recording:
    """A run in this process: what is known of it so far, and where that is kept.

    `process` is the one whose end is the run's end; empty where that is unknown: a server records for others.
    """

    ground: Ground
    story: Story
    journal: Journal
    tell: Tell
    tallies: series.Tallies = field(default_factory=dict)
    process: Mapping[str, Any] = field(default_factory=this_process)
    _known: dict[tuple[str | None, Any], tuple[series.Tally, str]] = field(default_factory=dict)

    @property
    def folder(self) -> Folder:
        """What its journal holds, those of its process's children included."""
        return Folder(self.journal.folder)

    def begin(self, rank: int | None = None) -> None:
        """Begin the journal: from here on it is known that this run is there; `rank` is that of who says so."""
        told = {**redacted(self.story.begun(), self.tell), **({} if rank is None else {RANK: rank})}
        self._add(event_line(self.story.began, BEGIN, {**told, "process": self.process, **self.ground.told()}))
        if self.story.environment:
            packages = capture.environment_json(self.story.environment)
            self._add(json_line(self.story.began, ENVIRONMENT, packages))
        self.journal.flush(durable=False)

    def say(self, what: str, said: Any, now: datetime) -> None:
        """An event: nothing that looks like a secret gets into the journal either."""
        clean = redacted({what: said}, self.tell)[what]
        self.story.take(what, clean)
        self._add(event_line(milliseconds(now), what, clean))

    def written(self, path: str, text: str, now: datetime) -> None:
        """The record stands at a path of the work tree, as this text."""
        self._add(event_line(milliseconds(now), WRITTEN, {"path": path, "text": text}))

    def _add(self, line: str) -> None:
        self._stay()
        with self.journal.turn:
            self.journal.add(line)

    def _stay(self) -> None:
        """A child that was forked meanwhile has a journal and tallies of its own."""
        if self.journal.process != getpid():
            self.journal.fork(f"{getpid()}-{urandom(4).hex()}.jsonl")
            self.tallies.clear()
            self._known.clear()

    # ── points ────────────────────────────────────────────────────────────────────────────────────────────────────

    def log(self, metrics: Mapping[str, Any], split: str | None, step: int | None, now: datetime) -> None:
        """Metrics by name, logged together."""
        self._stay()
        with self.journal.turn:
            parts: list[str] = []
            for key, value in metrics.items():
                held = self._known.get((split, key))
                if held is None or isinstance(value, Mapping):
                    parts += self._first(key, value, split, step)
                    continue
                number = value if type(value) is float else self._number(value, key)
                if number is not None:
                    held[0].add(number, step)
                    parts.append(held[1] + number_text(number))
            if parts:
                self.journal.add(points_line(milliseconds(now), step, parts))

    def _first(self, key: Any, value: Any, split: str | None, step: int | None) -> Iterator[str]:
        """What is logged under a name for the first time, or is a mapping of names."""
        for name, inner in series.names({key: value}, split):
            clean = tuple(REDACTED if shape(part) else part for part in name)
            number = self._number(inner, ".".join(clean))
            if number is None:
                continue
            held = self.tallies.setdefault(clean, series.Tally()), named(column(*clean))
            if not isinstance(value, Mapping):
                self._known[split, key] = held
            held[0].add(number, step)
            yield held[1] + number_text(number)

    def _number(self, value: Any, name: Any) -> int | float | None:
        """A value as the series holds it: an integer of any size digit by digit."""
        number = values.number(value)
        if number is None:
            self.tell(f"the metric {name} is no number but a {type(value).__name__}: left out")
        elif isinstance(value, int) and number != value and value.bit_length() < 3 * _DIGITS:
            self.tell(
                f"the metric {name} is an integer beyond 64 bits: the series keeps its digits, the record a float"
            )
            return int(value)
        return number

    def put(self, points: Iterable[Point]) -> None:
        """Points that say themselves when they were logged; they are not counted here."""
        lines = [points_line(at, step, [named(column(*name)) + number_text(value)]) for name, value, step, at in points]
        if lines:
            self._add("".join(lines))

    def points(self) -> Iterator[Point]:
        """Every point, in order of time."""
        return self.folder.points(*self.journal.held())

    def counted(self) -> series.Tallies:
        """Every metric so far; where children have logged, too, of all together."""
        return series.tallied(self.points()) if self.folder.is_shared else self.tallies


def begun(ground: Ground, story: Story, tell: Tell) -> Recording:
    """A recording whose journal has not begun yet."""
    return Recording(ground, story, Journal(ground.journals / story.ref.keys[1], OWN), tell)
