"""What MLflow says as the data of records: an experiment's, a run's, a logged model's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gitml.actions.redaction import redacted
from gitml.actions.values import LONGEST
from gitml.interop.exchange import Losses
from gitml.interop.mlflow.importing.said import DatasetInput, Experiment, LoggedModel, Metric, ModelMetric, Run
from gitml.interop.mlflow.words import (
    COMMIT,
    CUSTOM,
    HOMES,
    NOTE,
    ORIGIN,
    RUN_NAME,
    experiment_id,
    experiment_name,
    free_key,
    param,
    status,
    time_text,
)
from gitml.records.record import MISSING, column, differences
from gitml.records.ref import Ref

CONTEXT = "mlflow.data.context"
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MODEL_STATUSES = {"READY": "ready", "FAILED": "failed"}
_LAST = 253_402_300_799_999
"""The last millisecond of the year 9999, beyond which no record tells a time."""


@dataclass(frozen=True, slots=True)
class Words:
    """The way from MLflow's words to records, telling of what is lost on it."""

    losses: Losses

    def experiment(self, said: Experiment, key: str, *, located: bool = True) -> dict[str, Any]:
        """An experiment's record; `located` where its runs' files stay where they are."""
        name, note = said.name, said.tags.get(NOTE)
        told = {
            "title": None if name == experiment_name(key, {}) else name,
            "description": note,
            "created": self.time(said.created, "experiment", said.id, "creation_time"),
            "deleted": self._deleted(said.deleted, (said.updated, said.created), "experiment", said.id),
            "tags": {tag: text for tag, text in said.tags.items() if tag != NOTE},
            "custom": {
                CUSTOM: _full(
                    experiment_id=None if said.id == experiment_id(key, {}) else said.id,
                    artifact_location=said.artifact_location if located else None,
                    updated=self.time(said.updated, "experiment", said.id, "last_update_time"),
                )
            },
        }
        return self.held(told, "experiment", said.id)

    def run(self, said: Run, parent: Ref | None) -> dict[str, Any]:
        """A run's record, but for its series and files."""
        created = self.time(said.started, "run", said.id, "start_time")
        if created is None:
            self.losses.add("run", said.id, "start_time", "it is not known: that of the first point, or 1970, stands")
            created = time_text(min((one.time for one in said.metrics if self.in_range(one.time)), default=0))
        inputs = self._datasets(said.datasets)
        told = {
            "name": said.name or said.tags.get(RUN_NAME),
            "type": "train",
            "origin": ORIGIN,
            "status": self._status(said),
            "created": created,
            "ended": self.time(said.ended, "run", said.id, "end_time"),
            "deleted": self._deleted(said.deleted, (said.deleted_at, said.ended, said.started, 0), "run", said.id),
            "by": said.user,
            "description": said.tags.get(NOTE),
            "parent": str(parent) if parent else None,
            "code": {"commit": commit} if _COMMIT.fullmatch(commit := said.tags.get(COMMIT, "")) else None,
            "inputs": {name: one for name, (one, _raw) in inputs.items()},
            "params": {key: param(text) for key, text in said.params.items()},
            "metrics": {key: one.value for key, one in latest(said.metrics).items()},
            "tags": self._tags(said),
            "custom": {
                CUSTOM: _full(
                    artifact_uri=said.artifact_uri,
                    commit=said.commit,
                    datasets={name: raw for name, (_one, raw) in inputs.items() if raw},
                    latest={key: f"{one.time} {one.step}" for key, one in latest(said.metrics).items()},
                    model_inputs=list(said.models_in),
                    model_outputs=dict(said.models_out),
                )
            },
        }
        return self.held(told, "run", said.id)

    def model(self, said: LoggedModel, run: Ref | None) -> dict[str, Any]:
        """A logged model's record; `run` where the one that logged it is there."""
        created = self.time(said.created, "logged-model", said.id, "creation_timestamp")
        times = (said.updated, said.created)
        told = {
            "name": said.name,
            "type": said.type,
            "origin": ORIGIN,
            "status": _MODEL_STATUSES.get(said.status, "pending"),
            "created": created or time_text(0),
            "updated": self.time(said.updated, "logged-model", said.id, "last_updated_timestamp"),
            "deleted": self._deleted(said.deleted, times, "logged-model", said.id),
            "run": str(run) if run else None,
            "params": {key: param(text) for key, text in said.params.items()},
            "metrics": {one.key: one.value for one in sorted(said.metrics, key=lambda one: (one.step, one.time))},
            "tags": dict(said.tags),
            "custom": {
                CUSTOM: _full(
                    artifact_uri=said.artifact_location,
                    run_id=None if run else said.run,
                    metrics=[_measure(one) for one in said.metrics],
                )
            },
        }
        return self.held(told, "logged-model", said.id)

    def time(self, milliseconds: int | None, kind: str, name: str, within: str) -> str | None:
        """A time as records hold it; a loss where no calendar has it."""
        if milliseconds is None or self.in_range(milliseconds):
            return None if milliseconds is None else time_text(milliseconds)
        self.losses.add(kind, name, within, f"{milliseconds} is no time between 1970 and 9999")
        return None

    @staticmethod
    def in_range(milliseconds: int) -> bool:
        """Whether a record can hold a time."""
        return 0 <= milliseconds <= _LAST

    def held(self, told: Mapping[str, Any], kind: str, name: str) -> dict[str, Any]:
        """What a record can hold of this: without what is empty, cut where it is too long, secrets replaced."""
        found = {key: value for key, value in told.items() if value not in (None, {}, [])}
        if found.get("custom") == {CUSTOM: {}}:
            del found["custom"]
        whole = self._whole(found, kind, name, ())
        clean = redacted(whole, lambda _told: None)
        for change in differences(whole, clean):
            if change.after is not MISSING and change.before is MISSING:
                continue  # the name that stands for a name that looked like a secret
            self.losses.add(kind, name, change.field, "looks like a secret: redacted")
        return clean

    def _whole(self, value: Any, kind: str, name: str, at: tuple[str, ...]) -> Any:
        """A value whose texts are UTF-8 and not too long."""
        if isinstance(value, Mapping):
            return {
                self._text(key, kind, name, at): self._whole(one, kind, name, (*at, key)) for key, one in value.items()
            }
        if isinstance(value, list):
            return [self._whole(one, kind, name, at) for one in value]
        return self._text(value, kind, name, at) if isinstance(value, str) else value

    def _text(self, text: str, kind: str, name: str, at: tuple[str, ...]) -> str:
        clean = text.encode("utf-8", "replace").decode()
        if clean != text:
            self.losses.add(kind, name, column(*at), "not UTF-8: what is not stands as ?")
        if len(clean.encode()) > LONGEST:
            self.losses.add(kind, name, column(*at), f"{len(clean)} characters: cut short")
            clean = clean.encode()[: LONGEST // 2].decode("utf-8", "ignore") + "…"
        return clean

    def _status(self, said: Run) -> str:
        try:
            return status(said.status)
        except KeyError:
            self.losses.add("run", said.id, "status", f"{said.status[:80]!r} is no status of MLflow's: failed stands")
            return "failed"

    def _deleted(self, is_deleted: bool, times: Iterable[int | None], kind: str, name: str) -> str | None:  # noqa: FBT001
        """When something was deleted: where MLflow does not tell, when it was last heard of."""
        if not is_deleted:
            return None
        known = next((time for time in times if time is not None and self.in_range(time)), 0)
        if known == 0:
            self.losses.add(kind, name, "deleted", "when it was deleted is not known: 1970 stands")
        return time_text(known)

    def _tags(self, said: Run) -> dict[str, str]:
        """The tags that are no fields of a run; a name that says another than the run's own stays."""
        own = said.name or said.tags.get(RUN_NAME)
        return {key: text for key, text in said.tags.items() if key not in HOMES or (key == RUN_NAME and text != own)}

    @staticmethod
    def _datasets(datasets: Iterable[DatasetInput]) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
        """Inputs by name, each as the record has it and with MLflow's own texts."""
        found: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
        for one in datasets:
            tags = {key: text for key, text in one.tags.items() if key != CONTEXT}
            told = _full(name=one.name, digest=one.digest, type=one.source_type, context=one.tags.get(CONTEXT))
            raw = _full(source=one.source, schema=one.schema, profile=one.profile)
            found[free_key(one.name, found)] = (told | ({"tags": tags} if tags else {}), raw)
        return found


def latest(metrics: Iterable[Metric]) -> dict[str, Metric]:
    """The value of each metric that MLflow shows: of the greatest step, then time, then value."""
    found: dict[str, Metric] = {}
    for one in metrics:
        held = found.get(one.key)
        if held is None or _order(one) >= _order(held):
            found[one.key] = one
    return found


def _order(one: Metric) -> tuple[int, int, bool, float]:
    is_number = one.value == one.value
    return (one.step, one.time, is_number, one.value if is_number else 0.0)


def _measure(one: ModelMetric) -> dict[str, Any]:
    """A value of a logged model's metric, as its record keeps it for MLflow."""
    told = {"dataset_name": one.dataset, "dataset_digest": one.digest, "run_id": one.run}
    found = {"key": one.key, "value": one.value, "timestamp": one.time, "step": one.step}
    return found | {key: value for key, value in told.items() if value is not None}


def _full(**told: Any) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value not in (None, {}, [])}
