"""`lineage` and `why` as they are typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import pytest

from command_line import fine, ml
from gitrepo import commit, environment, git, init
from golden import golden

RUN, RUN_2 = "run/wine/01JD7K000000000000000000A0", "run/wine/01JD7K000000000000000000B0"
RAW, OLD, NEW, MODEL = "9" * 32, "1f3a" * 8, "9c07" * 8, "5d1c" * 8
REVISION = "4f2a91c0b1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6"
IMPORT = f"""frozen: true
deps:
- path: wine.csv
  repo: {{url: "https://example.org/registry.git", rev: v2, rev_lock: {REVISION}}}
outs:
- {{path: wine.csv, hash: md5, md5: '{RAW}', size: 3}}
"""
STAGES = "stages:\n  prepare: {cmd: python prepare.py, deps: [data/wine.csv, prepare.py], outs: [data/clean.csv]}\n"
LOCK = """schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - {{path: data/wine.csv, hash: md5, md5: '{raw}', size: 3}}
    - {{path: prepare.py, hash: md5, md5: '{raw}', size: 3}}
    outs:
    - {{path: data/clean.csv, hash: md5, md5: '{clean}', size: 3}}
"""
CREATED = 'created: "2026-02-16T18:03:11Z"\n'
VERSION = (
    f"schema: model-version/1\nid: 01JD7M5B2R8V0K4T6N9C1Q3W7{{letter}}\n{CREATED}run: {{run}}\nmetrics:\n  auc: 0.9\n"
)
SLOT = 'schema: alias/1\nversion: "{version}"\nid: 01JD7M5B2R8V0K4T6N9C1Q3W7{letter}\n'
DEPLOYMENT = "schema: deployment/1\nserves:\n  ref: alias/model/wine/production\nimpacts:\n- kpi: kpi/margin\n"


def run(clean: str, rate: float) -> str:
    return (
        f'schema: run/1\nstatus: finished\n{CREATED}code:\n  commit: "{REVISION}"\n  path: train.py\n'
        f'inputs:\n  train:\n    path: data/clean.csv\n    md5: "{clean}"\n'
        f"params:\n  lr: {rate}\nenvironment: environment/a\n"
    )


@pytest.fixture(scope="session")
def _traced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model on its way from an import to a number of the business, and a producer that has moved on since."""
    place = tmp_path_factory.mktemp("traced") / "repo"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        init(place)
        git(place, "remote", "add", "origin", "https://mona:secret@github.com/cellar/wine.git")
        write = {
            "metadata/store.yaml": "schema: store/1\nmain: main\n",
            ".dvc/config": "",
            "dvc.yaml": STAGES,
            "dvc.lock": LOCK.format(raw=RAW, clean=OLD),
            "data/wine.csv.dvc": IMPORT,
            "prepare.py": "",
            "train.py": "",
        }
        commit(place, write, "a pipeline")
        _put(place, RUN, run(OLD, 0.1))
        _put(place, "environment/a", "schema: environment/1\npackages:\n  numpy: 2.0.0\n")
        _put(place, "model/wine", "schema: model/1\ndescription: Price band of a wine.\n")
        _put(place, "model/wine@1", VERSION.format(letter="Y", run=RUN))
        _put(place, "alias/model/wine/production", SLOT.format(version=1, letter="Y"))
        _put(place, "alias/model/wine/staging", SLOT.format(version=1, letter="Y"))
        _put(place, "deployment/shop", DEPLOYMENT)
        _put(place, "kpi/margin", "schema: kpi/1\ndescription: What is left.\n")
        commit(place, {}, "a model")
        commit(place, {"dvc.lock": LOCK.format(raw=RAW, clean=NEW)}, "prepared anew")
        _put(place, RUN_2, run(NEW, 0.2))
        _put(place, "model/wine@2", VERSION.format(letter="Z", run=RUN_2))
        _put(place, "alias/model/wine/staging", SLOT.format(version=2, letter="Z"))
        commit(place, {}, "another model")
    return place


