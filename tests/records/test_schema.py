"""One kind: the two validators hold the same, messages help, and what a schema says beside is found."""

from __future__ import annotations

import math
import socket
import time
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gitml.records.annotations import RefField, find
from gitml.records.canonical import dump, in_order
from gitml.records.explain import Violation, explain
from gitml.records.reader import read_slowly
from gitml.records.reference import python_pattern, reference
from gitml.records.schema import Kind, Shape, read_kind
from schema_strategies import data as any_data
from schema_strategies import schema as any_schema

META = Shape(read_slowly((Path(__file__).parents[2] / "schemas" / "meta-schema.yaml").read_bytes()).data or {})
PATH = "schemas/wine.yaml"


def written(**more: Any) -> dict[str, Any]:
    """A small kind's schema, with more in it."""
    made: dict[str, Any] = {
        "$id": "wine/1",
        "x-gitml": {"addressing": "named", "path": "metadata/wines/{name}.yaml"},
        "type": "object",
        "required": ["schema"],
        "additionalProperties": False,
        "properties": {"schema": {"const": "wine/1"}},
    }
    made["properties"] |= more.pop("properties", {})
    return made | more


def kind(**more: Any) -> Kind:
    found = read_kind(written(**more), PATH, "blob", META)
    assert isinstance(found, Kind), found
    return found


def faults(**more: Any) -> list[tuple[str, str | None]]:
    """The code and field of what is wrong with a schema."""
    found = read_kind(written(**more), PATH, "blob", META)
    assert isinstance(found, list), found
    assert all(problem.path == PATH and problem.message for problem in found)
    return [(problem.code, problem.field) for problem in found]


def told(data: Any, **more: Any) -> list[Violation]:
    return kind(**more).violations({"schema": "wine/1", **data})


# ── the two validators hold the same ──────────────────────────────────────────────────────────────────────────────


@given(st.randoms(use_true_random=False))
def test_the_fast_validator_and_the_reference_hold_the_same(random: Any) -> None:
    schema = any_schema(random)
    if not isinstance(schema, dict):
        return
    shape = Shape(schema)
    for _ in range(5):
        data = any_data(random)
        valid = shape.slow.is_valid(data)
        assert (not shape.violations(data)) is valid
        if shape.fast is not None and "nan" not in repr(data) and "inf" not in repr(data):
            assert shape.fast.is_valid(data) is valid


@given(st.randoms(use_true_random=False))
def test_our_reference_differs_from_plain_jsonschema_in_patterns_and_multiples_alone(random: Any) -> None:
    schema, data = any_schema(random), any_data(random)
    words = repr(schema)
    if isinstance(schema, dict) and "attern" not in words and "multipleOf" not in words:
        assert reference(schema).is_valid(data) is Draft202012Validator(schema).is_valid(data)


@pytest.mark.parametrize(
    ("schema", "data", "valid"),
    [
        ({"type": "integer"}, 1.0, True),
        ({"type": "integer"}, 1.5, False),
        ({"type": "integer"}, True, False),
        ({"type": "number"}, False, False),
        ({"type": "boolean"}, 1, False),
        ({"type": "integer"}, 2**63 - 1, True),
        ({"type": "number"}, math.nan, True),
        ({"type": "number"}, -math.inf, True),
        ({"type": "integer"}, math.inf, False),
        ({"type": "null"}, math.nan, False),
        ({"type": "string"}, math.nan, False),
        ({"items": {"type": "number"}}, [1, math.nan], True),
        ({"minimum": 0}, math.inf, True),
        ({"maximum": 0}, math.inf, False),
        ({"multipleOf": 0.1}, 0.3, True),
        ({"multipleOf": 0.1}, 0.35, False),
        ({"multipleOf": 1}, math.nan, False),
        ({"multipleOf": 0.5}, math.inf, False),
        ({"const": 1}, 1.0, True),
        ({"const": 1}, True, False),
        ({"enum": [0]}, False, False),
        ({"uniqueItems": True}, [1, True], True),
        ({"uniqueItems": True}, [1, 1.0], False),
        ({"maximum": 9007199254740992}, 9007199254740993, False),
        ({"pattern": "^a$"}, "a\n", False),
        ({"pattern": r"^\d+$"}, "\u0661", False),
        ({"pattern": r"^\D+$"}, "\u0661", True),
        ({"pattern": r"^\w+$"}, "é", False),
        ({"patternProperties": {"^a$": False}}, {"a\n": 1}, True),
        ({"patternProperties": {"^a$": False}}, {"a": 1}, False),
        ({"maxLength": 1}, "😀", True),
        ({"format": "date"}, "no date", True),
        ({"type": "string"}, "2026-01-01", True),
    ],
)
def test_where_validators_are_wont_to_differ(schema: dict[str, Any], data: Any, valid: bool) -> None:  # noqa: FBT001
    assert (Shape(schema).violations(data) == []) is valid
    assert reference(schema).is_valid(data) is valid


