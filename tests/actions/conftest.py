"""Stores to act on: one with git alone, one with DVC too; each is made once and copied for every test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import gitml
from acting import WINE, dvc, now
from gitrepo import commit, environment, git, init, write


@pytest.fixture(scope="session")
def _session_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What each test sees of the environment, for what is made once for all of them."""
    clean = environment({"DVC_NO_ANALYTICS": "1"})
    clean.setdefault("DVC_SITE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "dvc-site"))
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(clean):
            patch.delenv(name)
        for name, value in clean.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def plain_template(_session_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without a record, committed."""
    place = init(tmp_path_factory.mktemp("plain") / "repo")
    gitml.init(place, clock=now)
    commit(place, {"train.py": "print(1)\n"}, "begin")
    return place


@pytest.fixture(scope="session")
def dvc_template(plain_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with DVC set up: data/wine.csv is tracked, models/ is a folder for weights."""
    place = tmp_path_factory.mktemp("dvc") / "repo"
    shutil.copytree(plain_template, place, symlinks=True)
    dvc(place, "init", "-q")
    write(place, {"data/wine.csv": WINE, "models/.gitkeep": ""})
    dvc(place, "add", "-q", "data/wine.csv")
    commit(place, {}, "data")
    return place


@pytest.fixture
def plain(plain_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the store without DVC, which is the current folder."""
    place = tmp_path / "repo"
    shutil.copytree(plain_template, place, symlinks=True)
    git(place, "status")  # so that the index knows the copied files
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def tracked(dvc_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the store with DVC, which is the current folder."""
    place = tmp_path / "repo"
    shutil.copytree(dvc_template, place, symlinks=True)
    git(place, "status")
    monkeypatch.chdir(place)
    return place
