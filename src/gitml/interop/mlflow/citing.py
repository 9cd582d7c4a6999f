"""A version that was registered while its run went on cites it, once that is recorded and unless it is committed."""

from __future__ import annotations

from gitml.actions.inheritance import from_run
from gitml.interop.mlflow.opened import Opened
from gitml.records.ref import Ref
from gitml.store.batch import Gathering


def cite(opened: Opened, batch: Gathering, run: Ref) -> None:
    """Have the versions that wait for a run cite it, and take over what it knows; `batch` holds its record."""
    waiting = opened.awaiting.get(run.keys[1], ())
    head = opened.store.repository.head() if waiting else None
    for ref in waiting:
        if batch.snapshot.find(ref) is None or (head is not None and head.find(ref) is not None):
            continue  # a version that is in a commit stays as it is
        said = batch.snapshot.record(ref).data
        found = from_run(batch.snapshot.record(run), batch.snapshot.schemas.kind(ref.kind))
        batch.set(ref, {name: value for name, value in found.items() if name not in said})
