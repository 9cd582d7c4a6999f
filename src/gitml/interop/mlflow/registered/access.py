"""What the parts of the registry store share: its store, models found by name, and deeds that are written whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from mlflow.utils.validation import _validate_model_name, _validate_model_version

from gitml.errors import Conflict
from gitml.interop.mlflow.faults import invalid, missing
from gitml.interop.mlflow.opened import Opened
from gitml.interop.mlflow.registered.record import LATEST, MODEL, Model, Version, model_named
from gitml.interop.mlflow.words import CUSTOM
from gitml.records.record import MISSING, column
from gitml.records.ref import Ref
from gitml.repo.snapshot import Snapshot
from gitml.store.batch import Gathering
from gitml.store.writing import Writing

T = TypeVar("T")
_TRIES = 5


class Access:
    """The store behind MLflow's registry, and how its parts look things up and write them."""

    opened: Opened
    tracking_uri: str | None

    @property
    def _root(self) -> Path:
        return self.opened.root

    @property
    def _top(self) -> Path:
        """The repository's folder, which pointers count from."""
        return self.opened.store.repository.file("")

    def _model(self, name: str) -> Model:
        """A registered model; RESOURCE_DOES_NOT_EXIST."""
        _validate_model_name(name)
        return self.opened.found(lambda snapshot: model_named(snapshot, name)) or _no_model(name)

    def _version(self, name: str, version: int | str) -> tuple[Model, Version]:
        """A version of a model, and the model; RESOURCE_DOES_NOT_EXIST."""
        _validate_model_name(name)
        _validate_model_version(version)
        number = int(version)  # older ones give nothing back
        return self.opened.found(lambda snapshot: _numbered(snapshot, name, number)) or _no_version(name, version)

    def _chosen(self, name: str, alias: str) -> int:
        """The version that an alias chooses; INVALID_PARAMETER_VALUE, for `latest` RESOURCE_DOES_NOT_EXIST."""

        def look(snapshot: Snapshot) -> int | None:
            model = model_named(snapshot, name)
            return model.chosen(alias) if model else None

        found = self.opened.found(look)
        return _no_alias(self._model(name).name, alias) if found is None else found

    def _do(self, deed: Callable[[Gathering], T]) -> T:
        """Write what a deed does, all of it or none; it is done again where another process was quicker."""

        def whole(store: Writing) -> T:
            with Gathering(store, self.opened.how) as batch:
                return deed(batch)

        for _attempt in range(_TRIES - 1):
            try:
                return self.opened.write(whole)
            except Conflict:
                self.opened.look()
        return self.opened.write(whole)


def model_in(batch: Gathering, name: str) -> Model:
    """A registered model as it is in the middle of a deed; RESOURCE_DOES_NOT_EXIST."""
    _validate_model_name(name)
    return model_named(batch.snapshot, name) or _no_model(name)


def version_in(batch: Gathering, name: str, version: int | str) -> tuple[Model, Version]:
    """A version of a model as it is in the middle of a deed; RESOURCE_DOES_NOT_EXIST."""
    _validate_model_name(name)
    _validate_model_version(version)
    return _numbered(batch.snapshot, name, int(version)) or _no_version(name, version)


def tell(batch: Gathering, key: str, fields: Mapping[str, Any]) -> None:
    """Set fields of a model's head, by dotted name; where versions have no head yet, it is made."""
    ref = Ref(MODEL, (key,))
    if batch.snapshot.find(ref) is None:
        batch.new(MODEL, key, {name: value for name, value in fields.items() if value is not MISSING})
    else:
        batch.set(ref, fields)


def tell_version(batch: Gathering, key: str, number: int, fields: Mapping[str, Any]) -> None:
    """Set what MLflow says of a version later on, which lies in the head: a version that has landed stays as it is."""
    place = column("custom", CUSTOM, "versions", str(number))
    tell(batch, key, {f"{place}.{name}": value for name, value in fields.items()})


def _numbered(snapshot: Snapshot, name: str, number: int) -> tuple[Model, Version] | None:
    model = model_named(snapshot, name)
    found = model.versions.get(number) if model else None
    return (model, found) if model and found and not found.is_deleted else None


def _no_alias(name: str, alias: str) -> int:
    if alias.lower() == LATEST:
        missing(f"Latest version not found for model {name}.")
    invalid(f"Registered model alias {alias} not found.")


def _no_model(name: str) -> Model:
    missing(f"Registered Model with name={name} not found")  # in these words clients look for it


def _no_version(name: str, version: int | str) -> NoReturn:
    missing(f"Model Version (name={name}, version={version}) not found")
