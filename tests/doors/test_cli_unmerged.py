"""In the middle of a merge every verb says what is unmerged, and takes it for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import fine, ml
from gitml.repo import packaged
from gitrepo import commit, git

SLOT = "alias/model/wine/production"
PATH = "metadata/aliases/model/wine/production.yaml"
DVC = "data/x.bin.dvc"


def pointer(md5: str) -> str:
    return f"outs:\n- md5: {md5 * 32}\n  size: 1\n  hash: md5\n  path: x.bin\n"


@pytest.fixture
def halved(store: Path) -> Path:
    """The cellar in the middle of a merge: both sides have moved the alias, and what DVC tracks."""
    commit(store, {DVC: pointer("1")}, "data")
    for branch, reason, md5 in (("side", "theirs", "2"), ("main", "ours", "3")):
        git(store, "switch", "-q", *(["-c", "side"] if branch == "side" else ["main"]))
        fine(store, "set", SLOT, f"reason={reason}")
        commit(store, {DVC: pointer(md5)}, branch)
    git(store, "merge", "side", check=False)
    assert git(store, "diff", "--name-only", "--diff-filter=U").splitlines() == [DVC, PATH]
    return store


@pytest.mark.parametrize("sides", [(), ("staged",), ("HEAD", "staged"), ("side",)])
def test_a_diff_removes_nothing(halved: Path, sides: tuple[str, ...]) -> None:
    found = fine(halved, "diff", *sides, "--format", "json").json
    assert found["changes"] == []
    assert {(one["code"], one["path"]) for one in found["problems"]} == {
        ("merge.conflict", DVC),
        ("merge.conflict", PATH),
    }
    assert fine(halved, "diff", *sides).out.splitlines()[-1].startswith("2 unmerged: ")


def test_a_listing_names_what_it_leaves_out(halved: Path) -> None:
    told = "git ml: warning: 1 file unmerged, so records are missing: {}; git ml validate shows both sides\n"
    assert fine(halved, "list", "alias").err == told.format(PATH)
    assert fine(halved, "list", "dvc-output").err == told.format(DVC)
    assert fine(halved, "list", "model").err == ""


def test_the_status_names_it_and_calls_it_no_change(halved: Path) -> None:
    assert f"2 unmerged: {DVC}, {PATH}" in fine(halved, "status").out.splitlines()
    found = fine(halved, "status", "--format", "json").json
    assert (found["unmerged"], found["uncommitted"]) == ([DVC, PATH], [])


@pytest.mark.parametrize(
    "asked", [("HEAD",), ("HEAD~1..HEAD", "--force"), (SLOT, "--to", "HEAD~1"), ("--kind", "alias", "--to", "HEAD~1")]
)
def test_a_revert_stops_at_it(halved: Path, asked: tuple[str, ...]) -> None:
    said = ml(halved, "revert", *asked)
    assert said.code == 1
    assert f"{PATH}:6:1: error merge.conflict reason: ours in " in said.err
    assert " unmerged; nothing was written; settle that first" in said.err.splitlines()[-1]
    assert ("--force does not cover this" in said.err) == ("--force" in asked)


def test_staged_with_its_marks_it_is_no_other(halved: Path) -> None:
    git(halved, "add", PATH)
    assert " error merge.conflict reason: ours in " in ml(halved, "revert", SLOT, "--to", "HEAD~1").err


def test_of_a_removal_both_sides_are_told(store: Path) -> None:
    git(store, "switch", "-q", "-c", "side")
    commit(store, {}, "none")
    git(store, "rm", "-q", PATH)
    commit(store, {}, "gone")
    git(store, "switch", "-q", "main")
    fine(store, "set", SLOT, "reason=kept", "--commit")
    git(store, "merge", "side", check=False)
    told = f"{PATH}: error merge.conflict: unmerged: HEAD changed it, the other side removed it"
    assert ml(store, "validate").out.startswith(told)
    assert told in ml(store, "revert", SLOT, "--to", "HEAD~1").err


def test_a_schema_in_conflict_is_not_removed(store: Path) -> None:
    schema = packaged.files()["metric.yaml"][1].decode()
    commit(store, {"schemas/metric.yaml": schema}, "the schema")
    for branch in ("side", "main"):
        git(store, "switch", "-q", *(["-c", "side"] if branch == "side" else ["main"]))
        commit(store, {"schemas/metric.yaml": f"{schema}# {branch}\n"}, branch)
    git(store, "merge", "side", check=False)
    assert "merge.conflict" in ml(store, "validate").out
    assert "schema.edited" not in ml(store, "validate").out
