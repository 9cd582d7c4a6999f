"""Canonical YAML: one text per value, and every reader of YAML 1.1 and 1.2 takes it for that value."""

from __future__ import annotations

import io
import math
import warnings
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from gitml.errors import BadValue
from gitml.records.canonical import ALPHABETICAL, KeyOrder, dump, float_text, in_order, inline, text_scalar
from gitml.records.fast import read_canonical
from gitml.records.reader import read, read_slowly
from gitml.records.record import same
from yaml_strategies import FLOATS, INTEGERS, TEXTS, keys, records, scalars, texts

ORDER = KeyOrder(
    {"schema": 0, "name": 1, "metrics": 2, "columns": 3},
    children={"metrics": KeyOrder({"test": 0}), "columns": KeyOrder(items=KeyOrder({"name": 0, "type": 1}))},
    others=KeyOrder({"z": 0}),
)
orders = st.sampled_from([ALPHABETICAL, ORDER])


def shuffled(data: Any) -> Any:
    """The same value with every mapping's keys the other way round."""
    if isinstance(data, dict):
        return {key: shuffled(data[key]) for key in reversed(list(data))}
    return [shuffled(item) for item in data] if isinstance(data, list) else data


def read_1_2(raw: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return YAML(typ="safe", pure=True).load(io.BytesIO(raw))


@given(records, orders)
def test_what_is_written_is_read(data: dict[str, Any], order: KeyOrder) -> None:
    raw = dump(data, order)
    parsed = read(raw)
    assert not parsed.problems
    assert same(parsed.data, data)
    assert parsed.canonical


@given(records, orders)
def test_both_paths_read_what_is_written(data: dict[str, Any], order: KeyOrder) -> None:
    raw = dump(data, order)
    fast, slow = read_canonical(raw.decode()), read_slowly(raw)
    assert same(fast, data)
    assert same(slow.data, data)
    assert not slow.problems


@given(records, orders)
def test_one_value_has_one_text(data: dict[str, Any], order: KeyOrder) -> None:
    raw = dump(data, order)
    assert dump(shuffled(data), order) == raw
    assert dump(read(raw).data or {}, order) == raw
    assert in_order(read(raw).data or {}, order)


@given(records)
def test_readers_of_yaml_1_1_agree(data: dict[str, Any]) -> None:
    raw = dump(data)
    assert same(yaml.load(raw, yaml.SafeLoader), data)
    assert same(yaml.load(raw, yaml.CSafeLoader), data)


@settings(max_examples=50)
@given(records)
def test_readers_of_yaml_1_2_agree(data: dict[str, Any]) -> None:
    assert same(read_1_2(dump(data)) or {}, data)


@pytest.mark.parametrize("value", [*TEXTS, *INTEGERS, *FLOATS, None, True, False, [], {}], ids=repr)
def test_every_awkward_value_is_read_alike_by_all(value: Any) -> None:
    data = {"key": value, "list": [value, [value]], "map": {"inner": value}}
    if isinstance(value, str) and value and len(value) < 100:
        data[value] = value
    raw = dump(data)
    for found in (yaml.load(raw, yaml.SafeLoader), read_1_2(raw), read(raw).data, read_slowly(raw).data):
        assert same(found, data)


@given(scalars.filter(lambda value: not isinstance(value, str) or "\n" not in value))
def test_a_scalar_is_one_printable_line(value: Any) -> None:
    text = inline(value)
    assert "\n" not in text
    assert "\t" not in text
    assert text == text.strip()


@given(records)
def test_a_text_has_the_form_that_the_design_states(data: dict[str, Any]) -> None:
    raw = dump(data)
    assert raw.endswith(b"\n")
    assert b"\r" not in raw
    assert b"\t" not in raw
    assert b"\xef\xbb\xbf" not in raw
    assert not any(line.endswith(b" ") for line in raw.split(b"\n"))


def test_the_form_by_example() -> None:
    data = {
        "zeta": {}, "metrics": {"auc": 0.5, "test": {"auc": 1e-5}}, "text": "one\ntwo\n", "schema": "run/1",
        "columns": [{"type": "int", "name": "age", "nulls": 0}, {"name": "sex", "levels": ["f", "m"]}, []],
        "nested": [[1, [2]], {"b": [{"d": 1, "c": 2}], "a": None}], "name": "café", "list": [], "kept": "a\n\nb\n\n",
        "bare": "x\ny",
    }  # fmt: skip
    assert (
        dump(data, ORDER).decode()
        == """\
schema: run/1
name: café
metrics:
  test:
    auc: 1.0e-05
  auc: 0.5
columns:
- name: age
  type: int
  nulls: 0
- name: sex
  levels:
  - f
  - m
- []
bare: |-
  x
  y
kept: |+
  a

  b

list: []
nested:
- - 1
  - - 2
- a: null
  b:
  - c: 2
    d: 1
text: |
  one
  two
zeta: {}
"""
    )
    assert dump({}) == b"{}\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-5, "1.0e-05"), (1.5e-7, "1.5e-07"), (1e16, "1.0e+16"), (1e15, "1000000000000000.0"), (0.1, "0.1"),
        (-0.0, "-0.0"), (5e-324, "5.0e-324"), (math.nan, ".nan"), (math.inf, ".inf"), (-math.inf, "-.inf"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (100.0, "100.0"),
    ],
)  # fmt: skip
def test_floats(value: float, text: str) -> None:
    assert float_text(value) == text


