"""What each part of the tracking store asks of the store: its runs as they are, live and recorded."""

from __future__ import annotations

from mlflow.entities import (
    Run,
)
from mlflow.store.tracking import (
    SEARCH_MAX_RESULTS_THRESHOLD,
)
from mlflow.utils import validation

from gitml.interop.mlflow import words
from gitml.interop.mlflow.address import Address
from gitml.interop.mlflow.board import Board
from gitml.interop.mlflow.experiments import Experiments, Known
from gitml.interop.mlflow.faults import invalid, missing
from gitml.interop.mlflow.live import Underway
from gitml.interop.mlflow.logged_models import LoggedModels
from gitml.interop.mlflow.opened import opened
from gitml.interop.mlflow.recorder import Recorder
from gitml.interop.mlflow.runs import Told
from gitml.repo.journal.lines import Point

_LOCAL = ("", "./mlruns", "mlruns")
"""What MLflow gives for a root of files where nobody has named one."""


class Asked:
    """The store behind MLflow's tracking store."""

    def __init__(self, store_uri: str, artifact_uri: str | None = None) -> None:
        super().__init__()
        self._opened = opened(Address.of(store_uri))
        self._underway = Underway(self._opened)
        self._recorder = Recorder(self._opened, self._underway)
        root = None if (artifact_uri or "") in _LOCAL else artifact_uri
        self._experiments = Experiments(self._opened, root)
        self._models = LoggedModels(self._opened, self._underway, self._recorder, self._experiments)
        self._board: Board | None = None
        self._histories: dict[str, dict[str, list[Point]]] = {}

    @property
    def artifact_root_uri(self) -> str:
        """The URI below which the files of runs lie."""
        return self._experiments.root

    @property
    def _now(self) -> str:
        return words.now(self._opened.store.clock())

    @property
    def _clock_ms(self) -> int:
        return words.epoch(self._opened.store.clock())

    def _rows(self) -> Board:
        snapshot = self._opened.snapshot
        if self._board is None or self._board.snapshot is not snapshot:
            self._board = Board(snapshot, self._place)
        return self._board

    def _known(self, experiment_id: str) -> Known:
        return self._experiments.by_id(experiment_id or words.DEFAULT_ID, self._used)

    def _active(self, experiment_id: str) -> Known:
        known = self._known(experiment_id)
        if known.is_deleted:
            invalid(f"The experiment {experiment_id} must be in the 'active' state; it is deleted")
        return known

    def _used(self) -> list[str]:
        live = (one.recording.story.ref.keys[0] for one in self._underway.all())
        return list(dict.fromkeys([*self._rows().experiments, *live]))

    def _live(self) -> list[Told]:
        if self._opened.address.ref is not None:
            return []
        return [one.told for one in self._underway.all()]

    def _find(self, run_id: str) -> Told | None:
        live = self._underway.get(run_id) if self._opened.address.ref is None else None
        if live is not None:
            return live.told
        last = self._underway.last(run_id)
        return last or self._opened.found(lambda _snapshot: self._rows().find(run_id))

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
            invalid(f"The run {run_id} must be in the 'active' state; it is deleted")
        return told

    def _entity(self, told: Told) -> Run:
        key = told.ref.keys[0]
        return told.entity(self._experiments.known([key])[key].id, self._place(told))

    def _place(self, told: Told) -> str:
        """The URI of a run's files."""
        key = told.ref.keys[0]
        return self._experiments.run_location(self._experiments.known([key])[key], told.ref, told.custom)


def check_most(most: int | None) -> None:
    """Refuse a number of results that MLflow refuses."""
    if not isinstance(most, int) or not 1 <= most <= SEARCH_MAX_RESULTS_THRESHOLD:
        is_positive = isinstance(most, int) and most > 0
        wanted = f"at most {SEARCH_MAX_RESULTS_THRESHOLD}" if is_positive else "a positive integer"
        invalid(f"Invalid value {most} for parameter 'max_results' supplied. It must be {wanted}")
