"""A run of this process, or its part in one: of the command that has started it, or of a launch of several."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from gitml.actions import capture
from gitml.actions.capture.launch import rank as launched
from gitml.actions.joined import Joined, joinable
from gitml.actions.logged import Source
from gitml.actions.ranks import part_of, take
from gitml.actions.run import Run
from gitml.repo.repository import Repository


def begin_or_join(
    repository: Repository | None, experiment: str, *, clock: Callable[[], datetime],
    spool: str | os.PathLike[str] | None = None, **what: Any,
) -> Run | Joined:  # fmt: skip
    """The run under which `git ml run` has started this process, if it is of this store and experiment; else `own`."""
    known = joinable(experiment, repository)
    if known is None:
        return own(repository, experiment, clock=clock, spool=spool, **what)
    take(known[1])
    return Joined(*known, repository, clock, what)


def own(
    repository: Repository | None, experiment: str, *, clock: Callable[[], datetime],
    spool: str | os.PathLike[str] | None = None, source: Source | None = None, **what: Any,
) -> Run | Joined:  # fmt: skip
    """A run of its own; of a launch rank 0's is that of all, and the other ranks join it."""
    rank = launched()
    place = Path(spool).absolute() if spool else capture.spool()
    part = part_of(rank, experiment, repository, place) if rank else None
    if part is None or part.number == 0:
        return Run(repository, experiment, clock=clock, spool=spool, source=source, part=part, **what)
    story = part.story(clock(), repository.author() if repository else "")
    return Joined(story, part.folder, repository, clock, what, part, source=source)
