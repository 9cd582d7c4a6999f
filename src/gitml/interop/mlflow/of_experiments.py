"""The part of MLflow's tracking store that is about experiments."""

from __future__ import annotations

from collections.abc import Sequence

from mlflow.entities import (
    Experiment,
    ExperimentTag,
    ViewType,
)
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import (
    SEARCH_MAX_RESULTS_DEFAULT,
)
from mlflow.utils import validation
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchUtils

from gitml.interop.mlflow.asked import check_most
from gitml.interop.mlflow.experiments import Known
from gitml.interop.mlflow.faults import missing
from gitml.interop.mlflow.of_runs import OfRuns
from gitml.interop.mlflow.runs import Told
from gitml.interop.mlflow.search import Pool
from gitml.records.record import MISSING


class OfExperiments(OfRuns):
    """Experiments: made, renamed, deleted, found."""

    def search_experiments(
        self, view_type: int = ViewType.ACTIVE_ONLY, max_results: int = SEARCH_MAX_RESULTS_DEFAULT,
        filter_string: str | None = None, order_by: list[str] | None = None, page_token: str | None = None,
    ) -> PagedList[Experiment]:  # fmt: skip
        """Experiments that a filter finds, in an order, a page at a time."""
        check_most(max_results)
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
            missing(f"No Experiment with id={experiment_id} exists that is not deleted already")
        self._experiments.change(known, {"deleted": self._now})
        for run in self._runs_of(known, ViewType.ACTIVE_ONLY):
            self.delete_run(run.id)

    def restore_experiment(self, experiment_id: str) -> None:
        """Take the mark away again, from its runs too."""
        known = self._known(experiment_id)
        if not known.is_deleted:
            missing(f"No Experiment with id={experiment_id} exists that is deleted")
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
            missing(f"No tag with name: {key} in the experiment {experiment_id}")
        self._experiments.set_tag(known, key, None)

    def _runs_of(self, known: Known, view: int) -> list[Told]:
        pool = Pool.of(self._rows(), self._live(), [known.key], view)
        return pool.told(pool.sorted(()))
