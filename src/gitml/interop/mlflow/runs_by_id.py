"""The run that an id of MLflow's names, whatever its experiment."""

from __future__ import annotations

from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.repo.snapshot import Snapshot

_RUN = "run"
_MADE = ("mlflow", "runs by id")


def run_by_id(snapshot: Snapshot, run_id: str) -> Record | None:
    """The recorded run whose id this is, by the end of its path; None where there is none."""
    if _MADE not in snapshot.worked_out:
        snapshot.worked_out[_MADE] = {_tail(path): path for path in snapshot.paths_of(_RUN)}
    path = snapshot.worked_out[_MADE].get(_tail(snapshot.path(Ref(_RUN, ("any", run_id))))) if run_id else None
    return snapshot.load([path])[0].record if path else None


def _tail(path: str) -> str:
    """The file's name, which the id alone decides."""
    return path.rpartition("/")[2]
