"""Registered models: made, renamed, described, tagged, deleted, searched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mlflow.entities.model_registry.model_version_stages import ALL_STAGES, get_canonical_stage
from mlflow.prompt.registry_utils import handle_resource_already_exist_error, has_prompt_tag
from mlflow.store.model_registry import SEARCH_REGISTERED_MODEL_MAX_RESULTS_DEFAULT
from mlflow.utils.validation import (
    _validate_model_name,
    _validate_model_renaming,
    _validate_registered_model_tag,
    _validate_tag_name,
)

from gitml.interop.mlflow.registered.access import Access, model_in, tell
from gitml.interop.mlflow.registered.entities import model_version, registered_model
from gitml.interop.mlflow.registered.moving import discard
from gitml.interop.mlflow.registered.record import MODEL, Model, Taken, model_named, models
from gitml.interop.mlflow.registered.search import model_page
from gitml.interop.mlflow.words import CUSTOM, free_key, now
from gitml.records.record import MISSING, column
from gitml.store.batch import Gathering

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, RegisteredModel, RegisteredModelTag
    from mlflow.store.entities.paged_list import PagedList

_JOB, _UPDATED, _RENAMED, _DELETED = (
    column("custom", CUSTOM, name) for name in ("deployment_job_id", "updated", "renamed", "deleted")
)


class Models(Access):
    """The part of the registry store that registered models are."""

    def create_registered_model(
        self,
        name: str,
        tags: Sequence[RegisteredModelTag] | None = None,
        description: str | None = None,
        deployment_job_id: str | None = None,
    ) -> RegisteredModel:
        """A new registered model; RESOURCE_ALREADY_EXISTS."""
        _validate_model_name(name)
        for tag in tags or ():
            _validate_registered_model_tag(tag.key, tag.value)
        said = {"description": description, "tags": _texts(tags or ()), _JOB: deployment_job_id}

        def deed(batch: Gathering) -> RegisteredModel:
            _must_be_free(batch, name, tags)
            key = free_key(name, Taken(batch.snapshot))
            fields = {**said, "created": now(batch.clock()), "title": name if key != name else None}
            batch.new(MODEL, key, {field: value for field, value in fields.items() if value not in (None, {})})
            return self._shown(model_in(batch, name))

        return self._do(deed)

    def update_registered_model(
        self, name: str, description: str | None, deployment_job_id: str | None = None
    ) -> RegisteredModel:
        """The description set, or taken away."""
        job = {} if deployment_job_id is None else {_JOB: deployment_job_id}

        def deed(batch: Gathering) -> RegisteredModel:
            said = MISSING if description is None else description
            tell(batch, model_in(batch, name).key, {"description": said, **job, _UPDATED: now(batch.clock())})
            return self._shown(model_in(batch, name))

        return self._do(deed)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Another name to show; its records stay where they are. RESOURCE_ALREADY_EXISTS."""
        _validate_model_renaming(new_name)

        def deed(batch: Gathering) -> RegisteredModel:
            model = model_in(batch, name)
            if new_name != name:
                _must_be_free(batch, new_name, None)
            title = MISSING if new_name == model.key else new_name
            tell(batch, model.key, {"title": title, _RENAMED: now(batch.clock())})
            return self._shown(model_in(batch, new_name))

        return self._do(deed)

    def delete_registered_model(self, name: str) -> None:
        """Its aliases are removed, its versions retired, and MLflow does not see it any more."""

        def deed(batch: Gathering) -> None:
            model = model_in(batch, name)
            for version in model.shown:
                discard(batch, model_in(batch, name), version.number)
            tell(batch, model.key, {_DELETED: now(batch.clock())})

        self._do(deed)

    def get_registered_model(self, name: str) -> RegisteredModel:
        """One registered model; RESOURCE_DOES_NOT_EXIST."""
        return self._shown(self._model(name))

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int | None = SEARCH_REGISTERED_MODEL_MAX_RESULTS_DEFAULT,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Registered models by MLflow's filter, in order, a page at a time; prompts only where they are asked for."""
        limit = SEARCH_REGISTERED_MODEL_MAX_RESULTS_DEFAULT if max_results is None else max_results
        every = (self._shown(model) for model in models(self.opened.snapshot))
        return model_page(every, filter_string, limit, order_by, page_token)

    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[ModelVersion]:
        """The latest version in each of some stages, of all where none is named."""
        model = self._model(name)
        wanted = {get_canonical_stage(stage) for stage in stages or ALL_STAGES}
        chosen = (version for version in model.latest if version.stage in wanted)
        return [model_version(model, version, self._root, self._top) for version in chosen]

    def set_registered_model_tag(self, name: str, tag: RegisteredModelTag) -> None:
        """A tag set."""
        _validate_registered_model_tag(tag.key, tag.value)
        self._do(lambda batch: tell(batch, model_in(batch, name).key, {column("tags", tag.key): _text(tag.value)}))

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """A tag removed, where there is one."""
        _validate_tag_name(key)

        def deed(batch: Gathering) -> None:
            model = model_in(batch, name)
            if key in model.tags:
                left = model.tags.keys() - {key}
                tell(batch, model.key, {column("tags", key) if left else "tags": MISSING})

        self._do(deed)

    def _shown(self, model: Model) -> RegisteredModel:
        return registered_model(model, self._root, self._top)


def _must_be_free(batch: Gathering, name: str, tags: Sequence[RegisteredModelTag] | None) -> None:
    """RESOURCE_ALREADY_EXISTS where a model, or a prompt, has a name already."""
    found = model_named(batch.snapshot, name)
    if found is not None:
        handle_resource_already_exist_error(name, has_prompt_tag(found.tags), bool(has_prompt_tag(list(tags or ()))))


def _texts(tags: Iterable[Any]) -> dict[str, str]:
    return {tag.key: _text(tag.value) for tag in tags}


def _text(value: object) -> str:
    return "" if value is None else str(value)
