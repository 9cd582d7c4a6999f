"""What tests of actions share: a fixed time, a small table, DVC for real."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import gitml
from gitml.store import Store
from gitrepo import environment

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
WINE = "alcohol,grower\n12.5,a\n13.1,b\n11.0,\n"


def now() -> datetime:
    return NOW


def dvc(path: Path, *args: str) -> str:
    """A DVC command, for real."""
    command = [sys.executable, "-m", "dvc", *args]
    env = environment({"DVC_NO_ANALYTICS": "1", **{k: v for k, v in os.environ.items() if k.startswith("DVC_")}})
    return subprocess.run(command, cwd=path, env=env, capture_output=True, check=True, text=True).stdout


def opened(place: Path) -> Store:
    """The store in a folder, at a fixed time."""
    return gitml.open(place, clock=now)


@contextmanager
def warned() -> Iterator[list[warnings.WarningMessage]]:
    """What a block warns of, none of it an error."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        yield told
