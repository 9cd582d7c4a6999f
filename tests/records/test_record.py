"""Dotted names, leaves and differences: strictly typed, and inverse where they claim to be."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.records.record import MISSING, FieldChange, Record, column, differences, flatten, leaves, same, segments
from gitml.records.ref import Ref
from yaml_strategies import records, texts, values

DIFFERENT = [
    None, True, False, 0, 1, 2025, 0.0, -1.5, 1.0, math.nan, math.inf, "", "1", "2025", "True", "None", [], {}, [1],
    [1.0], ["1"], [True], {"a": None}, {"a": 1}, {"a": 1.0}, {"a": {}}, [[]], [{}],
]  # fmt: skip


@given(st.lists(texts, min_size=1, max_size=4))
def test_a_dotted_name_reads_back(names: list[str]) -> None:
    assert segments(column(*names)) == tuple(names)


@given(st.lists(texts, min_size=1, max_size=3), st.lists(texts, min_size=1, max_size=3))
def test_two_fields_never_share_a_name(one: list[str], other: list[str]) -> None:
    assert (column(*one) == column(*other)) is (one == other)


@pytest.mark.parametrize(
    ("names", "written"),
    [
        (("metrics", "validation", "auc"), "metrics.validation.auc"),
        (("params", "a.b"), "params.`a.b`"),
        (("params", "two words"), "params.`two words`"),
        (("a`b",), "`a``b`"),
        (("",), "``"),
        (("learning-rate",), "learning-rate"),
        (("größe",), "größe"),
        (("x[0]",), "`x[0]`"),
    ],
)
def test_names_as_people_write_them(names: tuple[str, ...], written: str) -> None:
    assert column(*names) == written


@given(records)
def test_flattened_fields_lead_back_to_their_values(data: dict[str, Any]) -> None:
    flat = flatten(data)
    for name, value in flat.items():
        inner: Any = data
        for key in segments(name):
            inner = inner[key]
        assert inner is value
        assert not (isinstance(value, dict) and value)
    assert list(leaves(data)) == list(flat)


def test_a_row_begins_with_the_ref_even_where_a_field_is_called_so() -> None:
    record = Record(Ref("metric", ("auc",)), "p", "b", {"ref": "mine", "unit": "1"})
    assert list(record.row.items()) == [("ref", "metric/auc"), ("unit", "1")]
    assert record.kind == "metric"


@given(values)
def test_a_value_is_the_same_as_its_copy(value: Any) -> None:
    assert same(value, copy.deepcopy(value))


@pytest.mark.parametrize("left", DIFFERENT, ids=repr)
def test_types_stay_apart(left: Any) -> None:
    assert [right for right in DIFFERENT if same(left, right)] == [left]


@given(records, records)
def test_no_difference_means_the_same(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert differences(before, copy.deepcopy(before)) == ()
    assert (differences(before, after) == ()) is same(before, after)


@given(records, records)
def test_differences_turn_around(before: dict[str, Any], after: dict[str, Any]) -> None:
    there = {change.field: (change.before, change.after) for change in differences(before, after)}
    back = {change.field: (change.after, change.before) for change in differences(after, before)}
    assert there.keys() == back.keys()
    assert all(same(list(there[name]), list(back[name])) for name in there)


@given(records, records)
def test_differences_make_the_one_from_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = flatten(before)
    for change in differences(before, after):
        assert change.op == (
            "added" if change.field not in changed else "removed" if change.after is MISSING else "changed"
        )
        changed.pop(change.field, None)
        if change.after is not MISSING:
            changed[change.field] = change.after
    assert same(changed, flatten(after))


@given(records, records)
def test_differences_are_those_of_the_leaves_in_their_order(before: dict[str, Any], after: dict[str, Any]) -> None:
    old, new = leaves(before), leaves(after)
    assert [change.field for change in differences(before, after)] == [
        name for name in {**old, **new} if not (name in old and name in new and same(old[name], new[name]))
    ]


def test_added_and_removed_records_list_every_leaf() -> None:
    data = {"a": {"b": 1, "c": []}, "d": {}}
    assert [(change.field, change.op) for change in differences(None, data)] == [
        ("a.b", "added"), ("a.c", "added"), ("d", "added"),
    ]  # fmt: skip
    assert {change.op for change in differences(data, None)} == {"removed"}


def by_name(pattern: tuple[str, ...]) -> str | None:
    return "name" if pattern in {("columns",), ("columns", "[]", "levels")} else None


def test_keyed_lists_are_entered() -> None:
    before = {"columns": [{"name": "age", "type": "int"}, {"name": "sex", "type": "text"}]}
    after = {"columns": [{"name": "id", "type": "int"}, {"name": "age", "type": "float"}]}
    assert differences(before, after, by_name) == (
        FieldChange("columns[name=age].type", "int", "float"),
        FieldChange("columns[name=sex].name", "sex", MISSING),
        FieldChange("columns[name=sex].type", "text", MISSING),
        FieldChange("columns[name=id].name", MISSING, "id"),
        FieldChange("columns[name=id].type", MISSING, "int"),
    )


def test_keyed_lists_inside_keyed_lists() -> None:
    before = {"columns": [{"name": "age", "levels": [{"name": "low", "n": 1}]}]}
    after = {"columns": [{"name": "age", "levels": [{"name": "low", "n": 2}]}]}
    (change,) = differences(before, after, by_name)
    assert change == FieldChange("columns[name=age].levels[name=low].n", 1, 2)


@pytest.mark.parametrize(
    "items",
    [
        [{"name": "a"}, {"name": "a"}], [{"name": 1}, {"name": "1"}], [{"type": "int"}], ["a"], [{"name": None}],
        [{"name": ["a"]}], [{"name": "a"}, "b"],
    ],
)  # fmt: skip
def test_a_list_whose_items_cannot_be_told_apart_is_one_leaf(items: list[Any]) -> None:
    assert list(leaves({"columns": items}, by_name)) == ["columns"]


def test_the_name_of_an_item_cannot_pass_for_more() -> None:
    one = {"columns": [{"name": "a].b[name=c", "x": 1}]}
    two = {"columns": [{"name": "a", "b": [{"name": "c", "x": 1}]}]}
    assert not set(leaves(one, by_name)) & set(leaves(two, by_name))
