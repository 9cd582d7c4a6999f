"""Edges that nobody has drawn: from refs, pointers, stages, what runs read and wrote."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitml.errors import NotFound
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.records.schema import Shape
from gitml.views.lineage.build import build, lineage
from gitml.views.lineage.graph import Graph
from gitml.views.lineage.held import Given, Givers, Held
from gitml.views.lineage.parts import Edge
from gitml.views.lineage.roles import AFTER, BEFORE, BESIDE, FLOWS, flow
from in_memory import snapshot, store

ROOT = Path(__file__).resolve().parents[2]
A, B, C = (letter * 32 for letter in "abc")
RUN, RUN_2 = "run/wine/01JD7K000000000000000000A0", "run/wine/01JD7K000000000000000000B0"
TEST = "evaluation/wine/01JD7K000000000000000000C0"
DVC = {"type": "dvc", "path": "data/wine.csv", "md5": A}


def derived(ref: str, /, **data: Any) -> Record:
    """A record as a reader makes one."""
    return Record(Ref.parse(ref), "dvc.yaml", "0" * 40, data, derived=True)


def stage(name: str, deps: Mapping[str, str | None], outs: Mapping[str, str | None], **more: Any) -> Record:
    """A stage with the hashes of its lock."""
    sides = [[{"path": path} | ({"md5": md5} if md5 else {}) for path, md5 in side.items()] for side in (deps, outs)]
    return derived(f"dvc-stage/{name}", pipeline="dvc-pipeline/dvc.yaml", deps=sides[0], outs=sides[1], **more)


def output(path: str, md5: str, **more: Any) -> Record:
    """A path that DVC tracks by itself, or as a stage's output."""
    name = path.replace("/", "%2F")
    source = {} if "stage" in more else {"source": f"{path}.dvc"}
    return derived(f"dvc-output/{name}", path=path, md5=md5, **source, **more)


def graph(records: Mapping[str, Mapping[str, Any]], *more: Record, git: Collection[str] = ()) -> Graph:
    """The graph of records as people write them and as readers make them; `git` are the files of the tree."""
    held = store(records)
    return build([*held.records(), *more], held.schemas, lambda path: path in git)


def told(found: Graph, *, stale: bool | None = None) -> set[str]:
    """The edges as `from -role-> to`."""
    return {
        f"{edge.source} -{edge.role}-> {edge.target}" for edge in found.edges if stale is None or edge.stale == stale
    }


def the(found: Graph, source: str, target: str) -> Edge:
    """The one edge between two nodes."""
    (edge,) = [edge for edge in found.edges if (edge.source, edge.target) == (source, target)]
    return edge


# ── refs ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_role_that_a_shipped_schema_gives_stands_in_the_table() -> None:
    for path in (ROOT / "schemas").glob("*.yaml"):
        for field in Shape(yaml.safe_load(path.read_text())).refs:
            assert field.role in FLOWS, f"{path.name}: {field}"


def test_no_role_stands_there_for_nothing() -> None:
    files = (ROOT / "schemas").glob("*.yaml")
    used = {field.role for path in files for field in Shape(yaml.safe_load(path.read_text())).refs} | {"points_to"}
    assert FLOWS.keys() == used
    assert set(FLOWS.values()) == {BEFORE, AFTER, BESIDE}


def test_a_role_of_a_schema_of_ones_own_is_followed_upstream() -> None:
    assert flow("benchmark", "of", "measured_on") == BEFORE
    own = b"""$schema: https://json-schema.org/draft/2020-12/schema
$id: benchmark/1
x-gitml: {addressing: named, path: "metadata/benchmarks/{name}.yaml"}
type: object
required: [schema]
properties:
  schema: {type: string, const: benchmark/1}
  model: {type: string, x-gitml: {ref: [model-version], role: measured_on}}
  other: {type: string, x-gitml: {ref: ["*"]}}
"""
    text = b"schema: benchmark/1\nmodel: model/wine@1\nother: run/wine/x\n"
    held = snapshot({"schemas/benchmark.yaml": own, "metadata/benchmarks/speed.yaml": text})
    assert told(lineage(held)) == {
        "model/wine@1 -measured_on-> benchmark/speed",
        "run/wine/x -ref-> benchmark/speed",
    }


