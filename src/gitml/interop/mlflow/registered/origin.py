"""Where a new version comes from: its source, the place behind a `models:/…` one, the run that made it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.utils.models import _parse_model_uri
from mlflow.tracking.client import MlflowClient

from gitml.interop.mlflow.faults import invalid
from gitml.interop.mlflow.opened import Opened
from gitml.interop.mlflow.runs_by_id import run_by_id
from gitml.records.settings import TREE
from gitml.store.batch import Gathering

Locate = Callable[[str, "int | str | None", "str | None"], str]
"""Where the files of a version are: by the model's name and its version, or an alias."""
_MODELS = "models"
_UNDER_WAY = ("running", "scheduled")


class Origin(NamedTuple):
    """What MLflow was told of a version's source, the place that it means, and the run."""

    source: str
    location: str
    run_id: str | None

    def run_ref(self, opened: Opened, batch: Gathering) -> str | None:
        """The run to cite, where it is recorded, and so that it lasts: a commit refers to nothing but commits.

        Where events flow, a run is copied to main with the version that cites it; one that is still under way would
        go on changing, and is known by its id alone.
        """
        run = run_by_id(batch.snapshot, self.run_id) if self.run_id else None
        if run is None:
            return None
        flows = batch.snapshot.settings.events != TREE
        if flows and run.data.get("status") in _UNDER_WAY:
            return None
        if not flows and opened.how["commit"] and opened.address.branch is None:
            head = opened.store.repository.head()
            return str(run.ref) if head.find(run.ref) is not None else None
        return str(run.ref)


def origin_of(
    locate: Locate, tracking_uri: str | None, source: str, run_id: str | None, model_id: str | None
) -> Origin:
    """What a source means: `models:/name/3` and `models:/m-…` are looked up; INVALID_PARAMETER_VALUE in vain."""
    if urlsplit(source).scheme != _MODELS:
        logged = MlflowClient(tracking_uri).get_logged_model(model_id) if model_id and not run_id else None
        return Origin(source, source, logged.source_run_id if logged else run_id)
    try:
        parsed = _parse_model_uri(source)
        if parsed.model_id is not None:
            logged = MlflowClient(tracking_uri).get_logged_model(parsed.model_id)
            return Origin(source, logged.artifact_location, run_id or logged.source_run_id)
        return Origin(source, _located(locate, parsed), run_id)
    except MlflowException as error:
        invalid(f"the source {source} leads to no model: {error.message}")


def _located(locate: Locate, parsed: Any) -> str:
    """Where the version that a `models:/name/…` address names has its files."""
    if parsed.stage is not None:
        invalid("a stage may hold another version tomorrow: name the version, or an alias")
    return locate(str(parsed.name), parsed.version, parsed.alias)
