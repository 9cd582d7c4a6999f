"""Processes that were launched together are one run: its id follows from the launch, and rank 0 begins and ends it."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from gitml.actions.capture.launch import Rank
from gitml.actions.records import Origin
from gitml.actions.story import Story
from gitml.records.ref import Ref
from gitml.records.ulid import RANDOM_BYTES, new_ulid
from gitml.repo.journal.folder import END, OWN, WRITTEN, Folder, root
from gitml.repo.journal.process import Life
from gitml.repo.repository import Repository
from gitml.repo.writing.lock import Lock, exclusive

_PATIENCE: Final = 10.0
"""Seconds that rank 0 waits at its end for each of the others to come to theirs."""
_ENDING: Final = ".lock"
# So that the id reads as one of these years, whatever the digest is.
_FROM_MS: Final = 1 << 40
_TIME_BYTES: Final = 5

_taken: set[tuple[int, Path]] = set()


class Part(NamedTuple):
    """What a rank has in the run of its launch: the ref of that, its folder, the rank's number."""

    ref: Ref
    folder: Path
    number: int

    def story(self, now: datetime, by: str) -> Story:
        """What a rank knows of the run by itself."""
        return Story(self.ref, Origin(now, by, os.urandom))


def part_of(rank: Rank, experiment: str, repository: Repository | None, spool: Path | None) -> Part | None:
    """The part of this process in the next run of its launch; None where it comes too late for that."""
    place = spool or (root(repository.git) if repository else Path())
    for number in count():
        ref = Ref("run", (experiment, id_of(f"{rank.launch} {experiment} {number}")))
        folder = Folder(place / ref.keys[1])
        if (os.getpid(), folder.path) in _taken:
            continue
        is_open = _is_open(folder, rank)
        if is_open and _stands(repository, ref):
            continue
        is_late = not is_open and rank.number > 0 and folder.life is not Life.GONE
        if is_open or is_late:
            take(folder.path)
            return None if is_late else Part(ref, folder.path, rank.number)
    return None


def take(folder: Path) -> None:
    """Note that this process has its part in the run of a folder: what it begins later is another one."""
    _taken.add((os.getpid(), folder))


def id_of(text: str) -> str:
    """The id that follows from a text, the same everywhere."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    time, rest = digest[:_TIME_BYTES], digest[_TIME_BYTES : _TIME_BYTES + RANDOM_BYTES]
    return new_ulid(_FROM_MS + int.from_bytes(time, "big"), rest)


def _is_open(folder: Folder, rank: Rank) -> bool:
    """Whether a run has not begun, or goes on; for rank 0 that it has not begun it."""
    if not folder.path.exists():
        return True
    if rank.number == 0 and (folder.path / OWN).exists():
        return False
    return folder.said(END) is None and folder.said(WRITTEN) is None and folder.life is not Life.GONE


def _stands(repository: Repository | None, ref: Ref) -> bool:
    return repository is not None and repository.target(None).find(ref) is not None


def taking_part(part: Part) -> ExitStack:
    """Hold what rank 0 waits for, until this is closed or the process ends."""
    held = ExitStack()
    held.enter_context(exclusive(part.folder / f"{part.number}{_ENDING}", _PATIENCE))
    return held


def others_end(folder: Path) -> int:
    """Wait until all other ranks have come to their ends; how many have not."""
    late = 0
    for file in sorted(folder.glob(f"*{_ENDING}")):
        with exclusive(file, _PATIENCE) as lock:
            late += lock is Lock.BUSY
    return late
