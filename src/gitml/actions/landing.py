"""The line that events go to: the work tree or a branch of it, as the writer says."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitml.actions.apply import Applied, How, Plan, apply
from gitml.repo.change import Change
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

Making = Callable[[Snapshot], Plan | Iterable[Change]]
"""What makes the changes of some events on the snapshot that they shall stand in."""


def land(repository: Repository, making: Making, how: How) -> Applied:
    """Write events to the line where this store keeps them; raises Refused, Conflict, DiskFailed."""
    snapshot = repository.target(how.branch)
    return apply(repository, snapshot, making(snapshot), how)
