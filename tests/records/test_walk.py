"""The walk is never wrong: where it says yes or no, so do the validators; on ordinary records it does say."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gitml.records.reader import read_slowly
from gitml.records.reference import reference
from gitml.records.walk import accepts

FOLDER = Path(__file__).resolve().parents[2] / "schemas"
SHIPPED = {
    file.stem: read_slowly(file.read_bytes()).data or {}
    for file in sorted(FOLDER.glob("*.yaml"))
    if file.stem != "meta-schema"
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1.0, 0.5, -2.0, 2.5, "", "a", "ab", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def schemas() -> st.SearchStrategy[Any]:
    simple: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
        | st.lists(st.sampled_from(["string", "integer", "number", "null", "object"]), min_size=1, unique=True),
        "const": VALUES,
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "required": st.lists(st.sampled_from(["a", "b"]), unique=True),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "minProperties": st.integers(0, 2),
        "maxProperties": st.integers(0, 2),
        "minimum": st.integers(-2, 2) | st.just(0.5),
        "exclusiveMaximum": st.integers(-2, 2),
        "pattern": st.sampled_from(["^a", "b$", "^[a-b]+$", "\\d"]),
        "uniqueItems": st.booleans(),
        "$ref": st.just("#/$defs/x"),
    }

    def deeper(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        composed: dict[str, st.SearchStrategy[Any]] = {
            "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "c"]), inner, max_size=1),
            "additionalProperties": inner,
            "propertyNames": inner,
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "contains": inner,
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
        }
        return st.fixed_dictionaries({}, optional={**simple, **composed}).map(_few)

    return st.recursive(st.booleans() | st.fixed_dictionaries({}, optional=simple).map(_few), deeper, max_leaves=5)


def _few(schema: dict[str, Any]) -> dict[str, Any]:
    """At most four words of a schema: of more, one is sure to say no."""
    return dict(list(schema.items())[:4])


@given(schemas(), VALUES)
def test_where_it_is_certain_the_validators_agree(schema: Any, data: Any) -> None:
    again = {"type": ["string", "object"], "additionalProperties": {"$ref": "#/$defs/x"}}
    root = {"allOf": [schema], "$defs": {"x": again}}
    found = accepts(root, data, root)
    if found is not None:
        assert found is jsonschema_rs.Draft202012Validator(root).is_valid(data)
        assert found is reference(root).is_valid(data)


def example(schema: dict[str, Any]) -> dict[str, Any]:
    """A record of the examples in a schema."""
    return {name: one["examples"][0] for name, one in schema["properties"].items() if one.get("examples")}


@pytest.mark.parametrize("kind", SHIPPED)
def test_it_is_certain_of_the_shipped_examples(kind: str) -> None:
    data = example(SHIPPED[kind])
    assert accepts(SHIPPED[kind], data, SHIPPED[kind]) is True


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, Any]:
    """A shipped example in which some value, at any depth, is another, gone, or new."""
    kind = draw(st.sampled_from(sorted(SHIPPED)))
    data = copy.deepcopy(example(SHIPPED[kind]))
    for _time in range(draw(st.integers(1, 2))):
        place: Any = data
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            _spoil(draw, place, key)
            break
    return kind, data


def _spoil(draw: st.DrawFn, place: Any, key: Any) -> None:
    how = draw(st.sampled_from(["other", "gone", "new"]))
    if how == "gone":
        del place[key]
    elif how == "new" and isinstance(place, dict):
        place[draw(st.sampled_from(["custom", "extra", "type"]))] = draw(VALUES)
    else:
        place[key] = draw(VALUES)


VALIDATORS = {kind: jsonschema_rs.Draft202012Validator(schema) for kind, schema in SHIPPED.items()}


@given(spoilt())
def test_on_spoilt_records_it_is_never_wrong(made: tuple[str, Any]) -> None:
    kind, data = made
    found = accepts(SHIPPED[kind], data, SHIPPED[kind])
    assert found in (None, VALIDATORS[kind].is_valid(data))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_may_be_no_number_at_all(value: float) -> None:
    for schema in ({"type": "number"}, {"type": "integer"}, {"type": ["string", "number"]}, {"type": "null"}):
        assert accepts(schema, value, {}) is Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_validators_read_differently_is_left_to_them(value: float) -> None:
    assert accepts({"minimum": 0}, value, {}) is None
    assert accepts({"type": "integer"}, 1.0, {}) is None
    assert accepts({"const": 1}, 1.0, {}) is None
    assert accepts({"minimum": 0}, 2**60, {}) is None


@pytest.mark.parametrize(
    "text",
    ["{$ref: '#'}", "{$ref: '#/$defs/a', $defs: {a: {$ref: '#/$defs/b'}, b: {$ref: '#/$defs/a'}}}",
     "{$ref: other.yaml}",
     "{$ref: '#/$defs/none'}", "{surprise: 1}", "{multipleOf: 2}", "{contains: {}}", "[]", "{type: 3}", "{enum: x}"],
)  # fmt: skip
def test_what_it_does_not_know_it_is_not_certain_of(text: str) -> None:
    schema = yaml.safe_load(text)
    assert accepts(schema, 3, schema if isinstance(schema, dict) else {}) is None
