"""Two runs compared: metric by metric within a tolerance, output by output to the byte."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gitml.errors import BadValue
from gitml.views.metrics import Metric, Metrics
from gitml.views.verification import verification

METRICS = Metrics({"auc": Metric("higher", tolerance_absolute=0.01), "loss": Metric("lower", tolerance_relative=0.1)})


def verdict(first: Any, again: Any, name: str = "auc", **tolerances: str) -> str | None:
    sides = [{"metrics": {"test": {name: value}} if value is not None else {}} for value in (first, again)]
    return verification(sides[0], sides[1], METRICS, tolerances).verdict


@pytest.mark.parametrize(
    ("first", "again", "word"),
    [
        (0.9, 0.9, "identical"),
        (1, 1.0, "identical"),
        (math.nan, math.nan, "identical"),
        (math.inf, math.inf, "identical"),
        (0.9, 0.91, "within_tolerance"),
        (0.9, 0.911, "different"),
        (0.9, math.nan, "different"),
        (0.9, math.inf, "different"),
        (0.9, None, "different"),
        (None, 0.9, "different"),
        (None, None, None),
    ],
)
def test_a_metric_lies_within_its_tolerance_or_not(first: Any, again: Any, word: str | None) -> None:
    assert verdict(first, again) == word


def test_tolerances_are_the_records_or_those_given() -> None:
    assert verdict(2.0, 2.2, "loss") == "within_tolerance"
    assert verdict(2.0, 2.3, "loss") == "different"
    assert verdict(2.0, 2.3, "loss", loss="0.3") == "within_tolerance"
    assert verdict(2.0, 2.3, "loss", **{"test.loss": "15%"}) == "within_tolerance"
    assert verdict(0.9, 0.905, auc="0") == "different"
    assert verdict(1.0, 1.1, "odd") == "different"


@pytest.mark.parametrize("text", ["", "-1", "1 %%", "much", "nan", "1e"])
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="no tolerance"):
        verdict(1, 1, auc=text)


def test_a_tolerance_of_no_metric_is_refused() -> None:
    with pytest.raises(BadValue, match=r"there are test\.auc"):
        verdict(1, 1, auk="1")


def test_how_long_it_took_is_compared_only_on_request() -> None:
    assert verdict(10, 12, "duration_s") is None
    assert verdict(10, 12, "duration_s", duration_s="10%") == "different"


def run(auc: float | None, md5: str | None) -> dict[str, Any]:
    outputs = {"model": {"path": "m.pkl", **({"md5": md5} if md5 else {})}}
    return {"outputs": outputs, **({} if auc is None else {"metrics": {"auc": auc}})}


@pytest.mark.parametrize(
    ("auc", "again", "md5", "word"),
    [
        (0.9, 0.9, "b" * 32, "within_tolerance"),
        (0.9, 0.9, "a" * 32, "identical"),
        (None, None, "a" * 32, "identical"),
        (None, None, "b" * 32, "different"),
        (None, None, None, "different"),
        (0.9, 0.5, "a" * 32, "different"),
    ],
)
def test_outputs_count_to_the_byte(auc: float | None, again: float | None, md5: str | None, word: str) -> None:
    found = verification(run(auc, "a" * 32), run(again, md5), METRICS, {})
    assert found.verdict == word
    assert [one.same for one in found.artifacts] == [md5 == "a" * 32]