@pytest.mark.parametrize(
    ("written", "fits", "not_"),
    [
        (r"^[$]$", "$", ""), (r"^\$$", "$", "$\n"), (r"^\[$", "[", "]"), (r"^[\]$]$", "$", ""),
        ("a$|b", "b\n", "a\n"), (r"^\s$", "\ufeff", "\x1c"), (r"^\S$", "\x85", "\xa0"),
        (r"^[\s\d]$", "\u2003", "\u0661"), (r"\\$", "\\", "\\\n"),
    ],
)  # fmt: skip
def test_patterns_mean_what_json_schema_means(written: str, fits: str, not_: str) -> None:
    shape = Shape({"pattern": written})
    assert shape.violations(fits) == []
    assert [found.keyword for found in shape.violations(not_)] == ["pattern"]
    assert shape.slow.schema["pattern"] == python_pattern(written)


# ── messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

NUMBER = {"properties": {"x": {"type": "number"}}}
WHOLE = {"properties": {"x": {"type": "integer"}}}
TEXT = {"properties": {"x": {"type": "string"}}}
LIST = {"properties": {"x": {"type": "array"}}}
WORD = {"properties": {"x": {"enum": ["approved", "rejected", True, 1, None]}}}


@pytest.mark.parametrize(
    ("schema", "value", "message", "hint"),
    [
        (NUMBER, "0,91", 'expected a number, found "0,91"', "write 0.91"),
        (NUMBER, "0.91", 'expected a number, found "0.91"', "write 0.91"),
        (NUMBER, "12%", 'expected a number, found "12%"', "write 12"),
        (NUMBER, "nan", 'expected a number, found "nan"', ""),
        (NUMBER, "1_000", 'expected a number, found "1_000"', ""),
        (NUMBER, "9" * 5000, 'expected a number, found "' + "9" * 59 + "…", ""),
        (NUMBER, [1], "expected a number, found a list", ""),
        (WHOLE, "5", 'expected an integer, found "5"', "write 5"),
        (WHOLE, "0.5", 'expected an integer, found "0.5"', ""),
        (WHOLE, 0.5, "expected an integer, found 0.5", ""),
        (WHOLE, math.nan, "expected an integer, found .nan", ""),
        (TEXT, 2025, "expected a text, found 2025", 'write "2025"'),
        (TEXT, True, "expected a text, found true", 'write "true"'),
        (TEXT, 1e-5, "expected a text, found 1.0e-05", 'write "1.0e-05"'),
        (TEXT, None, "expected a text, found null", ""),
        (LIST, "a", 'expected a list, found "a"', 'write it as a list: `- "a"`'),
        (WORD, "aproved", '"aproved" is none of approved, rejected, true, 1, null', "did you mean approved?"),
        (
            WORD, "z", '"z" is none of approved, rejected, true, 1, null',
            "use one of: approved, rejected, true, 1, null",
        ),
        ({"properties": {"x": {"const": True}}}, 1, "expected true, found 1", "write true"),
        ({"properties": {"x": {"const": "1"}}}, 1, 'expected "1", found 1', 'write "1"'),
        ({"properties": {"x": {"const": {"a": 1}}}}, 1, "expected a mapping, found 1", "write a mapping"),
        ({"properties": {"x": {"minimum": 0}}}, -1, "-1 is not at least 0", ""),
        ({"properties": {"x": {"exclusiveMaximum": 1}}}, 1.0, "1.0 is not below 1", ""),
        ({"properties": {"x": {"minLength": 2}}}, "a", "has 1, at least 2 wanted", ""),
        ({"properties": {"x": {"maxItems": 1}}}, [1, 2], "has 2, at most 1 wanted", ""),
        ({"properties": {"x": {"pattern": "^a$"}}}, "b", '"b" does not have the form wanted here', "it matches ^a$"),
        (
            {"properties": {"x": {"pattern": "^a$", "examples": ["a"]}}}, "b",
            '"b" does not have the form wanted here', 'it looks like "a"',
        ),
        (
            {"properties": {"x": {"anyOf": [{"type": "number"}, {"type": "null"}]}}}, "0,5",
            'fits none of the forms allowed here; closest: expected a number, found "0,5"', "write 0.5",
        ),
    ],
    ids=lambda given: str(given)[:40] if isinstance(given, str) else "",
)  # fmt: skip
def test_a_message_says_what_is_wrong_and_what_to_do(
    schema: dict[str, Any], value: Any, message: str, hint: str
) -> None:
    (found,) = told({"x": value}, **schema)
    assert (found.path, found.message, found.hint) == (("x",), message, hint)


