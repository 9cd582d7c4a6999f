"""What runs that failed said last, where the store asks for no texts: on this machine alone, in no commit."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gitml.repo.git import Git

TEXT: Final = "said.txt"
"""The file beside a journal in a spool; `sync` takes it to the others."""
_MOST: Final = 1000


def place(git: Git, run: str) -> Path:
    """Where the text of a run is kept, by its id."""
    return git.common_dir / "gitml" / "texts" / f"{run}.txt"


def add(file: Path, text: str) -> None:
    """Keep a text more; a disk that takes none fails nothing. Of very many runs the last ones are kept."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8", errors="replace") as target:
            target.write(text.rstrip("\n") + "\n")
        if file.name != TEXT:
            _prune(file.parent)


def _prune(folder: Path) -> None:
    names = sorted(os.listdir(folder))  # ids begin with their time
    for name in names[:-_MOST]:
        (folder / name).unlink(missing_ok=True)


def take_along(folder: Path, target: Path) -> None:
    """Bring what a spool holds of a run to where it is found."""
    with suppress(OSError):
        add(target, (folder / TEXT).read_text(encoding="utf-8"))
        (folder / TEXT).unlink()
