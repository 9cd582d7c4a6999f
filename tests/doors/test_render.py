"""What is shown: text, JSON, CSV and Markdown, fit for the page and harmless to the terminal."""

from __future__ import annotations

import csv as reading
import io
import json
import math
import re
from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from gitml.errors import WARNING, BadFilter, NotFound, Problem
from gitml.records.record import MISSING, FieldChange, Record
from gitml.records.ref import Ref
from gitml.render import cells, changes, comparison, listing, problems, record, shapes, sheet
from gitml.render.page import Page
from gitml.repo.git.revision import At
from gitml.views.changes import Difference
from gitml.views.compare import Comparison, Side, compare
from gitml.views.listing import rows
from gitml.views.metrics import Metrics
from gitml.views.rows import Column, Rows
from in_memory import COMMIT, loose

HERE = At("worktree", COMMIT)
THEN = At("commit", COMMIT, "b" * 40)
ESCAPE = "\x1b[2J\x1b]0;owned\x07"
RUNS = Rows(
    "run",
    (Column("ref", "string"), Column("status", "string"), Column("metrics.auc", "float"), Column("n", "int")),
    (
        {"ref": "run/wine/a", "status": "finished", "metrics.auc": 0.9123456789, "n": 12},
        {"ref": "run/wine/b", "metrics.auc": math.nan, "n": None},
        {"ref": "run/wine/c", "status": "", "metrics.auc": 1.0},
    ),
    12,
)


def made(*data: dict[str, Any]) -> Rows:
    return rows(loose(*data), "thing")


def page(width: int, *, colour: bool = False) -> Page:
    return Page(width, colour)


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_list_is_as_in_the_contract() -> None:
    assert json.loads(shapes.to_json(shapes.list_shape(RUNS, THEN))) == {
        "format": 1,
        "at": {"kind": "commit", "commit": COMMIT, "events": "b" * 40},
        "kind": "run",
        "total": 12,
        "complete": True,
        "columns": [
            {"name": "ref", "type": "string"},
            {"name": "status", "type": "string"},
            {"name": "metrics.auc", "type": "float"},
            {"name": "n", "type": "int"},
        ],
        "rows": [
            {"ref": "run/wine/a", "status": "finished", "metrics.auc": 0.9123456789, "n": 12},
            {"ref": "run/wine/b", "metrics.auc": {"$float": "nan"}, "n": None},
            {"ref": "run/wine/c", "status": "", "metrics.auc": 1.0},
        ],
    }


def test_keys_stand_in_the_contracts_order() -> None:
    assert list(shapes.list_shape(RUNS, HERE)) == ["format", "at", "kind", "total", "complete", "columns", "rows"]
    held = Record(Ref.parse("model/wine@3"), "metadata/models/wine/3.yaml", "9f1c", {"x": math.inf})
    shown = shapes.show_shape(held, HERE)
    assert list(shown) == ["format", "at", "ref", "kind", "path", "blob", "derived", "data", "problems"]
    assert json.loads(shapes.to_json(shown))["data"] == {"x": {"$float": "inf"}}
    told = shapes.validate_shape([], HERE, None, 12)
    assert told == {"format": 1, "at": shapes.at_shape(HERE), "base": None, "checked": 12, "problems": []}


def test_problems_are_sorted_and_whole() -> None:
    late = Problem("schema.type", "b.yaml", "x", line=10, column=1)
    early = Problem("schema.type", "b.yaml", "x", "y", WARNING, 9, 8, "run/wine/a", "metrics.auc", "c" * 40)
    assert shapes.problem_shapes([late, early]) == [
        {
            "code": "schema.type",
            "severity": "warning",
            "path": "b.yaml",
            "line": 9,
            "column": 8,
            "ref": "run/wine/a",
            "field": "metrics.auc",
            "message": "x",
            "hint": "y",
            "commit": "c" * 40,
        },
        {
            "code": "schema.type",
            "severity": "error",
            "path": "b.yaml",
            "line": 10,
            "column": 1,
            "ref": None,
            "field": None,
            "message": "x",
            "hint": "",
            "commit": None,
        },
    ]


