"""A run's folder in the journal, as others read it: who writes it, what was said, whether that was the end."""

from __future__ import annotations

import heapq
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from gitml.repo.git import Git
from gitml.repo.journal.lines import Point, events, moment, points, tail, whole
from gitml.repo.journal.process import Life, life

OWN = "run.jsonl"
"""The file of the process that began the run; others of the same run have names of their own."""
FILES = "files"
"""The folder of the files that a run in a spool has logged."""
BEGIN, END, WAITS, WRITTEN = "begin", "end", "waits", "written"
RANK = "rank"
"""What a journal of several that were launched together begins with: the number of who writes it."""
_PARENT, _LINES = "parent", ".jsonl"
_SILENT = 3600.0
"""Seconds without a sign after which a run on a machine that we cannot see has crashed."""
_GONE = ".gone-"
_at = itemgetter(0)


@dataclass(frozen=True)
class Folder:
    """What one run has said, as it stood when each part of it was first asked for.

    `others` hold what other nodes have said of it, where they share no disk.
    """

    path: Path
    others: tuple[Path, ...] = ()

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def files(self) -> list[Path]:
        """The files of its processes, that of the one that began it first."""
        found = [self.path / OWN]
        for place in self.places:
            with suppress(FileNotFoundError, NotADirectoryError):
                found += [place / one for one in sorted(os.listdir(place)) if one.endswith(_LINES) and one != OWN]
        return found

    @property
    def places(self) -> tuple[Path, ...]:
        """Its folder, and those of other nodes."""
        return (self.path, *self.others)

    @cached_property
    def begin(self) -> Mapping[str, Any] | None:
        """What it began with; None where it was killed before it could say so.

        Of a launch whose first rank has said nothing, what another one began with.
        """
        firsts = (next(events(whole(file)), None) for file in self.files)
        return next((one[2] for one in firsts if one and one[1] == BEGIN and isinstance(one[2], dict)), None)

    @cached_property
    def events(self) -> list[tuple[int, str, Any]]:
        """All that was said but the points, in order of time."""
        return list(heapq.merge(*(events(whole(file)) for file in self.files), key=_at))

    def points(self, size: int | None = None, unwritten: Iterable[bytes] = ()) -> Iterator[Point]:
        """Every point, in order of time; of the first file so many bytes, and lines that it would go on with."""
        own, *others = self.files
        streams = [points(chain(whole(own, size), unwritten)), *(points(whole(file)) for file in others)]
        return streams[0] if len(streams) == 1 else heapq.merge(*streams, key=attrgetter("time"))

    @property
    def last(self) -> datetime | None:
        """When it last said something, as far as whole lines tell."""
        lines = [line for file in self.files for line in tail(file)[-1:]]
        times = [at for at, _what, _said in events(lines)] + [point.time for point in points(lines)]
        return moment(max(times)) if times else None

    @property
    def is_parent(self) -> bool:
        """Whether other runs wait for this one to be written with it."""
        return (self.path / _PARENT).exists()

    def adopt(self) -> None:
        """Note that another run waits for this one."""
        with suppress(OSError):  # then `git ml sync` writes that one
            (self.path / _PARENT).touch()

    @property
    def is_shared(self) -> bool:
        """Whether several processes have written it."""
        return len(self.files) > 1

    def said(self, what: str) -> Any:
        """What was said last of something that comes at the end of a run; None where nothing was."""
        ends = [tail(file) for file in self.files]
        found = sorted(((at, said) for lines in ends for at, word, said in events(lines) if word == what), key=_at)
        if found or (ends[0] and ends[0][-1].startswith(b"[")):
            return found[-1][1] if found else None  # after points nothing has ended yet
        return next((said for _at, word, said in reversed(self.events) if word == what), None)

    @cached_property
    def life(self) -> Life:
        """Whether the process that began it is there; one that we cannot see is gone when it has long been silent."""
        found = life((self.begin or {}).get("process") or {})
        return Life.GONE if found is Life.UNKNOWN and self.is_silent else found

    @property
    def is_silent(self) -> bool:
        """Whether it has given no sign for so long that none is to be expected."""
        return self._silence() > _SILENT

    def _silence(self) -> float:
        """Seconds since its last sign, by the clock of the disk that it lies on."""
        try:
            last = max(file.stat().st_mtime for file in (*self.places, *self.files) if file.exists())
            probe = self.path / ".now"
            probe.touch()
            now = probe.stat().st_mtime
            probe.unlink()
        except OSError:  # it has gone meanwhile, or this disk takes no file: nothing is known
            return 0.0
        return now - last

    def forget(self) -> None:
        """Remove it where its record has been written: who removes that does not want it back."""
        if self.said(WRITTEN) is not None:
            self.remove()

    def remove(self) -> None:
        """Remove it as a whole: what stays of it after a crash is none of anybody's."""
        for place in self.places:
            gone = place.with_name(_GONE + place.name)
            with suppress(OSError):  # it has gone, or has to stay: whoever looks next finds it again
                place.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)


def root(git: Git) -> Path:
    """Where the runs of a repository are journaled."""
    return git.common_dir / "gitml" / "runs"


def folders(place: Path) -> list[Folder]:
    """The runs in a place (a repository's root of journals, or a spool), in the order of their ids."""
    try:
        with os.scandir(place) as listed:
            names = sorted(one.name for one in listed if one.is_dir() and not one.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [Folder(place / name) for name in names]
