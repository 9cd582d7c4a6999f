"""A run, as a context manager: what it was told, what it logged, how it ended.

    with gitml.run("wine", params={"lr": 0.01}) as run:
        run.log({"auc": 0.91}, split="validation", step=1)

Nothing that goes wrong with its record stops the training, and nothing of the record is lost: what the checks or the
disk refuse is kept below the Git directory, and a warning says where.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gitml.actions import capture, series, values
from gitml.actions.apply import Applied, How
from gitml.actions.batch import Batch, current_batch
from gitml.actions.capture import fault
from gitml.actions.capture.seeds import heard
from gitml.actions.capture.usage import Usage
from gitml.actions.flow import INPUTS, OUTPUTS, Material
from gitml.actions.recording import End, Recording, save
from gitml.actions.records import Origin
from gitml.actions.redaction import REDACTED
from gitml.checks.secrets import shape
from gitml.errors import BadValue, GitFailed
from gitml.records.ref import Ref
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

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
        self, repository: Repository, experiment: str, *, clock: Callable[[], datetime], source: Source | None = None,
        batch: Batch | None = None, **what: Any,
    ) -> None:  # fmt: skip
        self.repository = repository
        self.experiment = experiment
        self.clock = clock
        self.warnings: list[str] = []
        self.applied: Applied | None = None
        self._told = Told(**what)
        self.note = self._told.note
        self._source = source or Source()
        self._batch = batch
        self._warned = 0
        self._process = 0
        self._end: End | None = None
        self._recording: Recording | None = None
        self._outer: Run | None = None
        self._watching = ExitStack()
        self._usage: Usage | None = None

    def __repr__(self) -> str:
        return f"<Run {self.ref if self._recording else self.experiment}>"

    # ── what it is ────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ref(self) -> str:
        """Its ref, from its start on."""
        return str(self._open.ref)

    @property
    def id(self) -> str:
        """Its id, from its start on."""
        return self._open.ref.keys[1]

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
        self._recording = self._begin(self._told)
        self._process = os.getpid()
        self._outer = current_run()
        _CURRENT.set(self)
        if self._source.is_here:
            self._usage = Usage().start()
            self._watching.enter_context(heard(self._recording.seeds))
        self._warn()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _CURRENT.set(self._outer)
        if os.getpid() != self._process:
            return  # a child that was forked inside the block: the run is its parent's
        recording, told, now = self._open, self._told, self.clock()
        self._watching.close()
        used = self._usage.stop() if self._usage else {}
        end = self._end or self._end_of(error)
        recording.end = replace(end, utilization={**used, **end.utilization})
        recording.seeds = {key: values.seed(value, f"seeds.{key}", self.tell) for key, value in recording.seeds.items()}
        recording.note = None if self.note is None else str(self.note)
        try:
            how = How(now, told.commit, told.message, told.branch, told.author)
            self.applied = save(recording, how, self.tell, self._batch)
        finally:
            self._warn(last=True)

    def finish(self, end: End) -> None:
        """Say how it ended, where that is not for Python's exceptions to tell: a command's exit code."""
        self._end = end

    def _end_of(self, error: BaseException | None) -> End:
        """How the `with` block ended: an exit with code 0 is no failure, an interrupt is no fault of the run."""
        if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
            return End("finished")
        told = fault.told(self.repository, error)
        if isinstance(error, SystemExit):
            told["exit_code"] = error.code if isinstance(error.code, int) else 1
        killed = isinstance(error, KeyboardInterrupt | GeneratorExit)
        return End("killed" if killed else "failed", told, text=str(error))

    def _begin(self, told: Told) -> Recording:
        if self.repository.git.root is None:
            raise GitFailed("this repository is bare: no code runs in it", hint="clone it and work there")
        name = values.plain(self.experiment, "experiment", self.tell)
        if not isinstance(name, str) or name != self.experiment or not name or shape(name):
            raise BadValue(f"{self.experiment!r} names no experiment", hint="give it a name of a few words")
        origin = Origin(self.clock(), told.author or self.repository.author(), os.urandom)
        shown = None if told.name is None else values.tag(told.name, "name", self.tell)
        recording = Recording(self.repository, Ref("run", (name, origin.new_id())), origin, self._target,
                              self._source.environment, {"type": told.type, "name": shown})  # fmt: skip
        if told.type != TRAIN:
            recording.check_type(told.type)
        recording.code, recording.state = capture.code_of(
            self.repository, self._source.argv(), self._source.script(), self.tell
        )
        recording.params = values.mapping_of(told.params, "params", self.tell)
        seeds = {"seed": told.seeds} if isinstance(told.seeds, int) else told.seeds or {}
        recording.seeds = {str(key): values.seed(value, f"seeds.{key}", self.tell) for key, value in seeds.items()}
        recording.tags = self._tags(told.tags or {})
        for key, material in (told.inputs or {}).items():
            recording.inputs[str(key)] = recording.described(INPUTS, material)
        return recording

    def _joined(self) -> Batch | None:
        """The batch that will write it, if one is open; BadValue where the run is told how to be written itself."""
        batch, told = self._batch or current_batch(self.repository), self._told
        if batch is not None and (told.commit or told.message or told.branch or told.author):
            raise BadValue("this run is in a batch, which says how it is written", hint="tell it to store.batch(…)")
        return batch

    def _target(self) -> Snapshot:
        """The snapshot that it will be written on."""
        return self._batch.snapshot if self._batch else self.repository.target(self._told.branch)

    # ── what it logs ──────────────────────────────────────────────────────────────────────────────────────────────

    def log(self, metrics: Mapping[str, Any], *, split: str | None = None, step: int | None = None) -> None:
        """Metrics by name, of a split and at a step if they have one; the record holds the last value of each."""
        recording, now = self._open, self.clock()
        if not isinstance(metrics, Mapping):
            raise BadValue(f"{metrics!r} is no mapping of metrics", hint='write run.log({"auc": 0.91})')
        at = self._step(step)
        for name, value in series.names(metrics, split):
            number = values.number(value)
            clean = tuple(REDACTED if shape(part) else part for part in name)
            if number is None:
                self.tell(f"the metric {'.'.join(clean)} is no number but a {type(value).__name__}: left out")
            else:
                recording.points.append(series.Point(clean, number, at, now))
        self._warn()

    def log_params(self, params: Any) -> None:
        """More settings; one of the same name is replaced."""
        self._open.params |= values.mapping_of(params, "params", self.tell)
        self._warn()

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """More tags; one of the same name is replaced."""
        self._open.tags |= self._tags(tags)
        self._warn()

    def log_input(self, name: str, material: Material) -> None:
        """Something that went in: a ref (`dataset/wine@2`), a path or an address. NotFound where it names nothing."""
        self._open.inputs[str(name)] = self._open.described(INPUTS, material)

    def log_output(self, name: str, material: Material) -> None:
        """Something that came out: a path, a ref or an address. NotFound where it names nothing."""
        self._open.outputs[str(name)] = self._open.described(OUTPUTS, material)

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

    def _warn(self, *, last: bool = False) -> None:
        """Pass on what is new; where warnings are errors, the last ones are shown instead: the training has ended."""
        fresh, self._warned = self.warnings[self._warned :], len(self.warnings)
        for message in fresh if self._source.is_here else ():
            try:
                warnings.warn(message, RunWarning, stacklevel=3)
            except RunWarning as raised:
                if not last:
                    raise
                warnings.showwarning(raised, RunWarning, __file__, 0)
