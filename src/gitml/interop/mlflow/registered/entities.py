"""Models and versions as MLflow's clients are given them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlflow.entities.model_registry import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)

from gitml.errors import BadRef
from gitml.interop.mlflow.registered.record import Model, Version
from gitml.interop.mlflow.registered.sources import given, pointed
from gitml.interop.mlflow.words import custom
from gitml.records.ref import Ref

READY = "READY"
"""What each version is but one that was imported from where its registration had failed, or was not done yet."""


def registered_model(model: Model, root: Path, top: Path) -> RegisteredModel:
    """A registered model with the latest version of each stage."""
    return RegisteredModel(
        model.name,
        creation_timestamp=model.created,
        last_updated_timestamp=model.updated,
        description=model.head.get("description"),
        latest_versions=[model_version(model, version, root, top) for version in model.latest],
        tags=[RegisteredModelTag(key, value) for key, value in model.tags.items()],
        aliases=[RegisteredModelAlias(name, version) for name, version in model.aliases.items()],
        deployment_job_id=custom(model.head).get("deployment_job_id"),
    )


def model_version(model: Model, version: Version, root: Path, top: Path) -> ModelVersion:
    """A version; of one that gitml itself registered what its record says."""
    told = custom(version.data)
    return ModelVersion(
        model.name,
        version.number,
        version.created,
        last_updated_timestamp=version.updated,
        description=version.description,
        user_id=version.data.get("by"),
        current_stage=version.stage,
        source=source(version, root, top),
        run_id=told.get("run_id") or _run_id(version.data),
        status=told.get("status") or READY,
        status_message=told.get("status_message"),
        tags=[ModelVersionTag(key, value) for key, value in version.tags.items()],
        run_link=told.get("run_link"),
        aliases=model.aliases_of(version.number),
        model_id=told.get("model_id"),
    )


def source(version: Version, root: Path, top: Path) -> str | None:
    """Where MLflow was told that the model is; of a version that gitml registered, what its pointer says."""
    told = given(custom(version.data).get("source"), root)
    return told if told is not None else pointed(version.data.get("pointer") or {}, top)


def download(version: Version, root: Path, top: Path) -> str | None:
    """Where the model's files can be read: behind a `models:/…` source the place that it meant."""
    return given(custom(version.data).get("location"), root) or source(version, root, top)


def _run_id(data: Any) -> str | None:
    """The id of the run that made a version."""
    try:
        return Ref.parse(str(data["run"])).keys[-1] if "run" in data else None
    except BadRef:
        return None
