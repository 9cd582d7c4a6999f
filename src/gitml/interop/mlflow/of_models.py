"""The part of MLflow's tracking store that is about the models that runs log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mlflow.entities import (
    LoggedModel,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
)
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import (
    SEARCH_LOGGED_MODEL_MAX_RESULTS_DEFAULT,
)
from mlflow.utils import validation
from mlflow.utils.name_utils import _generate_random_name
from mlflow.utils.search_utils import SearchLoggedModelsUtils

from gitml.interop.mlflow import words
from gitml.interop.mlflow.faults import invalid, missing
from gitml.interop.mlflow.logged_models import Logged
from gitml.interop.mlflow.of_runs import OfRuns
from gitml.records.record import MISSING

HISTORY = "mlflow.log-model.history"


class OfModels(OfRuns):
    """Logged models: made, said of, found."""

    def create_logged_model(
        self, experiment_id: str = words.DEFAULT_ID, name: str | None = None, source_run_id: str | None = None,
        tags: Sequence[LoggedModelTag] | None = None, params: Sequence[LoggedModelParameter] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:  # fmt: skip
        """Make a logged model, whose files are awaited."""
        validation._validate_logged_model_name(name)
        known = self._active(experiment_id)
        found = [validation._validate_param(one.key, str(one.value)) for one in params or ()]
        told = {one.key: words.param(one.value) for one in found}
        tagged = {one.key: str(one.value) for one in tags or ()}
        made = self._models.create(
            known, name or _generate_random_name(), source_run_id, type=model_type, params=told, tags=tagged
        )
        return self._models.entity(made)

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> LoggedModel:  # noqa: FBT001, FBT002
        """A logged model."""
        return self._models.entity(self._model(model_id, allow_deleted=allow_deleted))

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say that its files are there, or lost."""
        self._models.finalize(self._model(model_id), status)
        return self.get_logged_model(model_id)

    def log_logged_model_params(self, model_id: str, params: Sequence[LoggedModelParameter]) -> None:
        """Params of a logged model."""
        found = [validation._validate_param(one.key, str(one.value)) for one in params or ()]
        if found:
            self._models.change(self._model(model_id), {("params", one.key): words.param(one.value) for one in found})

    def set_logged_model_tags(self, model_id: str, tags: Sequence[LoggedModelTag]) -> None:
        """Tags of a logged model."""
        told = {one.key: "" if one.value is None else str(one.value) for one in tags}
        for key, value in told.items():
            validation._validate_tag(key, value)
        if told:
            self._models.change(self._model(model_id), {("tags", key): value for key, value in told.items()})

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Take a tag away."""
        validation._validate_tag_name(key)
        model = self._model(model_id)
        if key not in (model.data.get("tags") or {}):
            missing(f"No tag with key {key!r} found for model with ID {model_id!r}.")
        self._models.change(model, {("tags", key): MISSING})

    def delete_logged_model(self, model_id: str) -> None:
        """Mark a logged model as deleted."""
        self._models.change(self._model(model_id), {("deleted",): self._now})

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """What older clients say of a model that they have logged: a tag of its run, as MLflow keeps it."""
        if not hasattr(mlflow_model, "get_tags_dict"):
            raise TypeError(f"Argument 'mlflow_model' should be mlflow.models.Model, got '{type(mlflow_model)}'")
        told = self._told(run_id)
        held = json.loads(told.tags.get(HISTORY) or "[]")
        self._tagged(told, {HISTORY: json.dumps([*held, mlflow_model.get_tags_dict()])}, ())

    def search_logged_models(
        self, experiment_ids: Sequence[str], filter_string: str | None = None,
        datasets: Sequence[Mapping[str, Any]] | None = None, max_results: int | None = None,
        order_by: Sequence[Mapping[str, Any]] | None = None, page_token: str | None = None,
    ) -> PagedList[LoggedModel]:  # fmt: skip
        """Logged models that a filter finds, in an order, a page at a time."""
        if datasets and not all(one.get("dataset_name") for one in datasets):
            invalid("`dataset_name` in the `datasets` clause must be specified.")
        wanted = {str(one) for one in experiment_ids}
        every = [self._models.entity(one) for one in self._models.known().values() if not one.is_deleted]
        inside = [one for one in every if one.experiment_id in wanted]
        found = SearchLoggedModelsUtils.filter_logged_models(inside, filter_string, datasets)
        ordered = SearchLoggedModelsUtils.sort(found, order_by)
        most = max_results or SEARCH_LOGGED_MODEL_MAX_RESULTS_DEFAULT
        shown, token = SearchLoggedModelsUtils.paginate(ordered, page_token, most)
        return PagedList(shown, token)

    def _model(self, model_id: str, *, allow_deleted: bool = False) -> Logged:
        found = self._models.find(model_id)
        if found is None or (found.is_deleted and not allow_deleted):
            missing(f"Logged model with ID {model_id!r} not found.")
        return found
