"""We live in our own house: this repository is a gitml store, and its records are valid."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitml
from gitml.errors import GitFailed

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def own() -> gitml.Store:
    try:
        return gitml.open(ROOT)
    except GitFailed as error:
        pytest.skip(f"this source tree is no clone: {error}")


def test_our_records_have_no_problems(own: gitml.Store) -> None:
    assert [str(problem) for problem in own.validate().problems if problem.code != "base.unknown"] == []


def test_the_demo_and_our_decisions_stand_in_it(own: gitml.Store) -> None:
    assert own.rows("decision").total >= 9
    assert own.rows("run", "metrics.test.accuracy > 0.9").total >= 10
    model = own.show("model/wine@1")
    assert own.show(model.data["run"]).data["metrics"]["test"]["accuracy"] == model.data["metrics"]["test"]["accuracy"]


def test_the_schemas_are_not_copied(own: gitml.Store) -> None:
    assert own.snapshot.own_schemas, "schemas/ is the one source, and serves this store as well"
    copies = {path for path in own.snapshot.entries if path.endswith("/run.yaml") and not path.startswith("metadata/")}
    assert copies == {"schemas/run.yaml"}
