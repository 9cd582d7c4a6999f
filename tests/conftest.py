"""What every test stands on: an empty repository, and the real inputs where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from gitrepo import environment, init

# A slow machine is no fault; CI sees the same examples each time, a person sees new ones.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if "CI" in os.environ else "here")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the caller's git variables or configuration; dvc keeps its site cache to itself."""
    clean = environment({"DVC_NO_ANALYTICS": "1"})
    clean.setdefault("DVC_SITE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "dvc-site"))
    for name in set(os.environ) - set(clean):
        monkeypatch.delenv(name)
    for name, value in clean.items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """An empty git repository on branch main."""
    return init(tmp_path / "repo")


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real inputs (GITML_REAL, else shared/real beside the clone), or a skip by name."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "real"
    place = Path(os.environ.get("GITML_REAL", beside))
    if not place.is_dir():
        pytest.skip("real inputs are absent (GITML_REAL)")
    return place
