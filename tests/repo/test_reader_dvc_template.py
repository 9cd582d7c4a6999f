"""Templates and vars of dvc.yaml against DVC's own resolver, and what is said where they cannot be resolved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dvc_oracle import by_dvc_one_by_one, by_gitml, new_repo, reader
from gitml.errors import Problem
from gitml.repo.readers.dvc.scope import Scope, Unresolved, node
from gitml.repo.readers.dvc.stages import Pipeline, pipeline
from gitml.repo.readers.dvc.template import Filler, Work, is_templated
from gitml.repo.readers.dvc.unfold import STAGES
from gitrepo import write


def resolved(files: Mapping[str, str], path: str = "dvc.yaml") -> Pipeline:
    """The pipeline of files that stand nowhere."""
    raw = {name: text.encode() for name, text in files.items()}
    return pipeline(path, raw[path], raw.get)


def commands(found: Pipeline) -> dict[str, Any]:
    return {stage.name: stage.command for stage in found.stages}


def told(found: Pipeline) -> list[tuple[str, int | None, str]]:
    """Of each problem the path, the line and the message."""
    assert {problem.code for problem in found.problems} <= {"read.dvc"}
    return [(problem.path, problem.line, problem.message) for problem in found.problems]


# ── the law: what DVC resolves is resolved alike, stage by stage, and what it refuses is a problem ────────────────

LEAVES = st.one_of(
    st.integers(-3, 12),
    st.booleans(),
    st.none(),
    st.sampled_from([0.5, 1e-5, 1e20, "x", "two words", "it's", "${a}", r"\${a}", "@", "1", "true", "é"]),
)
NAMES = st.sampled_from(["a", "b", "c", "item", "key", "list", "x y", "d-e"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
GOOD = st.sampled_from(["${a}", "${b.c}", "${b[d]}", "${list[0]}", "${ list[-1] }", "${b.e.f}", "${g.h}", "${t}"])
RARE = st.sampled_from(["${b}", "${list}", "${b.e}", "${item}", "${key}", "${item.a}", "${item[0]}", "${}", "${b..c}"])
NAMED = st.integers(0, 8).flatmap(lambda luck: GOOD if luck else RARE)
TEXT = st.lists(NAMED | st.sampled_from(["x", " --y ", r"\${z}", "$", "}", "{"]), min_size=1, max_size=3).map("".join)
WORD = NAMED | TEXT | st.sampled_from(["p", "q"])
FILE = WORD.map("f{}".format)


def vars_of(prefix: str, *files: str) -> st.SearchStrategy[list[Any]]:
    table = st.dictionaries(NAMES.map(prefix.__add__), VALUES, max_size=3)
    return st.lists(table | st.sampled_from(files), max_size=2)


BODIES = st.fixed_dictionaries(
    {"cmd": TEXT | st.lists(TEXT, max_size=2)},
    optional={
        "deps": st.lists(FILE, max_size=2),
        "outs": st.lists(FILE | st.dictionaries(FILE, st.just({"cache": False}), max_size=1), max_size=2),
        "params": st.lists(
            FILE | st.dictionaries(FILE, st.none() | st.lists(FILE, max_size=2), max_size=1), max_size=2
        ),
        "desc": st.just("w ${a}"),
        "meta": VALUES,
        "wdir": st.sampled_from(["w", "w${a}", "../v", "w${item}", "."]),
        "vars": vars_of("s", "f.yaml", "f.yaml:fa", "../f.json", "params.yaml"),
        "frozen": st.booleans(),
    },
)
ITEMS = st.recursive(
    LEAVES | WORD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=5
)
LOOPS = st.lists(ITEMS, max_size=3) | st.dictionaries(NAMES, ITEMS, max_size=3) | NAMED
AXES = st.dictionaries(NAMES, st.lists(ITEMS, max_size=3) | WORD, min_size=1, max_size=2)
ENTRIES = st.one_of(
    BODIES,
    st.builds(lambda loop, body: {"foreach": loop, "do": body}, LOOPS, BODIES),
    st.builds(lambda axes, body: {"matrix": axes, **body}, AXES, BODIES),
)
FILES = st.fixed_dictionaries(
    {"stages": st.dictionaries(st.sampled_from(["s", "t", "u@v"]), ENTRIES, min_size=1, max_size=2)},
    optional={"vars": vars_of("v", "f.yaml", "f.yaml:fa", "f.json", "params.yaml")},
)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "dvc-site"))
        yield new_repo(tmp_path_factory.mktemp("law") / "repo", {})


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(said=FILES, own=st.dictionaries(NAMES, VALUES, max_size=4), leaves=st.lists(LEAVES, min_size=8, max_size=8))
def test_every_stage_is_resolved_as_dvc_does(
    repo: Any, said: dict[str, Any], own: dict[str, Any], leaves: list[Any]
) -> None:
    inner = {"c": leaves[1], "d": leaves[2], "e": {"f": leaves[3], "l": [1, leaves[4]]}}
    known = {"a": leaves[0], "b": inner, "list": leaves[5:7], "g": {"h": leaves[7]}, "t": "txt"}
    more = json.dumps({f"f{name}": value for name, value in own.items()}, ensure_ascii=False)
    params = json.dumps(known | {f"p{name}": value for name, value in own.items()}, ensure_ascii=False)
    files = {
        "s/dvc.yaml": json.dumps(said, ensure_ascii=False),
        "s/params.yaml": params,
        **dict.fromkeys(["s/f.yaml", "s/f.json", "s/w/f.yaml", "v/f.yaml", "f.json"], more),
    }
    root = Path(repo.root_dir)
    write(root, files)
    found = pipeline("s/dvc.yaml", files["s/dvc.yaml"].encode(), reader(root))
    theirs, refused = by_dvc_one_by_one(repo, "s/dvc.yaml")
    assert bool(found.problems) == refused
    if theirs is None:  # a file with broken vars: what needs none is read none the less
        assert not any(
            is_templated(said["stages"][stage.name.rpartition("@")[0] or stage.name]) for stage in found.stages
        )
    else:
        assert repr({stage.name: by_gitml(stage) for stage in found.stages}) == repr(theirs)


# ── templates ─────────────────────────────────────────────────────────────────────────────────────────────────────

KNOWN = {"lr": 0.1, "on": True, "no": None, "s": "a b", "d": {"x": 1, "y": {"z": "it's", "w": [1, "b c"]}, "e": {}}}


def fill(text: str, key: str | None = None, **options: str) -> Any:
    table = node(KNOWN)
    return Filler(Scope(table), Work(lambda: options)).text(text, key)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${lr}", 0.1),
        ("${on}", True),
        ("${ d.x }", 1),
        ("${d[y][w][1]}", "b c"),
        ("${d.y.w.-1}", "b c"),
        ("x ${on} ${no} ${lr}", "x true None 0.1"),
        (r"\${lr} ${lr}", "${lr} 0.1"),
        (r"\${lr}", "${lr}"),
        ("$lr {lr} ${lr", "$lr {lr} ${lr"),
        ("${lr}}", "0.1}"),
        ("$${lr}", "$0.1"),
        ("${a\n} ${lr}", "${a\n} 0.1"),
        ("${a ${lr", "${a ${lr"),
        ("${" * 300_000 + "\n}", "${" * 300_000 + "\n}"),
    ],
)
def test_a_template_is_the_value_or_a_text(text: str, value: Any) -> None:
    assert repr(fill(text)) == repr(value)


def test_mappings_unfold_in_commands_as_the_configuration_says() -> None:
    assert fill("x ${d}", "cmd") == "x --x 1 --y.z 'it'\"'\"'s' --y.w 1 'b c'"
    assert fill("x ${d.y}", "cmd", list="append") == "x --z 'it'\"'\"'s' --w 1 --w 'b c'"
    config = {
        ".dvc/config": "[core]\n    remote = x\n['remote \"x\"']\n    url = y\n[parsing]\n    bool = boolean_optional\n"
    }
    said = "vars: [{o: {a: true, b: false}}]\nstages: {s: {cmd: 'x ${o}'}}\n"
    assert commands(resolved({"dvc.yaml": said})) == {"s": "x --a"}
    assert commands(resolved({"dvc.yaml": said} | config)) == {"s": "x --a --no-b"}
    assert commands(resolved({"a/b/dvc.yaml": said} | config, "a/b/dvc.yaml")) == {"s": "x --a --no-b"}
    assert commands(resolved({"dvc.yaml": said, ".dvc/config": "half [writ\n"})) == {"s": "x --a"}


@pytest.mark.parametrize(
    "text", ["${}", "${a..b}", "${a[}", "${[0]}", "${.a}", "${a[0]b}", "${gone}", "${lr.x}", "${s.0}"]
)
def test_what_names_nothing_is_not_filled(text: str) -> None:
    assert is_templated({"x": [text]})
    with pytest.raises(Unresolved):
        fill(text)


# ── bad input: one problem, and everything else is read ───────────────────────────────────────────────────────────

GOOD_ONE = "  good: {cmd: fine}\n"


@pytest.mark.parametrize(
    ("stage", "word"),
    [
        ("{cmd: 'x ${gone}'}", "the var gone is not defined"),
        ("{cmd: x, deps: ['${lr.deep}']}", "lr.deep"),
        ("{cmd: x, deps: ['${all}']}", "a mapping cannot stand in deps"),
        ("{cmd: x, wdir: '${gone}'}", "gone"),
        ("{cmd: x, vars: ['none.yaml']}", "there is no none.yaml"),
        ("{cmd: 'x ${lr}', vars: ['params.yaml:lr']}", "loaded before"),
        ("{cmd: 'x ${lr}', vars: [{lr: 3}]}", "the var lr stands twice (params.yaml)"),
        ("{cmd: x, vars: [{x: '${lr}'}]}", "may not refer"),
        ("{cmd: x, vars: [3]}", "neither a file nor a mapping"),
        ("{cmd: x, vars: no}", "vars is no list"),
        ("{foreach: [a], do: {cmd: 'x ${item.b}'}}", "bad@a: the var item.b"),
        ("{foreach: [a], do: {cmd: x, vars: [{item: 1}]}}", "may not set item"),
        ("{foreach: '${lr}', do: {cmd: x}}", "foreach goes over"),
        ("{foreach: [a]}", "foreach and do"),
        ("{do: {cmd: x}}", "foreach and do"),
        ("{matrix: [a], cmd: x}", "matrix is a mapping"),
        ("{matrix: {a: '${lr}'}, cmd: x}", "matrix.a"),
        ("{foreach: ['a@b'], do: {cmd: x}}", "@ is for"),
        ("{deps: [x]}", "cmd"),
        ("{cmd: {a: b}}", "cmd"),
        ("{cmd: '${all}'}", "cmd"),
        ("{cmd: x, deps: y}", "deps is no list"),
        ("{cmd: x, deps: [{y: z}]}", "in deps"),
        ("{cmd: x, outs: [{y: z}]}", "options of y"),
        ("{cmd: x, params: [{y: z}]}", "keys of y"),
        ("{cmd: x, params: [[y]]}", "in params"),
        ("just text", "no stage"),
        ("", "no stage"),
    ],
)  # fmt: skip
def test_one_broken_stage_is_one_problem(stage: str, word: str) -> None:
    found = resolved({"params.yaml": "lr: 1\nall: {x: 1}\n", "dvc.yaml": f"stages:\n  bad: {stage}\n{GOOD_ONE}"})
    assert commands(found) == {"good": "fine"}
    ((path, line, message),) = told(found)
    assert (path, line) == ("dvc.yaml", 2)
    assert word in message
    assert found.problems[0].field == "stages.bad"


def test_of_generated_stages_the_good_ones_are_given() -> None:
    said = "stages:\n  s:\n    foreach: [{a: 1}, {b: 2}, {a: 3}, {c: 4}]\n    do: {cmd: '${item.a}'}\n"
    found = resolved({"dvc.yaml": said})
    assert commands(found) == {"s@0": "1", "s@2": "3"}
    assert told(found) == [("dvc.yaml", 2, "s@1: the var item.a is not defined")]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"dvc.yaml": "vars: [{a: '${b}'}, {b: '${a}'}]\n"}, ("dvc.yaml", 1, "may not refer")),
        ({"dvc.yaml": "vars: [{a: 1}, {a: 2}]\n"}, ("dvc.yaml", 1, "the var a stands twice")),
        ({"dvc.yaml": "vars: [{a: {b: 1}}, {a: {b: 2}}]\n"}, ("dvc.yaml", 1, "the var a.b stands twice")),
        ({"dvc.yaml": "vars: [x.yaml]\n"}, ("dvc.yaml", 1, "there is no x.yaml")),
        ({"dvc.yaml": "vars: [x.yaml:b]\n", "x.yaml": "a: 1\n"}, ("dvc.yaml", 1, "x.yaml has no b")),
        ({"dvc.yaml": "vars: ['/etc/x.yaml']\n"}, ("dvc.yaml", 1, "there is no /etc/x.yaml")),
        ({"dvc.yaml": "", "params.yaml": "- a\n"}, ("params.yaml", 1, "not a mapping")),
        ({"dvc.yaml": "", "params.yaml": "a: 1\nb: [\n"}, ("params.yaml", 3, "not YAML")),
        ({"dvc.yaml": "vars: [x.json]\n", "x.json": "{\n1"}, ("x.json", 2, "not JSON")),
    ],
)
def test_broken_vars_are_one_problem_and_stages_without_templates_are_read(
    files: dict[str, str], problem: tuple[str, int, str]
) -> None:
    said = files["dvc.yaml"] + "stages:\n  bad: {cmd: '${a}'}\n" + GOOD_ONE
    found = resolved(files | {"dvc.yaml": said})
    assert commands(found) == {"good": "fine"}
    first, second = told(found)
    assert first[:2] == problem[:2]
    assert problem[2] in first[2]
    assert second[0] == "dvc.yaml"
    assert "templates" in second[2]


def test_a_broken_params_file_is_no_matter_without_templates() -> None:
    found = resolved({"dvc.yaml": "stages:\n" + GOOD_ONE, "params.yaml": "- a\n"})
    assert commands(found) == {"good": "fine"}
    assert found.problems == ()


AXIS = f"[{', '.join(map(str, range(100)))}]"
LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (f"stages: {{s: {{matrix: {{a: {AXIS}, b: {AXIS}, c: {AXIS}, d: {AXIS}}}, cmd: x}}}}\n", f"{STAGES:,}"),
        (f"vars: [{{a: {LONG}}}]\nstages: {{s: {{cmd: '{'${a}' * 5000}'}}}}\n", "too much"),
        (f"stages: {{s: {{foreach: {AXIS}, do: {{cmd: x, meta: {[1] * 50_000}}}}}}}\n", "too much"),
        (f"vars: [{{a: {[1] * 50_000}}}]\nplots: {['${a}'] * 100}\n".replace("'${a}'", "{p: '${a}'}"), "too much"),
    ],
    ids=["matrix", "text", "foreach", "plots"],
)
def test_what_unfolds_into_too_much_stops(said: str, word: str) -> None:
    found = resolved({"dvc.yaml": said})
    assert found.problems
    assert all(isinstance(problem, Problem) and word in problem.message for problem in found.problems)
