"""Why two records or commits differ: data, params, code, environment, the nearest first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gitml
from gitml.errors import NotFound
from gitml.records.record import MISSING
from gitml.views.lineage.why import Asked, Why, why
from gitrepo import commit, init
from in_memory import store

A, B, C = (letter * 32 for letter in "abc")
RUN_1, RUN_2 = "run/wine/01JD7K000000000000000000A0", "run/wine/01JD7K000000000000000000B0"


def between(records: Mapping[str, Mapping[str, Any]], a: str, b: str) -> Why:
    """Two records of one store, in memory."""
    held = store(records)
    return why(Asked(held, a, a), Asked(held, b, b), lambda _commit: held)


def said(found: Why) -> list[tuple[Any, ...]]:
    """Each difference in a line."""
    return [(one.steps, one.what, one.field, *one.values) for one in found.differences]


RUNS = {
    RUN_1: {"params": {"lr": 0.01, "depth": 3}, "environment": "environment/a", "code": {"blob": "1", "commit": "x"}},
    RUN_2: {"params": {"lr": 0.1, "depth": 3}, "environment": "environment/b", "code": {"blob": "2", "commit": "y"}},
    "environment/a": {"packages": {"numpy": "1.26.0", "scipy": "1.11"}},
    "environment/b": {"packages": {"numpy": "2.0.0", "scipy": "1.11"}},
}


def test_two_runs() -> None:
    runs = dict(RUNS)
    for ref, dataset, md5 in ((RUN_1, 1, A), (RUN_2, 2, B)):
        runs[ref] = {**runs[ref], "inputs": {"train": {"ref": f"dataset/wine@{dataset}", "md5": md5}}}
    assert said(between(runs, RUN_1, RUN_2)) == [
        (0, "data", "inputs.train", "dataset/wine@1", "dataset/wine@2"),
        (0, "params", "params.lr", 0.01, 0.1),
        (0, "code", "code.blob", "1", "2"),
        (0, "code", "code.commit", "x", "y"),
        (0, "environment", "packages.numpy", "1.26.0", "2.0.0"),
    ]


def test_two_models_by_way_of_their_runs() -> None:
    records = {
        **RUNS,
        "model/wine@1": {
            "run": RUN_1,
            "hyperparameters": {"lr": 0.01},
            "pointer": {"type": "dvc", "path": "m", "md5": A},
        },
        "model/wine@2": {
            "run": RUN_2,
            "hyperparameters": {"lr": 0.1},
            "pointer": {"type": "dvc", "path": "m", "md5": B},
        },
    }
    found = between(records, "model/wine@1", "model/wine@2")
    # That the models' bytes differ is what is asked; a hyperparameter is told once.
    assert [(steps, what, field) for steps, what, field, *_values in said(found)] == [
        (0, "params", "hyperparameters.lr"),
        (1, "code", "code.blob"),
        (1, "code", "code.commit"),
        (1, "environment", "packages.numpy"),
    ]
    assert found.differences[1].refs == (RUN_1, RUN_2)
    deployed = {
        **records,
        "deployment/a": {"serves": {"ref": "model/wine@1"}},
        "deployment/b": {"serves": {"ref": "model/wine@2"}},
    }
    assert said(between(deployed, "deployment/a", "deployment/b"))[0] == (
        0,
        "model",
        "serves",
        "model/wine@1",
        "model/wine@2",
    )


def test_what_is_the_same_needs_no_cause() -> None:
    same = {"inputs": {"x": {"ref": "dataset/wine@1", "md5": A}}, "params": {"a": float("nan")}}
    assert said(between({RUN_1: same, RUN_2: same}, RUN_1, RUN_2)) == []
    assert said(between({RUN_1: same}, RUN_1, RUN_1)) == []
    # Two versions of the same bytes are the same data.
    other = {**same, "inputs": {"x": {"ref": "dataset/wine@2", "md5": A}}}
    assert said(between({RUN_1: same, RUN_2: other}, RUN_1, RUN_2)) == []


def test_a_commit_counts_only_where_nothing_nearer_tells_of_the_code() -> None:
    def codes(one: dict[str, str], other: dict[str, str]) -> list[str]:
        found = between({RUN_1: {"code": one}, RUN_2: {"code": other}}, RUN_1, RUN_2)
        return [one.field for one in found.differences]

    assert codes({"commit": "x"}, {"commit": "y"}) == ["code.commit"]
    assert codes({"commit": "x", "blob": "1"}, {"commit": "y", "blob": "1"}) == []
    assert codes({"commit": "x", "tree": "1"}, {"commit": "y", "tree": "1"}) == []
    assert codes({"commit": "x", "tree": "1"}, {"commit": "x", "tree": "2"}) == ["code.tree"]
    assert codes({"commit": "x", "tree": "1"}, {"commit": "y", "tree": "2"}) == ["code.commit"]
    assert codes({"command": "a"}, {"command": "b", "path": "x.py"}) == ["code.command", "code.path"]


def test_types_and_missing_fields() -> None:
    found = between({RUN_1: {"params": {"year": "2025"}}, RUN_2: {"params": {"year": 2025, "b": None}}}, RUN_1, RUN_2)
    assert said(found) == [(0, "params", "params.year", "2025", 2025), (0, "params", "params.b", MISSING, None)]


def test_upstream_as_far_as_data_differs() -> None:
    def run(ref: str, number: int, seed: int) -> dict[str, Any]:
        return {"inputs": {"x": {"ref": f"dataset/clean@{number}"}}, "seeds": {"numpy": 1}, "by": str(seed)}

    records = {
        RUN_1: run(RUN_1, 1, 1),
        RUN_2: run(RUN_2, 2, 2),
        "dataset/clean@1": {"run": "run/prep/01JD7K000000000000000000C1"},
        "dataset/clean@2": {"run": "run/prep/01JD7K000000000000000000C2"},
        "run/prep/01JD7K000000000000000000C1": {"seeds": {"numpy": 1}, "inputs": {"raw": {"ref": "dataset/raw@1"}}},
        "run/prep/01JD7K000000000000000000C2": {"seeds": {"numpy": 2}, "inputs": {"raw": {"ref": "dataset/raw@2"}}},
        "dataset/raw@1": {"pointer": {"type": "dvc", "path": "raw", "md5": A}},
        "dataset/raw@2": {"pointer": {"type": "dvc", "path": "raw", "md5": B}},
    }
    assert said(between(records, RUN_1, RUN_2)) == [
        (0, "data", "inputs.x", "dataset/clean@1", "dataset/clean@2"),
        (2, "data", "inputs.raw", "dataset/raw@1", "dataset/raw@2"),
        (2, "params", "seeds.numpy", 1, 2),
        (3, "data", "pointer", f"md5:{A}", f"md5:{B}"),
    ]


def test_circles_end() -> None:
    records = {
        f"dataset/{name}@1": {"inputs": {"x": {"ref": f"dataset/{other}@1"}}}
        for name, other in ("ab", "ba", "cd", "dc")
    }
    assert len(said(between(records, "dataset/a@1", "dataset/c@1"))) == 2


# ── over commits ──────────────────────────────────────────────────────────────────────────────────────────────────

STAGES = """stages:
  prepare: {cmd: python prepare.py, deps: [raw.csv, prepare.py], params: [size], outs: [clean.csv]}
  train: {cmd: python train.py, deps: [clean.csv], params: [lr], outs: [model.pkl]}
