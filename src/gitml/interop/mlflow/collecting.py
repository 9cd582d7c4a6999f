"""What `mlflow gc` asks of a store: the records of what was deleted are removed. Git keeps what it has of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mlflow.entities import ViewType, _DatasetSummary

from gitml.actions import artifacts
from gitml.actions.landing import land
from gitml.actions.plan import Plan
from gitml.errors import ERROR, NotFound, Refused
from gitml.interop.mlflow import board, experiments, logged_models, words
from gitml.interop.mlflow.of_experiments import OfExperiments
from gitml.interop.mlflow.recorder import there
from gitml.interop.mlflow.search import Pool
from gitml.records.record import column
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.journal.folder import Folder, root
from gitml.repo.snapshot import Snapshot


class Collecting(OfExperiments):
    """Removing what was deleted."""

    def _get_deleted_runs(self, older_than: int = 0) -> list[str]:
        """The ids of runs that were deleted so many milliseconds ago, or longer."""
        keys = self._experiments.known(self._used())
        pool = Pool.of(self._rows(), self._live(), keys, ViewType.DELETED_ONLY)
        return [one.id for one in pool.told(pool.sorted(())) if self._is_old(one.ref, older_than)]

    def _get_deleted_logged_models(self, older_than: int = 0) -> list[str]:
        """The ids of logged models that were deleted so many milliseconds ago, or longer."""
        return [one.id for one in self._models.known().values()
                if one.is_deleted and self._long_ago(str(one.data["deleted"]), older_than)]  # fmt: skip

    def _hard_delete_run(self, run_id: str) -> None:
        """Remove a run: its record with its series, and its journal; where something cites it, from MLflow's sight."""
        told = self._told(run_id)
        with self._opened.writing():
            self._taken(told.ref)
            Folder(root(self._opened.store.repository.git) / run_id).remove()

    def _hard_delete_logged_model(self, model_id: str) -> None:
        """Remove a logged model's record."""
        with self._opened.writing():
            self._taken(self._model_ref(model_id))

    def _hard_delete_experiment(self, experiment_id: str) -> None:
        """Remove an experiment's record, with all that is in it."""
        known = self._known(experiment_id)
        with self._opened.writing():
            for model in [one for one in self._models.known().values() if one.ref.keys[0] == known.key]:
                self._taken(model.ref)
            for run in self._runs_of(known, ViewType.ALL):
                self._hard_delete_run(run.id)
            if known.is_recorded:
                self._removed(Ref(experiments.KIND, (known.key,)))

    def _search_datasets(self, experiment_ids: Iterable[str]) -> list[Any]:
        """The data sets that the runs of some experiments have read: name, digest and context, each once."""
        found: dict[tuple[str, str, str, str | None], None] = {}
        for known in (self._known(one) for one in experiment_ids):
            for run in self._runs_of(known, ViewType.ACTIVE_ONLY):
                found |= dict.fromkeys((known.id, *one) for one in run.summaries())
        return [_DatasetSummary(*one) for one in found][:_SUMMARIES]

    def _is_old(self, ref: Ref, older_than: int) -> bool:
        live = self._underway.get(ref.keys[1])
        if live is not None:
            deleted = live.recording.story.head.get("deleted")
        else:
            deleted = self._opened.snapshot.record(ref).data.get("deleted")
        return bool(deleted) and self._long_ago(str(deleted), older_than)

    def _long_ago(self, at: str, older_than: int) -> bool:
        return self._clock_ms - words.milliseconds(at) >= older_than

    def _model_ref(self, model_id: str) -> Ref:
        found = self._models.find(model_id)
        if found is None:
            raise NotFound(f"there is no logged model {model_id}")
        return found.ref

    def _taken(self, ref: Ref) -> None:
        """Remove a run or logged model, and the run that it alone still cited; hide a run that is cited itself."""
        data = self._data(ref)
        try:
            self._removed(ref)
        except Refused as error:
            if ref.kind != board.RUN or any(one.code != _CITED for one in error.problems if one.severity == ERROR):
                raise
            if not _is_collected(data):
                self._recorder.change(ref, {column("custom", words.CUSTOM, words.COLLECTED): self._now})
            return
        whole = data.get(_WHOLE[ref.kind])
        if whole and _is_collected(self._data(Ref.parse(whole))):
            self._taken(Ref.parse(whole))

    def _data(self, ref: Ref) -> Mapping[str, Any]:
        snapshot = self._opened.look()
        return {} if snapshot.find(ref) is None else snapshot.record(ref).data

    def _removed(self, ref: Ref) -> None:
        """Remove a record, as a change like any other: it can be reverted."""
        repository = self._opened.store.repository

        def making(snapshot: Snapshot) -> Plan:
            paths = _paths(snapshot, ref)
            held = ((path, there(repository, snapshot, path)) for path in paths)
            return Plan(tuple(Change(path, blob, None) for path, blob in held if blob is not None))

        land(repository, making, self._opened.store.how(**self._opened.how))
        self._opened.store.refresh()
        self._opened.written()


_CITED = "ref.missing"
"""What the checks say where a record is removed that another cites."""
_WHOLE: Mapping[str, str] = {board.RUN: "parent", logged_models.KIND: "run"}
"""The field in which a record names the run that it is part of."""
_SUMMARIES = 1000
"""So many data sets are told of at most."""


def _is_collected(data: Mapping[str, Any]) -> bool:
    return words.COLLECTED in words.custom(data)


def _paths(snapshot: Snapshot, ref: Ref) -> Iterator[str]:
    """The files of a record: itself, its series, and what DVC has of its files, which MLflow has removed."""
    path = snapshot.find(ref)
    if path is None:
        return
    yield path
    if ref.kind in _WHOLE:
        yield f"{snapshot.prefix}{artifacts.place(ref)}.dvc"
    series = (snapshot.record(ref).data.get("series") or {}).get("path")
    if series:
        yield str(series)
