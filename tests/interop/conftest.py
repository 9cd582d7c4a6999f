"""What tests of other tools share: a store whose first commit is made, and MLflow's client of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gitml
from gitrepo import commit

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture
def place(repo: Path) -> Path:
    """A store whose first commit is made."""
    gitml.init(repo)
    commit(repo, {})
    return repo


@pytest.fixture
def client(place: Path) -> MlflowClient:
    """MLflow's client of it."""
    from mlflow import MlflowClient

    from registering import address

    return MlflowClient(address(place), address(place))
