"""Real disks for tests: small, read-only, full; mounted where the tests may."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def mounted(place: Path, options: str) -> Iterator[None]:
    """A disk of its own at `place`; a skip by name where that is not allowed."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no disk can be mounted here (needs root)")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """A mounted disk that may not be written for a while."""
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", place], check=True)


@contextmanager
def full(place: Path, free: int = 0) -> Iterator[None]:
    """A disk with no more than so many bytes free."""
    ballast = place / "ballast"
    with ballast.open("wb") as file:
        fill(file.fileno())
    with ballast.open("rb+") as file:
        file.truncate(max(ballast.stat().st_size - free, 0))
    try:
        yield
    finally:
        ballast.unlink()


def fill(handle: int) -> None:
    """Write until nothing more goes in."""
    for size in (1 << 16, 1 << 12):
        with suppress(OSError):
            while os.write(handle, b"\0" * size) == size:
                pass
