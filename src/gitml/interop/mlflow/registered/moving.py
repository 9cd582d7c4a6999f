"""Versions moved: from stage to stage, and out of all that MLflow sees."""

from __future__ import annotations

from gitml.interop.mlflow.registered.access import tell_version
from gitml.interop.mlflow.registered.record import MODEL, Model
from gitml.interop.mlflow.registered.slot import STAGES, Slot
from gitml.interop.mlflow.words import now
from gitml.records.ref import VERSION, Ref
from gitml.store.batch import Gathering

_WHY_RETIRED = "deleted through MLflow"


def discard(batch: Gathering, model: Model, number: int) -> None:
    """A version deleted: out of every slot, retired, hidden from MLflow."""
    for slot in model.slots.values():
        slot.without(number).write(batch, model.key, slot)
    batch.retire(Ref(MODEL + VERSION, (model.key, str(number))), reason=_WHY_RETIRED)
    tell_version(batch, model.key, number, {"deleted": now(batch.clock())})


def move(batch: Gathering, model: Model, number: int, stage: str, at: str) -> None:
    """One version to a stage, at a time: into its slot, out of the other's."""
    for name, slot in ((name, model.slots.get(name)) for name in STAGES.values()):
        if name == STAGES.get(stage):
            (slot or Slot(name))._replace(stage=number).write(batch, model.key, slot)
        elif slot is not None and slot.stage == number:
            slot._replace(stage=None).write(batch, model.key, slot)
    mark(batch, model, number, stage, at)


def mark(batch: Gathering, model: Model, number: int, stage: str, at: str) -> None:
    """Say of a version in which stage it is, and since when."""
    tell_version(batch, model.key, number, {"stage": stage, "moved": at})
