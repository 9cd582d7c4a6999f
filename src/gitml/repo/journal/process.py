"""Which process a run belongs to, and whether that is still there: a number alone is soon another process's."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from enum import Enum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any


class Life(Enum):
    """What is known of a process."""

    THERE = "there"
    GONE = "gone"
    UNKNOWN = "unknown"
    """It is, or was, on a machine that we cannot see."""


def this_process() -> dict[str, Any]:
    """What tells this process from any other, anywhere."""
    return _process(os.getpid())


@lru_cache(maxsize=1)
def _process(pid: int) -> dict[str, Any]:
    """The same of a process that is there for as long as anybody asks: this one, or one after a fork."""
    return {**_machine(), "pid": pid, "started": _started(pid)}


def launcher() -> str:
    """What tells the process that has started this one from any other, anywhere."""
    pid = os.getppid()
    return " ".join(str(one) for one in (*_machine().values(), pid, _started(pid)))


def life(process: Mapping[str, Any]) -> Life:
    """Whether a process that `this_process` told of is still there."""
    here = _machine()
    if process.get("host") != here["host"]:
        return Life.UNKNOWN
    if process.get("boot") != here["boot"]:
        return Life.GONE  # this machine has been started since
    if process.get("space") != here["space"]:
        return Life.UNKNOWN  # it counts its processes in a container of its own
    pid = process.get("pid")
    if not isinstance(pid, int):
        return Life.UNKNOWN
    started = _started(pid)
    return Life.THERE if started is not None and started == process.get("started") else Life.GONE


@cache
def _machine() -> dict[str, Any]:
    return {"host": socket.gethostname(), "boot": _boot(), "space": _space()}


def _boot() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:  # no Linux
        return None


def _space() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return None


def _started(pid: int) -> str | None:
    """When a process was started, in whatever unit this system counts; None where there is none of that number."""
    if _machine()["boot"] is None:
        return _asked(pid)
    try:
        # The name of the program stands in brackets, and may hold brackets and spaces itself.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else fields[19].decode()


def _asked(pid: int) -> str | None:
    import psutil

    try:
        return repr(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
