"""How a filter is read and printed, and what is said of one that cannot be."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filter_strategies import exprs
from gitml.errors import BadFilter
from gitml.records import filter_nodes
from gitml.records.filter import Compare, Expr, parse
from gitml.records.filter_parser import MAX_DEPTH
from gitml.records.record import column

SIGNS = [
    "(",
    ")",
    ",",
    ".",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    "==",
    "<>",
    "'",
    '"',
    "`",
    "''",
    "``",
    ":=",
    "&&",
    "!",
    "%",
    "\\",
]
NAMES = ["a", "b", "m.x", "`a.b`", "text(", "metrics.a", "params.b", "tags.`c d`", "status", "run_id", "dataset.name"]
VALUES = ["'a'", '"b"', "1", "-2", ".5", "1e9", "2026-03-01", "2026-13-01", "2026-03-01T10:00Z", "inf", "nan", "\x00"]
KEYWORDS = ["and", "or", "not", "in", "like", "ilike", "is", "null", "true", "false"]
WORDS = st.sampled_from([*SIGNS, *NAMES, *VALUES, *KEYWORDS])

ERRORS = [
    ("a := 1", 3, "write ="),
    ("a = 1 && b = 2", 7, "write and"),
    ("a = 1 || b = 2", 7, "write or"),
    ("!a = 1", 1, "write not, or !="),
    ("a ~ 'x'", 3, "write like"),
    ("a => 1", 4, "the operators are"),
    ("a ≥ 1", 3, "write >="),
    ("a = tree", 5, "quote a text: 'tree'; a field cannot be compared with a field"),
    ("a = dataset/wine@2", 5, "quote a text: 'dataset/wine@2'"),
    ("a = 01JD7K", 5, "quote a text: '01JD7K'"),
    ("a = 1.2.3", 5, "quote a text: '1.2.3'"),
    ("a = “x”", 5, "straight quotes"),
    ("a = 'x", 5, "close the text with '"),
    ('a = "x', 5, 'close the text with "'),
    ("`a = 1", 1, "close the name with `"),
    ("tags.'x' = 1", 5, "in backticks"),
    ("3d = 1", 1, "is written `3d`"),
    ("in = 1", 1, "is written `in`"),
    ("inf = 1", 1, "is written `inf`"),
    ("a = null", 5, "write a is null"),
    ("a != null", 6, "write a is not null"),
    ("a = nan", 5, "write a is nan"),
    ("a is 5", 6, "write a = …"),
    ("a not = 5", 7, "write a != …"),
    ("a lik 'x'", 3, "nearest: like"),
    ("a = 1 adn b = 2", 7, "nearest: and"),
    ("a = 1, b = 2", 6, "write and"),
    ("a contains 'x'", 3, "write x like '%text%'"),
    ("a between 1 and 2", 3, "write x >= 1 and x <= 2"),
    ("a = 2026-02-30", 5, "is no date or time"),
    ("a = 2026-03-01T25:00", 5, "is no date or time"),
    ("a = 0001-01-01T00:00+10:00", 5, "is no date or time"),
    ("a > 2026-03-01 10:00", 16, "2026-03-01T10:00"),
    ("a > true", 3, "write = or !="),
    ("a = ('x', 'y')", 5, "write a in (…)"),
    ("a in 'x'", 6, "as in a in ('a', 'b')"),
    ("a in ()", 7, "expected a value"),
    ("a in (1, 2", 11, "expected a , or ), found the end"),
    ("a like 5", 8, "a quoted text"),
    ("a like '" + "x" * 1000 + "'", 8, "longer than 1000"),
    ("0.9 < a", 1, "the field, then the operator, then the value"),
    ("a", 2, "an operator after a, found the end"),
    ("a =", 4, "found the end"),
    ("a like", 7, "a quoted text after like, found the end"),
    ("`" + "\n" * 999 + "` like 5 and", 1008, "a quoted text"),
    ("`" + "\n" * 999 + "` is 5", 1006, "null or nan"),
    ("`" + "\n" * 999 + "` = null", 1005, "is null"),
    ("a = 1 or", 9, "expected a field, found the end"),
    ("(a = 1", 1, "this ( is not closed"),
    ("a = 1)", 6, "this ) closes nothing"),
    ("a = 1 b = 2", 7, "join comparisons by and, or by or"),
    ("tex(a) = '1'", 1, "nearest: text"),
    ("text(a) is null", 9, "a is null"),
    ("a = " + "9" * 500, 5, "a number of 500 characters"),
    ("(" * 100_000, MAX_DEPTH + 2, "nested deeper than 50"),
    ("not " * 100_000 + "a = 1", 4 * (MAX_DEPTH + 1) + 1, "nested deeper than 50"),
    ("a" * 1_000_001, 1_000_001, "longer than 1,000,000"),
]


@pytest.mark.parametrize(("text", "at", "told"), ERRORS, ids=lambda value: str(value)[:30])
def test_an_error_points_at_the_column_and_helps(text: str, at: int, told: str) -> None:
    with pytest.raises(BadFilter) as caught:
        parse(text)
    assert caught.value.column == at
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"filter:{at}: ")
    assert len(str(caught.value)) < 250
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a=1 AND(b<>.5)OR NOT c==-1e-9", "a = 1 and b != 0.5 or not c = -1e-09"),
        ("(a = 1 and b = 2) and c = 3", "(a = 1 and b = 2) and c = 3"),
        ("((a = 1 or (b = 2)) and not (not c = 3))", "(a = 1 or b = 2) and not not c = 3"),
        ('`a`.`b c`.`d``e` IN (\'it\'\'s\', "say ""x""")', "a.`b c`.`d``e` in ('it''s', 'say \"x\"')"),
        ("a-b/c@d = 1 and x.3.4d = +5.", "a-b/c@d = 1 and x.3.4d = 5.0"),
        ("`AND` is not null and `inf` = inf and inf.a = -INF", "`AND` is not null and `inf` = inf and inf.a = -inf"),
        ("t > 2026-03-01t10:00:00.5+02:00", "t > 2026-03-01T08:00:00.500000Z"),
        ("``.x = 'a' and `` = ''", "``.x = 'a' and `` = ''"),
        (
            "in-x = 1 and nan = 1 and text = 'a' and text(text) = 'b'",
            "in-x = 1 and nan = 1 and text = 'a' and text(text) = 'b'",
        ),
        ("false or TRUE", "not true or true"),
    ],
)
def test_printed(text: str, printed: str) -> None:
    assert str(parse(text)) == printed
    assert parse(printed) == parse(text)


