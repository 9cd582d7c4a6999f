"""A review: what it finds in a diff, and the comment that is made of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gitml.errors import Problem
from gitml.render.escaped import code, entities, word
from gitml.render.fitting import Part, fitted, size
from gitml.render.headline import headline, plural
from gitml.render.review import LIMIT, MARKER, comment
from gitml.repo.snapshot import Snapshot
from gitml.views.diff import diff
from gitml.views.review import Review, review
from in_memory import snapshot, store

CREATED = "2026-02-10T09:12:00Z"
IDS = {number: f"01JD7M000000000000000000{number}0" for number in "12345678"}
ALIAS = "alias/model/wine/production"
HOSTILE = [
    "@mona", "a | b", "`code`", "``", "\\|", "\\", "<img src=x onerror=alert(1)>", "</details>", "<!-- gitml -->",
    "a\nb", "\n\n# heading", "[x](http://evil.example)", "![x](http://evil.example/x.png)", "#12", "GH-12", "@org/team",
    "deadbeefdeadbeef", "mona@example.org", "*b* _i_ ~~s~~", "&lt;b&gt;", "```", "$x$", "\x1b[31m",
    "\u202e", "", " ", "|",
]  # fmt: skip
OURS = {"<details>", "</details>", "<summary>", "</summary>", "<sub>", "</sub>", "<br>", "<code>", "</code>", MARKER}


def version(number: str, **more: Any) -> dict[str, Any]:
    return {"id": IDS[number], "created": CREATED, **more}


def alias(number: str) -> dict[str, Any]:
    return {"version": number, "id": IDS[number]}


def columns(**types: str) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


WAS: dict[str, Any] = {
    "metric/auc": {"direction": "higher", "tolerance": {"absolute": 0.005}},
    "model/wine": {},
    "model/wine@2": version("2", metrics={"test": {"auc": 0.912, "loss": 0.2}, "train": {"auc": 0.99}}),
    "dataset/wine": {},
    "dataset/wine@1": version("1", rows=1000, columns=columns(age="int", price="float")),
    ALIAS: alias("2"),
    "deployment/shop": {"serves": {"ref": ALIAS}},
    "deployment/other": {"serves": {"ref": "model/wine@2"}},
}
NOW: dict[str, Any] = WAS | {
    "model/wine@3": version(
        "3",
        metrics={"test": {"auc": 0.897, "loss": 0.1}, "train": {"auc": 0.95}},
        training_data={"ref": "dataset/wine@2", "id": IDS["4"]},
    ),
    "dataset/wine@2": version("4", rows=1030, columns=columns(age="float", price="float")),
    ALIAS: alias("3"),
}


def reviewed(before: dict[str, Any], after: dict[str, Any], *problems: Problem) -> Review:
    return review(diff(store(before), store(after)), problems)


def told(before: dict[str, Any], after: dict[str, Any]) -> str:
    return headline(reviewed(before, after))


def test_the_headline_of_a_promotion() -> None:
    assert told(WAS, NOW) == (
        "production moves from wine@2 to wine@3; auc 0.912 -> 0.897 ▼ on test, loss 0.2 -> 0.1 ▲ on test; "
        "data +3 % rows, `age` int -> float; 1 deployment affected"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "no record changes"),
        ({ALIAS: None}, "production is taken from wine@2"),
        ({"alias/model/wine/a": alias("2"), "alias/model/wine/b": alias("2")}, "a and b are given to wine@2"),
        ({"alias/model/wine/staging": alias("2")}, "staging is given to wine@2"),
        ({"status/model/wine/2": {"status": "retired"}}, "wine@2 is retired"),
        ({"model/wine@3": version("3")}, "wine@3 is new"),
        ({"dataset/wine@2": version("4", rows=1000, columns=columns(age="int", price="float"))},
         "`dataset/wine@2` is new"),
        ({"dataset/wine@2": version("4", rows=500, columns=columns(age="int"))}, "data -50 % rows, `price` removed"),
        ({"dataset/wine@2": version("4", rows=1001)}, "data +0.10 % rows, `age` removed and 1 more"),
        ({"dataset/wine@2": version("4", columns=columns(age="int", price="float", m="int"))}, "data `m` added"),
        ({"dataset/grapes@1": version("5", rows=3)}, "`dataset/grapes@1` is new"),
        ({"deployment/other": {"serves": {"ref": ALIAS}}}, "no"),
        ({"deployment/shop": {"serves": {"ref": "model/wine@3"}}, "model/wine@3": version("3")},
         "shop serves wine@3 instead of wine@2"),
        ({"deployment/other": {"serves": {"ref": "model/wine@3"}}, "model/wine@3": version("3"), ALIAS: alias("3")},
         "production moves from wine@2 to wine@3; 2 deployments affected"),
        ({"term/a": {"definition": "x"}, "term/b": {"definition": "y"}}, "2 terms added"),
        ({"model/wine": {"description": "x"}}, "1 model changed"),
        ({f"{kind}/x": {} for kind in ("use-case", "source", "dataset", "model", "kpi", "experiment", "term")},
         "1 dataset added; 1 experiment added; 1 kpi added; 1 model added; 1 source added; and 2 more changes"),
    ],
)  # fmt: skip
def test_headlines(change: dict[str, Any], words: str) -> None:
    after = {ref: data for ref, data in (WAS | change).items() if data is not None}
    if words == "no":
        assert "affected" not in told(WAS, after)
    else:
        assert told(WAS, after) == words


def test_a_description_affects_nothing_downstream_and_new_data_do_what_was_made_of_them() -> None:
    assert reviewed(WAS, WAS | {"model/wine": {"description": "x"}}).deployments == ()
    assert reviewed(WAS, WAS | {ALIAS: alias("2") | {"reason": "x"}}).deployments == ()
    edited = WAS | {"model/wine@2": version("2", description="x")}
    found = reviewed(WAS, edited)
    assert found.deployments == ("deployment/other", "deployment/shop")
    assert set(found.affected.refs) == {"model/wine@2", ALIAS, *found.deployments}


def test_a_version_that_has_its_metrics_elsewhere_is_judged_by_those() -> None:
    run = {"status": "finished", "created": CREATED, "metrics": {"test": {"auc": 0.5}}}
    name = "run/wine/01JD7K000000000000000000A0"
    after = NOW | {"model/wine@3": version("3", run=name), name: run}
    assert "auc 0.912 -> 0.5 ▼ on test" in told(WAS, after)


def test_each_thing_is_said_once_and_much_is_counted() -> None:
    slots = {f"alias/model/wine/slot{letter}": alias("2") for letter in "abcdef"}
    assert told(WAS, WAS | slots) == "slota, slotb and 4 more are given to wine@2"
    metrics = {name: {"auc": 0.9, "loss": 0.2} for name in ("test", "validation", "holdout")}
    worse = {name: {"auc": 0.8, "loss": 0.2} for name in metrics}
    many = {f"model/m{number}@1": version("1") for number in range(40)}
    before = WAS | {"model/wine@2": version("2", metrics=metrics), "alias/model/wine/staging": alias("2")}
    after = before | many | {
        "model/wine@3": version("3", metrics=worse),
        "dataset/wine@2": version("4", rows=1030, columns=columns(age="float", price="int", a="int", b="int")),
        "dataset/corks@1": version("5", rows=3),
        "dataset/grapes@1": version("6", rows=3),
        "deployment/other": {"serves": {"ref": "model/wine@3"}},
        "status/model/wine/2": {"status": "retired"},
        ALIAS: alias("3"), "alias/model/wine/staging": alias("3"), "alias/model/wine/canary": alias("2"),
    }  # fmt: skip
    text = told(before, after)
    assert text == (
        "production and staging move from wine@2 to wine@3; "
        "auc 0.9 -> 0.8 ▼ on holdout, auc 0.9 -> 0.8 ▼ on test and 1 more; canary is given to wine@2; "
        "`dataset/corks@1` is new; `dataset/grapes@1` is new; 2 deployments affected; and 42 more changes"
    )
    page = comment(reviewed(before, after))
    assert page.count("| metric |") == 1
    heading = "**`alias/model/wine/production`, `alias/model/wine/staging` and `deployment/other`**"
    assert heading in page


def test_what_is_worse_is_said_first() -> None:
    before = WAS | {
        "model/corks@1": version("5", metrics={"auc": 0.5}),
        "alias/model/corks/a": {"version": "1", "id": IDS["5"]},
    }
    after = before | {
        "model/wine@3": NOW["model/wine@3"], ALIAS: alias("3"),
        "model/corks@2": version("6", metrics={"auc": 0.6}), "alias/model/corks/a": {"version": "2", "id": IDS["6"]},
    }  # fmt: skip
    assert told(before, after).startswith("production moves from wine@2 to wine@3; auc 0.912 -> 0.897 ▼ on test, ")


@pytest.mark.parametrize(
    ("kind", "name"), [("alias", "aliases"), ("policy", "policies"), ("run", "runs"), ("kpi", "kpis")]
)
def test_several_of_a_kind(kind: str, name: str) -> None:
    assert plural(kind) == name


# ── the comment ──────────────────────────────────────────────────────────────────────────────────────────────────


def shape(text: str) -> tuple[set[str], set[str], str]:
    """The HTML tags that a page holds, where its links lead, and its text outside of code."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tags: set[str] = set()
    links: set[str] = set()
    plain: list[str] = []
    depth = 0
    for token in (inner for one in parser.parse(text) for inner in [one, *(one.children or [])]):
        if token.type in ("html_inline", "html_block"):
            found = re.findall(r"<[^>]*>", token.content)
            depth += found.count("<code>") - found.count("</code>")
            tags.update(found)
            plain.append(re.sub(r"<[^>]*>", "", token.content))
        elif token.type in ("link_open", "image"):
            links.add(str(token.attrs))
        elif token.type == "text" and not depth:
            plain.append(token.content)
    return tags, links, "\n".join(plain)


