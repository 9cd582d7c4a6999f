"""Derived records of DVC repositories: what DVC itself says is the oracle, at every commit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import gitml
from command_line import ml
from dvc_oracle import inside
from gitml.errors import NotFound
from gitml.repo.readers.files import digest
from gitrepo import commit, git, init, write
from replayed import replay

BANK = "iterative+demo-bank-customer-churn"
NOWHERE = {"remote": {"s3_storage": {"url": "nowhere"}}}
"""In place of a remote that DVC has no plugin for: it then takes files of the tree for absent."""

TRAIN = """\
stages:
  prepare:
    cmd: python prepare.py
    deps: [raw.csv]
    outs: [prepared.csv]
  train:
    cmd: python train.py
    deps: [prepared.csv, train.py]
    params: [lr, net.depth]
    outs: [model.pkl]
    metrics:
    - metrics.json: {cache: false}
"""


@pytest.fixture(scope="module")
def bank(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real pipeline, replayed."""
    return replay(real / BANK, tmp_path_factory.mktemp("bank") / "repo")


def pipelines(store: gitml.Store, field: str) -> dict[str, Any]:
    """Params or metrics of all pipelines of a snapshot, by file."""
    found = store.snapshot.records("dvc-pipeline")
    return {file: told for record in found for file, told in record.data.get(field, {}).items()}


def shown(told: Mapping[str, Any]) -> dict[str, Any]:
    """What DVC shows of one revision, by file."""
    return {file: held["data"] for file, held in told["data"].items()}


def by_dvc(folder: Path, revs: list[str], config: Mapping[str, Any] | None = None) -> Iterator[tuple[str, Any, Any]]:
    """(revision, params, metrics) as DVC shows them."""
    from dvc.repo import Repo
    from dvc.repo.metrics.show import show as metrics_of
    from dvc.repo.params.show import show as params_of

    with inside(folder), Repo(str(folder), config=config) as repo:
        metrics, params = metrics_of(repo, revs=revs), params_of(repo, revs=revs)
    for rev in revs:
        yield rev, shown(params[rev]), shown(metrics[rev])


def test_params_and_metrics_are_those_that_dvc_shows_at_every_commit(bank: Path) -> None:
    revs = git(bank, "rev-list", "--all").split()
    assert len(revs) == 19
    store = gitml.open(bank)
    for rev, params, metrics in by_dvc(bank, revs, NOWHERE):
        at = store.at(rev)
        assert pipelines(at, "params") == params
        assert pipelines(at, "metrics") == metrics


def test_the_counts_of_every_commit_are_the_true_ones(real: Path, bank: Path) -> None:
    facts = json.loads((real / "FACTS.json").read_text())[BANK]
    store = gitml.open(bank)
    told = git(bank, "log", "--all", "--format=%(trailers:key=upstream-commit,valueonly,separator=) %H").splitlines()
    upstream = dict(line.split(" ") for line in told)
    for name, true in facts.items():
        rev = next(oid for long, oid in upstream.items() if long.startswith(name.partition("_")[2]))
        at = store.at(rev)
        stages = {record.data["name"]: record.data for record in at.snapshot.records("dvc-stage")}
        assert set(stages) == set(true["stages"])
        assert stages["eval"]["metrics"] == true["metrics"]
        chosen = stages["train"]["params"]["train"]["params"]
        assert {name: chosen[name] for name in true["params"]} == true["params"]