def test_from_data_to_business() -> None:
    found = graph({
        "source/growers": {},
        "dataset/wine": {"source": "source/growers", "policies": ["policy/gdpr"]},
        "dataset/wine@1": {"pointer": DVC},
        "feature-set/wine@1": {"inputs": {"raw": {"ref": "dataset/wine@1"}}},
        RUN: {"inputs": {"train": {"ref": "feature-set/wine@1"}}, "parent": RUN_2, "pipeline": "pipeline/wine"},
        "model/wine": {"use_case": "use-case/pricing"},
        "model/wine@1": {"run": RUN, "training_data": {"ref": "dataset/wine@1"}},
        TEST: {"of": {"ref": "model/wine@1"}, "baseline": {"ref": "model/wine@0"}},
        "alias/model/wine/production": {"version": "1", "approvals": ["approval/01JD7K000000000000000000D0"]},
        "status/model/wine/1": {"status": "approved"},
        "deployment/shop": {"serves": {"ref": "alias/model/wine/production"}, "impacts": [{"kpi": "kpi/margin"}]},
        "rollout/01JD7K000000000000000000E0": {
            "deployment": "deployment/shop", "serves": {"ref": "model/wine@1"}, "replaces": {"ref": "model/wine@0"},
        },
        "use-case/pricing": {"kpis": ["kpi/margin"]},
        "decision/one": {"about": ["model/wine@1"]},
    })  # fmt: skip
    assert told(found) == {
        "source/growers -derived_from-> dataset/wine",
        # What the head says holds for its versions.
        "source/growers -derived_from-> dataset/wine@1",
        "dvc-output/data%2Fwine.csv -pointer-> dataset/wine@1",
        "dataset/wine@1 -version_of-> dataset/wine",
        "dataset/wine@1 -input-> feature-set/wine@1",
        "dataset/wine@1 -trained_on-> model/wine@1",
        f"feature-set/wine@1 -input-> {RUN}",
        f"pipeline/wine -instance_of-> {RUN}",
        f"{RUN} -produced_by-> model/wine@1",
        "model/wine@1 -version_of-> model/wine",
        f"model/wine@1 -evaluates-> {TEST}",
        "model/wine@1 -points_to-> alias/model/wine/production",
        "model/wine@1 -deploys-> rollout/01JD7K000000000000000000E0",
        "alias/model/wine/production -deploys-> deployment/shop",
        "deployment/shop -impacts-> kpi/margin",
        "model/wine -serves-> use-case/pricing",
        "use-case/pricing -impacts-> kpi/margin",
    }
    assert {node.ref for node in found if node.missing} == {"dvc-output/data%2Fwine.csv", "pipeline/wine", "kpi/margin"}
    assert "decision/one" not in found
    down = found.downstream("dataset/wine@1")
    assert {"model/wine@1", "deployment/shop", "kpi/margin"} <= set(down.refs)
    # A head is shown where it leads on; that a dataset has a name is no news.
    assert "model/wine" in down
    assert "dataset/wine" not in down


def test_a_head_stands_for_its_versions() -> None:
    found = graph({
        "dataset/wine": {},
        "dataset/wine@1": {"pointer": DVC},
        "dataset/wine@2": {"pointer": {**DVC, "md5": B}, "inputs": {"previous": {"ref": "dataset/wine@1"}}},
        RUN: {"inputs": {"train": {"ref": "dataset/wine@1"}}},
    })  # fmt: skip
    assert found.downstream("dataset/wine").refs == ("dataset/wine", "dataset/wine@1", "dataset/wine@2", RUN)
    assert found.downstream("dataset/wine", depth=0).refs == ("dataset/wine",)
    assert found.downstream("dataset/wine", depth=1).refs == ("dataset/wine", "dataset/wine@1", "dataset/wine@2")
    assert found.upstream("dataset/wine").depth("dvc-output/data%2Fwine.csv") == 2


def test_a_version_with_a_source_of_its_own_does_not_have_its_heads() -> None:
    found = graph({"dataset/a": {"source": "source/x"}, "dataset/a@1": {"source": "source/y", "pointer": DVC}})
    assert "source/x -derived_from-> dataset/a@1" not in told(found)
    assert the(found, "source/y", "dataset/a@1").reason == "source"