def test_compare_is_as_in_the_contract() -> None:
    assert shapes.compare_shape(two({"metrics": {"auc": 0.91}}, {"metrics": {"auc": 0.89}})) == {
        "format": 1,
        "records": [
            {"ref": "thing/000", "at": shapes.at_shape(HERE)},
            {"ref": "thing/001", "at": shapes.at_shape(HERE)},
        ],
        "fields": [
            {
                "field": "metrics.auc",
                "same": False,
                "present": [True, True],
                "values": [0.91, 0.89],
                "delta": [None, -0.02],
                "relative": [None, pytest.approx(-0.022, abs=1e-4)],
                "verdict": [None, "worse"],
            }
        ],
    }


def test_changes_leave_out_the_side_that_is_absent() -> None:
    assert shapes.written_shape(COMMIT, [MOVED])["changes"] == [
        {
            "op": "changed",
            "ref": "alias/model/wine/production",
            "old_ref": None,
            "kind": "alias",
            "path": "metadata/aliases/model/wine/production.yaml",
            "before": "a" * 40,
            "after": "b" * 40,
            "fields": [
                {"field": "version", "op": "changed", "before": "2", "after": "3"},
                {"field": "reason", "op": "added", "after": None},
                {"field": "since", "op": "removed", "before": 1},
            ],
        }
    ]
    assert list(shapes.written_shape(None, [])) == ["format", "commit", "changes", "problems"]


def test_errors_are_as_in_the_contract() -> None:
    error = NotFound("there is no kind 'rnu'", hint="look", near=["run"])
    assert shapes.to_json(shapes.error_shape(error)) == (
        '{"format": 1, "error": {"code": "not-found", "message": "there is no kind \'rnu\'", '
        '"hint": "look", "near": ["run"]}}'
    )
    assert shapes.error_shape(BadFilter("x", column=3))["error"]["message"] == "filter:3: x"


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(codec=None), max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)


def revived(found: dict[str, Any]) -> Any:
    return float(found["$float"]) if found.keys() == {"$float"} else found


@given(values)
def test_json_gives_back_every_value_in_utf_8_and_on_one_line(value: Any) -> None:
    text = shapes.to_json({"a": value})
    assert text.encode().decode() == text
    assert len(text.splitlines()) == 1
    back = json.loads(text, object_hook=revived, parse_constant=lambda _word: pytest.fail("bare NaN"))
    assert repr(back["a"]) == repr(value)


# ── cells ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (2**63 - 1, "9223372036854775807"),
        (1.0, "1.0"),
        (0.91, "0.91"),
        (0.9123456789, "0.912346"),
        (1e-5, "1e-05"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (True, "true"),
        (None, "null"),
        (MISSING, ""),
        ("2025", "2025"),
        ([1, "a", math.nan], '[1, "a", {"$float": "nan"}]'),
        ({}, "{}"),
        ("a\nb\t\x1b[31m\u202e", "a\\nb\\t\\x1b[31m\\u202e"),
        ("白酒\u3000é", "白酒\u3000é"),
        ("\udcff", "\\udcff"),
    ],
)
def test_cells(value: Any, text: str) -> None:
    assert cells.cell(value) == text


@pytest.mark.parametrize("text", ["2025", "", "true", "null", "1e3", "nan", "inf", "9" * 40, "~", "0x1f"])
def test_among_other_types_a_text_that_reads_as_one_is_quoted(text: str) -> None:
    assert cells.typed(text) == f'"{text}"'
    assert cells.typed("2025-01-01") == "2025-01-01"
    assert cells.typed(2025) == "2025"


# ── tables ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_on_a_pipe_is_whole() -> None:
    assert listing.table(RUNS) == (
        "ref         status    metrics.auc     n\n"
        "run/wine/a  finished     0.912346    12\n"
        "run/wine/b                    nan  null\n"
        "run/wine/c                    1.0\n"
    )
    long = made({"text": "x" * 500, "other": 1})
    assert "x" * 500 in listing.table(long)


def test_on_a_page_the_least_telling_columns_go_and_notes_say_so() -> None:
    assert listing.table(RUNS, page(24)) == (
        "ref         metrics.auc\n"
        "run/wine/a     0.912346\n"
        "run/wine/b          nan\n"
        "run/wine/c          1.0\n"
        "3 of 12\n"
        "+2 columns: --columns or --format csv\n"
    )
    kept = listing.table(RUNS, page(24), keep=["status", "metrics"])
    assert kept.splitlines()[0] == "ref         status"
    assert "+1 column:" not in listing.table(RUNS, page(80))


