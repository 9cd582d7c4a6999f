"""What a filter means: on one value, on a record, on columns."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter_strategies import cells, exprs, literals, names, rows
from gitml.errors import BadValue
from gitml.records import filter as filters
from gitml.records.filter import And, Compare, Not, Null, Or, parse
from gitml.records.filter_values import like
from gitml.records.record import MISSING, Record, column, flatten
from gitml.records.ref import Ref

ROW: dict[str, Any] = {
    "ref": "run/wine/A",
    "n": 5,
    "x": 0.5,
    "nan": math.nan,
    "inf": math.inf,
    "text": "Tree",
    "year": "2025",
    "yes": True,
    "none": None,
    "list": ["a"],
    "empty": {},
    "created": "2026-03-01T10:00:00Z",
    "day": "2026-03-01",
    "metrics.auc": 0.9,
    "params.`a.b`": 1,
    "params.learning-rate": 0.1,
    "metrics.val/loss": 2,
}

HOLDS = [
    "n = 5", "n = 5.0", "n != 4", "n < 6", "n <= 5", "n > 4.5", "n >= 5", "n in (1, 5)", "n in (5.0)", "n not in (1)",
    "x = .5", "x = 5e-1", "x < inf", "x > -inf", "`inf` = inf", "`inf` > 1e308", "not n = 4", "n is not null",
    "text = 'Tree'", 'text = "Tree"', "text != 'tree'", "text > 'A'", "text < 'a'", "text in ('a', 'Tree')",
    "text like 'T%'", "text like '_ree'", "text like '%'", "text not like 't%'", "text ilike 't%'", "text ilike 'TREE'",
    "text not ilike 'x%'", "year = '2025'", "yes = true", "yes != false", "yes in (true)", "none is null",
    "gone is null", "list is not null", "list != 'a'", "list not in ('a')", "empty is not null", "metrics is not null",
    "metrics != 1", "nan is nan", "nan is not null", "nan != 1", "nan not in (1, 2)", "x is not nan", "text is not nan",
    "`metrics`.`auc` > 0.8", "params.`a.b` = 1", "params.learning-rate = 0.1", "metrics.val/loss = 2",
    "METRICS.AUC IS NULL", "n = 5 AND NOT n = 4", "n == 5", "n <> 4", "not not n = 5", "n = 4 or n = 5 and x = 0.5",
    "(n = 4 or n = 5) and x = 0.5", "not (n = 4 or x = 4)", "true", "not false", "text(n) = '5'", "text(x) like '0._'",
]  # fmt: skip
FAILS = [
    "n = 4", "n = '5'", "n = true", "n < 5", "n > '4'", "n like '5'", "n in ('5')", "n not in (5)", "year = 2025",
    "year < 3000", "yes = 1", "yes in (1)", "yes = 'true'", "text like 'tree'", "text like 'T'", "text like 'ree'",
    "text = 'Tre'", "none = 1", "none != 1", "none in (1)", "none not in (1)", "none like '%'", "none not like 'a'",
    "none is not null", "gone = 1",
    "gone != 1", "gone < 1", "gone not in (1)", "gone not like 'a'", "gone not ilike 'a'", "gone is nan",
    "gone is not nan", "list = 'a'", "list in ('a')", "list like '%'", "metrics = 1", "metrics is null", "n is nan",
    "nan = 1", "nan < inf", "nan <= inf", "nan > -inf", "nan in (1)", "nan is not nan", "metrics.AUC > 0.8", "false",
    "text(gone) != '5'", "text(none) = 'None'", "text(metrics) != 'x'", "met is not null",
]  # fmt: skip


@pytest.mark.parametrize("text", HOLDS)
def test_holds(text: str) -> None:
    assert parse(text)(ROW)


@pytest.mark.parametrize("text", FAILS)
def test_does_not_hold(text: str) -> None:
    assert not parse(text)(ROW)


@pytest.mark.parametrize(
    ("stored", "held"),
    [
        ("2026-02-28T23:59:59.999Z", "< <= !="),
        ("2026-03-01", "= <= >="),
        ("2026-03-01T00:00:00Z", "= <= >="),
        ("2026-03-01T23:59:59Z", "= <= >="),
        ("2026-03-01 12:00", "= <= >="),
        ("2026-03-01T23:30:00-05:00", "> >= !="),
        ("2026-03-02T01:00:00+0200", "= <= >="),
        ("2026-03-02", "> >= !="),
        ("20260301", "!="),
        ("2026-02-30", "!="),
        ("2026-03-01T25:00", "!="),
        ("0001-01-01T00:00:00+10:00", "!="),
        ("today", "!="),
        (20260301, "!="),
        (None, ""),
    ],
)
def test_an_unquoted_date_is_the_whole_day_in_utc(stored: object, held: str) -> None:
    answers = [op for op in ("=", "<", "<=", ">", ">=", "!=") if parse(f"t {op} 2026-03-01")({"t": stored})]
    assert answers == sorted(held.split(), key=["=", "<", "<=", ">", ">=", "!="].index)


def test_an_unquoted_time_is_an_instant() -> None:
    row = {"t": "2026-03-01T10:00:00Z", "day": "2026-03-01"}
    assert parse("t = 2026-03-01T12:00:00+02:00 and t = 2026-03-01t10:00z and t < 2026-03-01T10:00:00.001")(row)
    assert parse("day = 2026-03-01T00:00 and day < 2026-03-01T00:01")(row)
    assert parse("t in (2026-02-01, 2026-03-01) and t not in (2026-03-02, 'x')")(row)


def test_a_quoted_date_is_a_text() -> None:
    assert not parse("t = '2026-03-01'")({"t": "2026-03-01T10:00:00Z"})
    assert parse("t > '2026-03-01'")({"t": "2026-03-01T10:00:00Z"})


def test_empty_text_holds_of_everything() -> None:
    assert parse("") == parse("  \n ") == filters.Always()
    assert parse("")({})


def test_a_record_is_taken_by_its_row() -> None:
    record = Record(Ref("run", ("wine", "A")), "p", "b", {"metrics": {"auc": 0.9}, "params": {"a.b": {}}})
    assert parse("metrics.auc > 0.8 and params.`a.b` is not null and ref = 'run/wine/A'")(record)


def test_fields_are_normalised_columns() -> None:
    assert parse("`metrics`.auc > 1 and not (params.`a.b` = 1 or params.`lr` is null) or key(`ref`) = 'x'").fields == {
        "metrics.auc",
        "params.`a.b`",
        "params.lr",
        "ref",
    }


def test_equal_and_hashable_by_what_is_written() -> None:
    same = {parse("a = 1 and b in ('x', 2)"), parse("a=1  AND `b` in('x',2)")}
    assert len(same) == 1
    assert len({parse("a = 1"), parse("a = 1.0"), parse("a = true"), parse("a = '1'")}) == 4


def test_an_unknown_dialect() -> None:
    with pytest.raises(BadValue, match="nearest: mlflow"):
        parse("a = 1", "mlfow")


def test_the_exported_scalar_test_takes_what_a_column_holds() -> None:
    assert filters.test("=", 1, 1.0)
    assert filters.test("in", "a", ("b", "a"))
    assert not filters.test("!=", MISSING, 1)
    assert not Compare("a", "!=", 1).holds(2, present=False)
    assert Null("a").holds(2, present=False)


@pytest.mark.parametrize("fold", [False, True])
def test_hostile_patterns_do_not_backtrack(*, fold: bool) -> None:
    start = time.process_time()
    hostile = [
        "%a" * 400 + "%b",
        "%" * 900 + "b",
        "a%" * 400 + "_" * 90 + "b",
        "%_" * 400 + "b",
        "(a+)+$%",
        "%a%a%a%a%a%b",
    ]
    assert not any(like(pattern, fold=fold)("a" * 20_000) for pattern in hostile)
    assert time.process_time() - start < 5


def _matches(text: str, pattern: str) -> bool:
    """Match as a textbook does: a table of which prefixes match which."""
    row = [True] + [False] * len(text)
    for sign in pattern:
        previous, row = row, [sign == "%" and row[0]]
        for place, letter in enumerate(text):
            fits = previous[place] and sign in {"_", letter}
            row.append(row[place] or previous[place + 1] if sign == "%" else fits)
    return row[-1]


@given(st.text("ab\n.%_"), st.text("ab.\n%_*\\"))
def test_like_agrees_with_the_textbook(text: str, pattern: str) -> None:
    assert like(pattern)(text) == _matches(text, pattern)
    assert like(pattern, fold=True)(text.upper()) == _matches(text, pattern)


@given(exprs, exprs, rows)
def test_laws(one: filters.Expr, other: filters.Expr, row: dict[str, Any]) -> None:
    assert Not(one)(row) is not one(row)
    assert Not(Not(one))(row) is one(row)
    assert Not(And((one, other)))(row) is Or((Not(one), Not(other)))(row)
    assert Not(Or((one, other)))(row) is And((Not(one), Not(other)))(row)


@given(names, literals, cells)
def test_operators_and_their_opposites_never_both_hold_and_neither_holds_of_null(
    name: str, right: Any, left: Any
) -> None:
    for op, opposite in (("=", "!="), ("<", ">="), (">", "<=")):
        pair = (filters.test(op, left, right), filters.test(opposite, left, right))
        assert pair != (True, True)
        assert op != "=" or left is None or any(pair)
    among = filters.test("in", left, (right, "z")), filters.test("not in", left, (right, "z"))
    assert sum(among) == (left is not None)
    assert among[0] == (filters.test("=", left, right) or left == "z")


@given(exprs, st.lists(rows, max_size=5))
def test_a_mask_says_of_each_row_what_the_filter_says(expr: filters.Expr, table: list[dict[str, Any]]) -> None:
    columns = {name: [row.get(name, MISSING) for row in table] for name in {name for row in table for name in row}}
    assert list(expr.mask(columns, len(table))) == [expr(row) for row in table]


@given(exprs, rows)
def test_a_leaf_alone_decides_where_its_field_is_a_column(expr: filters.Expr, row: dict[str, Any]) -> None:
    for leaf in expr.leaves():
        if leaf.field in row:
            assert leaf.holds(row[leaf.field]) == leaf(row)


@given(st.dictionaries(st.text(min_size=1), st.integers(), min_size=1))
def test_every_key_can_be_named(data: dict[str, int]) -> None:
    flat = flatten({"params": data})
    for key, value in data.items():
        quoted = "`" + key.replace("`", "``") + "`"
        assert parse(f"params.{quoted} = {value}")(flat)
        assert parse(f"params.{quoted} = 1").fields == {column("params", key)}