def test_the_field_is_the_reason_and_what_stands_beside_it_the_hash() -> None:
    found = graph({
        "dataset/wine@1": {"pointer": {**DVC, "md5": B}},
        RUN: {"inputs": {"a.b": {"ref": "dataset/wine@1", "md5": A}}},
        "deployment/x": {"impacts": [{}, {"kpi": "kpi/margin"}]},
    })  # fmt: skip
    edge = the(found, "dataset/wine@1", RUN)
    assert (edge.reason, edge.hash, edge.current, edge.path) == (
        "inputs.`a.b`.ref", f"md5:{A}", f"md5:{B}", "data/wine.csv",
    )  # fmt: skip
    assert edge.stale
    assert the(found, "deployment/x", "kpi/margin").reason == "impacts[1].kpi"


def test_refs_of_a_revision_and_texts_that_are_none() -> None:
    found = graph(
        {RUN: {"inputs": {"a": {"ref": "v1.0:dataset/wine@1"}, "b": {"ref": "no ref at all"}, "c": {"ref": 7}}}}
    )
    assert told(found) == {f"dataset/wine@1 -input-> {RUN}"}
    assert found["dataset/wine@1"].missing


def test_a_circle_of_refs_is_told_and_does_not_hang() -> None:
    found = graph({
        "dataset/a@1": {"inputs": {"x": {"ref": "dataset/b@1"}}},
        "dataset/b@1": {"inputs": {"x": {"ref": "dataset/a@1"}}},
        "dataset/c@1": {"inputs": {"x": {"ref": "dataset/c@1"}}},
    })  # fmt: skip
    assert found.cycles == (("dataset/a@1", "dataset/b@1"), ("dataset/c@1",))
    assert found.upstream("dataset/a@1").refs == ("dataset/a@1", "dataset/b@1")


# ── stages and what DVC tracks ────────────────────────────────────────────────────────────────────────────────────


def test_stages_follow_one_another_by_path() -> None:
    found = graph(
        {},
        stage("prepare", {"data/raw": A, "prepare.py": C}, {"data/clean.csv": B, "plots": None}),
        stage("train", {"data/clean.csv": A, "plots/one.json": C, "src": None}, {"model.pkl": C}),
        stage("report", {"data": A}, {}),
        stage("new", {"never.csv": None}, {"fresh.csv": None}),
        output("data/raw", A),
        git=("prepare.py", "src"),
    )
    assert told(found) == {
        "dvc-output/data%2Fraw -input-> dvc-stage/prepare",
        "code/prepare.py -code-> dvc-stage/prepare",
        "dvc-stage/prepare -output-> dvc-output/data%2Fclean.csv",
        "dvc-stage/prepare -output-> dvc-output/plots",
        "dvc-stage/prepare -input-> dvc-stage/train",
        "code/src -code-> dvc-stage/train",
        "dvc-stage/train -output-> dvc-output/model.pkl",
        # `data` holds what one stage makes and what is tracked by itself.
        "dvc-output/data%2Fraw -input-> dvc-stage/report",
        "dvc-stage/prepare -input-> dvc-stage/report",
        "data/never.csv -input-> dvc-stage/new",
        "dvc-stage/new -output-> dvc-output/fresh.csv",
    }
    assert told(found, stale=True) == {"dvc-stage/prepare -input-> dvc-stage/train"}
    by_path = {edge.path: edge for edge in found.edges if edge.target == "dvc-stage/train"}
    assert by_path["data/clean.csv"].reason == "dvc.lock"
    assert (by_path["data/clean.csv"].hash, by_path["data/clean.csv"].current) == (f"md5:{A}", f"md5:{B}")
    assert (by_path["plots/one.json"].reason, by_path["plots/one.json"].current) == ("dvc.yaml", None)
    assert the(found, "dvc-output/data%2Fraw", "dvc-stage/prepare").reason == "data/raw.dvc"
    assert found["data/never.csv"].missing
    assert not found["code/src"].missing


def test_the_lock_beside_a_pipeline_in_a_folder_is_the_reason() -> None:
    inner = derived(
        "dvc-stage/sub%2Fdvc.yaml:x".replace(":", "%3A"),
        pipeline="dvc-pipeline/sub%2Fdvc.yaml", deps=[], outs=[{"path": "sub/x.csv", "md5": A}],
    )  # fmt: skip
    found = graph({}, inner, stage("y", {"sub/x.csv": A}, {}))
    assert the(found, "dvc-stage/sub%2Fdvc.yaml%3Ax", "dvc-stage/y").reason == "sub/dvc.lock"