def test_a_pipeline_with_its_lock(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    files = {"dvc.yaml": TRAIN, "params.yaml": "lr: 0.1\nnet: {depth: 3, wide: true}\n", "train.py": "1\n"}
    metrics = '{"auc": 0.9, "by": {"us": NaN, "name": "x", "none": null}}'
    files |= {"metrics.json": metrics, "dvc.lock": locked(metrics, lr=0.1)}
    first = commit(repo, files)
    stage = gitml.open(repo).show("dvc-stage/train").data
    assert (stage["state"], stage["pipeline"]) == ("locked", "dvc-pipeline/dvc.yaml")
    assert stage["params"] == {"lr": 0.1, "net": {"depth": 3}}
    ran = gitml.open(repo).show(stage["run"])
    assert (ran.derived, ran.path, ran.data["origin"]) == (True, "dvc.lock", "dvc")
    assert ran.data["metrics"]["auc"] == 0.9
    assert "unproduced" not in ran.data
    assert ran.data["inputs"]["prepared.csv"] == {"path": "prepared.csv", "md5": "b" * 32, "size": 7}

    # A branch that shows another's numbers: the lock has not produced them.
    commit(repo, {"metrics.json": '{"auc": 0.99}'})
    stray = gitml.open(repo).show(stage["run"]).data
    assert "metrics" not in stray
    assert stray["unproduced"] == {"auc": 0.99}
    assert gitml.open(repo).show("dvc-stage/train").data["metrics"] == {"auc": 0.99}
    assert gitml.open(repo).at(first).show(stage["run"]).data["metrics"]["auc"] == 0.9

    # Settings that the last run did not have.
    write(repo, {"params.yaml": "lr: 0.2\nnet: {depth: 3}\n"})
    assert gitml.open(repo).show("dvc-stage/train").data["state"] == "changed"
    assert gitml.open(repo).show("dvc-stage/prepare").data["state"] == "never-run"


def locked(metrics: str, **params: Any) -> str:
    """A dvc.lock of the stage `train`."""
    return f"""\
schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps:
    - path: prepared.csv
      hash: md5
      md5: {"b" * 32}
      size: 7
    - path: train.py
      hash: md5
      md5: {digest(b"1" + b"chr(10)")}
      size: 2
    params:
      params.yaml:
        lr: {params.get("lr", 0.1)}
        net.depth: 3
    outs:
    - path: metrics.json
      hash: md5
      md5: {digest(metrics.encode())}
      size: {len(metrics)}
    - path: model.pkl
      hash: md5
      md5: {"c" * 32}
      size: 9
"""


def test_one_run_in_many_commits_is_one_run(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    metrics = '{"auc": 0.9}'
    base = {"dvc.yaml": TRAIN, "params.yaml": "lr: 0.1\nnet: {depth: 3}\n", "metrics.json": metrics}
    revs = [commit(repo, base | {"dvc.lock": locked(metrics), "note": str(number)}) for number in range(3)]
    # The same entry with its keys in another order is the same run.
    swapped = locked(metrics).replace("    cmd: python train.py\n", "", 1) + "    cmd: python train.py\n"
    revs.append(commit(repo, {"dvc.lock": swapped}))
    store = gitml.open(repo)
    runs = {(str(run.ref), run.blob) for rev in revs for run in store.at(rev).snapshot.records("run")}
    assert len(runs) == 1


def test_a_lock_without_its_stage_and_files_that_are_broken(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    tracked = f"outs:\n- md5: {'d' * 32}\n  path: d\n"
    broken = {"sub/dvc.yaml": "stages:\n  a: {cmd: x\n", "b.dvc": "outs: 5\n", "c.dvc": ""}
    commit(repo, broken | {"dvc.lock": locked("{}"), "d.dvc": tracked})
    snapshot = gitml.open(repo).snapshot
    assert snapshot.record(gitml.Ref.parse("dvc-stage/train")).data["state"] == "orphan"
    assert [record.data["path"] for record in snapshot.records("dvc-output")] == ["d"]
    found = {(problem.code, problem.path) for problem in snapshot.problems}
    assert found == {("read.dvc", "sub/dvc.yaml"), ("read.dvc", "b.dvc")}
    assert all(problem.line for problem in snapshot.problems)
    told = {(problem.code, problem.path) for problem in gitml.open(repo).validate().problems}
    assert told >= found


def test_a_folder_in_place_of_a_dvc_yaml(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    commit(repo, {"dvc.yaml/dvc.yaml": TRAIN, "dvc.lock/x": "1"})
    assert {str(record.ref) for record in gitml.open(repo).snapshot.records("dvc-stage")} == {
        "dvc-stage/dvc.yaml%2Fdvc.yaml%3Aprepare",
        "dvc-stage/dvc.yaml%2Fdvc.yaml%3Atrain",
    }


def test_two_stages_that_claim_one_output(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    stages = "stages:\n  a: {cmd: a, outs: [x]}\n  b: {cmd: b, outs: [x]}\n"
    commit(repo, {"dvc.yaml": stages})
    (problem,) = gitml.open(repo).snapshot.problems
    assert (problem.code, problem.ref) == ("read.dvc", "dvc-output/x")
    assert "dvc-stage/a" in problem.message
    assert "dvc-stage/b" in problem.message


def test_equal_dvc_files_in_two_folders_are_two_outputs(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    same = f"outs:\n- md5: {'e' * 32}\n  hash: md5\n  size: 3\n  path: data.csv\n"
    commit(repo, {"a/data.csv.dvc": same, "b/data.csv.dvc": same})
    found = {str(record.ref): record.data["source"] for record in gitml.open(repo).snapshot.records("dvc-output")}
    assert found == {"dvc-output/a%2Fdata.csv": "a/data.csv.dvc", "dvc-output/b%2Fdata.csv": "b/data.csv.dvc"}


def test_the_work_tree_shows_what_is_not_staged(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    metrics = '{"auc": 0.9}'
    params = "lr: 0.1\nnet: {depth: 3}\n"
    commit(repo, {"dvc.yaml": TRAIN, "params.yaml": params, "metrics.json": metrics, "dvc.lock": locked(metrics)})
    store = gitml.open(repo)
    for number in range(3):
        write(repo, {"metrics.json": json.dumps({"auc": number})})
        store.refresh()
        assert store.show("dvc-stage/train").data["metrics"] == {"auc": number}
        assert store.at("HEAD").show("dvc-stage/train").data["metrics"] == {"auc": 0.9}


def test_what_dvc_keeps_is_read_from_its_cache(tmp_path: Path) -> None:
    from dvc.repo import Repo

    repo = init(tmp_path / "repo")
    kept = TRAIN.replace("metrics.json: {cache: false}", "metrics.json")
    kept = kept.replace("python train.py", "cp source.json metrics.json && cp source.json model.pkl", 1)
    kept = kept.replace("python prepare.py", "cp raw.csv prepared.csv")
    with inside(repo):
        Repo.init(str(repo)).close()
        write(repo, {"dvc.yaml": kept, "params.yaml": "lr: 0.1\nnet: {depth: 3}\n", "raw.csv": "1\n", "train.py": "1\n",
                     "source.json": '{"auc": 0.5}'})  # fmt: skip
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=repo, check=True)
    first = commit(repo, {})
    (repo / "metrics.json").unlink()
    store = gitml.open(repo)
    assert store.rows("run", "metrics.auc = 0.5").total == 1
    for rev, params, metrics in by_dvc(repo, [first]):
        assert pipelines(store.at(rev), "params") == params
        assert pipelines(store.at(rev), "metrics") == metrics


def test_a_derived_record_is_read_only_and_has_no_place(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    commit(repo, {"dvc.yaml": TRAIN})
    store = gitml.open(repo)
    with pytest.raises(gitml.GitmlError, match="derived"):
        store.set("dvc-stage/train", {"name": "x"})
    with pytest.raises(gitml.GitmlError, match="derived"):
        store.rm("dvc-stage/train")
    with pytest.raises(gitml.GitmlError, match="derived"):
        store.new("dvc-stage", "x", {})
    with pytest.raises(NotFound) as caught:
        store.show("dvc-stage/trian")
    assert caught.value.near[0] == "dvc-stage/train"


def test_a_clone_without_the_files_says_so(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    commit(repo, {"dvc.yaml": TRAIN, "params.yaml": "lr: 0.1\n"})
    commit(repo, {"params.yaml": "lr: 0.2\n"})
    git(repo, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", repo.as_uri(), str(clone))
    found = gitml.open(clone).at("HEAD~1").snapshot.derived()
    assert {(problem.code, problem.path) for problem in found.problems} == {("path.unreadable", "dvc.yaml")}
    shown = ml(clone, "list", "dvc-stage", "--at", "HEAD", "--format", "json")
    assert (shown.code, json.loads(shown.out)["complete"]) == (0, False)
    assert "cannot be read" in shown.err


def test_a_version_is_registered_from_a_run_of_dvcs(tmp_path: Path) -> None:
    from dvc.repo import Repo

    repo = init(tmp_path / "repo")
    with inside(repo):
        Repo.init(str(repo)).close()
    stages = "stages:\n  train:\n    cmd: cp source.json metrics.json && cp source.json model.pkl\n"
    stages += "    deps: [source.json]\n    params: [lr]\n    outs: [model.pkl]\n"
    stages += "    metrics:\n    - metrics.json: {cache: false}\n"
    write(repo, {"dvc.yaml": stages, "params.yaml": "lr: 0.1\n", "source.json": '{"auc": 0.5}'})
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=repo, check=True)
    commit(repo, {})
    store = gitml.init(repo)
    (ran,) = store.snapshot.records("run")
    store.register("wine", run=str(ran.ref), path="model.pkl")
    version = store.show("model/wine@1").data
    assert (version["run"], version["metrics"], version["hyperparameters"]) == (str(ran.ref), {"auc": 0.5}, {"lr": 0.1})
    assert [problem for problem in store.validate().problems if problem.severity == "error"] == []
    assert str(ran.ref) in store.lineage("model/wine@1").upstream().refs
    assert store.comparison(str(ran.ref), "model/wine@1").fields
