"""What changed in real histories: DVC itself is asked what it makes of the same two commits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gitml
from dvc_world import dvc
from gitml.records.record import MISSING, leaves
from gitml.views.changes import Difference
from gitml.views.diff import Diff
from gitrepo import commit, git, write
from replayed import replay

OPS = {"added": "added", "removed": "deleted", "changed": "modified", "renamed": "renamed"}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory, real: Path) -> Path:
    repo = replay(real / "iterative+demo-bank-customer-churn", tmp_path_factory.mktemp("real") / "bank")
    # DVC would look for the remote of the upstream repository, which takes a plugin to speak to.
    lines = [line for line in (repo / ".dvc/config").read_text().splitlines() if line.startswith("['remote")]
    write(repo, {".dvc/config.local": "".join(f"{line}\n    url = {repo}\n" for line in lines)})
    return repo


def line(repo: Path) -> list[str]:
    return git(repo, "rev-list", "--first-parent", "--reverse", "HEAD").split()


def test_dvc_says_the_same_of_outputs_and_params(bank: Path) -> None:
    commits = line(bank)
    pairs = [*list(itertools.pairwise(commits))[::5], (commits[len(commits) // 2], commits[-1])]
    asked = 0
    with dvc(bank) as repo:
        for old, new in pairs:
            theirs = {word: set(_paths(repo.diff(old, new), word)) for word in OPS.values()}
            found = gitml.open(bank).diff(old, new)
            ours = {word: set(_outputs(found, op)) for op, word in OPS.items()}
            assert ours == theirs, (old, new)
            asked += sum(map(len, theirs.values()))
    assert asked


def _paths(told: dict[str, Any], word: str) -> Iterator[str]:
    """The outputs that DVC names; what is inside a folder it lists beside the folder, where the cache has it."""
    for one in told.get(word, ()):
        path = one["path"]["new"] if isinstance(one["path"], dict) else one["path"]
        yield path.rstrip("/")


def _outputs(found: Diff, op: str) -> Iterator[str]:
    for one in found:
        record = one.new or one.old
        if one.kind == "dvc-output" and one.op == op and record and _is_asked(one):
            yield str(record.data["path"])


def _is_asked(one: Difference) -> bool:
    """DVC tells of outputs in its cache whose bytes are other; beside it we tell of all, and what is said of them."""
    if any(record.data.get("cache") is False for record in (one.old, one.new) if record):
        return False
    sides = [record.data.get("md5") for record in (one.old, one.new) if record]
    return any(sides) and (one.op != "changed" or sides[0] != sides[1])


def test_every_step_of_a_real_history_can_be_told_both_ways(bank: Path) -> None:
    commits = line(bank)
    store = gitml.open(bank)
    told = 0
    for old, new in itertools.pairwise(commits):
        there, back = store.diff(old, new), store.diff(new, old)
        mirror = {"added": "removed", "removed": "added"}
        assert sorted((one.op, one.ref or one.path) for one in there) == sorted(
            (mirror.get(one.op, one.op), one.old_ref or one.ref or one.path) for one in back
        )
        told += len(there)
    assert told > len(commits)


def test_fields_lead_from_one_side_to_the_other(bank: Path) -> None:
    commits = line(bank)
    found = gitml.open(bank).diff(commits[len(commits) // 3], commits[-1])
    assert {"added", "changed"} <= {one.op for one in found}
    for one in found:
        sides = []
        for record, snapshot in ((one.old, found.before), (one.new, found.after)):
            kind = snapshot.schemas.latest.get(record.kind) if record else None
            sides.append(leaves(record.data, kind.list_key) if record and kind else {})
        old, new = sides
        for field in one.fields:
            assert (old.pop(field.field, MISSING), new.pop(field.field, MISSING)) == (field.before, field.after)
        assert old == new


def test_a_pipeline_that_is_run_again_is_told_as_dvc_tells_it(repo: Path) -> None:
    from dvc.repo import Repo

    Repo.init(str(repo)).close()
    write(repo, {"params.yaml": "train: {lr: 0.1}\n", "data.csv": "1\n", "dvc.yaml": STAGES})
    with dvc(repo) as opened:
        opened.reproduce()
    commit(repo, {})
    write(repo, {"params.yaml": "train: {lr: 0.2}\n"})
    with dvc(repo) as opened:
        opened.reproduce()
        outs, params, metrics = opened.diff(), opened.params.diff(), opened.metrics.diff()
    found = gitml.open(repo).diff()
    stage = next(one for one in found if one.ref == "dvc-stage/train")
    told = {field.field: (field.before, field.after) for field in stage.fields}
    assert told["params.train.lr"] == (0.1, 0.2)
    assert params["diff"]["params.yaml"]["train.lr"] == {"old": 0.1, "new": 0.2, "diff": 0.1}
    (metric,) = metrics["diff"]["metrics.json"].values()
    assert told["metrics.auc"] == (metric["old"], metric["new"])
    theirs = {one["path"]: one["hash"] for one in outs["modified"]}
    ours = {
        str(one.new.data["path"]): {"old": one.old.data["md5"], "new": one.new.data["md5"]}
        for one in found
        if one.kind == "dvc-output" and one.old and one.new and _is_asked(one)
    }
    assert ours == theirs
    assert {one.op for one in found if one.kind == "run"} == {"added", "removed"}


STAGES = """\
stages:
  train:
    cmd: grep lr params.yaml | tr -dc 0-9. > model && printf '{"auc":%s}' $(cat model) > metrics.json
    deps: [data.csv]
    params: [train.lr]
    outs: [model]
    metrics: [metrics.json: {cache: false}]
"""