@given(exprs)
def test_what_is_printed_parses_to_the_same(expr: Expr) -> None:
    assert parse(str(expr)) == expr
    assert repr(parse(str(expr))) == repr(expr)


@given(st.lists(st.text(max_size=5), min_size=1, max_size=3), st.text(max_size=9))
def test_any_name_and_any_text_survive_printing(names: list[str], value: str) -> None:
    expr = Compare(column(*names), "=", value)
    assert parse(str(expr)) == expr


def _column_of_error(text: str, dialect: str) -> int | None:
    """Where the text is wrong; 0 where it is a filter, which then prints and answers."""
    try:
        expr = parse(text, dialect)
    except BadFilter as error:
        return error.column
    assert parse(str(expr)) == expr
    assert expr({"a": 1, "m.x": "b"}) in {True, False}
    return 0


@given(
    st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=12).map(" ".join)), st.sampled_from(["gitml", "mlflow"])
)
@example("a = '\udcff", "gitml")
def test_any_text_is_a_filter_or_an_error_within_it(text: str, dialect: str) -> None:
    assert _column_of_error(text, dialect) in range(len(text) + 2)


def test_reading_a_filter_is_linear() -> None:
    start = time.process_time()
    wanted = [f"{place:026}" for place in range(20_000)]
    expr = parse(f"id in ({', '.join(map(repr, wanted))})")
    assert expr({"id": wanted[-1]})
    for hostile in ("'" * 99_999, "`" * 99_999, "9" * 100_000 + "x", "''" * 50_000 + "'", "a." * 50_000, "1e" * 50_000):
        for text in (hostile, "a = " + hostile, "a in (" + hostile):
            with pytest.raises(BadFilter):
                parse(text)
            with pytest.raises(BadFilter):
                parse(text, "mlflow")
    assert time.process_time() - start < 10


def test_no_input_can_run_code() -> None:
    """Nothing in the filter's modules could: no eval, exec, import by name or attribute by name."""
    folder = Path(filter_nodes.__file__).parent
    for path in sorted(folder.glob("filter*.py")):
        called = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        }
        assert not called & {
            "eval",
            "exec",
            "compile",
            "__import__",
            "getattr",
            "setattr",
            "open",
            "globals",
            "vars",
        }, path
    for text in (
        "__import__('os').system('x')",
        "a = __import__('os')",
        "a.__class__.__bases__ = 1",
        "a like '(?{x})%'",
    ):
        _column_of_error(text, "gitml")
        _column_of_error(text, "mlflow")
