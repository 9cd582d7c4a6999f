"""DVC's files, read by ourselves: dvc.yaml, dvc.lock, `*.dvc`, and what DVC's first years had in their place."""

from __future__ import annotations

from typing import Final

STAGES: Final = "dvc.yaml"
LOCK: Final = "dvc.lock"
OLD: Final = "Dvcfile"
_ENDS: Final = (STAGES, LOCK, OLD, ".dvc")


def is_plain_pointer(path: str) -> bool:
    """Whether a file of this name is DVC's, and no part of a pipeline (but for the stages of DVC's first years)."""
    return path.endswith(".dvc") and is_pointer_file(path)


def is_pointer_file(path: str) -> bool:
    """Whether DVC says in a file of this name what it tracks."""
    if not path.endswith(_ENDS):  # a store's tree has ten thousand others
        return False
    name = path.rpartition("/")[2]
    return name in (LOCK, STAGES, OLD) or (name.endswith(".dvc") and name != ".dvc")