@given(st.floats())
def test_no_shorter_float_reads_back(value: float) -> None:
    text = float_text(value)
    assert same(yaml.load(text, yaml.SafeLoader), value)
    assert len(text) <= len(repr(value)) + 2


@pytest.mark.parametrize(
    "text",
    [
        "wine", "a b", "a:b", "a#b", "@mona"[1:], "café", "漢字", "😀", "01JD7H2Q0V8N4C3W9T5R6Y1KXZ", "run/1", "x-y",
        "dataset/wine@2", "CC-BY-4.0", "1.2.3", "3.x", "it's", 'say "hi"', "a, b", "a [b]", "metadata/runs", "e5",
        "not a number", "yes no", "2 x x86_64", "1e46x", "nano", "inf", "nan", "abcdef", "12:60",
    ],
)  # fmt: skip
def test_plain_texts_stay_plain(text: str) -> None:
    assert text_scalar(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "no", "Yes", "ON", "y", "N", "null", "~", "True", "1e-3", "1e46", "1e4", "012", "0o14", "0x1f", "1:30", "1_000",
        "2026-01-01", "2026-01-01T10:00:00Z", "2026-1-1", ".5", "5.", "1e5", "+1", ".inf", ".NAN", "<<", "=", "4f2a91c",
        "1234567", "deadbee", "", " a", "a ", "a: b", "a:", "a #b", "#a", "- a", "-a", "[a]", "{a}", "&a", "*a", "!a",
        "%a", "@a", "`a", "|", ">", "?", "'a'", '"a"', "a\tb", "a\nb", "...", "\u2028", "\xa0", "a\u200bb", "\ufeff",
    ],
)  # fmt: skip
def test_what_could_be_taken_for_something_else_is_quoted(text: str) -> None:
    written = text_scalar(text)
    assert written.startswith('"')
    assert written.endswith('"')


def test_the_text_does_not_depend_on_the_python_that_writes_it() -> None:
    """`str.isprintable` knows other characters in each Python; the canonical form may not."""
    assert text_scalar("\U0001342f") == "\U0001342f"  # assigned in Unicode 15, unknown to Python 3.11
    assert text_scalar("\U0001fae9") == "\U0001fae9"  # assigned in Unicode 16
    assert text_scalar("\u0378") == "\u0378"  # not assigned
    assert text_scalar("\U000e0001") == '"\\U000e0001"'


@pytest.mark.parametrize(
    "data",
    [
        {"a": 2**63}, {"a": -(2**63) - 1}, {1: "a"}, {None: "a"}, {True: "a"}, {"a": {2: 1}}, {"a": object()},
        {"a": b"x"}, {"a": {1, 2}}, {"a": "\ud800"}, {"\udfff": 1}, {"k" * 1001: 1}, {"\x00" * 200: 1}, {"a": 1j},
    ],
    ids=range(14),
)  # fmt: skip
def test_what_no_record_can_hold_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(BadValue) as caught:
        dump(data)
    assert caught.value.hint


def nested(levels: int, shape: str) -> dict[str, Any]:
    """Mappings and lists in one another, `levels` in all."""
    value: Any = {}
    for level in range(levels - 1):
        value = {"k": value} if shape == "map" or (shape == "mixed" and level % 2) else [value]
    return value if isinstance(value, dict) else {"k": value["k"] if isinstance(value, dict) else value[0]}


@pytest.mark.parametrize("shape", ["map", "list", "mixed"])
def test_fifty_levels_are_written_and_read_and_fifty_one_are_not(shape: str) -> None:
    deep = nested(50, shape)
    raw = dump(deep)
    assert same(read_canonical(raw.decode()), deep)
    assert same(read_slowly(raw).data, deep)
    with pytest.raises(BadValue):
        dump({"k": deep})


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    with pytest.raises(BadValue):
        dump(loop)


@given(st.dictionaries(keys, texts, min_size=2))
def test_in_order_sees_any_other_order(data: dict[str, str]) -> None:
    ordered = read(dump(data)).data or {}
    turned = dict(reversed(list(ordered.items())))
    assert in_order(ordered, ALPHABETICAL)
    assert not in_order(turned, ALPHABETICAL)
    assert not in_order({"a": [{"b": turned}]}, ALPHABETICAL)
    assert in_order({"a": [{"b": ordered}]}, ALPHABETICAL)
