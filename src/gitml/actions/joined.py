"""A part of a run that another process has begun: a script under `git ml run`, a rank of several, whatever it starts.

It logs into the same run, in a file of its own; the record is for the process that began it to write.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gitml.actions import capture, values
from gitml.actions.capture import fault
from gitml.actions.capture.seeds import heard
from gitml.actions.flow import INPUTS
from gitml.actions.ground import Apart, Ground, InRepository
from gitml.actions.logged import CURRENT, Logged, Source
from gitml.actions.ranks import Part, taking_part
from gitml.actions.recording import Recording
from gitml.actions.story import FAULT, LEFT, End, Story
from gitml.repo.journal.folder import END, Folder, root
from gitml.repo.journal.writing import Journal
from gitml.repo.repository import Repository


class Joined(Logged):
    """A run that goes on in another process, as this one logs to it; `with` it or without.

    What it is told (params, tags, inputs, seeds, note) is added to what was told when the run began.
    """

    def __init__(
        self, story: Story, folder: Path, repository: Repository | None, clock: Callable[[], datetime],
        told: Mapping[str, Any] | None = None, part: Part | None = None,
        *, at_once: bool = False, source: Source | None = None,
    ) -> None:  # fmt: skip
        super().__init__(repository, clock, source or Source())
        self._said = told or {}
        self._watching = ExitStack()
        self._outer: Logged | None = None
        self._ground = _ground(repository, folder)
        self._part = part
        self._end: End | None = None
        story.seeds = {}
        name = f"{os.getpid()}-{os.urandom(4).hex()}.jsonl"
        self._recording = Recording(self._ground, story, Journal(folder, name), self.tell)
        if at_once:
            self._recording.journal.at_once()
        atexit.register(self._recording.journal.flush)

    def __repr__(self) -> str:
        return f"<Joined {self.ref}>"

    @property
    def is_whole(self) -> bool:
        """Whether it is for this process to say what came of all of it: that is for the one that began it."""
        return False

    def finish(self, end: End) -> None:
        """Say how this part ended, where that is not for Python's exceptions to tell: a command's exit code."""
        self.gather()
        self._end = replace(end, error={**end.error, **self._open.story.fault}) if end.error else end

    def __enter__(self) -> Self:
        said, story = self._said, self._open.story
        self._outer = CURRENT.get()
        CURRENT.set(self)
        if self._part is not None:
            self._watching.enter_context(taking_part(self._part))
            story.code, _changed = self._ground.code(self._source.argv(), self._source.script(), self.tell)
            self._open.begin(self._part.number)
        if self._source.is_here:
            self._watching.enter_context(heard(story.seeds))
        if said.get("params") is not None:
            self.log_params(said["params"])
        if said.get("tags"):
            self.set_tags(said["tags"])
        for name, material in (said.get(INPUTS) or {}).items():
            self.log_input(material, name)
        seeds = said.get("seeds") or {}
        story.seeds |= {"seed": seeds} if isinstance(seeds, int) else {str(key): one for key, one in seeds.items()}
        if said.get("note") is not None:
            self.note = said["note"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        CURRENT.set(self._outer)
        now = self.clock()
        self._told_seeds(now)
        if self._end is not None and self._end.error:
            self._open.say(FAULT, dict(self._end.error), now)
        elif error is not None and not (isinstance(error, SystemExit) and error.code in (None, 0)):
            told = fault.told(self.repository.file("") if self.repository else Path.cwd(), error)
            wants = bool(str(error)) and self.keeps_texts
            text = {"message": values.plain(str(error), "error.message", self.tell)} if wants else {}
            if str(error) and not wants:
                self.keep_text(f"{type(error).__name__}: {error}")
            self._open.say(FAULT, told | text, now)
        if self._part is not None:
            self._open.say(LEFT, True, now)  # noqa: FBT003 - what was said
        self._open.journal.flush()
        self._watching.close()
        capture.leave()
        self._warn(last=True)


def joinable(experiment: str | None = None, repository: Repository | None = None) -> tuple[Story, Path] | None:
    """The run that this process was started in, and its folder; None where there is none.

    None, too, where it is of another experiment, or stands in another repository or store.
    """
    place = capture.joining()
    folder = Folder(place) if place else None
    story = Story.of(folder) if folder else None
    if story is None or place is None or folder is None or experiment not in (None, story.ref.keys[0]):
        return None
    return (story, place) if repository is None or _is_of(folder, repository) else None


def _is_of(folder: Folder, repository: Repository) -> bool:
    """Whether a run is one of a repository's store, as far as its journal tells."""
    begin = folder.begin or {}
    where = begin.get("place")
    if where is None:
        return True
    git = repository.git
    is_here = folder.path.parent == root(git) or where in (str(git.git_dir), str(git.common_dir))
    return is_here and begin.get("store") == repository.prefix


def around_us() -> tuple[Story, Path] | None:
    """The run whose block the process that has started this one was in (multiprocessing's), while that goes on."""
    place = capture.surrounding()
    story = Story.of(Folder(place)) if place and Folder(place).said(END) is None else None
    return (story, place) if story is not None and place is not None else None


def _ground(repository: Repository | None, folder: Path) -> Ground:
    if repository is None:
        return Apart(folder.parent)
    spool = None if folder.parent == root(repository.git) else folder.parent
    return InRepository(repository, lambda: repository.target(None), spool)
