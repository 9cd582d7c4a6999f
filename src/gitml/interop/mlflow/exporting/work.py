"""An export at work: experiments, runs and what they logged, then the registry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from mlflow.entities import ExperimentTag, LoggedModelParameter, LoggedModelStatus, LoggedModelTag, Metric

from gitml.interop.exchange import Exported, Losses
from gitml.interop.mlflow import words
from gitml.interop.mlflow.exporting.registry import export_models
from gitml.interop.mlflow.exporting.runs import Runs, is_standing
from gitml.interop.mlflow.exporting.target import REF, Target
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.store import Store

MODEL = "logged-model"
_USER = re.compile(r"(?<=:)//[^/@]*@")
"""Who goes to a database or server, and the password, which no report shall hold."""


def exported(store: Store, uri: str) -> Exported:
    """Write everything that is not there yet, or says otherwise."""
    shown = _USER.sub("//", uri)
    target = Target(uri, Losses(shown))
    _Work(store, target).do()
    return Exported(shown, target.written, target.standing, target.losses.all)


class _Work:
    """One export: the store as it is seen, and where it goes."""

    def __init__(self, store: Store, target: Target) -> None:
        self.snapshot = store.snapshot
        self.target = target
        self.progress = store.repository.progress
        self.runs: dict[str, str] = {}
        self.models: dict[str, str] = {}
        self.writing = Runs(store, target, self.runs, self.models)

    def do(self) -> None:
        """Experiment by experiment; the deleted ones are deleted once their runs are written."""
        every: dict[str, list[Record]] = {}
        for record in self.snapshot.records("run"):
            every.setdefault(record.ref.keys[0], []).append(record)
        data = {record.ref.keys[0]: record.data for record in self.snapshot.records("experiment")}
        self.progress.done, self.progress.whole = 0, sum(map(len, every.values()))
        for key in {**data, **every}:
            self._experiment(key, data.get(key, {}), every.get(key, []))
        self.progress.whole = 0
        export_models(self.snapshot, self.target, self.runs, self.models)

    def _experiment(self, key: str, data: Mapping[str, Any], runs: list[Record]) -> None:
        name = words.experiment_name(key, data)
        there = self.target.client.get_experiment_by_name(name)
        was_deleted = there is not None and there.lifecycle_stage == "deleted"
        self.target.count("experiments", is_new=there is None)
        made = there.experiment_id if there is not None else self.target.lost(
            "experiment", key, "", lambda: self._made(name, key, data))  # fmt: skip
        if made is None:
            return
        stood = {run.data.tags[REF]: run for run in self.target.runs(made)}
        is_whole = all(is_standing(stood.get(str(record.ref)), record) for record in runs)
        if was_deleted and not is_whole:
            self.target.tracking.restore_experiment(made)
        elif there is not None and not was_deleted:
            self._tags(made, key, data, there.tags)
        begun = []
        for record in self._parents_first(runs):
            begun.append(self.writing.begin(record, made, stood.get(str(record.ref))))
            self.progress.done += 1
        self._measure(() if was_deleted and is_whole else self._models(key, made))
        for pending in filter(None, begun):
            self.writing.end(pending)
        if (was_deleted and not is_whole) or (not was_deleted and "deleted" in data):
            self.target.lost("experiment", key, "deleted", lambda: self.target.tracking.delete_experiment(made))

    def _made(self, name: str, key: str, data: Mapping[str, Any]) -> str:
        tags = [ExperimentTag(tag, text) for tag, text in _tags(data).items()]
        tags.append(ExperimentTag(REF, str(Ref("experiment", (key,)))))
        return str(self.target.tracking.create_experiment(name, words.custom(data).get("artifact_location"), tags))

    def _tags(self, made: str, key: str, data: Mapping[str, Any], held: Mapping[str, str]) -> None:
        for tag, text in _tags(data).items():
            if held.get(tag) != text:
                one = ExperimentTag(tag, text)
                self.target.lost("experiment", key, tag, partial(self.target.tracking.set_experiment_tag, made, one))

    @staticmethod
    def _parents_first(runs: list[Record]) -> Iterator[Record]:
        """Runs by their start, parents before what is part of them."""
        by_ref = {str(record.ref): record for record in runs}
        done: set[str] = set()
        for record in sorted(runs, key=lambda one: (str(one.data.get("created")), str(one.ref))):
            line: list[Record] = []
            one: Record | None = record
            while one is not None and str(one.ref) not in done and one not in line:
                line.append(one)
                one = by_ref.get(str(one.data.get("parent")))
            for found in reversed(line):
                done.add(str(found.ref))
                yield found

    # ── models that runs have logged ──────────────────────────────────────────────────────────────────────────────

    def _models(self, key: str, experiment: str) -> list[Record]:
        """The logged models of an experiment, made where they are not there."""
        if not any(kind == MODEL for kind, _major in self.snapshot.schemas.kinds):
            return []
        found = [one for one in self.snapshot.records(MODEL) if one.ref.keys[0] == key and "deleted" not in one.data]
        stood = {}
        if found:
            stood = {one.tags.get(REF): one.model_id for one in self._there(experiment)}
        fresh = []
        for record in found:
            model = record.ref.keys[1]
            known = stood.get(str(record.ref))
            self.target.count("logged models", is_new=known is None)
            if known is None:
                known = self.target.lost(MODEL, model, "", partial(self._model, record, experiment))
                fresh.append(record)
            if known is not None:
                self.models[model] = str(known)
        return fresh

    def _there(self, experiment: str) -> Iterator[Any]:
        """The logged models that stand in an experiment of MLflow's."""
        token = None
        while True:
            search = partial(self.target.tracking.search_logged_models, [experiment], max_results=100, page_token=token)
            page = self.target.lost(MODEL, "", "", search) or ()
            yield from page
            token = getattr(page, "token", None)
            if not token:
                return

    def _model(self, record: Record, experiment: str) -> str:
        data = record.data
        tags = [LoggedModelTag(key, str(text)) for key, text in (data.get("tags") or {}).items()]
        params = [LoggedModelParameter(key, words.param_text(one)) for key, one in (data.get("params") or {}).items()]
        tags.append(LoggedModelTag(REF, str(record.ref)))
        made = self.target.tracking.create_logged_model(
            experiment, data.get("name"), self._maker(data), tags, params, data.get("type")
        )
        status = LoggedModelStatus(str(data["status"]).upper())
        if status != LoggedModelStatus.PENDING:
            self.target.tracking.finalize_logged_model(made.model_id, status)
        return str(made.model_id)

    def _maker(self, data: Mapping[str, Any]) -> str | None:
        """The run there that has logged a model."""
        run = words.custom(data).get("run_id") or (Ref.parse(str(data["run"])).keys[1] if data.get("run") else None)
        return self.runs.get(str(run))

    def _measure(self, models: Iterable[Record]) -> None:
        """The values of their metrics, which runs have logged."""
        for record in models:
            model = self.models.get(record.ref.keys[1])
            for one in words.custom(record.data).get("metrics") or ():
                run = self.runs.get(str(one.get("run_id")))
                if model is None or run is None:
                    within = f"metrics.{one.get('key')}"
                    self.target.losses.add(MODEL, record.ref.keys[1], within, "its run is not there")
                    continue
                metric = Metric(
                    one["key"], float(one["value"]), int(one["timestamp"]), int(one["step"]), model_id=model,
                    dataset_name=one.get("dataset_name"), dataset_digest=one.get("dataset_digest"), run_id=run,
                )  # fmt: skip
                self.target.lost(MODEL, record.ref.keys[1], f"metrics.{metric.key}",
                                 partial(self.target.tracking.log_metric, run, metric))  # fmt: skip


def _tags(data: Mapping[str, Any]) -> dict[str, str]:
    note = data.get("description")
    return {**(data.get("tags") or {}), **({words.NOTE: str(note)} if note else {})}
