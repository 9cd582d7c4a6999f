"""What nobody has committed, and a change of whole files would lose."""

from __future__ import annotations

from collections.abc import Iterable

from gitml.errors import Problem
from gitml.repo.change import Change
from gitml.repo.snapshot import Snapshot

LOST = "revert.uncommitted"


def lost(today: Snapshot, changes: Iterable[Change]) -> list[Problem]:
    """What would go without a trace: files replaced or removed as wholes whose bytes Git has nowhere."""
    wanted = {change.path: change.before for change in changes if change.before and not change.content}
    there = dict(today.git.cat(set(wanted.values())))
    return [
        Problem(LOST, path, "has changes that are in no commit, and would be lost", "commit it first, or --force")
        for path, oid in wanted.items()
        if there[oid] is None
    ]