def test_what_is_the_same_everywhere_goes_before_what_differs() -> None:
    wide = made(*({"schema": "x/1", "same": 1, "id": f"{n:040x}", "metrics": {"auc": n}, "lr": n} for n in range(3)))
    heads = [listing.table(wide, page(width)).splitlines()[0].split() for width in (70, 38, 33, 27, 24, 9)]
    assert heads[0] == ["ref", "id", "lr", "metrics.auc", "same"]
    assert heads[1] == ["ref", "lr", "metrics.auc", "same"]
    assert heads[3] == ["ref", "lr", "metrics.auc"]
    assert heads[5] == ["ref"]


def test_the_schema_line_is_shown_where_it_differs_or_was_asked_for() -> None:
    alike = made({"schema": "x/1", "a": 1}, {"schema": "x/1", "a": 2})
    assert listing.table(alike).splitlines()[0].split() == ["ref", "a"]
    assert "+1" not in listing.table(alike, page(80))
    assert listing.table(alike, keep=["schema"]).splitlines()[0].split() == ["ref", "a", "schema"]
    assert "schema" in listing.table(made({"schema": "x/1"}, {"schema": "x/2"}))
    assert "schema" in listing.csv(alike)


def test_long_cells_are_cut_names_in_the_middle_and_words_at_the_end() -> None:
    long = made({"path": "data/" + "x" * 60 + "/wine.csv", "said": "word " * 30})
    body = listing.table(long, page(100)).splitlines()[1]
    assert body == f"thing/000  {'data/xxxxxxxxxxxxxxx…xxxxxxxxxx/wine.csv'}  word word word word word word word word…"
    assert sheet.shortened("run/wine/01JD", 9) == "run/…01JD"
    assert sheet.shortened("abc", 2) == "a…"


def test_no_row_is_a_word_on_a_page_and_nothing_in_a_file() -> None:
    assert listing.table(Rows("run", RUNS.columns, (), 0), page(80)) == "no run records\n"
    assert listing.table(Rows("run", RUNS.columns, (), 0)) == ""


def test_mixed_columns_tell_types_apart() -> None:
    found = listing.table(made({"x": "2025"}, {"x": 2025}, {"x": "a"}, {}))
    assert [line[11:] for line in found.splitlines()] == ["x", '"2025"', "2025", "a", ""]


def test_colour_only_where_there_is_some() -> None:
    kinds = Rows(None, (Column("kind", "string"), Column("problems", "int")), ({"kind": "run", "problems": 2},), 1)
    assert listing.table(kinds, page(80, colour=True)) == (
        "\x1b[1mkind\x1b[0m  \x1b[1mproblems\x1b[0m\nrun   \x1b[31m       2\x1b[0m\n"
    )
    assert "\x1b" not in listing.table(RUNS, page(20))


odd = st.sampled_from(["\x1b", "\x9b", "\n", "\r", "\t", "白", "\u0301", "\u202e"])
texts = st.text(st.one_of(st.characters(codec="utf-8"), odd), max_size=30)
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.lists(texts, max_size=2))
tables = st.lists(st.dictionaries(st.text("abc", min_size=1), anything, max_size=5), min_size=1, max_size=5)


@given(tables, st.integers(min_value=12, max_value=120))
def test_a_table_fits_its_page_and_holds_no_control(data: list[dict[str, Any]], width: int) -> None:
    found = listing.table(made(*data), page(width))
    lines = found.removesuffix("\n").split("\n")
    assert all(cell_len(line) <= width for line in lines if not line.startswith("+"))
    assert len(lines) in {len(data) + 1, len(data) + 2}
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", found)


@given(tables)
def test_columns_stand_below_one_another(data: list[dict[str, Any]]) -> None:
    found = made(*data).rows
    strips = [sheet.Strip("h", [cells.cell(row.get("a")) for row in found]), sheet.Strip("|", ["|"] * len(found))]
    assert len({cell_len(line) for line in sheet.sheet(strips, Page()).lines}) == 1


# ── CSV and Markdown ──────────────────────────────────────────────────────────────────────────────────────────────


def test_csv() -> None:
    found = made(
        {
            "a": "2025",
            "b": 0.1,
            "c": [1, "x"],
            "d": "two\nlines",
            "e": "",
            "f": math.nan,
            "g": "@mona",
            "h": 'a "b", c',
        },
        {"a": 2025, "b": None, "d": " x", "f": math.inf, "g": "=1+1", "h": True},
    )
    assert listing.csv(found) == (
        "ref,a,b,c,d,e,f,g,h\n"
        'thing/000,"2025",0.1,"[1, ""x""]","two\nlines","",nan,@mona,"a ""b"", c"\n'
        'thing/001,2025,,," x",,inf,=1+1,true\n'
    )
    assert listing.csv(Rows("run", RUNS.columns, (), 0)) == "ref,status,metrics.auc,n\n"


