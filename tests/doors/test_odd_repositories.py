"""Repositories that are odd and fine: bare, sha256, shallow, partial, linked; any folder, any locale, a sub-folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from command_line import fine, ml, process
from gitrepo import commit, git, init, write
from hostile import DATASET, held, line

WINE = "metadata/datasets/wine.yaml"
SEE = [["list"], ["list", "dataset"], ["validate"], ["validate", "--staged"]]
NEW = ["new", "metric", "loss", "direction=lower"]


def test_a_bare_clone_is_read_at_head_and_written_by_branch(store: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(store), str(bare))
    head = git(bare, "rev-parse", "HEAD")
    listed = fine(bare, "list", "model", "--format", "json").json
    assert listed["at"] == {"kind": "commit", "commit": head, "events": None}
    assert [row["ref"] for row in listed["rows"]] == ["model/wine"]
    assert fine(bare, "validate").out.endswith("no problems\n")
    assert fine(bare, "show", "model/wine@2").out
    refs = git(bare, "for-each-ref")
    for argv in (NEW, [*NEW, "--commit"]):
        assert line(ml(bare, *argv)).endswith("there is no work tree here; name a branch to commit to (--branch)")
    for argv in (["init"], ["init", "--hooks"], ["new", "dataset", "d", "--from", "x.csv"],
                 ["run", "--experiment", "e", "--", "true"]):  # fmt: skip
        assert "this repository is bare" in line(ml(bare, *argv))
    for at in ("worktree", "staged"):
        assert "no work tree" in line(ml(bare, "list", "--at", at))
    assert "nothing is staged" in line(ml(bare, "validate", "--staged"))
    assert git(bare, "for-each-ref") == refs
    fine(bare, *NEW, "--branch", "main")
    assert git(bare, "rev-parse", "main~1") == head
    assert "metric/loss" in fine(bare, "list", "metric").out


def test_a_sha256_repository_from_end_to_end(tmp_path: Path, shell: dict[str, str]) -> None:
    repo = init(tmp_path / "sha256", "--object-format=sha256")
    fine(repo, "init", "--hooks", "--commit")
    fine(repo, "new", "dataset", "wine", "description=Wines.", "--commit")
    fine(repo, "set", "dataset/wine", "description=More wines.", "--commit")
    write(repo, {"metadata/metrics/loss.yaml": "schema: metric/1\ndirection: lower\n"})
    git(repo, "add", "-A")
    assert process(repo, "git", "commit", "-q", "-m", "by hand", env=shell).code == 0
    write(repo, {"metadata/metrics/loss.yaml": "schema: metric/1\ndirection: up\n"})
    assert process(repo, "git", "commit", "-q", "-a", "-m", "bad", env=shell).code == 1
    git(repo, "checkout", "-q", "--", ".")
    listed = fine(repo, "list", "dataset", "--at", "HEAD~2", "--format", "json").json
    assert len(listed["at"]["commit"]) == 64
    assert [row["description"] for row in listed["rows"]] == ["Wines."]
    shown = fine(repo, "show", "dataset/wine", "--format", "json").json
    assert shown["blob"] == git(repo, "rev-parse", f"HEAD:{WINE}")
    fine(repo, *["new", "metric", "rmse", "direction=lower", "--branch", "side"])
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""
    assert git(repo, "status", "--porcelain") == ""


def test_a_shallow_clone_says_what_it_does_not_know(store: Path, tmp_path: Path) -> None:
    git(store, "checkout", "-q", "-b", "work", "HEAD~1")
    commit(store, {WINE: DATASET})
    clone = tmp_path / "clone"
    options = ("--depth=1", "--no-single-branch", "--branch", "work")
    git(tmp_path, "clone", "-q", *options, f"file://{store}", str(clone))
    said = ml(clone, "validate", "--format", "json")
    assert said.code == 0
    assert [(one["code"], one["severity"]) for one in said.json["problems"]] == [("base.unknown", "warning")]
    assert "git fetch --unshallow" in said.json["problems"][0]["hint"]
    assert "dataset/wine" in fine(clone, "list", "dataset").out
    assert "shallow" in line(ml(clone, "list", "--at", "2020-01-01"))
    assert ml(clone, "list", "--at", "HEAD~5").code == 1
    git(clone, "config", "user.name", "M")
    git(clone, "config", "user.email", "m@example.org")
    fine(clone, *NEW, "--commit")
    assert git(clone, "fsck") == ""


def test_a_partial_clone_says_that_it_is_incomplete_and_fetches_nothing(store: Path, tmp_path: Path) -> None:
    git(store, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{store}", str(tmp_path / "partial"))
    clone = tmp_path / "partial"
    objects = git(clone, "count-objects", "-v")
    said = fine(clone, "list", "model", "--at", "HEAD", "--format", "json")
    assert (said.json["total"], said.json["complete"]) == (0, False)
    assert said.err.startswith("git ml: warning: 1 model record cannot be read")
    assert fine(clone, "list", "--at", "HEAD", "--format", "json").json["complete"] is False
    assert "git fetch --refetch" in line(ml(clone, "show", "HEAD:model/wine"))
    assert {one["code"] for one in ml(clone, "validate", "--at", "HEAD", "--format", "json").json["problems"]} == {
        "path.unreadable"
    }
    assert git(clone, "count-objects", "-v") == objects


def test_a_linked_worktree_has_its_own_branch_and_shares_the_rest(
    store: Path, tmp_path: Path, shell: dict[str, str]
) -> None:
    fine(store, "init", "--hooks", "--commit")
    linked = tmp_path / "linked"
    git(store, "worktree", "add", "-q", str(linked), "-b", "linked")
    for argv in SEE:
        assert ml(linked, *argv).code == 0
    fine(linked, *NEW, "--commit")
    assert not (store / "metadata/metrics/loss.yaml").exists()
    assert git(linked, "status", "--porcelain") == git(store, "status", "--porcelain") == ""
    told = line(ml(linked, "new", "metric", "rmse", "direction=lower", "--branch", "main"))
    assert f"main is checked out in {store}" in told
    write(linked, {WINE: "a: [\n"})
    git(linked, "add", "-A")
    said = process(linked, "git", "commit", "-q", "-m", "bad", env=shell)
    assert f"{WINE}:2:1: error yaml.syntax" in said.err
    assert said.code == 1


@pytest.mark.parametrize(
    "name", ["with space", "quo'te\"s", "ünï-中文", "new\nline", "$(touch pwned)", "-rf", "per%cent"]
)
def test_a_repository_in_a_folder_of_any_name(tmp_path: Path, shell: dict[str, str], name: str) -> None:
    repo = init(tmp_path / name / name)
    fine(repo, "init", "--hooks", "--commit")
    fine(repo, *NEW, "--commit")
    (repo / "sub folder").mkdir()
    assert "metric/loss" in fine(repo / "sub folder", "list", "metric").out
    write(repo, {WINE: "a: [\n"})
    git(repo, "add", "-A")
    said = process(repo, "git", "commit", "-q", "-m", "bad", env=shell)
    assert said.code == 1
    assert said.err.startswith(f"{WINE}:2:1: error yaml.syntax")
    git(repo, "rm", "-q", "-f", WINE)
    assert fine(repo, "validate").out.endswith("no problems\n")
    assert git(repo, "status", "--porcelain") == ""
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("env", [{"LC_ALL": "C"}, {"LANG": "POSIX"}, {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}])
def test_in_any_locale_text_is_utf_8(store: Path, shell: dict[str, str], env: dict[str, str]) -> None:
    env = {name: value for name, value in shell.items() if not name.startswith(("LC_", "LANG"))} | env
    said = process(store, "git-ml", "new", "dataset", "wéin 中", "description=Grüße 中", "--commit", env=env)
    assert said.code == 0, said
    for argv in (["list", "dataset"], ["show", "dataset/wéin%20中"], ["list", "dataset", "--format", "json"]):
        said = process(store, "git-ml", *argv, env=env)
        assert said.code == 0, said
        assert "Grüße 中" in said.out
        assert said.err == ""
    assert "Gitml-Ref: dataset/wéin%20中" in git(store, "log", "-1", "--format=%B")


# ── stores in sub-folders ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_store_in_a_sub_folder_is_found_from_inside_and_guarded_from_anywhere(
    repo: Path, shell: dict[str, str]
) -> None:
    (repo / "teams/a b/deep").mkdir(parents=True)
    store = repo / "teams/a b"
    fine(store, "init", "--hooks", "--commit")
    fine(store / "deep", *NEW, "--commit")
    assert git(repo, "show", "--name-only", "--format=").split("\n") == ["teams/a b/metadata/metrics/loss.yaml"]
    assert "metric/loss" in fine(store / "deep", "list", "metric").out
    assert fine(repo, "list").out == ""
    bad = "teams/a b/metadata/datasets/x.yaml"
    write(repo, {bad: "a: [\n", "other.txt": "x\n"})
    (problem,) = ml(store / "deep", "validate", "--format", "json").json["problems"]
    assert problem["path"] == bad
    git(repo, "add", "-A")
    was = held(repo)
    for place in (repo, store, store / "deep"):
        said = process(place, "git", "commit", "-q", "-m", "bad", env=shell)
        assert said.code == 1
        assert said.err.startswith(f"{bad}:2:1: error yaml.syntax")
        assert held(repo) == was


def test_paths_are_those_of_where_one_stands(store: Path) -> None:
    write(store, {"metadata/datasets/x.yaml": "a: [\n", "sub/x": "x"})
    inner = store / "metadata/datasets"
    asked = [(store, "."), (store, "metadata"), (store, "metadata/"), (store / "sub", ".."), (inner, "x.yaml")]
    for place, path in [*asked, (store, str(inner))]:
        said = ml(place, "validate", path)
        assert said.code == 1, (place, path)
        assert said.out.startswith("metadata/datasets/x.yaml:2:1: error yaml.syntax"), (place, path)
    assert fine(store, "validate", "metadata/models").out.endswith("no problems\n")
    assert "lies outside of the repository" in line(ml(store, "validate", os.pardir))
    assert "there is no nothing" in line(ml(store, "validate", "nothing"))
