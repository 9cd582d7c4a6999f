"""What a run uses of the machine: processors, memory, disk, network, graphics processors; sampled and summed up.

A thread of its own looks once a second, or as seldom as it takes to stay below a fifth of a percent of the time. The
figures are those of a process and of all that it has started; of the network they are the machine's.
"""

from __future__ import annotations

import os
import time
from _thread import start_new_thread
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from threading import Event
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.actions.capture.gpus import Load, load
from gitml.repo.journal.later import later

if TYPE_CHECKING:
    import psutil

_EVERY: Final = 1.0
_SHARE: Final = 0.002  # of the time that looking may take
_MEGA: Final = 1e6
_JOULES_PER_KWH: Final = 3.6e6


class Sample(NamedTuple):
    """One look: at a moment (s), processor time so far (s), memory (B), bytes read, written, received and sent."""

    at: float
    cpu: float
    memory: int
    read: int
    written: int
    received: int
    sent: int
    gpus: Sequence[Load] = ()


class Usage:
    """The use of the machine by this process from `start` to `stop`, or by a command with a process id of its own."""

    def __init__(self, pid: int | None = None, look: Callable[[psutil.Process], Sample] | None = None) -> None:
        self._pid = os.getpid() if pid is None else pid
        self._look = look or _sample
        self._ended = Event()
        self._samples: list[Sample] = []
        self._begun = time.monotonic()
        self._cpu = _processor_time()

    def start(self) -> Usage:
        """Begin to look."""
        later(self._begin)  # most runs in a test are over before the first look
        return self

    def _begin(self) -> None:
        if not self._ended.is_set():
            start_new_thread(self._watch, ())

    def stop(self) -> Mapping[str, float]:
        """End it; the figures by their names in `utilization`, those that could be had."""
        self._ended.set()
        seconds = time.monotonic() - self._begun
        return {"duration_s": round(seconds, 3), **_processors(_processor_time() - self._cpu, seconds, self._samples),
                **_rest(self._samples)}  # fmt: skip

    def _watch(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            begun = time.perf_counter()
            if not self._sampled():
                return
            pause = max(_EVERY, (time.perf_counter() - begun) / _SHARE)

    def _sampled(self) -> bool:
        import psutil

        try:
            self._samples.append(self._look(psutil.Process(self._pid)))
        except (psutil.Error, OSError):  # it has ended, or is not ours to look at
            return False
        return True


def _processor_time() -> float:
    """Seconds of this process and of those it has waited for."""
    return sum(os.times()[:4])


def _sample(process: psutil.Process) -> Sample:
    import psutil

    cpu, memory, read, written = 0.0, 0, 0, 0
    for one in (process, *process.children(recursive=True)):
        try:
            with one.oneshot():
                cpu += sum(one.cpu_times()[:4])  # its own, and that of children who have ended
                memory += one.memory_info().rss
                if hasattr(one, "io_counters"):  # macOS counts none
                    found = one.io_counters()
                    read, written = read + found.read_bytes, written + found.write_bytes
        except psutil.Error:
            continue  # it has just ended
    network = psutil.net_io_counters()
    received, sent = (network.bytes_recv, network.bytes_sent) if network else (0, 0)
    return Sample(time.monotonic(), cpu, memory, read, written, received, sent, load())


def _processors(spent: float, seconds: float, samples: Sequence[Sample]) -> Mapping[str, float]:
    steps = [(two.cpu - one.cpu) / (two.at - one.at) for one, two in pairwise(samples) if two.at > one.at]
    mean = spent / seconds if seconds > 0 else 0.0
    highest = {"cpu_percent_max": round(100 * max(mean, *steps), 1)} if steps else {}
    return {"cpu_percent_mean": round(100 * mean, 1), **highest, "cpu_time_s": round(spent, 3)}


def _rest(samples: Sequence[Sample]) -> Mapping[str, float]:
    if not samples:
        return {}
    memory = [one.memory for one in samples]
    first, last = samples[0], samples[-1]
    moved = {
        "disk_read_mb": last.read - first.read,
        "disk_written_mb": last.written - first.written,
        "network_received_mb": last.received - first.received,
        "network_sent_mb": last.sent - first.sent,
    }
    return {
        "memory_mb_mean": _mega(sum(memory) / len(memory)),
        "memory_mb_max": _mega(max(memory)),
        **{name: _mega(max(0, moved[name])) for name in moved if len(samples) > 1},
        **_graphics(samples),
    }


def _graphics(samples: Sequence[Sample]) -> Mapping[str, float]:
    found = [one for sample in samples for one in sample.gpus]
    if not found:
        return {}
    spent = sum(last.joules - first.joules for first, last in zip(samples[0].gpus, samples[-1].gpus, strict=False))
    energy: Mapping[str, Any] = {"energy_kwh": round(spent / _JOULES_PER_KWH, 6)} if spent > 0 else {}
    return {
        "gpu_percent_mean": round(sum(one.percent for one in found) / len(found), 1),
        "gpu_percent_max": float(max(one.percent for one in found)),
        "gpu_memory_mb_max": _mega(max(one.memory for one in found)),
        **energy,
    }


def _mega(size: float) -> float:
    return round(size / _MEGA, 1)