def rows(text: str) -> list[int]:
    """How many cells each line of a table has."""
    return [line.count("|") - 1 for line in text.splitlines() if line.startswith("|")]


def assert_harmless(text: str) -> None:
    assert text.startswith(f"{MARKER}\n### ")
    tags, links, plain = shape(text)
    assert tags <= OURS
    assert links == set()
    assert not re.search(r"(?<![A-Za-z0-9])@[A-Za-z]", plain), plain
    assert not re.search(r"evil|#12|GH-12|\bdeadbeef", plain), plain
    tables = re.split(r"\n\n", text)
    for table in tables:
        assert len(set(rows(table))) <= 1, table
    assert text.isprintable() or set(text) - {"\n"} <= {
        letter for letter in text if letter.isprintable() or letter == "\n"
    }
    assert text.count("```mermaid\n") == text.count("```\n") - text.count("```\n```")


def test_the_comment_has_all_that_was_asked_for() -> None:
    problem = Problem("metric.worse", "metadata/a.yaml", "it is worse", "promote another", line=3)
    text = comment(reviewed(WAS, NOW, problem))
    assert_harmless(text)
    assert text.splitlines()[0] == MARKER
    assert "**1 error**" in text
    assert "| error | `metric.worse` | `metadata/a.yaml:3` | `it is worse`<br>`promote another` |" in text
    assert "| metric | `model/wine@2` | `model/wine@3` |  |" in text
    assert "| `test.auc` | 0.912 | 0.897 | ▼ worse |" in text
    for kind in ("alias", "dataset-version", "model-version"):
        assert f"**{kind}**: 1 " in text
    assert "<details>" not in text  # of two fields the table shows both
    more = NOW | {ALIAS: alias("3") | {"since": CREATED, "reason": "x"}}
    text = comment(reviewed(WAS, more, problem))
    assert_harmless(text)
    assert "<details><summary>alias: 4 fields</summary>\n\n| record | field | before | after |" in text
    assert '  n0["alias/model/wine/production"]' in text
    assert '-->|"deploys"|' in text
    assert text.index("**1 error**") < text.index("**alias**") < text.index("```mermaid")
    assert "<sub>3 changes, " in text


