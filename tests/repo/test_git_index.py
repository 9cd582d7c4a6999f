from __future__ import annotations

from pathlib import Path

import pytest

from gitml.errors import GitFailed
from gitml.repo.git import Git
from gitml.repo.git.objects import Entry, blob_id
from gitml.repo.git.trees import Tree
from gitrepo import commit, git, init, write


def test_what_is_staged_is_neither_the_commit_nor_the_work_tree(repo: Path) -> None:
    commit(repo, {"kept": "1", "edited": "1", "removed": "1"})
    write(repo, {"edited": "2", "added": "2"})
    git(repo, "rm", "-q", "removed")
    git(repo, "add", "-A")
    write(repo, {"edited": "3", "added": "3", "untracked": "3"})
    found = Git.find(repo).staged()
    assert found.entries == {
        "kept": Entry("100644", blob_id(b"1")),
        "edited": Entry("100644", blob_id(b"2")),
        "added": Entry("100644", blob_id(b"2")),
    }
    assert not (found.unmerged)
    assert not (found.skip_worktree)
    assert not (found.intent_to_add)
    assert not (found.problems)


def test_a_whole_index_is_listed_from_any_folder_with_one_process(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repo, {"a/b": "1", "c": "1"})
    found = Git.find(repo / "a")
    log = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(log))
    monkeypatch.chdir(repo / "a")
    assert set(found.staged().entries) == {"a/b", "c"}
    assert log.read_text().count('"event":"start"') == 1


@pytest.mark.parametrize("many", [0, 300])
def test_paths_that_are_only_announced_are_not_staged(repo: Path, many: int) -> None:
    names = ["new\nfile", "[a]", "ü"]
    write(repo, dict.fromkeys(names, "content") | {f"empty{n}": "" for n in range(many)} | {"empty": "", "e[m]": ""})
    git(repo, "add", "-N", *(f":(literal){name}" for name in names))
    git(repo, "add", "empty", "e[[]m]", *(f"empty{n}" for n in range(many)))
    found = Git.find(repo).staged()
    assert found.intent_to_add == set(names)
    assert set(found.entries) == {"empty", "e[m]", *(f"empty{n}" for n in range(many))}
    git(repo, "commit", "-q", "-m", "now")
    assert found.entries == Git.find(repo).tree("HEAD")


def test_entries_that_no_file_stands_for(repo: Path) -> None:
    commit(repo, {"a": "1", "b": "1", "c": "1"})
    git(repo, "update-index", "--skip-worktree", "a")
    git(repo, "update-index", "--assume-unchanged", "b")
    found = Git.find(repo).staged()
    assert found.skip_worktree == {"a"}
    assert set(found.entries) == {"a", "b", "c"}


@pytest.mark.parametrize("sparse", ["--sparse-index", "--no-sparse-index"])
def test_a_sparse_checkout_lists_every_path(repo: Path, sparse: str) -> None:
    first = commit(repo, {"in/a": "1", "out/b": "1", "out/deep/c": "1", "top": "1"})
    git(repo, "sparse-checkout", "init", "--cone", sparse)
    git(repo, "sparse-checkout", "set", "in")
    assert not (repo / "out").exists()
    found = Git.find(repo)
    assert found.staged().entries == found.tree(first)
    assert found.staged().skip_worktree == {"out/b", "out/deep/c"}
    write(repo, {"in/a": "2"})
    seen = found.worktree().entries
    assert seen.pop("in/a").oid == blob_id(b"2")
    assert seen == {path: entry for path, entry in found.tree(first).items() if path != "in/a"}


