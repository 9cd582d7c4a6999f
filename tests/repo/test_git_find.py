from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gitml.errors import GitFailed, NotFound
from gitml.repo.git import Git
from gitrepo import commit, git, init, write


def test_the_top_a_folder_and_a_file_find_the_same_repository(repo: Path) -> None:
    write(repo, {"a b/ü/c.txt": "x"})
    found = Git.find(repo)
    assert found.root == repo
    assert found.git_dir == found.common_dir == repo / ".git"
    assert (found.bare, found.object_format, found.hash_size) == (False, "sha1", 40)
    assert Git.find(repo / "a b/ü") == Git.find(repo / "a b/ü/c.txt") == found
    assert hash(found) == hash(Git.find(repo))


def test_finding_costs_one_process(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(log))
    Git.find(repo)
    assert log.read_text().count('"event":"start"') == 1


def test_a_linked_worktree(repo: Path, tmp_path: Path) -> None:
    first = commit(repo, {"f": "1"})
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    found = Git.find(tmp_path / "side")
    assert found.root == tmp_path / "side"
    assert found.git_dir == repo / ".git/worktrees/side"
    assert found.common_dir == repo / ".git"
    assert (found.branch(), found.head()) == ("side", first)
    assert set(found.staged().entries) == {"f"}


def test_a_bare_clone_is_read(repo: Path, tmp_path: Path) -> None:
    first = commit(repo, {"d/f": "1"})
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    for place in (tmp_path / "bare.git", tmp_path / "bare.git/refs/heads"):
        found = Git.find(place)
        assert (found.root, found.bare, found.git_dir) == (None, True, tmp_path / "bare.git")
        assert found.head() == first
        assert dict(found.cat([found.tree(first)["d/f"].oid])).popitem()[1] == b"1"
        assert found.staged().entries == {}


def test_inside_the_git_directory_there_is_no_work_tree(repo: Path) -> None:
    found = Git.find(repo / ".git" / "refs")
    assert (found.root, found.bare, found.git_dir) == (None, False, repo / ".git")


def test_a_repository_without_commits(repo: Path) -> None:
    found = Git.find(repo)
    assert found.head() is None
    assert found.branch() == "main"
    assert found.refs() == {}
    assert found.staged().entries == {}
    write(repo, {"new": "x"})
    assert set(found.worktree().entries) == {"new"}


def test_a_sha256_repository(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", "--object-format=sha256")
    first = commit(repo, {"d/f": "content"})
    found = Git.find(repo)
    assert (found.object_format, found.hash_size, len(first)) == ("sha256", 64, 64)
    oid = found.tree(first)["d/f"].oid
    assert oid == found.blob_id(b"content") == git(repo, "hash-object", "d/f")
    assert found.staged().entries == found.tree(first)
    assert list(found.cat([oid, "0" * 64])) == [(oid, b"content"), ("0" * 64, None)]
    assert found.resolve("HEAD") == found.resolve_at("main").commit == first
    write(repo, {"d/f": "other"})
    assert found.worktree().entries["d/f"].oid == found.blob_id(b"other")


def test_a_submodule_is_a_repository_of_its_own(repo: Path, tmp_path: Path) -> None:
    part = init(tmp_path / "part")
    commit(part, {"f": "1"})
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part), "sub")
    found = Git.find(repo / "sub")
    assert found.root == repo / "sub"
    assert found.git_dir == repo / ".git/modules/sub"


def test_folders_with_newlines_quotes_and_spaces(tmp_path: Path) -> None:
    repo = init(tmp_path / 'a "q"\nb ü')
    first = commit(repo, {"f": "1"})
    found = Git.find(repo)
    assert (found.root, found.git_dir) == (repo, repo / ".git")
    write(repo, {"f": "1\r\n", ".gitattributes": "* text\n"})  # cleaned beside the repository: alternates, quoted
    assert found.worktree().contents[found.blob_id(b"1\n")] == b"1\n"
    assert found.head() == first


def test_no_repository_here(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="not a git repository") as caught:
        Git.find(tmp_path)
    assert "git init" in caught.value.hint
    with pytest.raises(NotFound, match="no such file"):
        Git.find(tmp_path / "nothing")