@given(st.lists(st.dictionaries(st.text('ab,`" .', min_size=1), st.text(st.characters(codec="utf-8"))), max_size=4))
def test_csv_is_read_back_by_others(data: list[dict[str, str]]) -> None:
    found = made(*data)
    text = listing.csv(found)
    back = list(reading.reader(io.StringIO(text, newline="")))
    names = [column.name for column in found.columns]
    assert back == [names, *([cells.exact(row.get(name, "")) for name in names] for row in found.rows)]
    assert not re.search(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]", text)


def test_markdown() -> None:
    found = made({"a_b": "x|y\n<img src=x>", "n": 1, "s": "*b* _i_ a_b `c` [l](u)"}, {"n": 2.5, "s": "\\"})
    assert listing.markdown(found) == (
        "| ref | a_b | n | s |\n"
        "| --- | --- | ---: | --- |\n"
        "| thing/000 | x\\|y\\\\n&lt;img src=x&gt; | 1 | \\*b\\* \\_i\\_ a_b \\`c\\` \\[l\\](u) |\n"
        "| thing/001 |  | 2.5 | \\\\ |\n"
    )


@given(tables)
def test_markdown_tables_keep_their_shape(data: list[dict[str, Any]]) -> None:
    found = made(*data)
    lines = listing.markdown(found).removesuffix("\n").split("\n")
    bars = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines}
    assert (len(lines), bars) == (len(data) + 2, {len(found.columns) + 1})


# ── a record, problems, comparisons, changes ──────────────────────────────────────────────────────────────────────


def test_a_record_is_yaml_below_comments() -> None:
    held = Record(
        Ref.parse("model/wine@3"), "metadata/models/wine/3.yaml", "9f1c", {"name": ESCAPE, "rows": 3, "b": "2025"}
    )
    wrong = Problem("ref.missing", held.path, f"no {ESCAPE}", line=1)
    text = record.record_text(held, THEN, problems=[wrong])
    assert text.startswith(
        "# model/wine@3\n# metadata/models/wine/3.yaml at 9f1c2ab0d4e5, events at bbbbbbbbbbbb\n"
        "# metadata/models/wine/3.yaml:1: error"
    )
    assert yaml.safe_load(text) == held.data
    assert "\x1b" not in text
    assert record.record_text(Record(held.ref, "x", "b", {}, derived=True), HERE).splitlines()[1:] == [
        "# x in the work tree, derived",
        "{}",
    ]
    assert record.record_rows(held).rows[1] == {"field": "rows", "value": 3}
    assert listing.csv(record.record_rows(held)).splitlines()[-1] == 'b,"2025"'


def test_problems_are_a_line_each_and_a_count() -> None:
    found = [
        Problem("canonical.form", "b.yaml", "not canonical", "git ml validate --fix", WARNING),
        Problem("schema.type", "a.yaml", 'found "0,91"', "write 0.91", line=14, column=8, field="metrics.auc"),
        Problem("base.unknown", "", "shallow", severity=WARNING, commit=COMMIT),
    ]
    assert problems.validation(found, 12) == (
        "warning base.unknown: shallow (in 9f1c2ab0d4e5)\n"
        'a.yaml:14:8: error schema.type metrics.auc: found "0,91"; write 0.91\n'
        "b.yaml: warning canonical.form: not canonical; git ml validate --fix\n"
        "12 records checked: 1 error, 2 warnings\n"
    )
    assert problems.validation([], 1) == "1 record checked: no problems\n"
    assert [row["path"] for row in problems.problem_rows(found).rows] == ["", "a.yaml", "b.yaml"]
    assert "14,8,,metrics.auc" in listing.csv(problems.problem_rows(found))


def test_problems_cannot_write_on_the_terminal() -> None:
    wrong = Problem("path.mismatch", f"a{ESCAPE}\n.yaml", f"x{ESCAPE}\n", f"y{ESCAPE}", field=f"z{ESCAPE}")
    text = problems.validation([wrong], 1)
    assert text.count("\n") == 2
    assert "\x1b" not in text
    assert "\x1b[31merror\x1b[0m" in problems.problem_line(wrong, Page(colour=True))


def two(*data: dict[str, Any]) -> Comparison:
    return compare([Side(held, None, HERE) for held in loose(*data).records("thing")], Metrics())


