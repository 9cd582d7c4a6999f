"""Metrics: direction, unit and tolerance from `metric` records, the common ones built in."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.views.metrics import BUILT_IN, Metric, Metrics, verdict
from in_memory import snapshot, store

numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats())
directions = st.sampled_from(["higher", "lower"])


def test_records_say_what_a_metric_means() -> None:
    held = store(
        {
            "metric/auc": {"direction": "higher", "unit": "1", "tolerance": {"absolute": 0.005, "relative": 0.1}},
            "metric/price": {"direction": "lower", "unit": "EUR", "aliases": ["cost", "auc"]},
        }
    )
    metrics = Metrics.of(held)
    assert metrics.find("metrics.validation.auc") == Metric("higher", "1", 0.005, 0.1)
    assert metrics.find("metrics.cost") == metrics.find("price") == Metric("lower", "EUR")


def test_the_common_ones_are_built_in_and_a_record_goes_before_them() -> None:
    assert Metrics.of(store({})).find("metrics.accuracy") == Metric("higher", "1")
    assert Metrics().find("metrics.test.RMSE") == Metric("lower")
    assert Metrics().find("metrics.log-loss") == Metric("lower")
    assert Metrics().find("metrics.`val/loss`") == Metric("lower")
    assert Metrics().find("metrics.f1 score") == Metric("higher", "1")
    assert Metrics().find("metrics.nonsense") is None
    assert Metrics.of(store({"metric/accuracy": {"direction": "none"}})).find("metrics.accuracy") == Metric("none")


def test_a_name_that_is_no_file_name_stands_in_the_record() -> None:
    held = snapshot({"metadata/metrics/val-auc~53bff8b7.yaml": b"schema: metric/1\nname: Val AUC\ndirection: lower\n"})
    assert [problem.code for problem in held.problems] in ([], ["path.mismatch"])
    path = held.path(next(iter(held.records("metric"))).ref) if not held.problems else ""
    assert path in ("", "metadata/metrics/val-auc~53bff8b7.yaml")


@pytest.mark.parametrize("data", [{}, {"direction": 3, "tolerance": [], "unit": 1}, {"tolerance": {"absolute": "x"}}])
def test_a_record_that_says_little_judges_nothing(data: dict[str, Any]) -> None:
    assert verdict(Metric.of(data), 1, 2) is None


@pytest.mark.parametrize(
    ("metric", "baseline", "value", "expected"),
    [
        (Metric("higher"), 0.91, 0.89, "worse"),
        (Metric("lower"), 0.91, 0.89, "better"),
        (Metric("higher"), 1, 1.0, "same"),
        (Metric("higher", "", 0.005), 0.905, 0.91, "same"),  # though the floats differ by a little more
        (Metric("higher", "", 0.005), 0.905, 0.9101, "better"),
        (Metric("lower", "", 0, 0.1), -10, -11, "same"),
        (Metric("lower", "", 0, 0.1), -10, -11.1, "better"),
        (Metric("none"), 1, 2, None),
        (Metric("higher"), 1, math.nan, None),
        (Metric("higher"), math.nan, 1, None),
        (Metric("higher"), math.nan, math.nan, "same"),
        (Metric("lower", "", 0.1, 0.1), 1.0, math.inf, "worse"),
        (Metric("lower"), math.inf, math.inf, "same"),
        (Metric("higher"), True, 2, None),
        (Metric("higher"), "1", 2, None),
        (Metric("higher"), None, 2, None),
    ],
)
def test_verdicts(metric: Metric, baseline: object, value: object, expected: str | None) -> None:
    assert verdict(metric, baseline, value) == expected


@given(directions, numbers, numbers, st.floats(0, 10), st.floats(0, 1))
def test_what_is_better_one_way_is_worse_the_other_way(
    direction: str, one: float, other: float, absolute: float, relative: float
) -> None:
    opposite = {"higher": "lower", "lower": "higher"}[direction]
    found = verdict(Metric(direction, "", absolute, relative), one, other)
    mirrored = verdict(Metric(opposite, "", absolute, relative), one, other)
    assert {"better": "worse", "worse": "better"}.get(found or "", found) == mirrored
    if not relative:
        assert {"better": "worse", "worse": "better"}.get(found or "", found) == verdict(
            Metric(direction, "", absolute), other, one
        )


def test_built_in_names_are_in_the_form_they_are_looked_up_by() -> None:
    assert all(name == name.casefold().replace("-", "_") for name in BUILT_IN)
    assert {metric.direction for metric in BUILT_IN.values()} == {"higher", "lower"}
