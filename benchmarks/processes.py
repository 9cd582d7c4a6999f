"""What a process costs, with all that it starts: time, work, and memory at the peak."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SOON, _LATE = 0.02, 0.5  # seconds between two looks: the longer a process lasts, the fewer it takes
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SESSION = 3  # a field of /proc/PID/stat, counted behind the name


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, seconds of work, megabytes that all its processes hold at once; and what it printed.

    Files that they map (git its packs) are the system's to keep or to drop, and are not counted. Where there is no
    /proc the megabytes are all of its largest process.
    """

    seconds: float
    cpu: float
    megabytes: float
    out: str


def spent(command: Sequence[str], folder: Path) -> Cost:
    """Run a process to its end, which must be a good one, in a session of its own."""
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        peak = _Peak(process.pid)
        peak.start()
        assert process.stdout
        out = process.stdout.read()
        _pid, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        peak.ended.set()
        peak.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)} exited with {process.returncode}")
    kilo = 1 if sys.platform == "linux" else 1024
    megabytes = peak.megabytes or used.ru_maxrss / 1024 / kilo
    return Cost(seconds, used.ru_utime + used.ru_stime, megabytes, out)


def cores() -> int:
    """How many processes can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Peak(threading.Thread):
    """Looks at a session's processes again and again."""

    def __init__(self, session: int) -> None:
        super().__init__()
        self.session = str(session)
        self.ended = threading.Event()
        self.megabytes = 0.0

    def run(self) -> None:
        started = time.perf_counter()
        while not self.ended.wait(min(_LATE, max(_SOON, (time.perf_counter() - started) / 50))):
            self.megabytes = max(self.megabytes, sum(self._held()) / 1e6)

    def _held(self) -> Iterator[int]:
        for place in Path("/proc").glob("[0-9]*"):
            try:
                fields = (place / "stat").read_text("utf-8", "replace").rpartition(") ")[2].split()
                if fields[_SESSION] == self.session:
                    _size, resident, mapped, *_others = (place / "statm").read_text().split()
                    yield (int(resident) - int(mapped)) * _PAGE
            except OSError:  # it has ended
                continue
