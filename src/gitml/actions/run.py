"""A run, as a context manager: what it was told, what it logged, how it ended.

    with gitml.run("wine", params={"lr": 0.01}) as run:
        run.log({"auc": 0.91}, split="validation", step=1)

All that it says is in its journal a second later, which stays until the record stands in a commit. Nothing that goes
wrong with its record stops the training, and nothing of the record is lost: what the checks or the disk refuse is kept
below the Git directory, and a warning says where.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gitml.actions import capture, values
from gitml.actions.apply import Applied, How
from gitml.actions.batch import Batch, current_batch
from gitml.actions.capture import fault
from gitml.actions.capture.seeds import heard
from gitml.actions.capture.usage import Usage
from gitml.actions.captured import captured
from gitml.actions.flow import INPUTS, Material
from gitml.actions.ground import Apart, Ground, InRepository
from gitml.actions.joined import Joined, around_us, joinable
from gitml.actions.logged import CURRENT, Logged, RunWarning, Source
from gitml.actions.ranks import Part, others_end
from gitml.actions.recording import Recording, begun
from gitml.actions.records import Origin
from gitml.actions.saving import save
from gitml.actions.story import End, Story
from gitml.checks.secrets import shape
from gitml.errors import BadRef, BadValue, GitFailed, GitmlError, NotFound
from gitml.records.ref import Ref
from gitml.repo.around import around
from gitml.repo.journal.folder import WAITS, Folder
from gitml.repo.repository import Repository
from gitml.repo.writing import unsaved

TRAIN, SWEEP = "train", "sweep"
END, BATCH = "end", "batch"
"""When a run is committed: at its own end (True says the same), or with all others at the end of the process."""
__all__ = ["Run", "RunWarning", "Source", "current_run"]


def current_run() -> Logged | None:
    """The run whose `with` block this is, or that this process was started in; None outside of any.

    It was started in one by `git ml run`, or from a block of another process, as multiprocessing does.
    """
    found = CURRENT.get()
    if found is None and (known := joinable() or around_us()) is not None:
        found = Joined(*known, _around(), lambda: datetime.now(UTC), at_once=capture.joining() is None)
        CURRENT.set(found)
    return found


def _around() -> Repository | None:
    try:
        return around(Path())
    except GitFailed:
        return None


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
    parent: Logged | Ref | str | None = None
    resume: Ref | str | None = None
    sweep: Mapping[str, Any] | None = None
    commit: bool | str = False
    message: str | None = None
    branch: str | None = None
    author: str | None = None


class Run(Logged):
    """One run of an experiment, recorded when its `with` block ends; `what` are the fields of `Told`.

    After the end `applied` tells what was written; `warnings` holds everything that was warned of.
    """

    def __init__(
        self, repository: Repository | None, experiment: str, *, clock: Callable[[], datetime],
        source: Source | None = None, batch: Batch | None = None, spool: str | os.PathLike[str] | None = None,
        part: Part | None = None, **what: Any,
    ) -> None:  # fmt: skip
        super().__init__(repository, clock, source or Source())
        self.experiment = experiment
        self._told = Told(**what)
        self._note = self._told.note
        self._batch = batch
        self._process = 0
        self._part = part
        self._end: End | None = None
        self._changed: Collection[str] = ()
        self._spool = Path(spool).absolute() if spool else None
        self._outer: Logged | None = None
        self._around: Path | None = None
        self._watching = ExitStack()
        self._usage: Usage | None = None

    def __repr__(self) -> str:
        return f"<Run {self.ref if self._recording else self.experiment}>"

    # ── start and end ─────────────────────────────────────────────────────────────────────────────────────────────

    def __enter__(self) -> Self:
        if self._recording is not None:
            raise BadValue(f"{self.ref} has been run already", hint="make another with gitml.run(…)")
        self._batch = self._joined()
        self._ground = self._placed()
        self._recording = self._begin(self._told)
        self._process = os.getpid()
        self._outer = CURRENT.get()
        CURRENT.set(self)
        self._around = capture.surround(self.journal)
        if self._source.is_here:
            self._usage = Usage().start()
            self._watching.enter_context(heard(self._recording.story.seeds))
        self._warn()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        CURRENT.set(self._outer)
        capture.surround(self._around)
        recording, told, now = self._open, self._told, self.clock()
        if os.getpid() != self._process:  # a child that was forked inside the block: the run is its parent's
            recording.journal.close(durable=True)
            return
        self._watching.close()
        self._told_seeds(now)
        used = self._usage.stop() if self._usage else {}
        end = self._end_of_all(self._end or self._end_of(error))
        self._close(replace(end, utilization={**used, **end.utilization}), now)
        try:
            how = How(now, bool(told.commit), told.message, told.branch, told.author)
            self.applied = self._saved(recording, how)
        finally:
            self._warn(last=True)

    def _saved(self, recording: Recording, how: How) -> Applied:
        """Write the record, or leave that to who gathers the spool."""
        ground = self._ground
        if isinstance(ground, InRepository) and ground.spool is None:
            if self._batch is None and ground.waits(recording.story.head.get("parent")):
                return self._left(recording, how)
            if self._batch is None and self._told.commit == BATCH:
                return self._late(recording, ground.repository, how)
            if self._batch is None and recording.folder.is_parent:
                return self._family(recording, ground.repository, how)
            return save(recording, ground, how, self._batch)
        recording.journal.close(durable=True)
        lines = b"".join(recording.journal.held()[1])
        if lines:
            place = unsaved.keep(None, self.id, {recording.journal.path.name: lines})
            self.tell(f"{self.ref}: its spool took not all of it; the rest is {f'in {place}' if place else 'lost'}")
        return Applied(None, (), ())

    def _left(self, recording: Recording, how: How) -> Applied:
        """Leave it to its parent, which is under way, to write it: till then it would be part of what is not there."""
        recording.say(WAITS, True, how.now)  # noqa: FBT003 - what was said
        recording.journal.close(durable=True)
        Folder(recording.journal.folder.parent / Ref.parse(recording.story.head["parent"]).keys[1]).adopt()
        return Applied(None, (), ())

    def _late(self, recording: Recording, repository: Repository, how: How) -> Applied:
        """Leave it to the end of the process."""
        from gitml.actions.at_exit import write_at_exit

        recording.say(WAITS, True, how.now)  # noqa: FBT003
        recording.journal.close(durable=True)
        write_at_exit(repository, self.ref, how, self.clock)
        return Applied(None, (), ())

    def _family(self, recording: Recording, repository: Repository, how: How) -> Applied:
        """Write it with all runs that are part of it."""
        from gitml.actions.sync import sync

        recording.say(WAITS, True, how.now)  # noqa: FBT003
        recording.journal.close(durable=True)
        try:
            done = sync(repository, how, only=[self.ref])
        except GitmlError as error:
            told = f"{self.ref} and its parts could not be written: {error}; git ml sync does it"
            self.tell(told)
            return Applied(None, (), (), (told,))
        for ref, why in done.refused:
            self.tell(f"{ref} could not be written: {why}; git ml sync does it")
        return done.applied

    def _close(self, end: End, now: datetime) -> None:
        """Say how it ended; its text where the store asks for texts."""
        story = self._open.story
        wants = bool(end.text) and self.keeps_texts
        text = values.plain(end.text, "error.message", self.tell) if wants else ""
        if end.text and not wants:
            self.keep_text(f"{end.error.get('type')}: {end.text}")
        told = {"status": end.status, "error": dict(end.error), "utilization": dict(end.utilization), "text": text}
        told = {key: value for key, value in told.items() if value}
        if story.code:
            dirty = self._ground.dirty(self._changed, story.outputs)
            told |= {} if dirty is None else {"dirty": dirty}
        self._open.say("end", told, now)
        story.ended = now

    @property
    def is_whole(self) -> bool:
        """Whether it is for this process to say what came of all of it."""
        return True

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

    def _end_of_all(self, end: End) -> End:
        """The same with what other processes have said; where a rank of the launch has failed, all have."""
        late = others_end(self._open.journal.folder) if self._part else 0
        if late:
            self.tell(f"{self.ref}: {late} other ranks were still at work when rank 0 ended; their last is not in it")
        self.gather()
        fault = self._open.story.fault
        return End("failed", fault, end.utilization) if self._part and fault and end.status == "finished" else end

    def _begin(self, told: Told) -> Recording:
        ground = self._ground
        name = values.plain(self.experiment, "experiment", self.tell)
        if not isinstance(name, str) or name != self.experiment or not name or shape(name):
            raise BadValue(f"{self.experiment!r} names no experiment", hint="give it a name of a few words")
        origin = Origin(self.clock(), told.author or ground.author(), os.urandom)
        ref = self._part.ref if self._part else Ref("run", (name, origin.new_id()))
        story = Story(ref, origin, self._head(told))
        recording = begun(ground, story, self.tell)
        if told.type != TRAIN:
            ground.check_type(told.type)
        self._changed = captured(ground, self._source, story, self.tell)
        story.params = values.mapping_of(told.params, "params", self.tell)
        seeds = {"seed": told.seeds} if isinstance(told.seeds, int) else told.seeds or {}
        story.seeds = {str(key): values.seed(value, f"seeds.{key}", self.tell) for key, value in seeds.items()}
        story.tags = self._tags(told.tags or {})
        for key, material in (told.inputs or {}).items():
            story.inputs[str(key)] = ground.described(INPUTS, material)
        story.note = None if self._note is None else values.plain(str(self._note), "note", self.tell)
        self._seeds = len(story.seeds)
        recording.begin(self._part.number if self._part else None)
        return recording

    def _head(self, told: Told) -> dict[str, Any]:
        """What its record says first."""
        sweep = values.mapping_of(told.sweep, "sweep", self.tell)
        found = {
            "type": SWEEP if sweep and told.type == TRAIN else told.type,
            "name": None if told.name is None else values.tag(told.name, "name", self.tell),
            "parent": None if told.parent is None else self._known(told.parent, under_way=True),
            "resumes": None if told.resume is None else self._known(told.resume, under_way=False),
            "sweep": sweep,
        }
        return {key: one for key, one in found.items() if one}

    def _known(self, other: Logged | Ref | str, *, under_way: bool) -> str:
        """The ref of another run, which must be there, or at least be under way; NotFound, BadRef."""
        ref = (
            Ref.parse(other.ref) if isinstance(other, Logged) else other if isinstance(other, Ref) else Ref.parse(other)
        )
        if ref.kind != "run":
            raise BadRef(f"{ref} is no run", hint="write run/EXPERIMENT/ID")
        if not self._ground.knows(ref, under_way=under_way):
            raise NotFound(f"there is no {ref}", hint="git ml sync records runs that have crashed")
        return str(ref)

    def _joined(self) -> Batch | None:
        """The batch that will write it, if one is open; BadValue where the run is told how to be written itself."""
        batch, told = self._batch, self._told
        if told.commit not in (False, True, END, BATCH):
            raise BadValue(f"commit={told.commit!r} is not known", hint=f"{END!r} or {BATCH!r}; True is {END!r}")
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
