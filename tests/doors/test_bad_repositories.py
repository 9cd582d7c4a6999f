"""Repositories in odd states: no commit, no branch, in the middle of something, broken, none; and no git at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from command_line import fine, ml, process, typed
from gitrepo import commit, git, write
from hostile import DATASET, held, line, refused

WINE = "metadata/datasets/wine.yaml"
SEE = [["list"], ["list", "dataset"], ["validate"], ["validate", "--staged"]]
NEW = ["new", "metric", "loss", "direction=lower"]
EVERY = [
    *SEE, NEW, ["init"], ["show", "model/wine"], ["compare", "model/wine", "model/beer"], ["get", "model/wine@1"],
    ["promote", "model/wine@1", "x"], ["run", "--experiment", "e", "--", "true"], ["validate", "--pushed"],
]  # fmt: skip


# ── before the first commit, off every branch ───────────────────────────────────────────────────────────────────────


def test_before_the_first_commit_everything_works_but_the_past(repo: Path) -> None:
    for argv in SEE:
        assert ml(repo, *argv).code == 0
    for at, told in (("HEAD", "there is no commit yet"), ("main", "no revision 'main'"), ("2026-03-01", "is not here")):
        assert told in refused(repo, "list", "--at", at)
    assert "there is no commit yet" in refused(repo, "show", "HEAD:dataset/wine")
    assert fine(repo, "list", "--at", "staged").out == ""
    fine(repo, "init")
    fine(repo, "new", "dataset", "wine", "description=Wines.")
    assert fine(repo, "list", "--format", "json").json["at"] == {"kind": "worktree", "commit": None, "events": None}
    was = held(repo)
    fine(repo, *NEW, "--commit")
    assert git(repo, "show", "--name-only", "--format=%s", "HEAD").split() == [
        "gitml:", "add", "metric/loss", "metadata/metrics/loss.yaml",
    ]  # fmt: skip
    assert all(held(repo)[path] == content for path, content in was.items() if str(path).startswith("/"))
    assert fine(repo, "list", "--at", "HEAD").out.splitlines()[1].split() == ["metric", "1", "0"]


def test_the_hook_guards_the_first_commit(repo: Path, shell: dict[str, str]) -> None:
    fine(repo, "init", "--hooks")
    write(repo, {WINE: "a: [\n"})
    git(repo, "add", "-A")
    was = held(repo)
    said = process(repo, "git", "commit", "-q", "-m", "first", env=shell)
    assert said.code == 1
    assert f"{WINE}:2:1: error yaml.syntax" in said.err
    assert held(repo) == was
    write(repo, {WINE: DATASET})
    git(repo, "add", "-A")
    assert process(repo, "git", "commit", "-q", "-m", "first", env=shell).code == 0


def test_a_detached_head_moves_alone(store: Path) -> None:
    main = git(store, "rev-parse", "main")
    git(store, "checkout", "-q", "--detach")
    for argv in SEE:
        assert ml(store, *argv).code == 0
    fine(store, *NEW, "--commit")
    assert git(store, "rev-parse", "main") == main
    assert git(store, "rev-parse", "HEAD~1") == main
    assert git(store, "status", "--porcelain") == ""
    fine(store, "new", "metric", "rmse", "direction=lower", "--branch", "main")
    assert git(store, "rev-parse", "main~1") == main
    assert git(store, "status", "--porcelain") == ""


# ── in the middle of something ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def halved(store: Path) -> Path:
    """Two branches that change one record differently."""
    commit(store, {WINE: DATASET})
    git(store, "checkout", "-q", "-b", "theirs")
    commit(store, {WINE: DATASET.replace("Wines", "Theirs")})
    git(store, "checkout", "-q", "main")
    commit(store, {WINE: DATASET.replace("Wines", "Ours")})
    return store


@pytest.mark.parametrize("doing", ["merge", "rebase", "cherry-pick", "revert"])
def test_in_the_middle_of_something_records_are_written_and_not_committed(halved: Path, doing: str) -> None:
    git(halved, doing, *(["HEAD~1"] if doing == "revert" else ["theirs"]), check=False)
    (problem,) = ml(halved, "validate", "--format", "json").json["problems"]
    assert (problem["code"], problem["path"]) == ("merge.conflict", WINE)
    assert f"{WINE}: error merge.conflict: " in ml(halved, "validate", "--staged").out
    # a revert of the record's first commit would remove it: no lines of two sides stand against each other
    told = "unmerged" if doing == "revert" else "description: "
    at = WINE if doing == "revert" else f"{WINE}:2:1"
    assert (
        ml(halved, "validate", WINE)
        .out.replace("conflict: ", "conflict ")
        .startswith(f"{at}: error merge.conflict {told}")
    )
    for argv in (["show", "dataset/wine"], ["set", "dataset/wine", "title=x"], ["rm", "dataset/wine"]):
        assert refused(halved, *argv).startswith(f"git ml: dataset/wine cannot be read: {at}: {told}")
    assert fine(halved, "list", "dataset").err.startswith("git ml: warning: 1 file unmerged, so records are missing")
    assert "model/wine" in fine(halved, "list", "model").out
    told = refused(halved, *NEW, "--commit")
    assert f"a {doing} is in progress" in told
    assert f"git {doing} --abort" in told
    assert ml(halved, "new", "dataset", "wine", "description=mine").code == 1
    fine(halved, *NEW)
    git(halved, doing, "--abort")
    assert (halved / "metadata/metrics/loss.yaml").exists()
    assert fine(halved, "validate").out.endswith("no problems\n")


def test_a_conflict_elsewhere_is_nobodys_hindrance(store: Path) -> None:
    commit(store, {"ci.yaml": "a: 1\n", "code.py": "1\n"})
    git(store, "checkout", "-q", "-b", "theirs")
    commit(store, {"ci.yaml": "a: 2\n", "code.py": "2\n"})
    git(store, "checkout", "-q", "main")
    commit(store, {"ci.yaml": "a: 3\n", "code.py": "3\n"})
    git(store, "merge", "theirs", check=False)
    fine(store, *NEW)
    fine(store, "set", "model/wine", "description=x")
    assert fine(store, "show", "model/wine").code == 0
    git(store, "add", "metadata/metrics/loss.yaml")  # rm drops nothing that stands nowhere else
    assert "a merge is in progress" in refused(store, "rm", "metric/loss", "--commit")
    assert git(store, "diff", "--name-only", "--diff-filter=U").split() == ["ci.yaml", "code.py"]


def test_a_merge_that_brings_a_bad_record_is_refused_and_can_be_mended(store: Path, shell: dict[str, str]) -> None:
    fine(store, "init", "--hooks", "--commit")
    git(store, "checkout", "-q", "-b", "theirs")
    commit(store, {"readme": "x"})
    write(store, {WINE: "a: [\n"})
    git(store, "add", "-A")
    git(store, "commit", "-q", "--no-verify", "-m", "bad")
    git(store, "checkout", "-q", "main")
    fine(store, *NEW, "--commit")
    head = git(store, "rev-parse", "HEAD")
    said = process(store, "git", "merge", "-q", "--no-edit", "theirs", env=shell)
    assert said.code == 1
    assert f"{WINE}:2:1: error yaml.syntax" in said.err
    assert git(store, "rev-parse", "HEAD") == head
    write(store, {WINE: DATASET})
    git(store, "add", "-A")
    assert process(store, "git", "commit", "-q", "--no-edit", env=shell).code == 0
    assert git(store, "log", "-1", "--format=%P").count(" ") == 1


# ── no git, no repository ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("argv", EVERY, ids=" ".join)
def test_without_git_it_says_so(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    was = held(store)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "nothing"))
        said = ml(store, *argv)
        error = ml(store, *argv[:1], *(part for part in argv[1:] if part != "--staged"), "--format", "json")
    assert line(said) == "git ml: git is not on the PATH; install git 2.25 or later"
    assert argv[0] == "run" or error.error["code"] == "git"
    assert held(store) == was


def test_without_git_the_version_is_told(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert fine(store, "version").out.startswith("gitml ")
    assert fine(store, "-h").out


def test_without_git_a_process_ends_as_well(store: Path, tmp_path: Path) -> None:
    env = typed(tmp_path / "bin")
    git_ml = str(tmp_path / "bin/git-ml")
    said = process(store, git_ml, "list", env=env | {"PATH": str(tmp_path / "nothing")})
    assert line(said) == "git ml: git is not on the PATH; install git 2.25 or later"


@pytest.mark.parametrize("argv", EVERY, ids=" ".join)
def test_outside_of_a_repository_it_says_so(tmp_path: Path, argv: list[str]) -> None:
    said = ml(tmp_path, *argv)
    assert line(said).startswith("git ml: not a git repository")
    assert said.err.endswith("; go to a folder inside a repository, or run `git init`\n")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_repository_is_what_git_says_of_it(store: Path, tmp_path: Path) -> None:
    (store / ".git/HEAD").write_text("nonsense\n")
    assert "not a git repository" in line(ml(store, "list"))
    (tmp_path / "file").write_text("gitdir: /nowhere\n")
    broken = tmp_path / "broken"
    broken.mkdir()
    shutil.copy(tmp_path / "file", broken / ".git")
    assert "not a git repository" in line(ml(broken, "list"))
    assert line(ml(tmp_path, "-C", "nowhere", "list")).startswith("git ml: nowhere: ")


def test_a_corrupt_index_or_object_is_one_line(store: Path) -> None:
    index = (store / ".git/index").read_bytes()
    (store / ".git/index").write_bytes(b"DIRC" + b"\0" * 40)
    for argv in (*SEE, NEW):
        assert "index" in line(ml(store, *argv))
    (store / ".git/index").write_bytes(index)
    tree = git(store, "rev-parse", "HEAD~1^{tree}")
    file = store / ".git/objects" / tree[:2] / tree[2:]
    file.chmod(0o644)
    file.write_bytes(b"garbage")
    assert tree in line(ml(store, "list", "--at", "HEAD~1"))
    assert fine(store, "list").out


# ── schemas/ of something else ──────────────────────────────────────────────────────────────────────────────────────

FOREIGN = {
    "schemas/person.yaml": "type: object\nproperties: {name: {type: string}}\n",
    "schemas/dataset.yaml": "openapi: 3.0.0\n",
    "schemas/api.json": "{}",
    "schemas/deep/x.yaml": "x-gitml: no\n",
}


def test_a_schemas_folder_of_something_else_is_left_alone_with_one_warning(repo: Path) -> None:
    commit(repo, FOREIGN)
    was = held(repo)
    said = fine(repo, "init")
    told = "git ml: warning: schemas/ belongs to something else and is left alone: the packaged schemas serve\n"
    assert said.err.endswith(told)
    assert said.err.count("warning") == 1
    assert all(held(repo)[path] == content for path, content in was.items() if path != "stash list")
    assert git(repo, "status", "--porcelain", "-uall").split() == ["??", ".gitattributes", "??", "metadata/store.yaml"]
    fine(repo, "new", "dataset", "wine", "description=Wines.", "--commit")
    assert fine(repo, "list", "dataset").out.splitlines()[1:] == ["dataset/wine  Wines."]
    assert fine(repo, "validate").out.endswith("no problems\n")
    assert fine(repo, "init", "--commit").err == told
    assert fine(repo, "init").out == "nothing to change\n"
    write(repo, {"schemas/person.yaml": "type: object\nproperties: [\n"})
    assert fine(repo, "validate").out.endswith("no problems\n")


def test_a_schemas_folder_behind_a_link_is_not_looked_through(repo: Path, tmp_path: Path) -> None:
    write(tmp_path, {"else/dataset.yaml": "x-gitml:\n"})
    (repo / "schemas").symlink_to(tmp_path / "else")
    assert "belongs to something else" in fine(repo, "init").err
    assert [one.name for one in (tmp_path / "else").iterdir()] == ["dataset.yaml"]
    write(repo, {WINE: DATASET})
    assert fine(repo, "validate").out.endswith("no problems\n")


def test_a_folder_that_is_gone_is_said(store: Path, shell: dict[str, str]) -> None:
    said = process(store, "sh", "-c", "mkdir d && cd d && rmdir ../d && git-ml list", env=shell)
    assert line(said) == "git ml: the current folder is gone; go to one that is there"
