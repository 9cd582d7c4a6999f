"""Where a record is kept that could not be written to its place: below the Git directory, and never in the tree."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from gitml.repo.git import Git


def keep(git: Git | None, name: str, files: Mapping[str, bytes]) -> Path | None:
    """Keep files by their path in the repository in a folder of that name; the folder, or None where no disk takes it.

    Copied onto the work tree (`cp -r FOLDER/. .`) they stand where they belong.
    """
    for named in (partial(_below_git, git) if git else _among_temporary, _among_temporary):
        with suppress(OSError):  # the next place is tried, and the caller told where there is none
            place = named(name)
            for path, content in files.items():
                target = place / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            return place
    return None


def _below_git(git: Git, name: str) -> Path:
    return git.git_dir / "gitml" / "unsaved" / name


def _among_temporary(name: str) -> Path:
    from tempfile import gettempdir

    return Path(gettempdir()) / f"gitml-{name}"
