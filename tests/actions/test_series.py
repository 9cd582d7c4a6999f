"""Points of metrics: last values, the CSV, the summary."""

from __future__ import annotations

import csv
import io
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.actions import series
from gitml.actions.series import names
from gitml.records.record import segments
from gitml.repo.journal.lines import Name, Point, milliseconds
from gitml.views.metrics import Metrics

NOW = milliseconds(datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC))


def point(name: str, value: float, step: int | None = None) -> Point:
    return Point(tuple(name.split("/")), value, step, NOW)


def last_values(points: list[Point]) -> dict[str, object]:
    return series.last_values(series.tallied(points))


def is_series(points: list[Point]) -> bool:
    return series.is_series(series.tallied(points))


def table(points: list[Point]) -> bytes:
    return b"".join(series.table(points))


def test_last_values_are_nested_as_the_names_say() -> None:
    found = last_values([point("auc", 1), point("val/auc", 2), point("val/auc", 3), point("val/loss", 4)])
    assert found == {"auc": 1, "val": {"auc": 3, "loss": 4}}


def test_a_series_is_what_has_a_step_or_several_points() -> None:
    assert not is_series([])
    assert not is_series([point("a", 1), point("b", 2)])
    assert is_series([point("a", 1), point("a", 1)])
    assert is_series([point("a", 1, 0)])


def test_the_table_holds_every_point() -> None:
    points = [point("a,b", 0.5, 1), point("val/a", math.nan), point("c", -math.inf, -2), point("d", 2**62, 3)]
    assert table(points).decode() == (
        "name,step,time,value\n"
        '"a,b",1,2026-03-02T09:30:00.123Z,0.5\n'
        "val.a,,2026-03-02T09:30:00.123Z,nan\n"
        "c,-2,2026-03-02T09:30:00.123Z,-inf\n"
        f"d,3,2026-03-02T09:30:00.123Z,{2**62}\n"
    )


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1.0, 3.0, 2.0], {"count": 3, "min": 1.0, "max": 3.0, "best_step": 1, "last_step": 2}),
        ([1.0, math.nan], {"count": 2, "min": 1.0, "max": 1.0, "best_step": 0, "last_step": 1, "nans": 1}),
        ([math.nan], {"count": 1, "last_step": 0, "nans": 1}),
        ([math.inf, 1.0], {"count": 2, "min": 1.0, "max": math.inf, "best_step": 0, "last_step": 1}),
    ],
)
def test_the_summary(values: list[float], wanted: dict[str, float]) -> None:
    points = [point("val/auc", value, step) for step, value in enumerate(values)]
    assert series.summary(series.tallied(points), Metrics()) == {"val.auc": wanted}


def test_nested_metrics_are_entered() -> None:
    assert names({"auc": 1, "by": {"class": {"a": 2}}}, "val") == [
        (("val", "auc"), 1),
        (("val", "by", "class", "a"), 2),
    ]


@given(st.lists(st.tuples(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), st.integers()), max_size=12))
def test_no_last_value_is_lost(logged: list[tuple[list[str], int]]) -> None:
    points = [Point(tuple(name), value, None, NOW) for name, value in logged]
    last = {one.name: one.value for one in points}
    held: list[float] = []

    def leaves(found: dict[str, object]) -> None:
        for value in found.values():
            leaves(value) if isinstance(value, dict) else held.append(value)  # type: ignore[arg-type]

    leaves(last_values(points))
    assert sorted(held) == sorted(last.values())


@given(st.lists(st.tuples(st.lists(st.text(), min_size=1, max_size=2), st.floats()), max_size=12))
def test_the_table_reads_back(logged: list[tuple[list[str], float]]) -> None:
    points = [Point(tuple(name), value, number, NOW) for number, (name, value) in enumerate(logged)]
    rows = list(csv.DictReader(io.StringIO(table(points).decode(), newline="")))
    found: list[tuple[Name, int, float]] = [
        (segments(row["name"]), int(row["step"]), float(row["value"])) for row in rows
    ]
    assert repr(found) == repr([(one.name, one.step, one.value) for one in points])
