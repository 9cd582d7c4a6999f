"""Columns of a block: packed and kept, they say what their cells say, in type and value."""

from __future__ import annotations

import marshal
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_strategies import exprs, names
from gitml.records.filter import Expr
from gitml.records.record import MISSING
from gitml.repo.index.block import columns
from gitml.repo.index.column import Column, Form

INTEGERS = st.one_of(st.integers(-3, 3), st.sampled_from([2**63 - 1, -(2**63), 2**63, 2**53, 2**53 + 1, -(2**53) - 1]))
FLOATS = st.sampled_from([0.0, -0.0, 1.0, 0.1, math.nan, math.inf, -math.inf, 5e-324, 2.0**53])
TEXTS = st.one_of(st.sampled_from(["", "adam", "2025", "需求", "\0"]), st.text(max_size=3))
LISTS = st.lists(st.one_of(INTEGERS, TEXTS), max_size=2)
ALIKE = [INTEGERS, FLOATS, TEXTS, st.booleans(), st.one_of(INTEGERS, FLOATS), st.one_of(TEXTS, st.none()), st.none()]
MIXED = st.one_of(INTEGERS, FLOATS, TEXTS, st.booleans(), st.none(), LISTS, st.just({}))
held = st.sampled_from([*ALIKE, MIXED]).flatmap(
    lambda values: st.one_of(
        st.lists(values, max_size=30),
        st.lists(st.one_of(values, st.just(MISSING)), max_size=30),
        st.lists(st.one_of(*[st.just(MISSING)] * 9, values), max_size=60),
    )
)


def column(cells: list[Any]) -> Column:
    """A column of these cells, out of the cache."""
    rows = [row for row, cell in enumerate(cells) if cell is not MISSING]
    made = Column.of(len(cells), rows, [cells[row] for row in rows])
    return Column(*marshal.loads(marshal.dumps(made.plain())))  # noqa: S302


def told(cells: Any) -> list[str]:
    """Cells by type and value: NaN is NaN, and 1 is neither 1.0 nor True."""
    return [repr(cell) for cell in cells]


@given(held)
def test_a_column_says_what_its_cells_say(cells: list[Any]) -> None:
    made = column(cells)
    assert told(made) == told(cells)
    assert len(made) == len(cells)
    assert made.types(range(len(cells))) == {type(cell) for cell in cells} - {type(MISSING)}


@given(held, st.randoms(use_true_random=False))
def test_some_rows_say_what_their_cells_say(cells: list[Any], draw: Any) -> None:
    rows = draw.sample(range(len(cells)), draw.randint(0, len(cells)))
    some = [cells[row] for row in rows]
    made = column(cells)
    assert told(made.at(rows)) == told(some)
    assert told(made.only(rows)) == told(some)
    assert made.types(rows) == {type(cell) for cell in some} - {type(MISSING)}


@given(held, st.booleans())
def test_a_deed_tells_of_each_row(cells: list[Any], missing: object) -> None:
    def is_text(values: Any) -> list[bool]:
        return [isinstance(value, str) and value < "b" for value in values]

    found = column(cells).told(is_text, missing=bool(missing))
    assert list(found) == [bool(missing) if cell is MISSING else is_text([cell])[0] for cell in cells]


@given(held)
def test_an_integer_may_come_as_the_float_that_equals_it(cells: list[Any]) -> None:
    def is_small(values: Any) -> list[bool]:
        return [isinstance(value, int | float) and value < 1 for value in values]

    found = column(cells).told(is_small, missing=False, exact=False)
    assert list(found) == is_small(cells)


alike = st.sampled_from(
    [[1, 0.5, 1.0, -2], [0.5, math.nan, math.inf], [0, 1, 2], ["1", "a", "B"], [True, False], [1, "1", None, [1], {}]]
)
rows = alike.flatmap(lambda of: st.lists(st.dictionaries(names, st.sampled_from(of)), max_size=24))


@given(rows, exprs)
def test_a_filter_holds_of_packed_rows_as_it_does_of_each(found: list[dict[str, Any]], expr: Expr) -> None:
    assert list(expr.mask(columns(found).columns, len(found))) == [expr(row) for row in found]


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        ([0.5, math.nan, MISSING], "float"),
        ([2**63 - 1, -(2**63)], "int"),
        ([2**63, 1], "any"),
        ([1, 0.5], "number"),
        ([2**53 + 1, 0.5], "any"),
        (["adam"] * 9 + ["sgd"] * 9 + [None], "coded"),
        ([True, False, True, True], "coded"),
        ([True, 1], "any"),
        (["a", "b"], "text"),
        ([f"{number % 300}" for number in range(900)], "text"),
        ([[1], [1]], "any"),
    ],
)
def test_forms(cells: list[Any], form: Form) -> None:
    assert column(cells).form == form


def test_rows_as_columns() -> None:
    found = columns([{"a": 1}, {}, {"b": None, "a": 0.5}], ["lost"])
    assert (found.size, found.lost, list(found.columns)) == (3, ("lost",), ["a", "b"])
    assert told(found.columns["a"]) == told([1, MISSING, 0.5])
    assert told(found.columns["b"]) == told([MISSING, MISSING, None])


def test_what_few_rows_have_is_held_for_these() -> None:
    many, few, rare = (column([MISSING] * (80 - count) + [1] * count) for count in (40, 39, 9))
    assert (bool(many.mask), bool(few.mask), bool(rare.mask)) == (True, False, False)
    assert (len(many.held), len(few.held), len(rare.held)) == (8 * 80, 8 * 39, 8 * 9)
    assert (many.is_rare, few.is_rare, rare.is_rare) == (False, False, True)
