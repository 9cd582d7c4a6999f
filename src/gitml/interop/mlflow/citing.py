"""A version that was registered while its run went on cites it, once that is recorded and unless it has landed."""

from __future__ import annotations

from collections.abc import Iterator

from gitml.actions.inheritance import from_run
from gitml.interop.mlflow.live import Live, Underway
from gitml.interop.mlflow.opened import Opened
from gitml.records.ref import Ref
from gitml.repo.snapshot import Snapshot
from gitml.store.batch import Gathering

REGISTERED = "registered"
"""Where a run that goes on keeps the versions that were registered in it: `custom.mlflow.registered`, as refs."""


def awaits(opened: Opened, run: str, version: Ref) -> None:
    """Have the journal of a run that goes on hold a version of it, for whatever process will end it."""
    with opened.writing():
        live = Underway(opened).get(run)
        if live is not None:
            live.keep(**{REGISTERED: [*live.kept.get(REGISTERED, ()), str(version)]})
            live.recording.journal.rest()


def cite(opened: Opened, batch: Gathering, live: Live) -> None:
    """Have the versions that wait for a run cite it, and take over what it knows; `batch` holds its record."""
    for ref in _waiting(opened, batch, live):
        said = batch.snapshot.record(ref).data
        found = from_run(batch.snapshot.record(live.recording.story.ref), batch.snapshot.schemas.kind(ref.kind))
        batch.set(ref, {name: value for name, value in found.items() if name not in said})


def _waiting(opened: Opened, batch: Gathering, live: Live) -> Iterator[Ref]:
    told = [Ref.parse(text) for text in live.kept.get(REGISTERED, ())]
    landed = _landed(opened, batch) if told else None
    for ref in told:
        if landed is not None and batch.snapshot.find(ref) is not None and landed.find(ref) is None:
            yield ref


def _landed(opened: Opened, batch: Gathering) -> Snapshot | None:
    """What no longer changes where this batch is written; None where that is not known."""
    repository, branch = opened.store.repository, opened.address.branch
    tip = repository.session.commit(f"refs/heads/{branch}") if branch else None
    return repository.base(batch.snapshot.settings, tip)