"""
LOCK = """schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - {{path: prepare.py, hash: md5, md5: '{code}', size: 1}}
    - {{path: raw.csv, hash: md5, md5: '{raw}', size: 1}}
    params: {{params.yaml: {{size: {size}}}}}
    outs:
    - {{path: clean.csv, hash: md5, md5: '{clean}', size: 1}}
  train:
    cmd: python train.py
    deps:
    - {{path: clean.csv, hash: md5, md5: '{read}', size: 1}}
    params: {{params.yaml: {{lr: {lr}}}}}
    outs:
    - {{path: model.pkl, hash: md5, md5: '{model}', size: 1}}
"""
RAW = "outs:\n- {{path: raw.csv, hash: md5, md5: '{raw}', size: 1}}\n"


def files(
    lr: float = 0.1, size: int = 10, code: str = A, raw: str = A, clean: str = A, read: str = A, model: str = A
) -> dict[str, str]:
    """A pipeline and what its lock says."""
    facts = {"lr": lr, "size": size, "code": code, "raw": raw, "clean": clean, "read": read, "model": model}
    params = f"lr: {lr}\nsize: {size}\n"
    return {
        "dvc.yaml": STAGES, "dvc.lock": LOCK.format(**facts), "raw.csv.dvc": RAW.format(raw=raw), "params.yaml": params,
        "prepare.py": "", ".dvc/config": "", "metadata/store.yaml": "schema: store/1\nmain: main\n",
    }  # fmt: skip


def test_two_commits_of_a_pipeline(tmp_path: Path) -> None:
    place = init(tmp_path / "repo")
    first = commit(place, files())
    commit(place, files(lr=0.2, size=20, raw=B, code=B, clean=B, read=B, model=B))
    found = gitml.open(place).why(first, "HEAD")
    assert [side.ref for side in found.sides] == [None, None]
    assert said(found) == [
        (0, "data", "deps[path=clean.csv]", f"md5:{A}", f"md5:{B}"),
        (0, "params", "params.lr", 0.1, 0.2),
        (1, "data", "deps[path=raw.csv]", f"md5:{A}", f"md5:{B}"),
        (1, "params", "params.size", 10, 20),
        (1, "code", "prepare.py", f"md5:{A}", f"md5:{B}"),
        (2, "data", "pointer", f"md5:{A}", f"md5:{B}"),
    ]
    assert {one.refs for one in found.differences} == {
        ("dvc-stage/train",) * 2, ("dvc-stage/prepare",) * 2, ("dvc-output/raw.csv",) * 2,
    }  # fmt: skip
    assert said(gitml.open(place).why(f"{first}:dvc-stage/train", "dvc-stage/train")) == said(found)
    assert said(gitml.open(place).why("HEAD", "main")) == []


def test_a_stage_that_gave_the_same_is_no_cause(tmp_path: Path) -> None:
    place = init(tmp_path / "repo")
    first = commit(place, files())
    commit(place, files(size=20, lr=0.2, model=B))
    assert [(one.steps, one.field) for one in gitml.open(place).why(first, "HEAD").differences] == [(0, "params.lr")]


def test_a_stage_that_moved_on_differs_although_what_follows_has_not_run(tmp_path: Path) -> None:
    place = init(tmp_path / "repo")
    first = commit(place, files())
    commit(place, files(size=20, clean=B))
    assert said(gitml.open(place).why(first, "HEAD")) == [(1, "params", "params.size", 10, 20)]


def test_a_model_of_old_is_held_to_the_pipeline_of_its_day(tmp_path: Path) -> None:
    place = init(tmp_path / "repo")
    pointer = "pointer: {{type: dvc, path: model.pkl, md5: '{md5}'}}\n"
    version = "schema: model-version/1\nid: 01JD7M5B2R8V0K4T6N9C1Q3W{n}\ncreated: '2026-02-16T18:20:00Z'\n" + pointer
    commit(place, {**files(), "metadata/models/wine/1.yaml": version.format(n="7Y", md5=A)})
    commit(place, {**files(lr=0.2, model=B), "metadata/models/wine/2.yaml": version.format(n="7Z", md5=B)})
    found = gitml.open(place).why("model/wine@1", "model/wine@2")
    assert said(found) == [(1, "params", "params.lr", 0.1, 0.2)]
    assert found.complete


def test_a_stage_that_is_only_on_one_side(tmp_path: Path) -> None:
    place = init(tmp_path / "repo")
    first = commit(place, {"dvc.yaml": "stages:\n  a: {cmd: a}\n", ".dvc/config": ""})
    commit(place, {"dvc.yaml": "stages:\n  b: {cmd: b}\n"})
    found = gitml.open(place).why(first, "HEAD")
    assert [(one.what, one.field, one.refs) for one in found.differences] == [
        ("code", "", ("dvc-stage/a", None)),
        ("code", "", (None, "dvc-stage/b")),
    ]
    assert found.differences[0].values == ("dvc-stage/a", MISSING)


def test_what_cannot_be_asked(tmp_path: Path) -> None:
    place = init(tmp_path / "repo")
    commit(place, files())
    here = gitml.open(place)
    with pytest.raises(NotFound, match="HEAD is a commit and the other is none"):
        here.why("dvc-stage/train", "HEAD")
    with pytest.raises(NotFound, match=r"there is no dvc-stage/trian .*nearest: dvc-stage/train"):
        here.why("dvc-stage/trian", "dvc-stage/train")
    with pytest.raises(NotFound, match="no revision 'v9' here"):
        here.why("v9", "HEAD")
