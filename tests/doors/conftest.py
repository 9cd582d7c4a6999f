"""Every test of the doors has the cellar, and a shell that finds the commands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cellar import cellar
from command_line import typed
from gitrepo import environment


@pytest.fixture(scope="session")
def _cellar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cellar") / "repo"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        cellar(place)
    return place


@pytest.fixture
def store(_cellar: Path, tmp_path: Path) -> Path:
    """The cellar, a copy for this test alone."""
    return Path(shutil.copytree(_cellar, tmp_path / "repo", symlinks=True))


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment in which `git ml`, `git-ml` and `gitml` are found."""
    return typed(tmp_path / "bin")
