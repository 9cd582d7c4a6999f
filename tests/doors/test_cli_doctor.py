"""`git ml doctor`: what would help in a clone, and setting it, which changes no file and is done once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import Said, fine, ml
from gitml.actions.doctor import speed
from gitrepo import environment, git, init, write


def found(said: Said) -> dict[str, dict[str, object]]:
    """The findings by name."""
    return {one["name"]: one for one in said.json["findings"]}


def doctor(place: Path, *flags: str) -> dict[str, dict[str, object]]:
    return found(fine(place, "doctor", "--format", "json", *flags))


def states(place: Path, *flags: str) -> dict[str, object]:
    return {name: one["state"] for name, one in doctor(place, *flags).items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = init(tmp_path_factory.mktemp("doctor") / "store")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        fine(repo, "init", "--hooks", "--commit")
    return repo


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "store", symlinks=True))


def listed(repo: Path, number: int) -> None:
    """So many files in the index, and none of them in the work tree."""
    blob = git(repo, "hash-object", "-w", "--stdin", text=b"schema: note/1\n")
    lines = "".join(f"100644 {blob}\tdata/{one % 100}/{one}.txt\n" for one in range(number))
    git(repo, "update-index", "--index-info", text=lines.encode())


def grown(repo: Path, commits: int) -> None:
    """So many commits on main."""
    said = "commit refs/heads/main\ncommitter M <m@example.org> {} +0000\ndata 1\nx\n"
    stream = [said.format(1_900_000_000 + one) for one in range(commits)]
    stream[0] += f"from {git(repo, 'rev-parse', 'HEAD')}\n"
    git(repo, "fast-import", "--quiet", text="".join(stream).encode())


# ── all is well, or not ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_small_store_that_is_set_up_needs_nothing(store: Path) -> None:
    assert set(states(store).values()) == {"good"}
    assert "--fix" not in fine(store, "doctor").out


def test_what_it_says(store: Path) -> None:
    git(store, "config", "--unset", "merge.gitml.driver")
    lines = fine(store, "doctor").out.splitlines()
    at = next(number for number, line in enumerate(lines) if " merge-driver " in line)
    assert lines[at].startswith("wrong    merge-driver     git merges records by lines here")
    assert lines[at + 1].strip() == "git ml doctor --fix"
    assert lines[-1] == "git ml doctor --fix sets 1 of these"
    assert fine(store, "doctor", "--format", "csv").out.splitlines()[0] == "name,state,message,hint"
    said = fine(store, "doctor", "--format", "json").json
    assert said.keys() == {"format", "at", "files", "findings"}
    assert said["files"] == len(git(store, "ls-files").splitlines())
    assert all(one.keys() == {"name", "state", "message", "hint", "settable"} for one in said["findings"])


def test_a_new_clone_lacks_the_driver_and_the_hooks(store: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(store), str(clone))
    before = states(clone)
    assert (before["merge-driver"], before["hooks"]) == ("wrong", "advised")
    after = states(clone, "--fix")
    assert (after["merge-driver"], after["hooks"]) == ("fixed", "advised")  # hooks stop people: they are asked for
    assert git(clone, "config", "merge.gitml.driver") == git(store, "config", "merge.gitml.driver")


@pytest.mark.parametrize(
    "harm",
    [
        lambda repo: git(repo, "config", "--unset", "diff.gitml.textconv"),
        lambda repo: listed(repo, 10_000),
        lambda repo: grown(repo, 1_000),
    ],
)
def test_what_was_set_stays_and_the_tree_is_as_it_was(store: Path, harm: Callable[[Path], object]) -> None:
    harm(store)
    asked = (("status", "--porcelain"), ("rev-parse", "HEAD"), ("ls-files", "--stage"))
    tree = [git(store, *words) for words in asked]
    assert "fixed" in states(store, "--fix").values()
    config = (store / ".git/config").read_bytes()
    assert [git(store, *words) for words in asked] == tree
    assert "fixed" not in states(store, "--fix").values()
    assert (store / ".git/config").read_bytes() == config


# ── what makes git quicker ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_untracked_cache_is_kept_for_who_asks_for_every_file(store: Path) -> None:
    listed(store, 10_000)
    assert states(store)["untracked-cache"] == "advised"
    assert states(store, "--fix")["untracked-cache"] == "fixed"
    assert git(store, "config", "core.untrackedCache") == "true"
    assert git(store, "config", "status.showUntrackedFiles") == "all"
    assert b"UNTR" in (store / ".git/index").read_bytes()


@pytest.mark.parametrize(("name", "value"), [("core.untrackedCache", "false"), ("status.showUntrackedFiles", "no")])
def test_nobodys_own_word_is_overruled(store: Path, name: str, value: str) -> None:
    listed(store, 10_000)
    git(store, "config", name, value)
    told = doctor(store, "--fix")["untracked-cache"]
    assert (told["state"], told["settable"]) == ("advised", False)
    assert git(store, "config", name) == value


def test_many_files_are_better_not_checked_out(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_TOO_MANY_FILES", 1_000)
    listed(store, 1_000)
    told = doctor(store, "--fix")["sparse-checkout"]
    assert (told["state"], told["settable"]) == ("advised", False)
    assert "1,0" in str(told["message"])


def test_a_sparse_checkout_without_the_runs_changes_no_answer(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_TOO_MANY_FILES", 10)
    fine(store, "new", "metric", "auc", "direction=higher", "--commit")
    fine(store, "new", "run", "wine", "status=finished", "created=2026-03-01T00:00:00Z", "metrics.auc=0.9", "--commit")
    before = fine(store, "list", "run", "--format", "json").out
    hint = str(doctor(store)["sparse-checkout"]["hint"])
    assert hint == "git sparse-checkout set --cone --no-sparse-index metadata/metrics schemas"
    git(store, "status")  # git looks at what was just written before it lets go of it
    git(store, *hint.split()[1:])
    assert not (store / "metadata/runs").exists()
    assert fine(store, "list", "run", "--format", "json").out == before
    assert {states(store)[name] for name in ("sparse-checkout", "sparse-index", "untracked-cache")} == {"good"}


def test_a_sparse_index_is_unfolded(store: Path) -> None:
    write(store, {"data/deep/a.csv": "a\n", "models/b.bin": "b\n"})
    git(store, "add", "-A")
    git(store, "commit", "-q", "-m", "data")
    git(store, "sparse-checkout", "set", "--cone", "--sparse-index", "metadata")
    files = git(store, "ls-files", "--stage")
    assert "\tdata/\n" in git(store, "ls-files", "--sparse", "--stage") + "\n"
    assert states(store)["sparse-index"] == "advised"
    assert states(store, "--fix")["sparse-index"] == "fixed"
    assert git(store, "ls-files", "--sparse", "--stage") == files


def test_a_long_history_gets_a_graph(store: Path) -> None:
    grown(store, 1_000)
    assert states(store)["commit-graph"] == "advised"
    assert states(store, "--fix")["commit-graph"] == "fixed"
    assert (store / ".git/objects/info/commit-graph").exists()
    assert git(store, "config", "fetch.writeCommitGraph") == "true"


def test_loose_objects_are_packed(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_MANY_LOOSE", 200)
    other = init(tmp_path / "other")
    files = "".join(f"M 100644 inline data/{one}\ndata <<E\n{one}\nE\n" for one in range(200))
    head = "commit refs/heads/main\ncommitter M <m@example.org> 1900000000 +0000\ndata 1\nx\n"
    git(other, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", text=(head + files).encode())
    pack = next((other / ".git/objects/pack").glob("*.pack"))
    git(store, "unpack-objects", "-q", text=pack.read_bytes())
    git(store, "update-ref", "refs/heads/other", git(other, "rev-parse", "main"))
    assert states(store)["packing"] == "advised"
    assert states(store, "--fix")["packing"] == "fixed"
    assert "\ncount: 0" in "\n" + git(store, "count-objects", "-v")


# ── odd places ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_store_in_a_folder(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    inner = repo / "teams/wine"
    inner.mkdir(parents=True)
    fine(inner, "init", "--hooks", "--commit")
    told = doctor(inner)
    assert told["store"]["message"] == "teams/wine/metadata/store.yaml"
    assert {one["state"] for one in told.values()} == {"good"}
    assert doctor(repo)["store"]["state"] == "advised"


def test_a_bare_repository_has_no_work_tree_to_look_through(store: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(store), str(bare))
    grown(bare, 1_000)
    assert states(bare) == {
        "git": "good", "store": "good", "cache": "good", "history": "good", "objects": "good",
        "commit-graph": "advised", "packing": "good",
    }  # fmt: skip
    assert states(bare, "--fix")["commit-graph"] == "fixed"


def test_a_linked_worktree_shares_what_is_set(store: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    grown(store, 1_000)
    git(store, "worktree", "add", "-q", str(linked), "-b", "other")
    listed(linked, 10_000)
    assert states(store)["untracked-cache"] == "good"
    after = states(linked, "--fix")
    assert (after["untracked-cache"], after["commit-graph"]) == ("fixed", "fixed")
    assert b"UNTR" in (store / ".git/worktrees/linked/index").read_bytes()
    assert states(store)["commit-graph"] == "good"


def test_without_a_store_and_without_a_commit(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    told = states(repo)
    assert (told["store"], told["merge-driver"], told["commit-graph"]) == ("advised", "advised", "good")


def test_outside_of_a_repository(tmp_path: Path) -> None:
    said = ml(tmp_path, "doctor", "--format", "json")
    assert said.code == 1
    assert said.error["hint"].startswith("go to a folder inside a repository")


def test_what_a_clone_lacks_is_told(store: Path, tmp_path: Path) -> None:
    git(store, "config", "uploadpack.allowFilter", "true")
    grown(store, 2)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{store}", str(tmp_path / "shallow"))
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{store}", str(tmp_path / "partial"))
    assert doctor(tmp_path / "shallow")["history"]["hint"] == "git fetch --unshallow"
    told = doctor(tmp_path / "partial")["objects"]
    assert told["state"] == "advised"
    assert str(told["message"]).startswith(f"{len(set(git(store, 'ls-tree', '-r', '--object-only', 'HEAD').split()))} ")


def test_a_cache_that_cannot_be_written(store: Path) -> None:
    folder = store / ".git/gitml"
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("in the way")
    assert doctor(store)["cache"]["state"] == "wrong"


def test_a_git_that_is_too_old(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = tmp_path / "bin/git"
    stub.parent.mkdir()
    real = shutil.which("git")
    stub.write_text(f'#!/bin/sh\n[ "$2" = version ] && echo "git version 2.20.1" && exit\nexec {real} "$@"\n')
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(stub.parent), os.environ["PATH"]]))
    told = doctor(store)["git"]
    assert (told["state"], told["hint"]) == ("wrong", "install git 2.25 or later")