def test_a_diff_without_changes_is_a_short_comment() -> None:
    text = comment(reviewed(WAS, WAS))
    assert text.startswith(f"{MARKER}\n### no record changes\n")
    assert len(text) < 200
    assert_harmless(text)


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_what_a_record_says_is_only_text(text: str) -> None:
    name = entities(text) and f"x{text}" if text.strip() else "x"
    after = NOW | {
        "model/wine": {"description": text, "owners": [text, "@mona"]},
        ALIAS: alias("3") | {"reason": text},
        "model/wine@3": version("3", metrics={"test": {"auc": 0.1}, f"m{text}": {"auc": 0.2}}, description=text),
        "model/wine@2": version("2", metrics={"test": {"auc": 0.2}, f"m{text}": {"auc": 0.3}}),
        "dataset/wine@2": version("4", rows=5, columns=columns(**{name: text or "int", "age": text or "x"})),
    }
    problem = Problem("schema.type", f"metadata/{text}.yaml", text, text, ref=text, field=text)
    assert_harmless(comment(reviewed(WAS, after, problem)))


@settings(max_examples=60)
@given(st.text(max_size=30) | st.sampled_from(HOSTILE), st.text(max_size=30))
def test_no_text_breaks_out(text: str, other: str) -> None:
    page = f"| {code(text)} | {code(other)} |\n| --- | --- |\n| {code(other)} | {word(text)} |\n"
    assert set(rows(page)) == {2}
    tags, links, plain = shape(page)
    assert tags <= {"<code>", "</code>"}
    assert not links
    assert not re.search(r"(?<![A-Za-z0-9])@[A-Za-z]", plain)


