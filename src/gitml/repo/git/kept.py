"""What git has answered, kept for as long as nothing that the answer hangs on has changed.

A process of git costs 2 ms, and 30 to 500 more where it reads an index of 100,000 files; one that logs a run after the
other would ask the same questions each time. An answer is given again only while every file that it hangs on has the
same times, size and inode as when git was asked, and had been at rest by then: nobody can have written to one unseen.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from gitml.repo.git.command import Command

T = TypeVar("T")
Signature = tuple[int, ...]
Evidence = Mapping[str, Signature | None]
On = Iterable[str | os.PathLike[str]] | None
"""Files; None where they are too many to watch: then the answer is not kept."""
RULES: Final = (".gitignore", ".gitattributes")

# What is written twice in one step of a disk's clock looks the same. Most go by the kernel's ticks, of 10 ms at most;
# one that tells whole milliseconds goes in steps of two seconds at most (FAT).
_FINE: Final = 50_000_000
_COARSE: Final = 3_000_000_000
_MILLISECOND: Final = 1_000_000
_MOST = 4096
_FACTS = 5  # of one file in a signature; of a link there are those of what it leads to, too
_CHANGED = 0 if sys.platform == "win32" else 1  # which of them tells of the last change; no program can set the second
_CLOCK = "clock"


def signature(path: str | os.PathLike[str]) -> Signature | None:
    """What changes when somebody writes a file, a folder, or what a link leads to; None where there is none."""
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return _facts(found) + (_facts(os.stat(path)) if os.path.exists(path) else ())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _facts(found)


def _stands(path: str, seen: Signature | None) -> bool:
    """Whether a file's signature is the one that was seen; of hundreds of files, run after run."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return seen is None
    if seen is None or found.st_mtime_ns != seen[0] or found.st_mode != seen[_FACTS - 1]:
        return False
    return signature(path) == seen if stat.S_ISLNK(found.st_mode) else _facts(found) == seen


def _facts(found: os.stat_result) -> Signature:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode


class Kept:
    """Answers by question, each with the state of the files that it hangs on."""

    def __init__(self, git_dir: Path) -> None:
        self._clock = git_dir / "gitml" / _CLOCK
        self._held: dict[Hashable, tuple[Evidence, Any]] = {}
        self._asked: set[Hashable] = set()

    def ask(self, question: Hashable, answer: Callable[[], T], on: Callable[[T], On]) -> T:
        """The answer to a question, which hangs on the files `on` (told the answer) and on nothing else."""
        held = self._held.get(question)
        if held is not None and all(map(_stands, held[0], held[0].values())):
            return cast("T", held[1])
        self._held.pop(question, None)
        before = self._before()
        found = answer()
        evidence = {os.fspath(path): signature(path) for path in on(found) or ()}
        if evidence and _at_rest(evidence, before):
            if len(self._held) >= _MOST:
                self._held.clear()
            self._held[question] = evidence, found
        return found

    def is_first(self, question: Hashable) -> bool:
        """Whether nobody has asked this before."""
        if question in self._asked:
            return False
        if len(self._asked) >= _MOST:
            self._asked.clear()
        self._asked.add(question)
        return True

    def at_rest(self, seen: Evidence) -> bool:
        """Whether files were last written long ago: who looks at one now sees what is there for good, or a change."""
        return _at_rest(seen, self._before())

    def _before(self) -> int | None:
        """When a file must have been written last to be at rest, by the disk's own clock; None where it has none."""
        try:
            self._clock.parent.mkdir(exist_ok=True)
            self._clock.touch()
            told = self._clock.stat().st_mtime_ns
        except OSError:
            return None
        fine = told % _MILLISECOND != 0
        return min(told, time.time_ns()) - (_FINE if fine else _COARSE)


def _at_rest(evidence: Evidence, before: int | None) -> bool:
    times = (time for seen in evidence.values() if seen for time in seen[_CHANGED::_FACTS])
    return before is not None and max(times, default=0) < before


def rules_of(command: Command, path: str) -> list[str]:
    """The files of a repository that say which others are ignored, and how they are cleaned, on the way to a path."""
    top, info = os.fspath(command.full("")), f"{command.common_dir}/info"
    parts = path.split("/")[:-1]
    folders = ["/".join([top, *parts[:depth]]) for depth in range(len(parts) + 1)]
    return [*(f"{folder}/{name}" for folder in folders for name in RULES), f"{info}/exclude", f"{info}/attributes"]
