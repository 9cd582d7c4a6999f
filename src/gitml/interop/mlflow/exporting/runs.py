"""A run as MLflow's store takes it: made, or brought up to what its record says now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mlflow.entities import LifecycleStage, LoggedModelInput, LoggedModelOutput, Metric, Param, RunStatus, RunTag

from gitml.actions.curves import points
from gitml.errors import GitmlError
from gitml.interop.mlflow import words
from gitml.interop.mlflow.exporting.target import BLOB, REF, Target, is_same
from gitml.interop.mlflow.runs import Told
from gitml.records.record import Record
from gitml.store import Store

_PARAMS, _TAGS, _METRICS = 100, 100, 1000


def is_standing(stood: Any | None, record: Record) -> bool:
    """Whether what an export before has made of a run is what its record says today."""
    return stood is not None and stood.data.tags.get(BLOB) == record.blob


class Pending(NamedTuple):
    """A run that is there, and not yet what its record says."""

    told: Told
    record: Record
    made: Any

    @property
    def run(self) -> str:
        """MLflow's id of it there."""
        return str(self.made.info.run_id)


@dataclass(frozen=True, slots=True)
class Runs:
    """What writes runs; `ids` are MLflow's new ids of those that were written, by ours, and `models` so of models."""

    store: Store
    target: Target
    ids: dict[str, str]
    models: Mapping[str, str]

    def begin(self, record: Record, experiment: str, stood: Any | None) -> Pending | None:
        """Write a run to an experiment, but for its models and its end; None where it stands, or cannot be.

        `stood` is what an export before has made of it.
        """
        told = Told.of_record(record)
        if stood is not None and is_standing(stood, record):
            self.ids[told.id] = str(stood.info.run_id)
            self.target.count("runs", is_new=False)
            return None
        made = stood or self._made(told, record, experiment)
        if made is None:
            return None
        if made.info.lifecycle_stage == LifecycleStage.DELETED:
            self.target.tracking.restore_run(made.info.run_id)
        self.ids[told.id] = str(made.info.run_id)
        self._fill(told, record, made)
        return Pending(told, record, made)

    def end(self, pending: Pending) -> None:
        """Give a run its inputs and models, say how it ended and, last of all, as which bytes it stands there."""
        self._inputs(pending.told, pending.run)
        self._end(pending.told, pending.made)
        self.target.tracking.log_batch(pending.run, (), (), [RunTag(BLOB, pending.record.blob)])
        if pending.told.is_deleted:
            self.target.tracking.delete_run(pending.run)
        self.target.count("runs", is_new=True)

    def _made(self, told: Told, record: Record, experiment: str) -> Any | None:
        tags = [RunTag(REF, str(record.ref))]
        name = told.name or told.id
        return self.target.lost(
            "run", told.id, "",
            lambda: self.target.tracking.create_run(experiment, told.by, told.created, tags, name),
        )  # fmt: skip

    def _fill(self, told: Told, record: Record, made: Any) -> None:
        """Params, tags and points that are not there."""
        run, name, target = made.info.run_id, told.id, self.target

        def log(**what: Any) -> Any:
            return target.tracking.log_batch(run, what.get("metrics", ()), what.get("params", ()), what.get("tags", ()))

        held = made.data.params
        params = [Param(key, text) for key, text in told.params.items() if held.get(key) != text]
        tags = dict(told.tags)
        if tags.get(words.PARENT) in self.ids:
            tags[words.PARENT] = self.ids[tags[words.PARENT]]
        fresh = [RunTag(key, text) for key, text in tags.items() if made.data.tags.get(key) != text]
        metrics = self._fresh(told, record, made)
        are_few = len(params) <= _PARAMS and len(fresh) <= _TAGS and len(params) + len(fresh) + len(metrics) <= _METRICS
        if are_few and target.takes(lambda: log(params=params, tags=fresh, metrics=metrics)):
            return
        target.each("run", name, params, _PARAMS, lambda some: log(params=some))
        target.each("run", name, fresh, _TAGS, lambda some: log(tags=some))
        target.each("run", name, metrics, _METRICS, lambda some: log(metrics=some))

    def _fresh(self, told: Told, record: Record, made: Any) -> list[Metric]:
        """The points of its metrics that are not there yet."""
        every = self._points(told, record)
        known: dict[str, list[Any]] = {
            key: list(self.target.client.get_metric_history(made.info.run_id, key)) for key in made.data.metrics
        }
        return [
            one
            for one in every
            if not any(
                (one.timestamp, one.step) == (it.timestamp, it.step) and is_same(one.value, it.value)
                for it in known.get(one.key, ())
            )
        ]

    def _points(self, told: Told, record: Record) -> list[Metric]:
        if "series" in record.data:
            try:
                found = points(self.store.repository, self.store.snapshot, record.ref)
                return [Metric(".".join(one.name), float(one.value), one.time, one.step or 0) for one in found]
            except GitmlError as error:
                self.target.losses.add("run", told.id, "series", str(error))
        return [Metric(key, one.value, one.timestamp, one.step) for key, one in told.latest.items()]

    def _inputs(self, told: Told, run: str) -> None:
        """Datasets and models that went in, models that came out."""
        entity = told.entity("0", "")
        name, tracking = told.id, self.target.tracking
        if entity.inputs and entity.inputs.dataset_inputs:
            self.target.lost("run", name, "inputs", lambda: tracking.log_inputs(run, entity.inputs.dataset_inputs))
        ins = [LoggedModelInput(self.models[one.model_id]) for one in entity.inputs.model_inputs
               if one.model_id in self.models]  # fmt: skip
        held = getattr(entity.outputs, "model_outputs", ())  # older servers tell of none
        outs = [LoggedModelOutput(self.models[one.model_id], one.step) for one in held
                if one.model_id in self.models]  # fmt: skip
        if not ins and not outs:
            return
        there = tracking.get_run(run)
        known = {one.model_id for side in (there.inputs, there.outputs) if side is not None
                 for one in (*getattr(side, "model_inputs", ()), *getattr(side, "model_outputs", ()))}  # fmt: skip
        fresh_in = [one for one in ins if one.model_id not in known]
        fresh_out = [one for one in outs if one.model_id not in known]
        if fresh_in:
            self.target.lost("run", name, "inputs", lambda: tracking.log_inputs(run, [], fresh_in))
        if fresh_out:
            self.target.lost("run", name, "outputs", lambda: tracking.log_outputs(run, fresh_out))

    def _end(self, told: Told, made: Any) -> None:
        """How far it came, and when it ended."""
        status = words.status_word(told.status)
        info = made.info
        if (status, told.ended, told.name or info.run_name) != (info.status, info.end_time, info.run_name):
            number = RunStatus.from_string(status)
            self.target.tracking.update_run_info(info.run_id, number, told.ended, told.name or info.run_name)