def test_an_unknown_field_names_the_nearest() -> None:
    first, second = told({"metrcs": 1, "zzz": 2}, properties={"metrics": {}})
    assert (first.path, first.keyword, first.message) == (
        ("metrcs",), "additionalProperties", "the schema knows no field `metrcs`",
    )  # fmt: skip
    assert first.hint == "did you mean `metrics`?"
    assert second.path == ("zzz",)
    assert "custom" in second.hint


def test_fields_that_a_pattern_or_another_part_allows_are_not_called_unknown() -> None:
    patterned = {"x": {"type": "object", "patternProperties": {"^p_": {}}, "additionalProperties": False}}
    assert [found.path for found in told({"x": {"p_a": 1, "q": 2}}, properties=patterned)] == [("x", "q")]
    split = {"x": {"type": "object", "allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}}
    assert [found.path for found in told({"x": {"a": 1, "b": 2}}, properties=split)] == [("x", "b")]


def test_a_missing_field_is_told_at_the_mapping_that_lacks_it() -> None:
    found = told({"x": {}}, properties={"x": {"type": "object", "required": ["a", "b"]}})
    assert [(one.path, one.keyword, one.message, one.hint) for one in found] == [
        (("x",), "required", "the field `a` is missing", "add `a: …`"),
        (("x",), "required", "the field `b` is missing", "add `b: …`"),
    ]


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = told({"x": "a", "y": 1, "z": 2}, properties={"x": {"type": "number"}, "y": {"type": "string"}})
    assert {one.path for one in found} == {("x",), ("y",), ("z",)}


@given(st.randoms(use_true_random=False))
def test_every_violation_has_words_and_a_place(random: Any) -> None:
    schema, data = any_schema(random), any_data(random)
    if not isinstance(schema, dict):
        return
    for found in explain(schema, data):
        assert found.message
        assert len(found.message) + len(found.hint) < 1000
        inner = data
        for step in found.path[:-1]:
            inner = inner[step]


# ── schemas that are none ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "more",
    [
        {"$id": "wine"}, {"$id": "Wine/1"}, {"$id": "wine/0"}, {"$id": "wine/1\n"}, {"$id": 5}, {"$id": "wine/²"},
        {"type": "array"}, {"x-gitml": {}}, {"x-gitml": {"addressing": "nowhere", "path": "a/{name}.yaml"}},
        {"x-gitml": {"addressing": "named"}}, {"x-gitml": 5}, {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"properties": {"x": {"type": "strnig"}}}, {"properties": {"x": 5}}, {"properties": {"x": {"minimum": "a"}}},
        {"properties": {"x": {"x-gitml": {"reff": ["run"]}}}}, {"properties": {"x": {"x-gitml": {"ref": []}}}},
        {"properties": {"x": {"$ref": "http://127.0.0.1:9/x"}}}, {"properties": {"x": {"$ref": "other.yaml"}}},
        {"properties": {"x": {"$ref": "#/$defs/lost"}}}, {"properties": {"x": {"$id": "http://127.0.0.1:9/"}}},
        {"properties": {"x": {"$dynamicRef": "#a"}}},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}}, {"$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}},
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"oneOf": [{"$ref": "#/$defs/a"}]}}},
        {"properties": {"x": {"pattern": "("}}}, {"properties": {"x": {"pattern": "(" * 5000 + ")" * 5000}}},
        {"properties": {"x": {"pattern": "a{99999999999999}"}}}, {"properties": {"x": {"pattern": "[[a]]"}}},
        {"properties": {"x": {"patternProperties": {"[": {}}}}}, {"properties": {"x": {"pattern": 5}}},
        {"x-gitml": {"addressing": "named", "path": "../{name}.yaml"}},
        {"x-gitml": {"addressing": "named", "path": ".git/{name}.yaml"}},
        {"x-gitml": {"addressing": "named", "path": "metadata/fixed.yaml"}},
        {"x-gitml": {"addressing": "event", "path": "metadata/wines/{name}.yaml"}},
        {"x-gitml": {"addressing": "version", "path": "metadata/wines/{name}.yaml"}},
        {"required": []}, {"required": "schema"},
    ],
    ids=lambda more: repr(more)[:60],
)  # fmt: skip
def test_a_schema_that_is_none_is_a_problem(more: dict[str, Any]) -> None:
    assert {code for code, _field in faults(**more)} == {"schema.invalid"}


