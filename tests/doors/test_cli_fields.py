"""`field=value`: the types of YAML, the words of people."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.cli.fields import fields, is_field, words
from gitml.cli.record import nested
from gitml.errors import BadValue


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-3", -3),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("true", True),
        ("no", "no"),
        ("null", None),
        ("", None),
        ("~", None),
        ('""', ""),
        ("2026-03-01", "2026-03-01"),
        ('"2025"', "2025"),
        ("'2025'", "2025"),
        ("[a, b]", ["a", "b"]),
        ("[1, '1']", [1, "1"]),
        ("{a: 1, b: [c]}", {"a": 1, "b": ["c"]}),
        ("[]", []),
        ("{}", {}),
        ("@mona", "@mona"),
        ("beats 2: by 0.1 # much", "beats 2: by 0.1 # much"),
        ("- x", "- x"),
        ("*x & !y %z |", "*x & !y %z |"),
        ("a=b", "a=b"),
        ("  spaces  ", "spaces"),
        ("two\nlines\n", "two\nlines\n"),
        (".inf", math.inf),
        ("0x10", 16),
    ],
)
def test_a_value_is_yaml_flow_or_one_plain_scalar(text: str, value: Any) -> None:
    found = fields([f"x={text}"])
    assert found == {"x": value}
    assert type(found["x"]) is type(value)


def test_nan() -> None:
    assert math.isnan(fields(["x=.nan"])["x"])


def test_the_first_equals_sign_outside_of_backticks_ends_the_name() -> None:
    assert fields(["tags.`a=b`.c=d=e"]) == {"tags.`a=b`.c": "d=e"}
    assert fields(["`x``=y`=1"]) == {"`x``=y`": 1}


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["x"], "'x' is no field=value"),
        (["=1"], "'=1' is no field=value"),
        (["x=1", "x=2"], "x is given twice"),
        (["x=[1"], "x: '[1' is no YAML value"),
        (['x="a" b'], "x: '\"a\" b' is no YAML value"),
        (["x=[&a 1, *a]"], "x: '[&a 1, *a]' is no YAML value"),
        (["x=[1]\ny: 2"], "x: '[1]\\ny: 2' is no YAML value"),
        (["x=" + "9" * 5000], "x: an integer has at most 64 bits, and "),
    ],
)
def test_what_cannot_be_read_is_told(texts: list[str], told: str) -> None:
    with pytest.raises(BadValue) as raised:
        fields(texts)
    assert raised.value.message.startswith(told)
    assert raised.value.hint


def test_the_column_is_that_of_the_value() -> None:
    with pytest.raises(BadValue, match="at column 5: "):
        fields(["x=[1, *b]"])


@given(st.text())
def test_nothing_that_is_typed_raises_anything_else(text: str) -> None:
    try:
        fields([f"x={text}"])
    except BadValue as error:
        assert error.hint  # noqa: PT017


def test_words_stay_text() -> None:
    assert words(["year=2025", "a.b=c=d"], "NAME=TEXT") == {"year": "2025", "a.b": "c=d"}
    with pytest.raises(BadValue, match="'year' is no NAME=TEXT"):
        words(["year"], "NAME=TEXT")


def test_a_name_that_is_a_field() -> None:
    assert is_field("a=1")
    assert not is_field("wine")


def test_dotted_parameters_are_nested() -> None:
    assert nested({"lr": 1, "opt.name": "adam", "opt.`a.b`": 2}) == {"lr": 1, "opt": {"name": "adam", "a.b": 2}}
    with pytest.raises(BadValue, match=r"opt\.name: opt is a value already"):
        nested({"opt": 1, "opt.name": 2})
