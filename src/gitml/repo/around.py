"""The repository around a path, for who asks run after run: looked for once, and again where that could differ."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gitml.records.settings import PATH as SETTINGS
from gitml.repo.git.kept import signature
from gitml.repo.repository import Repository

_MOST = 8
_Evidence = tuple[tuple[str, object], ...]
_found: dict[tuple[object, ...], tuple[Repository, _Evidence]] = {}


def around(path: Path) -> Repository:
    """As `Repository.find`, of which this process holds the last ones, with what they know; a fork begins anew."""
    start = path.resolve()
    named = tuple((name, os.environ[name]) for name in os.environ if name.startswith("GIT_"))
    asked = (os.getpid(), start, Path.cwd(), named)
    held = _found.pop(asked, None)
    if held is None or held[1] != _evidence(held[0], start):
        repository = Repository.find(path)
        held = repository, _evidence(repository, start)
    _found[asked] = held
    while len(_found) > _MOST:
        _found.pop(next(iter(_found)))
    return held[0]


def _evidence(repository: Repository, start: Path) -> _Evidence:
    """What decides which repository, and which store in it, is around a folder, and how git is told of it."""
    return tuple(_facts(repository, start))


def _facts(repository: Repository, start: Path) -> Iterator[tuple[str, object]]:
    git = repository.git
    for folder in (start, *start.parents):
        for name in (".git", "HEAD", SETTINGS):
            yield name, _identity(f"{folder}/{name}")
        if folder == git.root:
            break
    yield "git", _identity(str(git.git_dir))
    for config in (git.common_dir / "config", git.git_dir / "config.worktree"):
        yield "config", signature(config)


def _identity(path: str) -> object:
    """Which file or folder it is: a folder's times change with all that happens in it, a file's with its content."""
    found = signature(path)
    return found and (found[-2:] if os.path.isdir(path) else found)
