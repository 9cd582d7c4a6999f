"""DVC's files, read by ourselves: dvc.yaml, dvc.lock, `*.dvc`, and what DVC's first years had in their place."""

from __future__ import annotations

from typing import Final

STAGES: Final = "dvc.yaml"
LOCK: Final = "dvc.lock"
OLD: Final = "Dvcfile"


def is_pointer_file(path: str) -> bool:
    """Whether DVC says in a file of this name what it tracks."""
    name = path.rpartition("/")[2]
    return name in (LOCK, STAGES, OLD) or (name.endswith(".dvc") and name != ".dvc")
