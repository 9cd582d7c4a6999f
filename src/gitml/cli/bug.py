"""A bug of ours: the traceback goes to a file, one line to the user."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from gitml.cli.verbs import VERBS
from gitml.errors import GitmlError


class Bug(GitmlError):
    """What gitml did not expect: exit 3."""

    code = "bug"


def report(error: Exception, argv: Sequence[str]) -> Bug:
    """Keep what happened; with GITML_DEBUG=1 it is shown at once."""
    lines = "".join(traceback.format_exception(error))
    if os.environ.get("GITML_DEBUG"):
        sys.stderr.write(lines)
        return Bug(_line(error), hint="please report it, with the traceback above")
    from gitml import __version__

    # The verb alone: arguments may hold what is nobody's business.
    verb = next((word for word in argv if word in VERBS), "")
    system = f"Python {platform.python_version()}, {platform.platform()}"
    kept = _keep(f"gitml {__version__}, {system}\ngit ml {verb}\n\n{lines}")
    return Bug(
        _line(error), hint=f"please report it, with {kept}" if kept else "GITML_DEBUG=1 shows where; please report it"
    )


def _line(error: Exception) -> str:
    said = str(error).partition("\n")[0][:200]
    return f"a bug in gitml: {type(error).__name__}{f': {said}' if said else ''}"


def _keep(text: str) -> Path | None:
    for folder in _folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix="bug-", suffix=".txt", dir=folder)
            with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:  # a disk that may not be written: the next place will do
            continue
        return Path(name)
    return None


def _folders() -> list[Path]:
    from gitml.repo.git import Git

    try:
        mine = [Git.find(Path()).common_dir / "gitml"]
    except (GitmlError, OSError):  # no repository, or no git: the bug may be just there
        mine = []
    return [*mine, Path(tempfile.gettempdir())]