def test_the_place_of_what_is_wrong_is_named() -> None:
    assert faults(properties={"x": {"items": {"pattern": "("}}}) == [
        ("schema.invalid", "properties.x.items.pattern"),
    ]
    assert faults(properties={"x": {"$ref": "#/$defs/a"}}) == [("schema.invalid", "properties.x.$ref")]
    assert faults(properties={"x": {"x-gitml": {"reff": 1}}}) == [("schema.invalid", "properties.x.x-gitml.reff")]


def test_data_inside_a_schema_is_no_schema() -> None:
    data = {"pattern": "(", "$ref": "http://127.0.0.1:9/", "type": "strnig"}
    assert told({"x": data}, properties={"x": {"const": data, "examples": [data]}, "pattern": {"type": "object"}}) == []


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_given: Any) -> None:
        pytest.fail("a schema made us go out")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(0)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        faults(properties={"x": {"$ref": url}})
        assert Shape({"$ref": url}).fast is None
        with pytest.raises(Exception, match=r"schema\.json"):
            Shape({"$ref": url}).violations({})
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_pattern_that_python_warns_of_says_nothing_to_the_user() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert faults(properties={"x": {"pattern": "[a--b]"}})


# ── what a schema says beside ─────────────────────────────────────────────────────────────────────────────────────

TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "zeta": {"type": "string", "x-gitml": {"ref": ["run"], "role": "input"}},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "alpha": {"$ref": "#/$defs/node"},
            },
        }
    },
    "properties": {"root": {"$ref": "#/$defs/node"}},
}


def test_the_order_of_keys_is_the_schemas() -> None:
    order = kind(**TREE).shape.order
    data = {
        "schema": "wine/1",
        "root": {"zeta": "a", "children": [{"zeta": "b", "alpha": {}, "extra": 1}], "alpha": {}},
    }
    assert in_order(data, order)
    raw = dump(dict(reversed(list(data.items()))), order).decode()
    assert raw.startswith("schema: wine/1\nroot:\n  zeta: a\n  children:\n  - zeta: b\n    alpha: {}\n    extra: 1\n")


def test_the_order_of_several_parts() -> None:
    parts = {
        "allOf": [{"properties": {"b": {}, "schema": {}}}, {"$ref": "#/$defs/more"}],
        "$defs": {"more": {"properties": {"a": {"properties": {"z": {}, "y": {}}}}}},
    }
    order = kind(**parts).shape.order
    assert order.sort(["a", "b", "schema", "0"]) == ["schema", "b", "a", "0"]
    assert order.child("a").sort(["y", "z"]) == ["z", "y"]