@pytest.mark.parametrize("text", ["wine@2", "production", "feature_set", "test"])
def test_plain_words_stand_as_they_are(text: str) -> None:
    assert word(text) == text


@pytest.mark.parametrize("text", ["@mona", "wine@1.2", "GH-12", "deadbeef", "a.b", "_x_", "1.", "#1", "é", "mona@2x"])
def test_other_words_stand_as_code(text: str) -> None:
    assert word(text) == f"`{text}`"


def test_a_path_that_is_no_utf_8_is_shown_escaped() -> None:
    assert code("metadata/\udcff.yaml") == "<code>metadata&#47;&#92;udcff.yaml</code>"


# ── the limit ────────────────────────────────────────────────────────────────────────────────────────────────────


def many(count: int) -> tuple[Snapshot, Snapshot]:
    runs = {
        f"run/wine/01JD7K{number:020}": {
            "status": "finished",
            "created": CREATED,
            "params": {"lr": 0.1},
            "metrics": {"auc": 0.9},
        }
        for number in range(count)
    }
    terms = {f"term/t{number}": {"definition": "x" * 500, "tags": dict.fromkeys("abc", "b")} for number in range(count)}
    changed = {ref: data | {"definition": "y" * 500, "tags": dict.fromkeys("abc", "c")} for ref, data in terms.items()}
    return store(WAS | terms), store(NOW | runs | changed)


def test_a_long_comment_loses_the_least_important_and_says_so() -> None:
    found = review(diff(*many(400)), [Problem("metric.worse", "metadata/a.yaml", "it is worse")])
    text = comment(found)
    assert LIMIT - 2000 < size(text) <= LIMIT
    assert_harmless(text)
    for kept in ("production moves from wine@2 to wine@3", "`it is worse`", "▼ worse", "**alias**: 1 changed", "<sub>"):
        assert kept in text
    cut = re.search(r"Cut, to stay within 65,536 characters: (.*)\.", text)
    assert cut
    assert "fields of term" in cut[1]
    assert text.count("<details>") == text.count("</details>")


def test_folded_details_go_before_rows_and_of_problems_rows_go_last() -> None:
    problem = Problem("metric.worse", "metadata/a.yaml", "it is worse")
    found = review(diff(*many(60)), [problem])
    whole = comment(found, 10**6)
    cut = comment(found, size(whole) - 1)
    assert re.search(r"Cut, to stay within [0-9,]+ characters: [0-9]+ fields of term\.", cut)
    assert cut.count("| `term/t") - cut.count("` | `definition` |") - cut.count("` | `tags.") == 60
    fold = whole[whole.index("<details><summary>term: ") :].partition("</details>")[0]
    rows = comment(found, size(whole) - size(fold) - 300)
    assert "<details><summary>term: " not in rows
    assert re.search(r"characters: [0-9]+ rows of run, 240 fields of term\.", rows)


