"""Model versions: registered, described, tagged, moved from stage to stage, deleted, searched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mlflow.entities.model_registry.model_version_stages import STAGE_ARCHIVED, get_canonical_stage
from mlflow.store.model_registry import SEARCH_MODEL_VERSION_MAX_RESULTS_DEFAULT
from mlflow.utils.validation import _validate_model_name, _validate_model_version_tag, _validate_tag_name

from gitml.interop.mlflow.citing import awaits
from gitml.interop.mlflow.faults import invalid, missing
from gitml.interop.mlflow.registered.access import Access, model_in, tell, tell_version, version_in
from gitml.interop.mlflow.registered.entities import download, model_version
from gitml.interop.mlflow.registered.moving import discard, mark, move
from gitml.interop.mlflow.registered.origin import Origin, origin_of
from gitml.interop.mlflow.registered.record import LATEST, MODEL, Model, model_named, models
from gitml.interop.mlflow.registered.search import name_asked, version_page
from gitml.interop.mlflow.registered.slot import STAGES
from gitml.interop.mlflow.registered.sources import kept
from gitml.interop.mlflow.words import CUSTOM, now
from gitml.records.record import MISSING, column
from gitml.records.ref import VERSION, Ref
from gitml.store.batch import Gathering

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion, ModelVersionTag
    from mlflow.store.entities.paged_list import PagedList


class Versions(Access):
    """The part of the registry store that model versions are."""

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Sequence[ModelVersionTag] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        local_model_path: str | None = None,  # noqa: ARG002  (MLflow's word; the files stay where they are)
        model_id: str | None = None,
    ) -> ModelVersion:
        """The next version of a registered model, made by the `register` deed; RESOURCE_DOES_NOT_EXIST."""
        _validate_model_name(name)
        for tag in tags or ():
            _validate_model_version_tag(tag.key, tag.value)
        origin = self._origin(source, run_id, model_id)
        told = {"run_id": origin.run_id, "run_link": run_link, "model_id": model_id}
        said = {"description": description, "tags": {tag.key: str(tag.value) for tag in tags or ()}}

        def deed(batch: Gathering) -> ModelVersion:
            model = model_in(batch, name)
            if not model.head:
                tell(batch, model.key, {})
            fields = {**said, "created": now(batch.clock()), column("custom", CUSTOM): self._kept(origin, told)}
            given = {field: value for field, value in fields.items() if value not in (None, {})}
            batch.register(str(Ref(MODEL, (model.key,))), run=origin.run_ref(self.opened, batch), fields=given)
            return self._as_written(batch, name, max(model_in(batch, name).versions.keys() - model.versions.keys()))

        made = self._do(deed)
        self._awaits(made, origin.run_id)
        return made

    def update_model_version(self, name: str, version: int | str, description: str | None = None) -> ModelVersion:
        """The description set, or taken away."""

        def deed(batch: Gathering) -> ModelVersion:
            model, found = version_in(batch, name, version)
            said = {"description": description, "updated": now(batch.clock())}
            tell_version(batch, model.key, found.number, said)
            return self._as_written(batch, name, version)

        return self._do(deed)

    def transition_model_version_stage(
        self,
        name: str,
        version: int | str,
        stage: str,
        archive_existing_versions: bool,  # noqa: FBT001
    ) -> ModelVersion:
        """A version moved to a stage, through `promote` where that has a slot; what it forbids is not done."""
        wanted = get_canonical_stage(stage)
        if archive_existing_versions and wanted not in STAGES:
            invalid(
                "Model version transition cannot archive existing model versions because "
                f"{stage!r} is not an Active stage ({', '.join(STAGES)} are)"
            )

        def deed(batch: Gathering) -> ModelVersion:
            model, found = version_in(batch, name, version)
            at = now(batch.clock())
            others = [one.number for one in model.shown if one.stage == wanted and one.number != found.number]
            for number in others if archive_existing_versions else ():
                mark(batch, model, number, STAGE_ARCHIVED, at)  # its slot is the other's from now on
            move(batch, model, found.number, wanted, at)
            return self._as_written(batch, name, version)

        return self._do(deed)

    def delete_model_version(self, name: str, version: int | str) -> None:
        """Its aliases are removed, it is retired, and MLflow does not see it any more; its number stays taken."""

        def deed(batch: Gathering) -> None:
            model, found = version_in(batch, name, version)
            discard(batch, model, found.number)

        self._do(deed)

    def get_model_version(self, name: str, version: int | str) -> ModelVersion:
        """One version; RESOURCE_DOES_NOT_EXIST."""
        return model_version(*self._version(name, version), self._root, self._top)

    def get_model_version_download_uri(self, name: str, version: int | str) -> str:
        """Where the files of a version are to be read; RESOURCE_DOES_NOT_EXIST where it names no place."""
        found = download(self._version(name, version)[1], self._root, self._top)
        return found or missing(f"the model version {version} of {name!r} says nowhere where its files are")

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int | None = SEARCH_MODEL_VERSION_MAX_RESULTS_DEFAULT,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Versions by MLflow's filter, in order, a page at a time; those of prompts only where they are asked for."""
        limit = SEARCH_MODEL_VERSION_MAX_RESULTS_DEFAULT if max_results is None else max_results
        root, top = self._root, self._top
        every = (
            model_version(model, version, root, top)
            for model in self._searched(name_asked(filter_string))
            for version in model.shown
        )
        return version_page(every, filter_string, limit, order_by, page_token)

    def set_model_version_tag(self, name: str, version: int | str, tag: ModelVersionTag) -> None:
        """A tag set."""
        _validate_model_version_tag(tag.key, tag.value)

        def deed(batch: Gathering) -> None:
            model, found = version_in(batch, name, version)
            tell_version(batch, model.key, found.number, {column("tags", tag.key): str(tag.value)})

        self._do(deed)

    def delete_model_version_tag(self, name: str, version: int | str, key: str) -> None:
        """A tag removed, where there is one: what the version's own record says of it is passed over from then on."""
        _validate_tag_name(key)

        def deed(batch: Gathering) -> None:
            model, found = version_in(batch, name, version)
            if key in found.tags:
                stands = key in (found.data.get("tags") or {})
                tell_version(batch, model.key, found.number, {column("tags", key): None if stands else MISSING})

        self._do(deed)

    def _await_model_version_creation(self, mv: ModelVersion, await_creation_for: int) -> None:
        """Nothing to wait for: a version is ready once it is written."""

    def _searched(self, name: str | None) -> Iterable[Model]:
        """The registered models of a name, or all."""
        if name is None:
            return models(self.opened.snapshot)
        found = model_named(self.opened.snapshot, name)
        return [found] if found else []

    def _as_written(self, batch: Gathering, name: str, version: int | str) -> ModelVersion:
        """A version as it is once a deed is done."""
        return model_version(*version_in(batch, name, version), self._root, self._top)

    def _awaits(self, made: ModelVersion, run_id: str | None) -> None:
        """Remember a version whose run is not recorded yet."""
        model, version = self._version(made.name, made.version)
        if run_id and "run" not in version.data:
            awaits(self.opened, run_id, Ref(MODEL + VERSION, (model.key, str(version.number))))

    def _origin(self, source: str, run_id: str | None, model_id: str | None) -> Origin:
        return origin_of(self._located, self.tracking_uri, source, run_id, model_id)

    def _located(self, name: str, version: int | str | None, alias: str | None) -> str:
        """Where the files of a version are that a `models:/name/…` address names."""
        if version is None:
            version = self._chosen(name, alias or LATEST)
        return self.get_model_version_download_uri(name, version)

    def _kept(self, origin: Origin, told: Mapping[str, Any]) -> dict[str, Any]:
        """What `custom.mlflow` of a version says: where the model is, behind its source too, and what else was told."""
        places = {"source": kept(origin.source, self._root)}
        if urlsplit(origin.source).scheme == "models":
            places["location"] = kept(origin.location, self._root)
        return {**places, **{name: value for name, value in told.items() if value is not None}}