def test_equal_bytes_in_two_folders_are_two_things() -> None:
    found = graph({}, output("a/x.csv", A), output("b/x.csv", A), stage("train", {"a/x.csv": A}, {}))
    assert told(found) == {"dvc-output/a%2Fx.csv -input-> dvc-stage/train"}


def test_two_stages_that_claim_one_output_both_lead_on() -> None:
    found = graph({}, stage("a", {}, {"x": A}), stage("b", {}, {"x": B}), stage("c", {"x": A}, {}))
    assert {"dvc-stage/a -input-> dvc-stage/c", "dvc-stage/b -input-> dvc-stage/c"} <= told(found)
    assert told(found, stale=True) == {"dvc-stage/b -input-> dvc-stage/c"}


def test_stages_in_a_circle_are_told() -> None:
    found = graph({}, stage("a", {"x": A}, {"y": A}), stage("b", {"y": A}, {"x": A}))
    assert found.cycles == (("dvc-stage/a", "dvc-stage/b"),)


def test_a_stage_leads_to_its_run_and_the_run_to_those_that_read_what_it_wrote() -> None:
    prepared = derived(
        "run/prepare/1", origin="dvc", stage="prepare",
        inputs={"raw.csv": {"path": "raw.csv", "md5": A}, "prepare.py": {"path": "prepare.py", "md5": C}},
        outputs={"clean.csv": {"path": "clean.csv", "md5": B}},
    )  # fmt: skip
    trained = derived("run/train/1", origin="dvc", inputs={"clean.csv": {"path": "clean.csv", "md5": B}}, outputs={})
    found = graph(
        {},
        stage("prepare", {"raw.csv": A}, {"clean.csv": B}, run="run/prepare/1"),
        output("clean.csv", B, stage="dvc-stage/prepare"),
        output("raw.csv", A),
        prepared,
        trained,
        git=("prepare.py",),
    )
    assert told(found) == {
        "dvc-output/raw.csv -input-> dvc-stage/prepare",
        "dvc-output/raw.csv -input-> run/prepare/1",
        "code/prepare.py -code-> run/prepare/1",
        "dvc-stage/prepare -output-> dvc-output/clean.csv",
        "dvc-stage/prepare -executes-> run/prepare/1",
        "dvc-stage/prepare -input-> run/train/1",
        "run/prepare/1 -input-> run/train/1",
    }


def test_an_import_shows_where_it_is_from_and_leads_on_from_what_lies_here() -> None:
    upstream = {"url": "https://example.org/registry.git", "path": "wine.csv", "rev": "main", "rev_lock": "4f2a91c0"}
    found = graph(
        {},
        output("wine.csv", A, **{"import": upstream}),
        stage("a", {}, {"x.csv": B}),
        output("copy.csv", A, **{"import": {"url": "x.csv", "md5": A}}),
        output("far.csv", A, **{"import": {"url": "https://example.org/x.csv", "etag": "1"}}),
    )
    assert found["dvc-output/wine.csv"].origin == upstream
    assert told(found, stale=True) == {"dvc-stage/a -input-> dvc-output/copy.csv"}


def test_who_gives_a_path() -> None:
    givers = Givers(
        [Given(name, Held(path, None), "x") for name, path in (("d", "a"), ("f", "a/b/c"), ("g", "a!"), ("h", "ab"))]
    )
    assert [one.ref for one in givers.at("a/b")] == ["d", "f"]
    assert [one.ref for one in givers.at("a")] == ["d", "f"]
    assert [one.ref for one in givers.at(".")] == ["d", "g", "f", "h"]
    assert [one.ref for one in givers.covering("a/x")] == ["d"]
    assert givers.at("b") == []


# ── recorded runs and versions ────────────────────────────────────────────────────────────────────────────────────


def test_a_recorded_run_that_read_what_a_stage_gave_before() -> None:
    """CONTRACT.md's own example."""
    found = graph({RUN: {"inputs": {"train": {"path": "clean.csv", "md5": A}}}}, stage("prepare", {}, {"clean.csv": B}))
    assert the(found, "dvc-stage/prepare", RUN) == Edge(
        "dvc-stage/prepare", RUN, "input", "dvc.lock", f"md5:{A}", f"md5:{B}", "clean.csv"
    )