def test_unmerged_paths_have_stages(repo: Path) -> None:
    commit(repo, {"both": "1", "gone": "1", "fine": "1"})
    git(repo, "checkout", "-q", "-b", "side")
    commit(repo, {"both": "side", "gone": "side", "added": "side"})
    git(repo, "checkout", "-q", "main")
    git(repo, "rm", "-q", "gone")
    commit(repo, {"both": "main", "added": "main"})
    git(repo, "merge", "side", check=False)
    found = Git.find(repo).staged()
    assert found.entries == {"fine": Entry("100644", blob_id(b"1"))}
    ids = {path: {stage: entry.oid for stage, entry in stages.items()} for path, stages in found.unmerged.items()}
    one, ours, theirs = blob_id(b"1"), blob_id(b"main"), blob_id(b"side")
    assert ids == {"both": {1: one, 2: ours, 3: theirs}, "gone": {1: one, 3: theirs}, "added": {2: ours, 3: theirs}}
    assert [(problem.code, problem.path) for problem in found.problems] == [
        ("merge.conflict", path) for path in ("added", "both", "gone")
    ]
    marked = [(problem.code, problem.path, problem.line) for problem in Git.find(repo).worktree().problems]
    assert marked == [("merge.conflict", "added", 1), ("merge.conflict", "both", 1), ("merge.conflict", "gone", None)]


def test_sha256_stages(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", "--object-format=sha256")
    commit(repo, {"f": "1", "empty": ""})
    git(repo, "checkout", "-q", "-b", "side")
    commit(repo, {"f": "2"})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"f": "3"})
    git(repo, "merge", "side", check=False)
    write(repo, {"announced": "x"})
    git(repo, "add", "-N", "announced")
    found = Git.find(repo).staged()
    assert found.unmerged["f"][2].oid == blob_id(b"3", "sha256")
    assert set(found.entries) == {"empty"}
    assert found.intent_to_add == {"announced"}


def test_ignored_files_are_told_below_a_folder(repo: Path) -> None:
    write(repo, {".gitignore": "*.log\nhidden/\n", "m/a.log": "", "m/hidden/b.yaml": "", "m/c.yaml": "", "x.log": ""})
    found = Git.find(repo)
    assert set(found.ignored("m")) == {"m/a.log", "m/hidden/b.yaml"}
    assert set(found.ignored()) == {"m/a.log", "m/hidden/b.yaml", "x.log"}
    assert found.ignored("none") == []


def test_status_tells_staged_from_unstaged(repo: Path) -> None:
    commit(repo, {"a": "1", "b": "1", "c": "1"})
    write(repo, {"a": "2", "b": "2", "new": "1"})
    git(repo, "add", "a")
    write(repo, {"a": "3"})
    git(repo, "mv", "c", "d")
    found = Git.find(repo)
    assert {path: (before, after) for path, before, after, *_ in found.status()} == {
        "a": ("M", "M"),
        "b": (".", "M"),
        "c": ("D", "."),
        "d": ("A", "."),
        "new": ("?", "?"),
    }
    assert {status.path for status in found.changed_in_worktree()} == {"a", "b", "new"}


@pytest.mark.parametrize("state", ["unborn", "clean", "changed", "announced", "unmerged", "many"])
def test_the_index_and_head_below_it_are_told_at_once(repo: Path, state: str) -> None:
    if state != "unborn":
        commit(repo, {"a": "1", "b": "1", "c/d": "1"} | {f"n/{number}": str(number) for number in range(5000)})
    if state in ("changed", "unborn"):
        write(repo, {"a": "2", "new": "3", "f": "4"})
        git(repo, "add", "-A")
    if state == "changed":
        git(repo, "rm", "-q", "-f", "b")
        git(repo, "update-index", "--chmod=+x", "c/d")
    elif state == "many":  # more than a pipe holds
        git(repo, "rm", "-r", "-q", "n")
    elif state == "announced":
        write(repo, {"announced": "x"})
        git(repo, "add", "-N", "announced")
    elif state == "unmerged":
        git(repo, "checkout", "-q", "-b", "side")
        commit(repo, {"a": "side"})
        git(repo, "checkout", "-q", "main")
        commit(repo, {"a": "main"})
        git(repo, "merge", "side", check=False)
    found = Git.find(repo)
    told, index = found.staged_on_head(), found.staged()
    assert (told.head, told.problems) == (found.head(), index.problems)
    assert Tree(found, told.head, told.changes).entries == index.entries


def test_an_index_that_git_cannot_read_is_said(repo: Path) -> None:
    commit(repo, {"a": "1"})
    (repo / ".git" / "index").write_bytes(b"DIRC rubbish")
    with pytest.raises(GitFailed, match=r"git (ls-files|diff-index): "):
        Git.find(repo).staged_on_head()
