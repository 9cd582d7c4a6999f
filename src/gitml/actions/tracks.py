"""What runs logged of a metric, whether they go on or have ended, as curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gitml.actions.curves import points
from gitml.errors import BadValue
from gitml.records.record import column
from gitml.repo.journal.folder import END, Folder, root
from gitml.repo.journal.process import Life
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.views.board.splits import METRICS, meaning
from gitml.views.columns import named
from gitml.views.curves import Curves, curves
from gitml.views.metrics import Metrics

if TYPE_CHECKING:
    from gitml.records.ref import Ref

_RUN: Final = "run"


def tracks(repository: Repository, snapshot: Snapshot, refs: Sequence[Ref], metric: str) -> Curves:
    """A metric of some runs over their steps; NotFound for a run without it, BadValue for what is no run."""
    name = named(metric.removeprefix(METRICS))
    logged = []
    for ref in refs:
        if ref.kind != _RUN:
            raise BadValue(f"{ref} is no run: it has no curves", hint="git ml list run shows the runs")
        found = points(repository, snapshot, ref)
        told = ((column(*point.name), point.step, point.value) for point in found)
        logged.append((str(ref), told, _goes_on(repository, snapshot, ref)))
    return curves(name, meaning(Metrics.of(snapshot), f"{METRICS}{name}"), logged)


def _goes_on(repository: Repository, snapshot: Snapshot, ref: Ref) -> bool:
    """Whether a run has a journal, no record, and a process that may say more."""
    journal = Folder(root(repository.git) / ref.keys[-1])
    is_begun = snapshot.find(ref) is None and journal.begin is not None
    return is_begun and journal.said(END) is None and journal.life is not Life.GONE