def test_runs_follow_one_another_by_path_and_hash() -> None:
    wrote = {"outputs": {"x": {"path": "x.csv", "md5": A}}}
    found = graph({
        "run/w/01JD7K000000000000000000A1": {**wrote, "created": "2026-01-01T00:00:00Z"},
        "run/w/01JD7K000000000000000000A2": {**wrote, "created": "2026-01-02T00:00:00Z"},
        "run/w/01JD7K000000000000000000A3": {**wrote, "created": "2026-01-04T00:00:00Z"},
        "run/w/01JD7K000000000000000000A4": {"outputs": {"x": {"path": "y.csv", "md5": A}}},
        RUN: {"created": "2026-01-03T00:00:00Z", "inputs": {"train": {"path": "x.csv", "md5": A}}},
        RUN_2: {"created": "2025-01-03T00:00:00Z", "inputs": {"train": {"path": "x.csv", "md5": A}}},
    })  # fmt: skip
    # The last that wrote it before: not the two that wrote the same before and after, nor other bytes' place.
    assert told(found) == {f"run/w/01JD7K000000000000000000A2 -input-> {RUN}", f"data/x.csv -input-> {RUN_2}"}


def test_a_run_that_changes_a_file_in_place_is_in_no_circle() -> None:
    run = {"inputs": {"x": {"path": "x.csv", "md5": A}}, "outputs": {"x": {"path": "x.csv", "md5": B}}}
    found = graph({RUN: run}, output("x.csv", B))
    assert told(found) == {f"data/x.csv -input-> {RUN}", f"{RUN} -output-> dvc-output/x.csv"}


def test_what_a_version_points_to() -> None:
    found = graph(
        {
            RUN: {"outputs": {"model": {"path": "model.pkl", "md5": A}}, "created": "2026-01-01T00:00:00Z"},
            "model/wine@1": {
                "pointer": {"type": "dvc", "path": "model.pkl", "md5": A},
                "created": "2026-01-01T00:00:00Z",
            },
            "model/wine@2": {"pointer": {"type": "dvc", "path": "made.pkl", "md5": A}},
            "dataset/in@1": {"pointer": {"type": "dvc", "path": "data/part.csv", "md5": A}},
            "dataset/git@1": {"pointer": {"type": "git", "path": "small.csv"}},
            "dataset/there@1": {"pointer": {**DVC, "repository": "https://example.org/x.git"}},
            "dataset/uri@1": {"pointer": {"type": "uri", "uri": "s3://x/y"}},
        },
        output("model.pkl", B),
        output("data", B),
        stage("train", {}, {"made.pkl": B}),
        git=("small.csv",),
    )
    assert told(found) == {
        f"{RUN} -output-> model/wine@1",
        "dvc-output/model.pkl -pointer-> model/wine@1",
        "dvc-stage/train -output-> dvc-output/made.pkl",
        "dvc-stage/train -output-> model/wine@2",
        "dvc-output/made.pkl -pointer-> model/wine@2",
        "dvc-output/data -pointer-> dataset/in@1",
        "data/small.csv -pointer-> dataset/git@1",
    }
    assert told(found, stale=True) == {
        "dvc-output/model.pkl -pointer-> model/wine@1",
        "dvc-stage/train -output-> model/wine@2",
    }
    assert the(found, RUN, "model/wine@1").reason == "pointer.md5"
    assert not found["data/small.csv"].missing


def test_a_version_that_names_its_run_has_no_other() -> None:
    outputs = {"outputs": {"model": {"path": "model.pkl", "md5": A}}}
    pointer = {"pointer": {"type": "dvc", "path": "model.pkl", "md5": A}}
    found = graph({RUN: outputs, RUN_2: outputs, "model/wine@1": {**pointer, "run": RUN}})
    assert {edge.source for edge in found.edges if edge.target == "model/wine@1"} == {RUN, "dvc-output/model.pkl"}


