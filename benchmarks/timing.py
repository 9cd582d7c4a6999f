"""Times of both sides in one run, and what was promised of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure: ours, the other side's, and what was promised; `at_least` is a ratio, `at_most` as ours.

    They are milliseconds, or what `unit` says.
    """

    what: str
    ours: float
    against: str
    theirs: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "ms"

    @property
    def ratio(self) -> float:
        """How many times as fast we are, or as small."""
        return self.theirs / self.ours

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        fast = self.at_least is None or self.ratio >= self.at_least
        return fast and (self.at_most is None or self.ours <= self.at_most)

    def told(self) -> str:
        """A line of the table."""
        most = f"<= {self.at_most:g} {self.unit}" if self.at_most else ""
        promised = f">= {self.at_least:g}x" if self.at_least else most
        mark = "" if self.kept else "  MISSED"
        times = f"{_told(self.ours):>6} {self.unit} {_told(self.theirs):>6} {self.unit} {self.ratio:>6.1f}x"
        return f"{self.what:<48} {times}  {promised:<10} {self.against}{mark}"


HEAD = f"{'what':<48} {'ours':>9} {'theirs':>9} {'ratio':>7}  {'promised':<10} against"


def wall() -> float:
    """Seconds on the clock: what a person waits for a process."""
    return time.perf_counter()


def cpu() -> float:
    """Seconds of work, that of our processes included: other work on the machine does not change it so much."""
    return sum(os.times()[:4])


def best(deed: Callable[[], Any], rounds: int, *, clock: Callable[[], float] = cpu) -> tuple[float, Any]:
    """The shortest of several times, in milliseconds, and what the deed gave."""
    times, given = zip(*(timed(deed, clock) for _round in range(rounds)), strict=True)
    return min(times), given[-1]


def versus(
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    rounds: int,
    *,
    before: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = cpu,
) -> tuple[float, Any, float, Any]:
    """The best of both, taken in turns, so that a slow minute of the machine meets both; `before` is for each round."""
    mine, yours = [], []
    for _round in range(rounds):
        before()
        mine.append(timed(ours, clock))
        yours.append(timed(theirs, clock))
    return min(mine, key=_time)[0], mine[-1][1], min(yours, key=_time)[0], yours[-1][1]


def timed(deed: Callable[[], Any], clock: Callable[[], float]) -> tuple[float, Any]:
    """Milliseconds, and what the deed gave."""
    started = clock()
    given = deed()
    return (clock() - started) * 1000, given


def run(
    folder: Path,
    compiled: Path,
    command: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    codes: tuple[int, ...] = (0,),
) -> subprocess.CompletedProcess[str]:
    """Run a process to its end, with modules compiled in `compiled`; its exit code must be one of `codes`."""
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PYTHONPYCACHEPREFIX": str(compiled), **(env or {})}
    words = [str(part) for part in command]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        sys.exit(f"{command[0]} exited with {done.returncode}: {done.stderr}{done.stdout}")
    return done


def _time(pair: tuple[float, Any]) -> float:
    return pair[0]


def _told(milliseconds: float) -> str:
    return f"{milliseconds:.{0 if milliseconds >= 10 else 1}f}"  # noqa: PLR2004