def test_recursion_is_followed_and_ends() -> None:
    refs = {field.pattern: (field.kinds, field.role) for field in kind(**TREE).shape.refs}
    assert refs["root", "zeta"] == (("run",), "input")
    assert refs["root", "children", "[]", "alpha", "zeta"] == (("run",), "input")
    wide = {f"k{number}": {"$ref": "#/$defs/n"} for number in range(12)}
    started = time.process_time()
    shape = kind(
        **{"$defs": {"n": {"type": "object", "properties": wide}}, "properties": {"x": {"$ref": "#/$defs/n"}}}
    ).shape
    assert len(shape.fields) > 100
    assert shape.order.child("x").sort(["k1", "k10", "k2"]) == ["k1", "k2", "k10"]
    assert time.process_time() - started < 5


def test_recursion_that_names_too_much_is_a_problem() -> None:
    names = [f"d{number}" for number in range(9)]
    each = {name: {"$ref": f"#/$defs/{name}"} for name in names}
    started = time.process_time()
    assert faults(**{"$defs": {name: {"type": "object", "properties": each} for name in names}, "properties": each})
    assert time.process_time() - started < 5


def test_deep_data_under_recursion_is_judged() -> None:
    inner: dict[str, Any] = {"zeta": 5}
    for _ in range(20):
        inner = {"alpha": inner}
    (found,) = told({"root": inner}, **TREE)
    assert found.path == ("root", *["alpha"] * 20, "zeta")


def test_refs_in_maps_and_lists() -> None:
    source = {"type": "string", "x-gitml": {"ref": ["dataset-version", "run"], "role": "input"}}
    shape = kind(
        properties={
            "inputs": {"type": "object", "additionalProperties": {"properties": {"ref": source}}},
            "many": {"type": "array", "items": {"$ref": "#/$defs/ref"}},
            "named": {"patternProperties": {"^x": {"type": "string", "x-gitml": {"ref": ["*"]}}}},
        },
        **{"$defs": {"ref": source}},
    ).shape
    assert set(shape.refs) == {
        RefField(("inputs", "*", "ref"), ("dataset-version", "run"), "input"),
        RefField(("many", "[]"), ("dataset-version", "run"), "input"),
        RefField(("named", "*"), ("*",), ""),
    }
    data = {"inputs": {"train": {"ref": "a"}, "x": {}, "y": 5}, "many": ["b", "c"], "named": []}
    assert [list(find(data, field.pattern)) for field in shape.refs] == [
        [(("inputs", "train", "ref"), "a")], [(("many", 0), "b"), (("many", 1), "c")], [],
    ]  # fmt: skip


def test_pointers_list_keys_and_words_beside_a_ref() -> None:
    made = kind(
        properties={
            "pointer": {"$ref": "#/$defs/pointer", "x-gitml": {"pointer": True}},
            "columns": {"type": "array", "x-gitml": {"key": "name"}, "items": {"properties": {"levels": {
                "type": "array", "x-gitml": {"key": "id"}}}}},
            "by_split": {"type": "object", "additionalProperties": {"type": "array", "x-gitml": {"key": "name"}}},
        },
        **{"$defs": {"pointer": {"type": "object", "properties": {"md5": {"type": "string"}}}}},
    )  # fmt: skip
    assert made.shape.pointers == (("pointer",),)
    assert ("pointer", "md5") in made.shape.fields
    assert made.list_key(("columns",)) == "name"
    assert made.list_key(("columns", "[]", "levels")) == "id"
    assert made.list_key(("by_split", "train")) == "name"
    assert made.list_key(("other",)) is None


def test_what_a_kind_says_of_itself() -> None:
    plain = kind()
    assert (plain.name, plain.major, plain.tag, plain.tagged) == ("wine", 1, "wine/1", True)
    assert (plain.canonical, plain.immutable, plain.lifecycle) == (True, False, {})
    word = {
        "addressing": "version", "path": "metadata/wines/{name}/{version}.yaml", "immutable": True,
        "lifecycle": {"statuses": {"none": ["approved"]}},
    }  # fmt: skip
    version = kind(**{"x-gitml": word})
    assert version.immutable
    assert version.lifecycle == {"statuses": {"none": ["approved"]}}
    adopted = {"addressing": "named", "path": "datasets/{name}/metadata.yaml", "canonical": False}
    assert not kind(**{"x-gitml": adopted}).canonical
