"""Whatever a training holds, as plain values."""

from __future__ import annotations

import dataclasses
import math
from argparse import Namespace
from collections import OrderedDict, namedtuple
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitml.actions.values import mapping_of, number, plain, seed, tag
from gitml.records.canonical import dump
from gitml.records.reader import read
from gitml.records.record import same


class Scalar:
    """What a tensor of one element looks like."""

    def __init__(self, held: Any) -> None:
        self.held = held

    def item(self) -> Any:
        return self.held


class Tensor:
    """What a tensor of torch looks like."""

    def __init__(self, held: Any, count: int = 3) -> None:
        self.held, self.count = held, count

    def size(self) -> int:
        return self.count

    def numel(self) -> int:
        return self.count

    def tolist(self) -> Any:
        return self.held


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


@dataclasses.dataclass
class Settings:
    lr: float
    layers: tuple[int, ...]


class Rude:
    def __str__(self) -> str:
        raise RuntimeError("no")


Pair = namedtuple("Pair", "a b")  # noqa: PYI024 - the plain one, as people have it


def quietly(value: Any) -> Any:
    told: list[str] = []
    found = plain(value, "params.x", told.append)
    assert told == []
    return found


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        ("text", "text"),
        (np.float32(0.5), 0.5),
        (np.float64(0.1), 0.1),
        (np.int8(3), 3),
        (np.uint64(2**63 - 1), 2**63 - 1),
        (np.bool_(False), False),  # noqa: FBT003
        (np.str_("a"), "a"),
        (np.array([1, 2]), [1, 2]),
        (np.array([[1.5], [2.5]]), [[1.5], [2.5]]),
        (np.array(7), 7),
        (np.longdouble(0.5), 0.5),
        (np.datetime64("2026-03-01"), "2026-03-01"),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Timestamp("2026-03-01T10:00:00Z"), "2026-03-01T10:00:00+00:00"),
        (Scalar(0.25), 0.25),
        (Scalar(np.float32(0.25)), 0.25),
        (Tensor([1, 2, 3]), [1, 2, 3]),
        ((1, "a"), [1, "a"]),
        ({3, 1, 2}, [1, 2, 3]),
        (Pair(1, 2), [1, 2]),
        (OrderedDict(b=1, a={"c": (2,)}), {"b": 1, "a": {"c": [2]}}),
        ({1: "one", None: "none"}, {"1": "one", "None": "none"}),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        (Path("models") / "wine.pkl", "models/wine.pkl"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 10), "2026-03-01T10:00:00"),  # noqa: DTZ001
        (Decimal("0.1"), 0.1),
        (Fraction(1, 4), 0.25),
        (Settings(0.1, (3, 4)), {"lr": 0.1, "layers": [3, 4]}),
        ([], []),
        ({}, {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_plain_values_come_out_without_a_word(given: Any, wanted: Any) -> None:
    found = quietly(given)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    ("given", "wanted", "told"),
    [
        (2**70, str(2**70), "beyond 64 bits"),
        (-(2**63) - 1, str(-(2**63) - 1), "beyond 64 bits"),
        (10**5000, hex(10**5000), "beyond 64 bits"),
        (print, "<built-in function print>", "is a builtin_function_or_method: kept as text"),
        (int, "<class 'int'>", "is a type: kept as text"),
        (b"bytes", "b'bytes'", "is a bytes: kept as text"),
        (pd.DataFrame({"a": [1, 2]}), "DataFrame of shape (2, 1)", "is a DataFrame: kept as text"),
        (1 + 2j, "(1+2j)", "is a complex: kept as text"),
        (timedelta(seconds=1), "0:00:01", "kept as text"),
        (Rude(), "<Rude>", "is a Rude: kept as text"),
        ("half \ud800", "half ?", "half a character"),
        (np.zeros(30_000), "[30000 values left out]", "too many for a record"),
        (Tensor([0], count=10**6), "[1000000 values left out]", "too many for a record"),
        (["x" * 100] * 1000, "[1000 values left out]", "too many for a record"),
        ({1: "int", "1": "text"}, {"1": "text"}, "equal as text"),
        ({"k" * 300: 1}, {"k" * 200 + "…": 1}, "cut short"),
    ],
    ids=range(16),
)
def test_what_cannot_be_kept_as_it_is_is_told(given: Any, wanted: Any, told: str) -> None:
    said: list[str] = []
    assert plain(given, "params.x", said.append) == wanted
    assert len(said) == 1
    assert told in said[0]
    assert "params.x" in said[0]


def test_a_long_text_is_cut_short() -> None:
    told: list[str] = []
    found = plain("ä" * 100_000, "params.x", told.append)
    assert len(found.encode()) < 64 * 1024
    assert told == ["params.x has 100000 characters: cut short"]


def test_what_holds_itself_ends_as_text() -> None:
    told: list[str] = []
    loop: dict[str, Any] = {}
    loop["again"] = loop
    found = plain(loop, "params", told.append)
    assert "nested deeper" in told[0]
    assert read(dump({"params": found})).data is not None


def test_params_may_be_arguments_or_a_dataclass() -> None:
    told: list[str] = []
    assert mapping_of(Namespace(lr=0.1, n=3), "params", told.append) == {"lr": 0.1, "n": 3}
    assert mapping_of(Settings(0.1, ()), "params", told.append) == {"lr": 0.1, "layers": []}
    assert mapping_of(None, "params", told.append) == {}
    assert told == []


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(True, 1), (3, 3), (0.5, 0.5), (2**70, float(2**70)), (10**400, math.inf), (-(10**400), -math.inf),
     (np.float32(0.5), 0.5), (np.array([0.5]), 0.5), (Scalar(2), 2), (Decimal("0.5"), 0.5),
     (None, None), ("0.5", None), ([1], None), (np.array([1, 2]), None), ({}, None), (Rude(), None)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_numbers(given: Any, wanted: float | None) -> None:
    found = number(given)
    assert found == wanted
    assert type(found) is type(wanted)


def test_tags_are_texts_and_seeds_integers() -> None:
    told: list[str] = []
    assert [tag(value, "t", told.append) for value in ("a", True, 3, 0.5, None, ["ü"])] == [
        "a", "true", "3", "0.5", "null", '["ü"]',
    ]  # fmt: skip
    assert [seed(value, "s", told.append) for value in (42, 42.0, np.int64(7), True, "abc", 0.5)] == [
        42, 42, 7, 1, "abc", "0.5",
    ]  # fmt: skip
    assert told == []
    assert seed(2**64, "s", told.append) == str(2**64)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals() | st.dates()
    | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.sets(st.text())
    | st.tuples(inner),
    max_leaves=20,
)  # fmt: skip


@given(anything)
def test_whatever_comes_out_can_be_written_and_read_back(value: Any) -> None:
    found = {"params": plain(value, "params", lambda _message: None)}
    assert same(read(dump(found)).data, found)
