"""Comparisons: one line a field, typed, deltas as one would write them, verdicts for metrics alone."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import BadValue, NotFound
from gitml.records.record import MISSING
from gitml.records.ref import Ref
from gitml.repo.git.revision import At
from gitml.views.compare import Comparison, Field, Side, compare
from gitml.views.metrics import Metrics
from in_memory import COMMIT, loose, store

HERE = At("worktree", COMMIT)


def compared(*data: dict[str, Any], metrics: Metrics | None = None) -> dict[str, Field]:
    sides = [Side(record, None, HERE) for record in loose(*data).records("thing")]
    return {field.name: field for field in compare(sides, metrics or Metrics()).fields}


def of_kind(kind: str, *data: dict[str, Any]) -> Comparison:
    held = store({f"{kind}/{n}": each for n, each in enumerate(data)})
    return compare([Side.of(held, Ref.parse(f"{kind}/{n}")) for n in range(len(data))], Metrics.of(held))


def test_the_example_of_the_contract() -> None:
    found = compared({"metrics": {"auc": 0.91}}, {"metrics": {"auc": 0.89}})["metrics.auc"]
    assert found == Field(
        name="metrics.auc",
        same=False,
        present=(True, True),
        values=(0.91, 0.89),
        delta=(None, -0.02),
        relative=(None, -0.02 / 0.91),
        verdict=(None, "worse"),
    )


def test_types_differ_where_values_look_alike() -> None:
    found = compared(
        {"a": "2025", "b": 1, "c": 1, "d": None, "e": math.nan}, {"a": 2025, "b": 1.0, "c": True, "e": math.nan}
    )
    assert {name: field.same for name, field in found.items()} == {
        "a": False,
        "b": False,
        "c": False,
        "d": False,
        "e": True,
    }
    assert found["d"].present == (True, False)
    assert (found["d"].held(0), found["d"].held(1)) == (None, MISSING)
    assert found["b"].delta == (None, 0.0)
    assert found["a"].delta == found["c"].delta == found["e"].delta == (None, None)


def test_all_are_compared_with_the_first() -> None:
    found = compared({"metrics": {"rmse": 10}}, {"metrics": {"rmse": 12}}, {}, {"metrics": {"rmse": 9}})["metrics.rmse"]
    assert found.present == (True, True, False, True)
    assert found.delta == (None, 2, None, -1)
    assert found.relative == (None, 0.2, None, -0.1)
    assert found.verdict == (None, "worse", None, "better")


def test_nothing_is_judged_where_the_baseline_has_no_value() -> None:
    found = compared({}, {"metrics": {"auc": 0.9}})["metrics.auc"]
    assert (found.same, found.delta, found.relative, found.verdict) == (False, (None, None), (None, None), (None, None))


def test_only_what_stands_among_metrics_is_judged() -> None:
    found = compared(
        {"params": {"precision": 16}, "metrics": {"precision": 0.5}, "precision": 1},
        {"params": {"precision": 32}, "metrics": {"precision": 0.5}, "precision": 2},
    )
    assert {name: field.verdict[1] for name, field in found.items()} == {
        "params.precision": None,
        "metrics.precision": "same",
        "precision": None,
    }
    assert found["params.precision"].delta == (None, 16)


def test_metric_records_say_what_is_better() -> None:
    held = store(
        {
            "metric/auc": {"direction": "higher", "tolerance": {"absolute": 0.02}},
            "run/wine/a": {"metrics": {"test": {"auc": 0.9}}},
            "run/wine/b": {"metrics": {"test": {"auc": 0.885}}},
        }
    )
    sides = [Side.of(held, Ref.parse(ref)) for ref in ("run/wine/a", "main:run/wine/b")]
    found = {field.name: field for field in compare(sides, Metrics.of(held)).fields}
    assert found["metrics.test.auc"].verdict == (None, "same")
    assert not found["metrics.test.auc"].same


@pytest.mark.parametrize(
    ("baseline", "value", "delta", "relative"),
    [
        (0.91, 0.89, -0.02, -0.02 / 0.91),
        (0.1, 0.3, 0.2, 2.0),
        (-100.0, -90.0, 10.0, 0.1),
        (0, 5, 5, None),
        (0.0, 0.0, 0.0, None),
        (2**60, 2**60 + 1, 1, 2**-60),
        (1.0, math.inf, math.inf, math.inf),
        (math.inf, math.inf, 0.0, None),
        (math.inf, 1.0, -math.inf, None),
        (1.0, math.nan, None, None),
        (-1.7e308, 1.7e308, math.inf, math.inf),
        (5e-324, 1.0, 1.0, math.inf),
    ],
)
def test_deltas(baseline: float, value: float, delta: float | None, relative: float | None) -> None:
    found = compared({"x": baseline}, {"x": value})["x"]
    assert found.delta[1] == delta
    assert type(found.delta[1]) is type(delta)
    assert found.relative[1] == pytest.approx(relative)


def test_keyed_lists_are_compared_item_by_item() -> None:
    columns = [{"name": "age", "type": "int"}, {"name": "sex", "type": "string"}]
    other = [{"name": "sex", "type": "string"}, {"name": "age", "type": "float"}]
    held = store({"dataset/wine@1": {"columns": columns}, "dataset/wine@2": {"columns": other}})
    sides = [Side.of(held, Ref.parse(f"dataset/wine@{n}")) for n in (1, 2)]
    found = {field.name: field.same for field in compare(sides, Metrics()).fields}
    assert found == {
        "schema": True,
        "columns[name=age].name": True,
        "columns[name=age].type": False,
        "columns[name=sex].name": True,
        "columns[name=sex].type": True,
    }


def test_fields_stand_in_an_order_that_agrees_with_every_record() -> None:
    found = compared({"a": 1, "c": 1, "e": 1}, {"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}, {"z": 1, "e": 1, "f": 1})
    assert list(found) == ["z", "a", "b", "c", "d", "e", "f"]


def test_different_kinds_can_be_compared() -> None:
    held = store({"term/a": {"definition": "x"}, "metric/a": {"direction": "higher"}})
    found = compare([Side.of(held, Ref.parse(ref)) for ref in ("term/a", "metric/a")], Metrics())
    assert {field.name: field.present for field in found.fields} == {
        "schema": (True, True),
        "definition": (True, False),
        "direction": (False, True),
    }


def test_one_record_is_no_comparison() -> None:
    with pytest.raises(BadValue, match="compared"):
        compared({})


def test_a_record_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFound) as missing:
        Side.of(store({"term/alcohol": {}}), Ref.parse("term/alcohl"))
    assert missing.value.near == ("term/alcohol",)


def test_labels_tell_the_same_record_of_two_snapshots_apart() -> None:
    record = next(loose({}).records("thing"))
    sides = [Side(record, None, At("commit", COMMIT)), Side(record, None, HERE), Side(record, None, HERE)]
    labels = Comparison(tuple(sides), ()).labels
    assert labels == ("9f1c2ab0:thing/000", "worktree:thing/000#2", "worktree:thing/000#3")
    assert of_kind("term", {}, {}).labels == ("term/0", "term/1")


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))
data = st.recursive(
    st.dictionaries(st.sampled_from("abc"), scalars, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), st.one_of(scalars, inner, st.lists(scalars)), max_size=3),
    max_leaves=8,
)


@given(data, data)
def test_a_record_is_the_same_as_itself_and_only_as_itself(one: dict[str, Any], other: dict[str, Any]) -> None:
    twice = compared(one, one, one)
    assert all(field.same and set(field.present) == {True} for field in twice.values())
    assert all(delta in {None, 0} for field in twice.values() for delta in field.delta)
    for field in compared(one, other).values():
        assert any(field.present)
        assert field.same <= all(field.present)
        assert len(field.present) == len(field.values) == len(field.delta) == len(field.relative) == len(field.verdict)
