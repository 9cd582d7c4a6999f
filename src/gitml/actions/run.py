"""A run, as a context manager: what it was told, what it logged, how it ended.

    with gitml.run("wine", params={"lr": 0.01}) as run:
        run.log({"auc": 0.91}, split="validation", step=1)

All that it says is in its journal a second later, which stays until the record stands in a commit. Nothing that goes
wrong with its record stops the training, and nothing of the record is lost: what the checks or the disk refuse is kept
below the Git directory, and a warning says where.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from gitml.actions import capture, values
from gitml.actions.apply import Applied, How
from gitml.actions.batch import Batch, current_batch
from gitml.actions.capture import fault
from gitml.actions.capture.seeds import heard
from gitml.actions.capture.usage import Usage
from gitml.actions.curves import points, wanted
from gitml.actions.flow import INPUTS, OUTPUTS, Material
from gitml.actions.ground import Apart, Ground, InRepository
from gitml.actions.recording import Recording, begun
from gitml.actions.records import Origin
from gitml.actions.saving import save
from gitml.actions.story import End, Story
from gitml.checks.secrets import shape
from gitml.errors import BadValue, GitFailed
from gitml.records.ref import Ref
from gitml.repo.journal.lines import Point
from gitml.repo.repository import Repository
from gitml.repo.writing import unsaved
from gitml.repo.writing.files import disk_failed

if TYPE_CHECKING:
    import pandas as pd

TRAIN = "train"
_CURRENT: ContextVar[Run | None] = ContextVar("gitml_run", default=None)


def current_run() -> Run | None:
    """The run whose `with` block this is; None outside of one."""
    return _CURRENT.get()


class RunWarning(UserWarning):
    """Something about a run's record that somebody should know; the run itself goes on."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a person says of a run when it starts; `inputs` are refs or paths by name, the last four how to write."""

    params: Any = None
    tags: Mapping[str, Any] | None = None
    inputs: Mapping[str, Material] | None = None
    seeds: Mapping[str, Any] | int | None = None
    type: str = TRAIN
    name: str | None = None
    note: str | None = None
    commit: bool = False
    message: str | None = None
    branch: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a run's code and environment are looked for; and whether it runs here, and so is warned here."""

    argv: Callable[[], list[str]] = capture.command
    script: Callable[[], Path | None] = capture.script
    environment: Callable[[], Mapping[str, Any] | None] = capture.environment
    is_here: bool = True