def _put(place: Path, ref: str, text: str) -> None:
    """A record as it stands in its file."""
    import gitml
    from gitml.records.ref import Ref

    target = place / gitml.open(place).snapshot.path(Ref.parse(ref))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


@pytest.fixture
def traced(_traced: Path, tmp_path: Path) -> Path:
    """A copy for this test alone."""
    return Path(shutil.copytree(_traced, tmp_path / "repo", symlinks=True))


def asked(place: Path, *words: str) -> Any:
    said = fine(place, *words, "--format", "json")
    assert said.err == ""
    assert said.out.count("\n") == 1
    return said.json


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("up", ["model/wine@1"]),
        ("code", ["model/wine@1", "--code"]),
        ("down", ["dvc-output/data%2Fwine.csv", "--down"]),
        ("both", ["run/wine/01JD7K000000000000000000A0", "--up", "--down", "--depth", "1"]),
        ("whole", []),
        ("stale", ["--stale"]),
        ("stale-model", ["model/wine@1", "--stale"]),
        ("to", ["kpi/margin", "--to", "dvc-stage/prepare"]),
        ("apart", ["model/wine@1", "--to", "model/wine@2"]),
        ("nothing", ["environment/a"]),
    ],
)
def test_lineage_as_text(traced: Path, name: str, words: list[str]) -> None:
    golden(f"lineage-{name}.txt", fine(traced, "lineage", *words).out)


@pytest.mark.parametrize("form", ["mermaid", "dot", "csv", "md"])
def test_lineage_in_other_forms(traced: Path, form: str) -> None:
    golden(f"lineage.{form}", fine(traced, "lineage", "model/wine@1", "--code", "--format", form).out)


def test_dot_is_what_graphviz_reads(traced: Path) -> None:
    said = fine(traced, "lineage", "--code", "--format", "dot").out
    with catch_warnings():
        simplefilter("ignore")  # its own, about what its parser will do one day
        import pydot

        (drawn,) = pydot.graph_from_dot_data(said)
    found = asked(traced, "lineage", "--code")
    ends = {(edge.get_source().strip('"'), edge.get_destination().strip('"')) for edge in drawn.get_edges()}
    assert ends == {(edge["from"], edge["to"]) for edge in found["edges"]}


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_svg(traced: Path) -> None:
    said = fine(traced, "lineage", "model/wine@1", "--format", "svg")
    assert "<svg" in said.out
    assert "model/wine@1" in said.out.replace("&#64;", "@")


