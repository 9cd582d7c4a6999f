"""Aliases of registered models: slots, moved by `promote`, so that their history and the lifecycle apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlflow.utils.validation import _validate_model_alias_name, _validate_model_alias_name_reserved

from gitml.interop.mlflow.registered.access import Access, model_in, version_in
from gitml.interop.mlflow.registered.entities import model_version
from gitml.interop.mlflow.registered.slot import Slot
from gitml.store.batch import Gathering

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


class Aliases(Access):
    """The part of the registry store that aliases are."""

    def set_registered_model_alias(self, name: str, alias: str, version: int | str) -> None:
        """Let an alias choose a version; INVALID_PARAMETER_VALUE where the lifecycle forbids it."""
        _validate_model_alias_name(alias)
        _validate_model_alias_name_reserved(alias)

        def deed(batch: Gathering) -> None:
            model, found = version_in(batch, name, version)
            before = model.slots.get(alias)
            (before or Slot(alias))._replace(alias=found.number).write(batch, model.key, before)

        self._do(deed)

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """An alias removed, where there is one."""
        _validate_model_alias_name(alias)

        def deed(batch: Gathering) -> None:
            model = model_in(batch, name)
            slot = model.slots.get(alias)
            if slot is not None:
                slot._replace(alias=None).write(batch, model.key, slot)

        self._do(deed)

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias chooses; `latest` is the one with the highest number."""
        _validate_model_alias_name(alias)
        return model_version(*self._version(name, self._chosen(name, alias)), self._root, self._top)
