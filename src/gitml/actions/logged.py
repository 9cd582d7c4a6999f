"""What can be said of a run while it goes on: metrics, settings, inputs, outputs, files, a note; and its warnings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitml.actions import artifacts, capture, values
from gitml.actions.apply import Applied
from gitml.actions.curves import points, wanted
from gitml.actions.flow import INPUTS, OUTPUTS, Material
from gitml.actions.ground import Ground
from gitml.actions.recording import Recording
from gitml.actions.redaction import redacted
from gitml.errors import BadRef, BadValue, DiskFailed, NotFound
from gitml.repo.journal import texts
from gitml.repo.journal.lines import Point
from gitml.repo.repository import Repository
from gitml.repo.writing.files import disk_failed

if TYPE_CHECKING:
    import pandas as pd


class RunWarning(UserWarning):
    """Something about a run's record that somebody should know; the run itself goes on."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a run's code and environment are looked for; and whether it runs here, and so is warned here."""

    argv: Callable[[], list[str]] = capture.command
    script: Callable[[], Path | None] = capture.script
    environment: Callable[[], Mapping[str, Any] | None] = capture.environment
    is_here: bool = True


CURRENT: ContextVar[Logged | None] = ContextVar("gitml_run", default=None)


class Logged:
    """A run as one can log to it; `warnings` holds everything that was warned of, `applied` what was written."""

    def __init__(self, repository: Repository | None, clock: Callable[[], datetime], source: Source) -> None:
        self.repository = repository
        self.clock = clock
        self.warnings: list[str] = []
        self.applied: Applied | None = None
        self._source = source
        self._note: str | None = None
        self._warned = 0
        self._seeds = 0
        self._ground: Ground
        self._recording: Recording | None = None

    # ── what it is ────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ref(self) -> str:
        """Its ref, from its start on."""
        return str(self._open.story.ref)

    @property
    def id(self) -> str:
        """Its id, from its start on."""
        return self._open.story.ref.keys[1]

    @property
    def note(self) -> str | None:
        """What there is to say of it; to set it replaces what was said."""
        return self._note

    @note.setter
    def note(self, note: str | None) -> None:
        self._note = note
        if self._recording is not None:
            self._say("note", None if note is None else values.plain(str(note), "note", self.tell))

    @property
    def journal(self) -> Path:
        """The folder of its journal, from its start on."""
        return self._open.journal.folder.absolute()

    def gather(self) -> None:
        """Take over what other processes have said of it so far."""
        recording = self._open
        if recording.folder.is_shared:
            recording.journal.flush(durable=False)
            recording.story.gather(recording.folder)

    @property
    def keeps_texts(self) -> bool:
        """Whether its record holds texts of exceptions and the last lines of output, as the store's settings say."""
        return self._ground.wants_text()

    def keep_text(self, text: str) -> None:
        """Keep what was said last on this machine, where the record is not to hold it; without what looks secret."""
        clean = redacted({"text": values.plain(text, "text", self.tell)}, self.tell)["text"]
        texts.add(self._ground.texts(self._open.story.ref), str(clean))

    @property
    def _open(self) -> Recording:
        if self._recording is None:
            raise BadValue("the run has not started", hint="write: with gitml.run(…) as run:")
        return self._recording

    # ── what it logs ──────────────────────────────────────────────────────────────────────────────────────────────

    def log(self, metrics: Mapping[str, Any], *, split: str | None = None, step: int | None = None) -> None:
        """Metrics by name, of a split and at a step if they have one; the record holds the last value of each."""
        if not isinstance(metrics, Mapping):
            raise BadValue(f"{metrics!r} is no mapping of metrics", hint='write run.log({"auc": 0.91})')
        at = step if type(step) is int or step is None else self._step(step)
        recording, now = self._open, self.clock()
        if len(recording.story.seeds) != self._seeds:
            self._told_seeds(now)
        recording.log(metrics, split, at, now)
        self._warn()

    def log_params(self, params: Any) -> None:
        """More settings; one of the same name is replaced."""
        self._say("params", values.mapping_of(params, "params", self.tell))

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """More tags; one of the same name is replaced."""
        self._say("tags", self._tags(tags))

    def log_input(self, material: Material, role: str) -> None:
        """Something that went in, a ref (`dataset/wine@2`), a path or an address, and what it was there for (`train`).

        NotFound where it names nothing.
        """
        self._say(INPUTS, {str(role): self._described(INPUTS, material, role)})

    def log_output(self, material: Material, role: str) -> None:
        """Something that came out: a path, a ref or an address, and as what. NotFound where it names nothing."""
        self._say(OUTPUTS, {str(role): self._described(OUTPUTS, material, role)})

    def _described(self, field: str, material: Material, role: str) -> dict[str, Any]:
        try:
            return self._ground.described(field, material)
        except NotFound:
            with suppress(NotFound, BadRef):
                self._ground.described(field, role)
                told = f"{role!r} stands where the role belongs"
                raise BadValue(told, hint=f"what it is comes first: log_{field[:-1]}({role!r}, {material!r})") from None
            raise

    def log_text(self, text: str, name: str) -> None:
        """A text as a file of the run; raises BadValue for a name that is none of a file."""
        self._file(name, artifacts.of_text(text))

    def log_dict(self, data: Any, name: str) -> None:
        """Values by name as a file of the run: YAML where its name says so, else JSON."""
        self._file(name, artifacts.of_dict(data, self.tell))

    def log_figure(self, figure: Any, name: str) -> None:
        """A figure of matplotlib, plotly, Pillow or the like as a file of the run, of the type that its name says."""
        self._file(name, artifacts.of_figure(figure))

    def log_table(self, table: Any, name: str) -> None:
        """A DataFrame, rows as mappings or columns by name as a file of the run: .csv, .json or .parquet."""
        self._file(name, artifacts.of_table(table))

    def _file(self, name: str, write: artifacts.Writing) -> None:
        """A file of the run, and what its record says of it; that no disk takes it fails nothing."""
        inner, ref = artifacts.named(name), self._open.story.ref
        try:
            root, recorded = self._ground.files(ref)
            told = artifacts.written(root, inner, write)
        except (OSError, DiskFailed) as error:
            self.tell(f"{self.ref}: {name} was not written: {error}")
            self._warn()
        else:
            self._say(OUTPUTS, {inner: {"path": f"{recorded}/{inner}", **told}})

    def _say(self, what: str, said: Any) -> None:
        self._open.say(what, said, self.clock())
        self._warn(deeper=1)

    def series(self, metric: str | None = None) -> pd.DataFrame:
        """What was logged so far: name, step, time, value; of one metric by its full name or the last part of it."""
        from gitml.views.table.points import frame

        return frame(wanted(self._points(), metric))

    def _points(self) -> Iterator[Point]:
        repository = self.repository
        if repository is None or self.applied is None or not self.applied.changes:
            return self._open.points()
        commit = self.applied.commit
        snapshot = repository.commit(commit) if commit else repository.here()
        return points(repository, snapshot, self._open.story.ref)

    def said(self, what: str) -> Mapping[str, Any]:
        """What was said so far as params, tags, inputs or outputs, by name."""
        found: Mapping[str, Any] = getattr(self._open.story, what)
        return found

    def metrics(self) -> Collection[tuple[str, ...]]:
        """The metrics that were logged so far, each as its split, if any, and its name; of all its processes."""
        return self._open.counted()

    def flush(self) -> None:
        """Wait until all that was logged is on disk; by itself it is there a second later."""
        self._open.journal.flush()
        self._warn()

    def _tags(self, tags: Mapping[str, Any]) -> dict[str, str]:
        return {str(key): values.tag(value, f"tags.{key}", self.tell) for key, value in tags.items()}

    def _step(self, step: Any) -> int | None:
        number = None if step is None else values.number(step)
        if isinstance(number, float):
            number = int(number) if number.is_integer() else None
        if step is not None and number is None:
            self.tell(f"the step {step!r} is no whole number: left out")
        return number

    # ── what it has to say ────────────────────────────────────────────────────────────────────────────────────────

    def tell(self, message: str) -> None:
        """Keep a word on the record that somebody should hear; each once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def _warn(self, *, last: bool = False, deeper: int = 0) -> None:
        """Pass on what is new; where warnings are errors, the last ones are shown instead: the training has ended."""
        journal = self._open.journal
        if journal.fault is not None and not last:
            self.tell(f"{self.ref}: what it logs stays in memory for now: {disk_failed(journal.fault, journal.folder)}")
        if journal.lost:
            self.tell(f"{self.ref}: the disk took nothing for so long that points were lost")
        fresh, self._warned = self.warnings[self._warned :], len(self.warnings)
        for message in fresh if self._source.is_here else ():
            try:
                warnings.warn(message, RunWarning, stacklevel=3 + deeper)
            except RunWarning as raised:
                if not last:
                    raise
                warnings.showwarning(raised, RunWarning, __file__, 0)

    def _told_seeds(self, now: datetime) -> None:
        """Say which seeds were set since it was last looked."""
        recording = self._open
        seeds = recording.story.seeds
        if len(seeds) != self._seeds:
            clean = {key: values.seed(value, f"seeds.{key}", self.tell) for key, value in seeds.items()}
            seeds |= clean
            self._seeds = len(seeds)
            recording.say("seeds", clean, now)