def test_thousands_of_problems_have_a_table_and_what_is_cut_of_it_is_said_first() -> None:
    problems = [Problem("schema.type", f"metadata/{n}/{'x' * 60}.yaml", "é" * 300, "do " * 100) for n in range(3000)]
    text = comment(review(diff(*many(400)), problems))
    assert size(text) <= LIMIT
    assert "**3000 errors**" in text
    assert text.count("| error | `schema.type` |") >= 20
    left = 3000 - text.count("| error | `schema.type` |")
    assert f"Cut, to stay within 65,536 characters: {left:,} problems, " in text
    small = comment(review(diff(*many(60)), problems), 900)
    assert "**3000 errors**" in small
    assert "3,000 problems" in small


@pytest.mark.parametrize("limit", [1500, 3000, 6000, 20_000, 40_000])
def test_whatever_the_limit_it_is_kept(limit: int) -> None:
    found = review(diff(*many(60)), [Problem("metric.worse", "metadata/a.yaml", "it is worse" * 50)] * 90)
    text = comment(found, limit)
    assert size(text) <= limit
    assert_harmless(text)
    assert "production moves" in text


def test_problems_outlive_all_else() -> None:
    found = review(diff(*many(60)), [Problem("metric.worse", "metadata/a.yaml", "it is worse")])
    text = comment(found, 1300)
    assert "`it is worse`" in text
    assert "**alias**" not in text


def test_letters_count_as_the_forge_counts_them() -> None:
    assert size("a😀") == 3
    text = comment(review(diff(store({}), store({f"term/t{n}": {"definition": "😀" * 200} for n in range(900)}))))
    assert size(text) <= LIMIT


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.lists(st.text("ab\n", min_size=1, max_size=40), max_size=8), st.booleans())
    ),
    st.integers(900, 2000),
)
def test_what_is_fitted_fits_and_keeps_the_order_of_importance(parts: Any, limit: int) -> None:
    made = [Part(rank, "rows", "<", tuple(rows), ">", whole) for rank, rows, whole in parts]
    text = fitted("HEAD", made, "TAIL", limit)
    assert size(text) <= limit
    assert text.startswith("HEAD")
    assert text.endswith("TAIL")
    if "Cut" not in text:
        assert text == "HEAD" + "".join(part.text for part in made) + "TAIL"


def test_a_graph_that_is_too_large_is_told_and_not_drawn() -> None:
    deployed = {f"deployment/d{n}": {"serves": {"ref": ALIAS}} for n in range(100)}
    text = comment(reviewed(WAS | deployed, NOW | deployed))
    assert "101 deployments affected" in text
    assert "mermaid" not in text
    assert "Too many to draw" in text


def test_a_name_in_the_graph_cannot_leave_its_label() -> None:
    evil = 'x"]; click n0 "javascript:alert(1)" %% ``` <b>'
    after = {"model/wine": {}, "model/wine@2": version("2"), ALIAS: alias("2")}
    files = {store(after).path(record.ref): dict(record.data) for record in store(after).records()}
    files["metadata/deployments/evil~" + _hash(evil) + ".yaml"] = {
        "schema": "deployment/1", "name": evil, "serves": {"ref": ALIAS}
    }  # fmt: skip
    before = snapshot({path: data for path, data in files.items() if "aliases" not in path})
    text = comment(review(diff(before, snapshot(files))))
    drawing = text.partition("```mermaid\n")[2].partition("\n```\n")[0]
    assert drawing
    line = re.compile(r'  n\d+\S{1,2}"[^"]*"\S{1,2}(:::\w+)?|  n\d+ -.*->\|"[^"]*"\| n\d+|flowchart LR|  class.*')
    assert all(line.fullmatch(one) for one in drawing.splitlines())
    assert "```" not in drawing


def _hash(name: str) -> str:
    import hashlib

    return hashlib.sha256(name.encode()).hexdigest()[:8]