def test_a_comparison_shows_what_differs() -> None:
    found = two(
        {"status": "finished", "params": {"year": "2025", "lr": 0.1}, "metrics": {"auc": 0.91, "rmse": 3}},
        {
            "status": "finished",
            "params": {"year": 2025, "lr": 0.3},
            "metrics": {"auc": 0.89, "rmse": 2},
            "new": math.nan,
        },
    )
    assert comparison.comparison_text(found) == (
        "field         thing/000  thing/001\n"
        'params.year   "2025"     2025\n'
        "params.lr     0.1        0.3 (+0.2)\n"
        "metrics.auc   0.91       0.89 (-0.02 worse)\n"
        "metrics.rmse  3          2 (-1 better)\n"
        "new                      nan\n"
        "1 field the same\n"
    )
    assert "status        finished   finished\n" in comparison.comparison_text(found, everything=True)
    assert "\x1b[31m0.89 (-0.02 worse)\x1b[0m" in comparison.comparison_text(found, Page(colour=True))
    assert "\x1b[32m2 (-1 better)" in comparison.comparison_text(found, Page(colour=True))
    narrow = comparison.comparison_text(found, page(24)).splitlines()
    assert narrow[0] == "field         thing/000"
    assert narrow[-1] == "+1 record: --format csv"


def test_a_comparison_of_equals_says_so() -> None:
    assert comparison.comparison_text(two({"a": 1, "b": 2}, {"a": 1, "b": 2})) == "nothing differs: 2 fields the same\n"
    assert comparison.comparison_text(two({}, {})) == "nothing to compare\n"


def test_a_comparison_as_csv() -> None:
    found = listing.csv(
        comparison.comparison_rows(two({"metrics": {"auc": 0.91}, "x": "1"}, {"metrics": {"auc": 0.89}}))
    )
    assert found == (
        "field,same,thing/000,thing/001,thing/001 delta,thing/001 relative,thing/001 verdict\n"
        f"metrics.auc,false,0.91,0.89,-0.02,{-0.02 / 0.91!r},worse\n"
        'x,false,"1",,,,\n'
    )


MOVED = Difference(
    "changed",
    "alias/model/wine/production",
    "alias",
    "metadata/aliases/model/wine/production.yaml",
    "a" * 40,
    "b" * 40,
    (FieldChange("version", "2", "3"), FieldChange("reason", MISSING, None), FieldChange("since", 1, MISSING)),
)


def test_what_was_written_is_told() -> None:
    added = Difference(
        "added", "term/a", "term", "metadata/terms/a.yaml", None, "c" * 40, (FieldChange("x", MISSING, 1),)
    )
    other = Difference("removed", None, None, ".gitattributes", "c" * 40, None)
    warning = Problem("name.case", "metadata/terms/a.yaml", "as term/A", severity=WARNING)
    assert changes.written_text(COMMIT, [added, MOVED, other], [warning]) == (
        "+ term/a  metadata/terms/a.yaml\n"
        "~ alias/model/wine/production  metadata/aliases/model/wine/production.yaml\n"
        '    version: "2" -> "3"\n'
        "    reason: -> null\n"
        "    since: 1 ->\n"
        "- .gitattributes\n"
        "metadata/terms/a.yaml: warning name.case: as term/A\n"
        "committed 9f1c2ab0d4e5\n"
    )
    assert changes.written_text(None, [added]).splitlines()[-1] == "written, not committed"
    assert changes.written_text(None, []) == "nothing to change\n"
    assert changes.written_text(None, [added], page=Page(colour=True)).startswith("\x1b[32m+\x1b[0m term/a")
    assert [row.get("after", "-") for row in changes.change_rows([MOVED, other]).rows] == ["3", None, "-", "-"]


def test_a_renamed_record_shows_both_names() -> None:
    moved = Difference("renamed", "term/b", "term", "metadata/terms/b.yaml", "a", "a", (), "term/a")
    assert list(changes.change_lines([moved])) == ["> term/a -> term/b  metadata/terms/b.yaml"]


def lines_of(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in text.splitlines()]


@given(texts, texts)
def test_changes_cannot_write_on_the_terminal(name: str, value: str) -> None:
    change = Difference("changed", f"term/{name}", "term", name, "a", "b", (FieldChange(name, value, value),))
    found = changes.written_text(None, [change])
    assert len(lines_of([found])) == 3
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", found)