def test_a_dataset_version_is_what_stages_and_runs_read_by_path_and_hash() -> None:
    found = graph(
        {
            "dataset/wine@1": {"pointer": DVC},
            "dataset/else@1": {"pointer": {**DVC, "path": "other.csv"}},
            RUN: {"inputs": {"train": {"path": "data/wine.csv", "md5": A}}},
            RUN_2: {"inputs": {"train": {"path": "data/wine.csv", "md5": B}}},
        },
        output("data/wine.csv", A),
        stage("prepare", {"data/wine.csv": A}, {}),
    )
    assert [edge.target for edge in found.edges if edge.source == "dataset/wine@1" and edge.role == "input"] == [
        "dvc-stage/prepare", RUN,
    ]  # fmt: skip
    assert the(found, "dataset/wine@1", RUN).reason == "pointer.md5"
    assert told(found, stale=True) == {f"dvc-output/data%2Fwine.csv -input-> {RUN_2}"}


def test_code_and_notebooks_at_their_commits() -> None:
    code = {"commit": "4f2a", "path": "train.py", "blob": "1c9e", "notebook": {"path": "look.ipynb"}}
    step = {"type": "scale", "code": {"path": "scale.py", "commit": "77be"}}
    found = graph(
        {
            RUN: {"code": code, "preprocessing": [step]},
            RUN_2: {"code": {"path": "x.py", "repository": "git@x.org:y.git"}},
        },
        git=("train.py",),
    )
    edge = the(found, "code/train.py", RUN)
    assert (edge.role, edge.reason, edge.hash, edge.commit) == ("code", "code.path", "git:1c9e", "4f2a")
    assert the(found, "code/look.ipynb", RUN).commit == "4f2a"
    assert the(found, "code/scale.py", RUN).reason == "preprocessing[0].code.path"
    assert the(found, "code/x.py", RUN_2).repository == "git@x.org:y.git"
    assert {node.ref for node in found if node.missing} == {"code/look.ipynb", "code/scale.py"}
    assert len(found.without_how()) == 2


@pytest.mark.parametrize(
    "odd", [None, 7, "text", [], {}, [7], {"x": 7}, {"x": None}, {"x": {"path": 7}}, [{"path": None}]]
)
def test_odd_values_lead_nowhere(odd: Any) -> None:
    held = store({})
    names = (
        "inputs",
        "outputs",
        "deps",
        "outs",
        "code",
        "preprocessing",
        "pointer",
        "import",
        "pipeline",
        "run",
        "created",
    )
    data = dict.fromkeys(names, odd)
    kinds = ("run/w/1", "dvc-stage/a", "dvc-output/a", "model/w@1", "dataset/w@1")
    found = build([derived(ref, **data) for ref in kinds], held.schemas, lambda _path: False)
    assert found.cycles == ()
    assert not found.stale()


NAMES = ("inputs", "outputs", "deps", "outs", "code", "preprocessing", "pointer", "import", "path", "ref", "md5", "x")
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(["a", "a/b", ".", "", "%", "@:", "ü"])
)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)),
)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), ANYTHING), max_size=4))
def test_any_data_at_all_makes_a_graph(datas: list[dict[str, Any]]) -> None:
    kinds = ("run/w/1", "dvc-stage/a", "dvc-output/a", "model/w@1")
    records = [derived(kinds[number], **data) for number, data in enumerate(datas)]
    found = build(records, store({}).schemas, lambda path: path == "a")
    assert all(edge.source in found and edge.target in found for edge in found.edges)
    assert found.without_how().edge_rows().total <= len(found.edges)


# ── of a snapshot ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_lineage_of_one_record_is_all_around_it() -> None:
    held = store({
        "dataset/wine@1": {"pointer": DVC},
        RUN: {"inputs": {"train": {"ref": "dataset/wine@1"}}},
        "model/wine@1": {"run": RUN},
        "decision/one": {"about": ["model/wine@1"]},
        RUN_2: {},
    })  # fmt: skip
    found = lineage(held, RUN)
    assert found.refs == (RUN, "dataset/wine@1", "model/wine@1", "dvc-output/data%2Fwine.csv")
    assert found.upstream().refs == (RUN, "dataset/wine@1", "dvc-output/data%2Fwine.csv")
    assert found.downstream().refs == (RUN, "model/wine@1")
    assert lineage(held, "decision/one").refs == ("decision/one",)
    assert lineage(held, "dvc-output/data%2Fwine.csv").downstream().refs[-1] == "model/wine@1"
    assert RUN_2 in lineage(held)
    with pytest.raises(NotFound, match="there is no model/wine@7"):
        lineage(held, "model/wine@7")
