"""Runs that wait for the end of their process, to be written together: `commit="batch"`.

Until then they are in their journals; of a process that is killed `git ml sync` records them.
"""

from __future__ import annotations

import atexit
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from gitml.actions.plan import How
from gitml.actions.sync import sync
from gitml.errors import GitmlError
from gitml.repo.repository import Repository


class LateWarning(UserWarning):
    """What became of runs that were to be written at the end of their process."""


@dataclass
class _Group:
    """The runs of one store that will be in one commit, in the order in which they ended."""

    repository: Repository
    how: How
    clock: Callable[[], datetime]
    refs: list[str] = field(default_factory=list)


_Key = tuple[object, ...]
_GROUPS: dict[_Key, _Group] = {}


def write_at_exit(repository: Repository, ref: str, how: How, clock: Callable[[], datetime]) -> None:
    """Have a run that has ended written when this process ends, in one commit with all that are written alike."""
    git = repository.git
    key = (os.getpid(), git.git_dir, repository.prefix, how.message, how.branch, how.author)
    if not _GROUPS:
        atexit.register(_write)
    group = _GROUPS.setdefault(key, _Group(repository, replace(how, commit=True), clock))
    group.refs.append(ref)


def _write() -> None:
    """Write them; a fork of the process leaves that to it."""
    for key, group in list(_GROUPS.items()):
        if key[0] == os.getpid():
            del _GROUPS[key]
            for told in _written(group):
                warnings.warn(told, LateWarning, stacklevel=1)


def _written(group: _Group) -> list[str]:
    """Write the runs of a group; what to know of it."""
    try:
        done = sync(group.repository, replace(group.how, now=group.clock()), only=group.refs)
    except GitmlError as error:
        return [f"{len(group.refs)} runs could not be written: {error}; git ml sync does it"]
    refused = [f"{ref} could not be written: {why}; git ml sync does it" for ref, why in done.refused]
    return [*refused, *done.warnings]
