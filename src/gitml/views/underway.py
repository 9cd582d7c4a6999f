"""The runs that go on, how far they have come, and how many wait for `git ml sync`: by their journals alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from gitml.records.record import column
from gitml.repo.journal.folder import END, WRITTEN, Folder, folders, root
from gitml.repo.journal.landed import landed
from gitml.repo.journal.lines import moment, points, tail
from gitml.repo.journal.process import Life
from gitml.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class Running:
    """A run that goes on: since when, its last sign, its highest step of late, and its last metrics by dotted name."""

    ref: str
    since: datetime
    last: datetime
    step: int | None
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Underway:
    """The runs that go on, and how many others have no record yet: crashed, in a spool, or lost from the work tree."""

    running: tuple[Running, ...] = ()
    unsynced: int = 0


def underway(repository: Repository, spools: Iterable[Path] = ()) -> Underway:
    """What the journals of a repository and of some spools tell."""
    running: dict[str, Running] = {}
    unsynced: set[str] = set()
    written: dict[str, bytes | None] = {}
    for folder in chain(folders(root(repository.git)), *map(folders, spools)):
        begin = folder.begin
        text = folder.said(WRITTEN)
        if begin is None or begin.get("store") not in (None, repository.prefix):
            continue
        if isinstance(text, Mapping):
            written[str(text.get("path"))] = str(text.get("text")).encode()
        elif folder.said(END) is None and folder.life is not Life.GONE:
            running.setdefault(str(begin.get("ref")), _running(folder, begin))
        else:
            unsynced.add(str(begin.get("ref")))  # the nodes of a launch have a journal each
    lost = {path: text for path, text in written.items() if not _stands(repository, path)}
    count = len(unsynced - running.keys()) + (len(lost.keys() - landed(repository.session, lost)) if lost else 0)
    return Underway(tuple(running.values()), count)


def _stands(repository: Repository, path: str) -> bool:
    return repository.git.root is not None and repository.file(path).exists()


def _running(folder: Folder, begin: Mapping[str, Any]) -> Running:
    """How far a run has come, by the ends of its files: of a million points the last are enough."""
    found = sorted(points(line for file in folder.files for line in tail(file)), key=lambda point: point.time)
    steps = [point.step for point in found if point.step is not None]
    since = moment(folder.events[0][0])
    metrics = {column(*point.name): point.value for point in found}
    return Running(str(begin.get("ref")), since, folder.last or since, max(steps, default=None), metrics)
