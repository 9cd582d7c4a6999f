"""The part of MLflow's tracking store that is about single runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlflow.entities import (
    DatasetInput,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    Run,
    RunInfo,
    RunStatus,
    RunTag,
)
from mlflow.entities.metric import MetricWithRunId
from mlflow.store.entities.paged_list import PagedList
from mlflow.utils import validation
from mlflow.utils.name_utils import _generate_random_name
from mlflow.utils.search_utils import SearchUtils
from mlflow.version import VERSION

from gitml.interop.mlflow import words
from gitml.interop.mlflow.asked import Asked
from gitml.interop.mlflow.faults import invalid, missing
from gitml.interop.mlflow.live import Live
from gitml.interop.mlflow.runs import CONTEXT, DATASETS, MODELS_IN, MODELS_OUT, Told
from gitml.records.record import MISSING, column
from gitml.repo.journal.lines import Point

_ZERO_IS_ALL = tuple(map(int, VERSION.split(".")[:2])) < (3, 14)
"""Whether MLflow's server says 0 where nobody has said how many points of a metric he wants."""
_HISTORIES = 16
"""Runs whose points are kept at hand at most."""


class OfRuns(Asked):
    """Runs: begun, said of, ended, deleted."""

    def create_run(
        self, experiment_id: str, user_id: str, start_time: int, tags: Sequence[RunTag] | None, run_name: str | None
    ) -> Run:
        """Begin a run; its journal says so when this returns."""
        known = self._active(experiment_id)
        told = {tag.key: tag.value for tag in tags or ()}
        tagged = told.get(words.RUN_NAME)
        if run_name and tagged and run_name != tagged:
            invalid(
                f"Both 'run_name' argument and '{words.RUN_NAME}' tag are specified, but with different values "
                f"(run_name={run_name!r}, {words.RUN_NAME}={tagged!r}). Give one of them"
            )
        told[words.RUN_NAME] = run_name or tagged or _generate_random_name()
        with self._opened.writing():
            live = self._recorder.begin(known.key, user_id or "", start_time or self._clock_ms, self._begun(told))
            place = self._experiments.fixed(known, live.told.ref)
            if place:
                live.keep(**place)
            return self._entity(live.told)

    def _begun(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """What a run's journal says first, by its tags."""
        head: dict[str, Any] = {"type": "train", "origin": words.ORIGIN, "name": tags[words.RUN_NAME]}
        parent = self._find(tags[words.PARENT]) if words.PARENT in tags else None
        if parent is not None:
            head["parent"] = str(parent.ref)
        left = {key: str(value) for key, value in tags.items() if key not in words.HOMES}
        note = tags.get(words.NOTE)
        return {"head": head, "tags": left} | ({} if note is None else {"note": note})

    def get_run(self, run_id: str) -> Run:
        """A run, live or recorded."""
        return self._entity(self._told(run_id))

    def update_run_info(
        self, run_id: str, run_status: int | None, end_time: int | None, run_name: str | None
    ) -> RunInfo:
        """Say how far a run came, and how it is named; with its end the record is written."""
        told = self._changeable(run_id)
        word = words.status(RunStatus.to_string(run_status)) if run_status is not None else told.status
        live = self._underway.get(run_id)
        with self._opened.writing():
            if live is not None:
                if run_name:
                    live.say({"head": {**live.recording.story.head, "name": run_name}})
                if run_status is not None and RunStatus.is_terminated(run_status):
                    self._recorder.end(live, word, end_time)
                else:
                    more = {} if end_time is None else {"ended": end_time}
                    live.keep(status=word, **more)
            else:
                fields: dict[str, Any] = {"status": word} | ({"name": run_name} if run_name else {})
                if end_time is not None:
                    fields["ended"] = words.time_text(end_time)
                self._recorder.change(told.ref, fields)
            if run_name:
                self._tells_name(told)
        return self.get_run(run_id).info

    def _tells_name(self, told: Told) -> None:
        """Who gives a run a name says so in a tag, also where that was taken away before."""
        if told.custom.get(words.UNTAGGED):
            self._keep(told, {}, {words.UNTAGGED: MISSING})

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted."""
        self._marked(run_id, self._now)

    def restore_run(self, run_id: str) -> None:
        """Take the mark away again."""
        self._marked(run_id, None)

    def _marked(self, run_id: str, deleted: str | None) -> None:
        told, live = self._told(run_id), self._underway.get(run_id)
        with self._opened.writing():
            if told.is_deleted is (deleted is not None):
                return  # as in a database: to say it twice is no fault
            if live is None:
                self._recorder.change(told.ref, {"deleted": deleted or MISSING})
                return
            head = {key: one for key, one in live.recording.story.head.items() if key != "deleted"}
            live.say({"head": head | ({"deleted": deleted} if deleted else {})})

    # ── what a run says ───────────────────────────────────────────────────────────────────────────────────────────

    def log_batch(
        self, run_id: str, metrics: Sequence[Metric], params: Sequence[Param], tags: Sequence[RunTag]
    ) -> None:
        """Metrics, params and tags of a run, all or none of them."""
        validation._validate_run_id(run_id)
        metrics, params, tags = validation._validate_batch_log_data(metrics, params, tags)
        validation._validate_batch_log_limits(metrics, params, tags)
        validation._validate_param_keys_unique(params)
        self._log(run_id, metrics, params, tags)

    def log_metric(self, run_id: str, metric: Metric) -> None:
        """One value of a metric."""
        validation._validate_metric(metric.key, metric.value, metric.timestamp, metric.step)
        self._log(run_id, [metric], (), ())

    def log_param(self, run_id: str, param: Param) -> None:
        """One param; it can be said again, but not otherwise."""
        found = validation._validate_param(param.key, param.value)
        self._log(run_id, (), [found], ())

    def set_tag(self, run_id: str, tag: RunTag) -> None:
        """One tag."""
        found = validation._validate_tag(tag.key, tag.value)
        self._log(run_id, (), (), [found])

    def delete_tag(self, run_id: str, key: str) -> None:
        """Take a tag away."""
        told = self._changeable(run_id)
        if key not in told.tags:
            missing(f"No tag with name: {key} in the run {run_id}")
        if key == words.RUN_NAME:
            self._keep(told, {}, {words.UNTAGGED: True})  # the name itself stays, as in a database
        else:
            self._tagged(told, {key: None}, ())

    def _log(self, run_id: str, metrics: Sequence[Metric], params: Sequence[Param], tags: Sequence[RunTag]) -> None:
        told = self._changeable(run_id)
        _check_params(told, params)
        fresh = {one.key: words.param(one.value) for one in params if one.key not in told.params}
        logged = [Point((one.key,), float(one.value), int(one.step), int(one.timestamp)) for one in metrics]
        self._tagged(told, {one.key: str(one.value) for one in tags}, logged, fresh)
        self._log_models(told, metrics)

    def _tagged(
        self, told: Told, tags: Mapping[str, str | None], logged: Sequence[Point], params: Mapping[str, Any] = {},
    ) -> None:  # fmt: skip
        homes = {words.HOMES[key]: value for key, value in tags.items() if key in words.HOMES}
        others = {key: value for key, value in tags.items() if key not in words.HOMES}
        with self._opened.writing():
            if homes.get("name"):
                self._tells_name(told)
            live = self._underway.get(told.id)
            if live is None:
                fields = {**homes, **{column("tags", key): value for key, value in others.items()}}
                said = {key: MISSING if value is None else value for key, value in fields.items()}
                said |= {column("params", key): value for key, value in params.items()}
                if said or logged:
                    self._recorder.change(told.ref, said, logged)
                return
            self._underway.writing(live).say(_said(live, homes, others, params), logged)

    def _log_models(self, told: Told, metrics: Sequence[Metric]) -> None:
        """What was measured of a logged model is that model's too."""
        models = dict.fromkeys(one.model_id for one in metrics if one.model_id)
        for model in models:
            self._models.measured(model, told.id, [one for one in metrics if one.model_id == model])

    def get_metric_history(
        self, run_id: str, metric_key: str, max_results: int | None = None, page_token: str | None = None
    ) -> PagedList[Metric]:
        """All values of a metric, in order of time, step and value."""
        found = sorted({(one.time, one.step or 0, one.value) for one in self._points(run_id).get(metric_key, ())})
        metrics = [Metric(metric_key, value, at, step, run_id=run_id) for at, step, value in found]
        start = SearchUtils.parse_start_offset_from_page_token(page_token)
        if max_results is None or (max_results == 0 and _ZERO_IS_ALL):
            return PagedList(metrics[start:], None)
        token = SearchUtils.create_page_token(start + max_results) if len(metrics) > start + max_results else None
        return PagedList(metrics[start : start + max_results], token)

    def get_metric_history_bulk_interval(
        self, run_ids: Sequence[str], metric_key: str, max_results: int, start_step: int | None, end_step: int | None
    ) -> list[MetricWithRunId]:
        """So many values of a metric at most of each run, spread evenly over its steps; the first and the last stay."""
        if (start_step is None) != (end_step is None):
            invalid("Both start_step and end_step must be specified together, or neither: a range has two ends")
        found = []
        for run_id in run_ids:
            every = [one for one in self.get_metric_history(run_id, metric_key)
                     if start_step is None or end_step is None or start_step <= one.step <= end_step]  # fmt: skip
            every.sort(key=lambda one: one.step)  # those of one step are in order of time already
            found += [MetricWithRunId(every[place], run_id) for place in _spread(len(every), max(1, max_results))]
        return found

    def _points(self, run_id: str) -> dict[str, list[Point]]:
        told, live = self._told(run_id), self._underway.get(run_id)
        if live is not None:
            return _by_name(live.history())
        snapshot = self._opened.snapshot
        path = snapshot.find(told.ref)
        blob = snapshot.tree[path].oid if path is not None else ""
        found = self._histories.pop(blob, None)
        if found is None:
            found = _by_name(self._recorder.history(snapshot, told.ref))
        if blob:
            self._histories[blob] = found  # a page asks for the metrics of a run one by one
            while len(self._histories) > _HISTORIES:
                self._histories.pop(next(iter(self._histories)))
        return found

    # ── what went in and came out ─────────────────────────────────────────────────────────────────────────────────

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        """Data sets and models that a run has read."""
        validation._validate_dataset_inputs(datasets or [])
        told = self._changeable(run_id)
        inputs, raw = dict(told.inputs), dict(told.custom.get(DATASETS) or {})
        for one in datasets or ():
            key, said, kept = _input(one, inputs)
            if key not in inputs:  # what was said of it first holds, as in a database
                inputs[key], raw[key] = said, kept
        more: dict[str, Any] = {DATASETS: raw} if raw else {}
        if models:
            more[MODELS_IN] = list(
                dict.fromkeys([*(told.custom.get(MODELS_IN) or ()), *(one.model_id for one in models)])
            )
        self._keep(told, inputs if datasets else {}, more)

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Models that a run has logged, and the step at which it did."""
        told = self._changeable(run_id)
        held = told.custom.get(MODELS_OUT) or {}
        self._keep(told, {}, {MODELS_OUT: {**held, **{one.model_id: one.step for one in models}}})

    def _keep(self, told: Told, inputs: Mapping[str, Any], custom: Mapping[str, Any]) -> None:
        with self._opened.writing():
            live = self._underway.get(told.id)
            if live is not None:
                live.say({"inputs": inputs} if inputs else {})
                live.keep(**custom)
                return
            fields = {column("custom", words.CUSTOM, key): value for key, value in custom.items()}
            self._recorder.change(told.ref, {**fields, **({"inputs": inputs} if inputs else {})})


def _spread(count: int, most: int) -> list[int]:
    """Places in a list of `count`: the first of each of `most` parts of equal size, and of the last one its last."""
    if count <= most:
        return list(range(count))
    size, longer = divmod(count, most)
    return [*(part * size + min(part, longer) for part in range(most - 1)), count - 1]


def _by_name(points: Iterable[Point]) -> dict[str, list[Point]]:
    """Points by MLflow's names of their metrics."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(".".join(point.name), []).append(point)
    return found


def _check_params(told: Told, params: Sequence[Param]) -> None:
    """Refuse a param that has no value, or would be changed."""
    empty = next((one.key for one in params if one.value is None), None)
    if empty is not None:
        invalid(f"Missing value for required parameter 'value' of the param {empty!r}")
    wrong = [(one.key, told.params[one.key], one.value) for one in params
             if one.key in told.params and told.params[one.key] != one.value]  # fmt: skip
    if wrong:
        key, old, new = wrong[0]
        invalid(
            f"Changing param values is not allowed. Param with key={key!r} was logged as {old!r} for run "
            f"ID={told.id!r}, and {new!r} is something else"
        )


def _said(
    live: Live, homes: Mapping[str, str | None], tags: Mapping[str, str | None], params: Mapping[str, Any]
) -> dict[str, Any]:
    """Events for a journal."""
    said: dict[str, Any] = {}
    if "name" in homes:
        said["head"] = {**live.recording.story.head, "name": homes["name"]}
    if "description" in homes:
        said["note"] = homes["description"]
    return said | ({"tags": tags} if tags else {}) | ({"params": params} if params else {})


def _input(one: DatasetInput, held: Mapping[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """An input's name, what the record says of it, and MLflow's own texts."""
    data, tags = one.dataset, {tag.key: tag.value for tag in one.tags}
    said: dict[str, Any] = {"name": data.name, "digest": data.digest, "type": data.source_type}
    if CONTEXT in tags:
        said["context"] = tags.pop(CONTEXT)
    said |= {"tags": tags} if tags else {}
    texts = {"source": data.source, "schema": data.schema, "profile": data.profile}
    kept = {key: value for key, value in texts.items() if value is not None}
    key = data.name
    while key in held and (held[key].get("name"), held[key].get("digest")) != (data.name, data.digest):
        key = f"{key}~{data.digest}"
    return key, said, kept