def test_no_git_on_the_path(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Git.find(repo)
    monkeypatch.setenv("PATH", str(tmp_path))
    for ask in (lambda: Git.find(repo), found.head, lambda: list(found.cat(["0" * 40] * 1000))):
        with pytest.raises(GitFailed, match="git is not on the PATH") as caught:
            ask()
        assert "install git" in caught.value.hint


def test_a_folder_that_has_gone(repo: Path) -> None:
    found = Git.find(repo)
    shutil.rmtree(repo)
    with pytest.raises(GitFailed, match="the folder is gone"):
        found.head()


def test_a_git_that_cannot_be_run(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("")
    (tmp_path / "git").chmod(0o644)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitFailed, match="git cannot be run: Permission denied"):
        Git.find(repo)


def test_a_git_before_2_25_prints_back_what_it_does_not_know(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "git"
    old.write_text(f"#!/bin/sh\nprintf '%s\\n' false false --show-object-format {repo}/.git .git {repo}\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitFailed, match="too old") as caught:
        Git.find(repo)
    assert "2.25" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives folders away")
def test_dubious_ownership_is_told_with_gits_advice(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    os.chown(repo, 12345, 12345)
    os.chown(repo / ".git", 12345, 12345)
    with pytest.raises(GitFailed, match="does not trust this repository: detected dubious ownership") as caught:
        Git.find(repo)
    assert caught.value.hint == f"git config --global --add safe.directory {repo}"


def test_a_failed_command_says_what_git_said(repo: Path) -> None:
    found = Git.find(repo)
    with pytest.raises(GitFailed, match=r"^git cat-file: Not a valid object name nope$"):
        found.run("-c", "color.ui=always", "cat-file", "-t", "nope")
    assert found.run("cat-file", "-t", "nope", check=False) == b""
    done = found.call("cat-file", "-t", "nope")
    assert (done.code, done.out) == (128, b"")


def test_the_users_configuration_changes_no_answer(repo: Path) -> None:
    first = commit(repo, {"ü ö.txt": "1", "b": "2"})
    git(repo, "tag", "-m", "t", "v1")
    settings = {
        "core.quotepath": "true",
        "color.ui": "always",
        "status.renames": "copies",
        "status.showStash": "true",
        "status.branch": "true",
        "status.short": "true",
        "status.showUntrackedFiles": "no",
        "status.relativePaths": "true",
        "diff.external": "false",
        "diff.ignoreSubmodules": "all",
        "diff.noprefix": "true",
        "log.showSignature": "true",
        "log.date": "relative",
        "log.showRoot": "false",
        "core.fsmonitor": "echo fooled; exit 0; #",
        "core.abbrev": "4",
        "core.pager": "false",
        "alias.status": "!false",
        "alias.ls-files": "!false",
        "core.splitIndex": "true",
        "core.untrackedCache": "true",
        "i18n.logOutputEncoding": "latin1",
        "format.pretty": "oneline",
        "column.ui": "always",
    }
    found = Git.find(repo)
    for name, value in settings.items():
        git(repo, "config", name, value)
    git(repo, "update-index", "--split-index", "--untracked-cache")
    write(repo, {"ü ö.txt": "changed", "new ñ": "n"})
    (repo / "b").rename(repo / "c")
    assert set(found.tree("HEAD")) == set(found.staged().entries) == {"ü ö.txt", "b"}
    seen = {path: (before, after) for path, before, after, *_ in found.status()}
    assert seen == {"ü ö.txt": (".", "M"), "b": (".", "D"), "c": ("?", "?"), "new ñ": ("?", "?")}
    assert set(found.worktree().entries) == {"ü ö.txt", "c", "new ñ"}
    assert found.refs("refs/tags") == {"refs/tags/v1": first}
    assert found.commit_info(first).time == "2026-03-01T12:00:00Z"
    assert found.by_date("HEAD", "2026-03-01") == first


def test_replacement_objects_are_not_shown(repo: Path) -> None:
    first = commit(repo, {"f": "1"})
    second = commit(repo, {"f": "2"}, "second")
    git(repo, "replace", second, first)
    found = Git.find(repo)
    assert found.commit_info(second).subject == "second"
    assert found.tree(second)["f"].oid == found.blob_id(b"2")
