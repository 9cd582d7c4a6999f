"""The work tree as git would stage it, by git itself; and as we read it, having looked that nothing was written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from gitml.repo.git import Git
from gitml.repo.git.objects import Entry
from gitml.repo.git.worktree import Worktree, everything
from gitrepo import git


def added(repo: Path, place: Path) -> dict[str, Entry]:
    """What git stages, into a copy of the index: a copy of the files would have other times, and be read anew."""
    shutil.rmtree(place, ignore_errors=True)
    (place / "objects").mkdir(parents=True)
    if (repo / ".git/index").exists():
        shutil.copy2(repo / ".git/index", place / "index")
    env = {
        "GIT_INDEX_FILE": str(place / "index"),
        "GIT_OBJECT_DIRECTORY": str(place / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repo / ".git/objects"),
    }
    git(repo, "-c", "core.splitIndex=false", "add", "-A", "--sparse", env=env)
    listed = git(repo, "ls-files", "-s", "-z", env=env).split("\0")[:-1]
    return {item.partition("\t")[2]: Entry(item[:6], item.split()[1]) for item in listed}


def frozen(repo: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below .git, by content and time: what reading must leave alone.

    Git renews the time of an object that it would write again, and of the shared part of a split index: not a change.
    """
    files = [Path(folder) / name for folder, _, names in os.walk(repo / ".git") for name in names]
    renewed = ("objects", "sharedindex")
    return {
        str(file): (0 if any(word in str(file) for word in renewed) else file.stat().st_mtime_ns, file.read_bytes())
        for file in files
    }


def read(repo: Path, wanted: Callable[[str], bool] | None = None, *, hashed: bool = True) -> Worktree:
    """The work tree, having checked that reading it wrote nothing and held every changed content."""
    found = Git.find(repo)
    before = frozen(repo)
    seen = found.worktree(wanted or everything, hashed=hashed)
    assert frozen(repo) == before
    staged = found.staged().entries
    for path, entry in seen.entries.items():
        if staged.get(path) != entry and entry.mode != "160000" and (wanted is None or wanted(path)):
            assert found.blob_id(seen.contents[entry.oid]) == entry.oid
    assert all(found.blob_id(content) == oid for oid, content in seen.contents.items())
    return seen
