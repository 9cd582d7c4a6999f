"""A repository under DVC with a remote beside it, by DVC's Python API in one process; copied whole for every test."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from gitrepo import commit, init, write

WINE = "alcohol,mail\n12.5,a@example.org\n13.1,b@example.org\n11.0,\n"


@contextmanager
def dvc(place: Path) -> Iterator[Any]:
    """DVC in a folder, as its Python API has it."""
    from dvc.repo import Repo

    with warnings.catch_warnings(), chdir(place):
        warnings.simplefilter("ignore")  # of what DVC itself rests on
        with Repo(str(place)) as repo:
            yield repo


def world(place: Path) -> Path:
    """`repo`, with a file and a folder under DVC, committed; nothing is pushed to `remote` beside it."""
    from dvc.repo import Repo

    repo = init(place / "repo")
    Repo.init(str(repo)).close()
    (repo / ".dvc/config").write_text("[core]\n    remote = local\n")
    settled(repo)
    write(repo, {"data/wine.csv": WINE, "images/a.png": "a", "images/deep/b.png": "b"})
    with dvc(repo) as opened:
        opened.add(["data/wine.csv", "images"])
    commit(repo, {}, "data")
    return repo


def settled(repo: Path) -> Path:
    """A copy or clone whose remote is the one beside it, by its whole path: DVC misreads others at old commits."""
    (repo / ".dvc/config.local").write_text(f"['remote \"local\"']\n    url = {repo.parent / 'remote'}\n")
    return repo


def push(place: Path) -> None:
    """What `dvc push` does."""
    with dvc(place) as opened:
        opened.push()


def objects(folder: Path) -> dict[str, Path]:
    """The objects of a cache or a remote by their hashes."""
    return {f"{one.parent.name}{one.name}": one for one in folder.rglob("*/*") if one.is_file()}
