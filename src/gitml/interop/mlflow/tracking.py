"""MLflow's tracking store: experiments and runs as records, live runs as journals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlflow.entities import (
    DatasetInput,
    Experiment,
    ExperimentTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    Run,
    RunInfo,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_DEFAULT, SEARCH_MAX_RESULTS_THRESHOLD
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils import validation
from mlflow.utils.name_utils import _generate_random_name
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils

from gitml.interop.mlflow import words
from gitml.interop.mlflow.address import Address
from gitml.interop.mlflow.board import Board
from gitml.interop.mlflow.experiments import Experiments, Known
from gitml.interop.mlflow.faults import invalid, missing, speaking
from gitml.interop.mlflow.live import Live, Underway
from gitml.interop.mlflow.opened import opened
from gitml.interop.mlflow.recorder import Recorder
from gitml.interop.mlflow.runs import CONTEXT, DATASETS, MODELS_IN, MODELS_OUT, Told
from gitml.interop.mlflow.search import Pool, clauses, orders
from gitml.records.record import MISSING, column
from gitml.repo.journal.lines import Point

_LOCAL = ("", "./mlruns", "mlruns")
"""What MLflow gives for a root of files where nobody has named one."""


@speaking
class TrackingStore(AbstractStore):
    """A gitml store, as MLflow's clients and server talk to one."""

    def __init__(self, store_uri: str, artifact_uri: str | None = None) -> None:
        super().__init__()
        self._opened = opened(Address.of(store_uri))
        self._underway = Underway(self._opened)
        self._recorder = Recorder(self._opened, self._underway)
        root = None if (artifact_uri or "") in _LOCAL else artifact_uri
        self._experiments = Experiments(self._opened, root)
        self._board: Board | None = None

    @property
    def artifact_root_uri(self) -> str:
        """The URI below which the files of runs lie."""
        return self._experiments.root

    # ── experiments ───────────────────────────────────────────────────────────────────────────────────────────────

    def search_experiments(
        self, view_type: int = ViewType.ACTIVE_ONLY, max_results: int = SEARCH_MAX_RESULTS_DEFAULT,
        filter_string: str | None = None, order_by: list[str] | None = None, page_token: str | None = None,
    ) -> PagedList[Experiment]:  # fmt: skip
        """Experiments that a filter finds, in an order, a page at a time."""
        _check_most(max_results)
        known = list(self._experiments.known(self._used()).values())
        if view_type != ViewType.ALL:
            known = [one for one in known if one.is_deleted is (view_type == ViewType.DELETED_ONLY)]
        found = SearchExperimentsUtils.filter([self._experiments.entity(one) for one in known], filter_string)
        ordered = SearchExperimentsUtils.sort(found, order_by or ["creation_time DESC", "experiment_id ASC"])
        shown, token = SearchUtils.paginate(ordered, page_token, max_results)
        return PagedList(shown, token)

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: Sequence[ExperimentTag] | None = None
    ) -> str:
        """Make an experiment; its id."""
        return self._experiments.create(name, artifact_location, tags or ())

    def get_experiment(self, experiment_id: str) -> Experiment:
        """An experiment, also a deleted one."""
        return self._experiments.entity(self._known(experiment_id))

    def get_experiment_by_name(self, experiment_name: str) -> Experiment | None:
        """The experiment of a name, also a deleted one; None where there is none."""

        def look(_snapshot: object) -> Known | None:
            known = self._experiments.known(self._used()).values()
            return next((one for one in known if one.name == experiment_name), None)

        found = self._opened.found(look)
        return None if found is None else self._experiments.entity(found)

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment, and the runs that are in it, as deleted."""
        known = self._known(experiment_id)
        if known.is_deleted:
            missing(f"the experiment {experiment_id} is deleted already")
        self._experiments.change(known, {"deleted": self._now})
        for run in self._runs_of(known, ViewType.ACTIVE_ONLY):
            self.delete_run(run.id)

    def restore_experiment(self, experiment_id: str) -> None:
        """Take the mark away again, from its runs too."""
        known = self._known(experiment_id)
        if not known.is_deleted:
            missing(f"the experiment {experiment_id} is not deleted")
        self._experiments.change(known, {"deleted": MISSING})
        for run in self._runs_of(known, ViewType.DELETED_ONLY):
            self.restore_run(run.id)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Show another name; its runs stay where they are."""
        self._experiments.rename(self._known(experiment_id), new_name)

    def set_experiment_tag(self, experiment_id: str, tag: ExperimentTag) -> None:
        """Set a tag."""
        validation._validate_experiment_tag(tag.key, tag.value)
        self._experiments.set_tag(self._active(experiment_id), tag.key, tag.value)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Take a tag away."""
        known = self._active(experiment_id)
        if key not in known.tags:
            missing(f"the experiment {experiment_id} has no tag {key}")
        self._experiments.set_tag(known, key, None)

    def _known(self, experiment_id: str) -> Known:
        return self._experiments.by_id(experiment_id, self._used())

    def _active(self, experiment_id: str) -> Known:
        known = self._known(experiment_id)
        if known.is_deleted:
            invalid(f"the experiment {experiment_id} must be in the 'active' state; it is deleted")
        return known

    def _used(self) -> list[str]:
        live = (one.recording.story.ref.keys[0] for one in self._underway.all())
        return list(dict.fromkeys([*self._rows().experiments, *live]))

    def _runs_of(self, known: Known, view: int) -> list[Told]:
        pool = Pool.of(self._rows(), self._live(), [known.key], view)
        return pool.told(pool.sorted(()))

    # ── runs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def create_run(
        self, experiment_id: str, user_id: str, start_time: int, tags: Sequence[RunTag] | None, run_name: str | None
    ) -> Run:
        """Begin a run; its journal says so when this returns."""
        known = self._active(experiment_id)
        told = {tag.key: tag.value for tag in tags or ()}
        tagged = told.get(words.RUN_NAME)
        if run_name and tagged and run_name != tagged:
            invalid(
                f"Both 'run_name' argument and '{words.RUN_NAME}' tag are given, and they differ: "
                f"run_name={run_name!r}, {words.RUN_NAME}={tagged!r}"
            )
        told[words.RUN_NAME] = run_name or tagged or _generate_random_name()
        with self._opened.writing():
            live = self._recorder.begin(known.key, user_id or "", start_time or self._clock_ms, self._begun(told))
            return self._entity(live.told)

    def _begun(self, tags: Mapping[str, str]) -> dict[str, Any]:
        """What a run's journal says first, by its tags."""
        head: dict[str, Any] = {"type": "train", "origin": words.ORIGIN, "name": tags[words.RUN_NAME]}
        parent = self._find(tags[words.PARENT]) if words.PARENT in tags else None
        if parent is not None:
            head["parent"] = str(parent.ref)
        left = {key: str(value) for key, value in tags.items() if key not in words.HOMES}
        note = tags.get(words.NOTE)
        return {"head": head, "tags": left} | ({"note": note} if note else {})

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
                elif end_time is not None:
                    self._recorder.custom(live, ended=end_time)
            else:
                fields: dict[str, Any] = {"status": word} | ({"name": run_name} if run_name else {})
                if end_time is not None:
                    fields["ended"] = words.time_text(end_time)
                self._recorder.change(told.ref, fields)
        return self.get_run(run_id).info

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted."""
        self._marked(run_id, self._now)

    def restore_run(self, run_id: str) -> None:
        """Take the mark away again."""
        self._marked(run_id, None)

    def _marked(self, run_id: str, deleted: str | None) -> None:
        told, live = self._told(run_id), self._underway.get(run_id)
        if told.is_deleted is (deleted is not None):
            invalid(f"the run {run_id} must be in the {'active' if deleted else 'deleted'!r} state; it is not")
        with self._opened.writing():
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
            missing(f"the run {run_id} has no tag {key}")
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
        """What was logged of a logged model is that model's too."""

    def get_metric_history(
        self, run_id: str, metric_key: str, max_results: int | None = None, page_token: str | None = None
    ) -> PagedList[Metric]:
        """All values of a metric, in order of time, step and value."""
        found = sorted({(one.time, one.step or 0, one.value) for one in self._points(run_id)[metric_key]}
                       if metric_key in self._points(run_id) else ())  # fmt: skip
        metrics = [Metric(metric_key, value, at, step, run_id=run_id) for at, step, value in found]
        start = SearchUtils.parse_start_offset_from_page_token(page_token)
        if max_results is None:
            return PagedList(metrics[start:], None)
        token = SearchUtils.create_page_token(start + max_results) if len(metrics) > start + max_results else None
        return PagedList(metrics[start : start + max_results], token)

    def _points(self, run_id: str) -> dict[str, list[Point]]:
        told, live = self._told(run_id), self._underway.get(run_id)
        points = live.history() if live is not None else self._recorder.history(self._opened.snapshot, told.ref)
        found: dict[str, list[Point]] = {}
        for point in points:
            found.setdefault(".".join(point.name), []).append(point)
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
                self._recorder.custom(live, **custom)
                return
            fields = {column("custom", words.CUSTOM, key): value for key, value in custom.items()}
            self._recorder.change(told.ref, {**fields, **({"inputs": inputs} if inputs else {})})

    # ── finding them ──────────────────────────────────────────────────────────────────────────────────────────────

    def _search_runs(
        self, experiment_ids: Iterable[str], filter_string: str | None, run_view_type: int, max_results: int | None,
        order_by: Sequence[str] | None, page_token: str | None,
    ) -> tuple[list[Run], str | None]:  # fmt: skip
        """The runs of some experiments that a filter finds, in an order, a page at a time."""
        if max_results is not None:
            _check_most(max_results)
        live = self._live()
        used = self._used()
        names = {one.id: key for key, one in self._experiments.known(used).items()}
        keys = [names[str(one)] for one in experiment_ids if str(one) in names]
        pool = Pool.of(self._rows(), live, keys, run_view_type)
        for clause in clauses(filter_string):
            pool = pool.where(clause)
        places = pool.sorted(orders(order_by))
        start = SearchUtils.parse_start_offset_from_page_token(page_token)
        end = len(places) if max_results is None else start + max_results
        token = SearchUtils.create_page_token(end) if end < len(places) else None
        return [self._entity(told) for told in pool.told(places[start:end])], token

    # ── the store as it is ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _now(self) -> str:
        return words.now(self._opened.store.clock())

    @property
    def _clock_ms(self) -> int:
        return int(self._opened.store.clock().timestamp() * 1000)

    def _rows(self) -> Board:
        snapshot = self._opened.snapshot
        if self._board is None or self._board.snapshot is not snapshot:
            self._board = Board(snapshot)
        return self._board

    def _live(self) -> list[Told]:
        if self._opened.address.ref is not None:
            return []
        return [one.told for one in self._underway.all()]

    def _find(self, run_id: str) -> Told | None:
        live = self._underway.get(run_id) if self._opened.address.ref is None else None
        if live is not None:
            return live.told
        return self._opened.found(lambda _snapshot: self._rows().find(run_id))

    def _told(self, run_id: str) -> Told:
        validation._validate_run_id(run_id)
        found = self._find(run_id)
        if found is None:
            missing(f"Run with id={run_id} not found")
        return found

    def _changeable(self, run_id: str) -> Told:
        """A run that may be written to."""
        told = self._told(run_id)
        if told.is_deleted:
            invalid(f"the run {run_id} must be in the 'active' state; it is deleted")
        return told

    def _entity(self, told: Told) -> Run:
        key = told.ref.keys[0]
        known = self._experiments.known([key])[key]
        return told.entity(known.id, self._experiments.run_location(known, told.ref, told.custom))


def _check_most(most: int) -> None:
    if not 1 <= most <= SEARCH_MAX_RESULTS_THRESHOLD:
        invalid(
            f"Invalid value for request parameter max_results: {most}; it is a number from 1 to "
            f"{SEARCH_MAX_RESULTS_THRESHOLD}"
        )


def _check_params(told: Told, params: Iterable[Param]) -> None:
    """Refuse a param that would be changed."""
    wrong = [(one.key, told.params[one.key], one.value) for one in params
             if one.key in told.params and told.params[one.key] != one.value]  # fmt: skip
    if wrong:
        key, old, new = wrong[0]
        invalid(
            f"Changing param values is not allowed. The param {key!r} was logged as {old!r} for run ID={told.id!r}, "
            f"and {new!r} is something else"
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