class Run:
    """One run of an experiment, recorded when its `with` block ends; `what` are the fields of `Told`.

    After the end `applied` tells what was written; `warnings` holds everything that was warned of.
    """

    def __init__(
        self, repository: Repository | None, experiment: str, *, clock: Callable[[], datetime],
        source: Source | None = None, batch: Batch | None = None, spool: str | os.PathLike[str] | None = None,
        **what: Any,
    ) -> None:  # fmt: skip
        self.repository = repository
        self.experiment = experiment
        self.clock = clock
        self.warnings: list[str] = []
        self.applied: Applied | None = None
        self._told = Told(**what)
        self._note = self._told.note
        self._source = source or Source()
        self._batch = batch
        self._warned = 0
        self._process = 0
        self._end: End | None = None
        self._recording: Recording | None = None
        self._changed: Collection[str] = ()
        self._spool = Path(spool).absolute() if spool else None
        self._outer: Run | None = None
        self._seeds = 0
        self._watching = ExitStack()
        self._usage: Usage | None = None

    def __repr__(self) -> str:
        return f"<Run {self.ref if self._recording else self.experiment}>"

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
    def _open(self) -> Recording:
        if self._recording is None:
            raise BadValue("the run has not started", hint="write: with gitml.run(…) as run:")
        return self._recording

    # ── start and end ─────────────────────────────────────────────────────────────────────────────────────────────

    def __enter__(self) -> Self:
        if self._recording is not None:
            raise BadValue(f"{self.ref} has been run already", hint="make another with gitml.run(…)")
        self._batch = self._joined()
        self._ground = self._placed()
        self._recording = self._begin(self._told)
        self._process = os.getpid()
        self._outer = current_run()
        _CURRENT.set(self)
        if self._source.is_here:
            self._usage = Usage().start()
            self._watching.enter_context(heard(self._recording.story.seeds))
        self._warn()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _CURRENT.set(self._outer)
        recording, told, now = self._open, self._told, self.clock()
        if os.getpid() != self._process:  # a child that was forked inside the block: the run is its parent's
            recording.journal.close(durable=True)
            return
        self._watching.close()
        self._told_seeds(now)
        used = self._usage.stop() if self._usage else {}
        end = self._end or self._end_of(error)
        self._close(replace(end, utilization={**used, **end.utilization}), now)
        try:
            how = How(now, told.commit, told.message, told.branch, told.author)
            self.applied = self._saved(recording, how)
        finally:
            self._warn(last=True)

    def _saved(self, recording: Recording, how: How) -> Applied:
        """Write the record, or leave that to who gathers the spool."""
        if isinstance(self._ground, InRepository) and self._ground.spool is None:
            return save(recording, self._ground, how, self._batch)
        recording.journal.close(durable=True)
        lines = b"".join(recording.journal.held()[1])
        if lines:
            place = unsaved.keep(None, self.id, {recording.journal.path.name: lines})
            self.tell(f"{self.ref}: its spool took not all of it; the rest is {f'in {place}' if place else 'lost'}")
        return Applied(None, (), ())

    def _close(self, end: End, now: datetime) -> None:
        """Say how it ended; its text where the store asks for texts."""
        story = self._open.story
        text = values.plain(end.text, "error.message", self.tell) if end.text and self._ground.wants_text() else ""
        told = {"status": end.status, "error": dict(end.error), "utilization": dict(end.utilization), "text": text}
        told = {key: value for key, value in told.items() if value}
        if story.code:
            dirty = self._ground.dirty(self._changed, story.outputs)
            told |= {} if dirty is None else {"dirty": dirty}
        self._open.say("end", told, now)
        story.ended = now

    def _told_seeds(self, now: datetime) -> None:
        """Say which seeds were set since it was last looked."""
        recording = self._open
        seeds = recording.story.seeds
        if len(seeds) != self._seeds:
            clean = {key: values.seed(value, f"seeds.{key}", self.tell) for key, value in seeds.items()}
            seeds |= clean
            self._seeds = len(seeds)
            recording.say("seeds", clean, now)

    def finish(self, end: End) -> None:
        """Say how it ended, where that is not for Python's exceptions to tell: a command's exit code."""
        self._end = end

    def _end_of(self, error: BaseException | None) -> End:
        """How the `with` block ended: an exit with code 0 is no failure, an interrupt is no fault of the run."""
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            return End("finished")
        root = self.repository.file("") if self.repository else Path.cwd()
        told = fault.told(root, error)
        if isinstance(error, SystemExit):
            told["exit_code"] = error.code if isinstance(error.code, int) else 1
        killed = isinstance(error, KeyboardInterrupt | GeneratorExit)
        return End("killed" if killed else "failed", told, text=str(error))

    def _begin(self, told: Told) -> Recording:
        ground = self._ground
        name = values.plain(self.experiment, "experiment", self.tell)
        if not isinstance(name, str) or name != self.experiment or not name or shape(name):
            raise BadValue(f"{self.experiment!r} names no experiment", hint="give it a name of a few words")
        origin = Origin(self.clock(), told.author or ground.author(), os.urandom)
        story = Story(Ref("run", (name, origin.new_id())), origin, self._head(told))
        recording = begun(ground, story, self.tell)
        if told.type != TRAIN:
            ground.check_type(told.type)
        self._captured(story)
        story.params = values.mapping_of(told.params, "params", self.tell)
        seeds = {"seed": told.seeds} if isinstance(told.seeds, int) else told.seeds or {}
        story.seeds = {str(key): values.seed(value, f"seeds.{key}", self.tell) for key, value in seeds.items()}
        story.tags = self._tags(told.tags or {})
        for key, material in (told.inputs or {}).items():
            story.inputs[str(key)] = ground.described(INPUTS, material)
        story.note = None if self._note is None else values.plain(str(self._note), "note", self.tell)
        self._seeds = len(story.seeds)
        recording.begin()
        return recording

    def _head(self, told: Told) -> dict[str, Any]:
        """What its record says first."""
        shown = None if told.name is None else values.tag(told.name, "name", self.tell)
        return {"type": told.type} | ({"name": shown} if shown else {})

    def _captured(self, story: Story) -> None:
        """What nobody has to tell: the code, the machine, the environment."""
        ground, source = self._ground, self._source
        story.code, self._changed = ground.code(source.argv(), source.script(), self.tell)
        dirty = ground.dirty(self._changed, {})
        if story.code and dirty is not None:
            story.code["dirty"] = dirty
        story.host = capture.host()
        story.environment = ground.environment(source.environment() or {})
        story.variables = ground.variables()

    def _joined(self) -> Batch | None:
        """The batch that will write it, if one is open; BadValue where the run is told how to be written itself."""
        batch, told = self._batch, self._told
        if batch is None and self.repository is not None:
            batch = current_batch(self.repository)
        if batch is not None and (told.commit or told.message or told.branch or told.author):
            raise BadValue("this run is in a batch, which says how it is written", hint="tell it to store.batch(…)")
        return batch

    def _placed(self) -> Ground:
        """Where it stands; in a batch it is written with that, whatever spool there is."""
        spool = None if self._batch else self._spool or capture.spool()
        repository, batch, branch = self.repository, self._batch, self._told.branch
        if repository is not None:
            target = (lambda: batch.snapshot) if batch else (lambda: repository.target(branch))
            return InRepository(repository, target, spool)
        if spool is None:
            raise GitFailed("there is no repository here", hint="go into one, or name a spool: --spool, GITML_SPOOL")
        return Apart(spool)

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

    def log_input(self, name: str, material: Material) -> None:
        """Something that went in: a ref (`dataset/wine@2`), a path or an address. NotFound where it names nothing."""
        self._say(INPUTS, {str(name): self._ground.described(INPUTS, material)})

    def log_output(self, name: str, material: Material) -> None:
        """Something that came out: a path, a ref or an address. NotFound where it names nothing."""
        self._say(OUTPUTS, {str(name): self._ground.described(OUTPUTS, material)})

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
