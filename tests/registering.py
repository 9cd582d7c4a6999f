"""What tests of the registry share: a store in a repository of its own, and the code that MLflow is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import gitml
from gitml.interop.mlflow.registry import RegistryStore
from gitrepo import commit, init


def address(place: Path, how: str = "") -> str:
    """What MLflow is told of a store; `how` is what that says of writing."""
    return f"gitml{place.as_uri().removeprefix('file')}{how}"


def registry(place: Path, how: str = "", *, events: str | None = None) -> RegistryStore:
    """MLflow's registry over a new store whose first commit is made."""
    init(place)
    gitml.init(place, events=events)
    commit(place, {})
    return RegistryStore(address(place, how))


@contextmanager
def refused(code: str, told: str = "") -> Iterator[None]:
    """What MLflow's clients are told, with this code, and in these words among others."""
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException) as caught:
        yield
    assert caught.value.error_code == code, caught.value
    assert told in caught.value.message