def test_svg_without_graphviz(traced: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    git_path = shutil.which("git")
    assert git_path
    (tmp_path / "bin" / "git").symlink_to(git_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    said = ml(traced, "lineage", "model/wine@1", "--format", "svg")
    assert (said.code, said.out) == (1, "")
    assert said.err == ("git ml: --format svg needs Graphviz; install it, or take --format mermaid or --format dot\n")


def test_lineage_as_json(traced: Path) -> None:
    found = asked(traced, "lineage", RUN)
    produced = git(traced, "log", "--format=%H", "--grep=a pipeline")
    assert found == {
        "format": 1,
        "at": {"kind": "worktree", "commit": None, "events": None},
        "root": RUN,
        "direction": "up",
        "cycles": [],
        "complete": True,
        "nodes": [
            {"ref": RUN, "kind": "run", "depth": 0, "derived": False, "missing": False},
            {"ref": "dvc-stage/prepare", "kind": "dvc-stage", "depth": 1, "derived": True, "missing": False},
            {
                "ref": "dvc-output/data%2Fwine.csv", "kind": "dvc-output", "depth": 2,
                "derived": True, "missing": False,
                "import": {
                    "url": "https://example.org/registry.git", "path": "wine.csv", "rev": "v2", "rev_lock": REVISION,
                },
            },
        ],
        "edges": [
            {
                "from": "dvc-output/data%2Fwine.csv", "to": "dvc-stage/prepare", "role": "input",
                "reason": "data/wine.csv.dvc", "hash": f"md5:{RAW}", "current": f"md5:{RAW}", "stale": False,
                "path": "data/wine.csv",
            },
            {
                "from": "dvc-stage/prepare", "to": RUN, "role": "input", "reason": "dvc.lock", "hash": f"md5:{OLD}",
                "current": f"md5:{NEW}", "stale": True, "path": "data/clean.csv", "commit": produced,
            },
        ],
    }  # fmt: skip


def test_code_has_a_commit_and_a_link_without_anybodys_token(traced: Path) -> None:
    head = git(traced, "rev-parse", "HEAD")
    found = {edge["from"]: edge for edge in asked(traced, "lineage", RUN, "--code")["edges"] if edge["role"] == "code"}
    assert found["code/train.py"]["url"] == f"https://github.com/cellar/wine/blob/{REVISION}/train.py"
    assert found["code/prepare.py"]["commit"] == head
    assert "secret" not in json.dumps(found)
    git(traced, "remote", "set-url", "origin", "git@gitlab.example.org:a/b/wine.git")
    found = {edge["from"]: edge for edge in asked(traced, "lineage", RUN, "--code")["edges"] if edge["role"] == "code"}
    assert found["code/prepare.py"]["url"] == f"https://gitlab.example.org/a/b/wine/-/blob/{head}/prepare.py"
    git(traced, "remote", "set-url", "origin", "../elsewhere")
    assert all("url" not in edge for edge in asked(traced, "lineage", RUN, "--code")["edges"])


def test_what_a_script_made(traced: Path) -> None:
    found = asked(traced, "lineage", "code/train.py", "--down")
    assert {"model/wine@1", "deployment/shop", "kpi/margin"} <= {node["ref"] for node in found["nodes"]}


def test_lineage_as_of_a_commit(traced: Path) -> None:
    for words in (["--at", "HEAD~2"], []):
        ref = RUN if words else f"HEAD~2:{RUN}"
        found = asked(traced, "lineage", ref, *words)
        assert found["at"]["commit"] == git(traced, "rev-parse", "HEAD~2")
        assert not any(edge["stale"] for edge in found["edges"])


def test_the_whole_snapshot_has_no_root(traced: Path) -> None:
    found = asked(traced, "lineage")
    assert (found["root"], found["direction"]) == (None, "both")
    assert {node["depth"] for node in found["nodes"]} == {0}
    assert [node["ref"] for node in found["nodes"]] == sorted(node["ref"] for node in found["nodes"])
    assert not any(node["kind"] in ("code", "environment") for node in found["nodes"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model/wine@9"], "there is no model/wine@9 in the work tree (nearest: model/wine@1, model/wine@2)"),
        (["nonsense"], "'nonsense' is not a ref"),
        (["model/wine@1", "--to", "model/wine@9"], "model/wine@9 is not in this lineage"),
        (["--down"], "the way, the direction and the depth are those from a record; git ml lineage REF …"),
        (["--to", "model/wine@1"], "the way, the direction and the depth are those from a record"),
    ],
)
def test_lineage_of_what_is_not_there(traced: Path, words: list[str], told: str) -> None:
    said = ml(traced, "lineage", *words)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"git ml: {told}")
    assert said.err.count("\n") == 1


def test_records_that_cannot_be_read_are_told_of(traced: Path) -> None:
    (traced / "metadata/kpis/margin.yaml").write_text("schema: [\n")
    said = fine(traced, "lineage", "deployment/shop", "--down")
    assert said.out.splitlines()[-1].split() == ["└─", "kpi/margin", "impacts", "missing"]
    assert said.err == "git ml: warning: 1 record cannot be read and so is not in it; git ml validate says why\n"


def test_a_shallow_clone_says_that_it_does_not_know(traced: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{traced}", "shallow")
    found = asked(tmp_path / "shallow", "lineage", RUN)
    assert found["complete"] is False
    assert [edge for edge in found["edges"] if edge["stale"] and "commit" not in edge]


def test_a_repository_with_no_record_at_all(tmp_path: Path) -> None:
    place = init(tmp_path / "plain")
    assert fine(place, "lineage").out == "nothing here leads to anything\n"
    assert asked(place, "lineage")["nodes"] == []
    commit(place, {"dvc.yaml": STAGES, ".dvc/config": "", "prepare.py": ""})
    assert fine(place, "lineage").out.splitlines()[1].split()[:3] == [
        "data/data%2Fwine.csv",
        "input",
        "dvc-stage/prepare",
    ]


def test_a_circle_is_told_and_walked_once(tmp_path: Path) -> None:
    place = init(tmp_path / "round")
    stages = "stages:\n  a: {cmd: a, deps: [y], outs: [x]}\n  b: {cmd: b, deps: [x], outs: [y]}\n"
    commit(place, {"dvc.yaml": stages, ".dvc/config": ""})
    assert fine(place, "lineage", "dvc-stage/a").out == (
        "dvc-stage/a\n"
        "└─ dvc-stage/b     input\n"
        "   └─ dvc-stage/a  input  see above\n"
        "in a circle: dvc-stage/a, dvc-stage/b\n"
    )
    assert asked(place, "lineage", "dvc-stage/a")["cycles"] == [["dvc-stage/a", "dvc-stage/b"]]


def test_what_is_not_committed_yet_counts(traced: Path) -> None:
    assert "stale" not in fine(traced, "lineage", RUN_2).out
    (traced / "dvc.lock").write_text(LOCK.format(raw=RAW, clean="7" * 32))
    produced = git(traced, "log", "--format=%H", "--grep=prepared anew")[:8]
    told = f"{RUN_2} ran on 9c079c07… of data/clean.csv as of commit {produced}, dvc-stage/prepare now gives 77777777…"
    assert fine(traced, "lineage", RUN_2).out.splitlines()[-1] == told
    assert "stale" not in fine(traced, "lineage", RUN_2, "--at", "HEAD").out


# ── why ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", ["table", "csv", "md"])
def test_why(traced: Path, form: str) -> None:
    ending = "txt" if form == "table" else form
    golden(f"why.{ending}", fine(traced, "why", "model/wine@1", "model/wine@2", "--format", form).out)


def test_why_two_commits_differ(traced: Path) -> None:
    golden("why-commits.txt", fine(traced, "why", "HEAD~2", "HEAD").out)


def test_why_as_json(traced: Path) -> None:
    found = asked(traced, "why", "model/wine@1", "model/wine@2")
    here = {"kind": "worktree", "commit": None, "events": None}
    assert found["records"] == [{"ref": "model/wine@1", "at": here}, {"ref": "model/wine@2", "at": here}]
    assert found["complete"] is True
    assert found["differences"][:2] == [
        {
            "what": "data", "steps": 1, "refs": [RUN, RUN_2], "field": "inputs.train", "present": [True, True],
            "values": [f"md5:{OLD}", f"md5:{NEW}"],
        },
        {
            "what": "params", "steps": 1, "refs": [RUN, RUN_2], "field": "params.lr", "present": [True, True],
            "values": [0.1, 0.2],
        },
    ]  # fmt: skip


def test_why_nothing_differs(traced: Path) -> None:
    said = fine(traced, "why", "model/wine@1", "model/wine@1")
    assert said.out == "nothing that is recorded upstream of model/wine@1 and model/wine@1 differs\n"


def test_why_of_a_record_and_a_commit(traced: Path) -> None:
    said = ml(traced, "why", "model/wine@1", "HEAD")
    assert (said.code, said.err) == (
        1, "git ml: HEAD is a commit and the other is none; name two records, or two commits\n",
    )  # fmt: skip
