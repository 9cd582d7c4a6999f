"""The hooks of plain git as files: where they lie, what they leave alone, what they say when gitml is gone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from command_line import process
from gitml.errors import Conflict, DiskFailed, GitFailed
from gitml.repo.git import Git
from gitml.repo.hookfiles import BEFORE, HOOKS, MARK, folder, install, script
from gitrepo import environment, git, init, write

NAMES = ["pre-commit", "pre-merge-commit", "pre-applypatch", "pre-push"]
OTHER = "#!/bin/sh\necho other\n"


def installed(place: Path) -> list[str]:
    return [Path(file).name for file in install(Git.find(place))]


def hook(place: Path, name: str, text: str = OTHER, mode: int = 0o755) -> Path:
    file = place / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def test_every_hook_is_written_once(repo: Path) -> None:
    assert installed(repo) == NAMES == list(HOOKS)
    before = {file.name: file.stat().st_mtime_ns for file in (repo / ".git/hooks").iterdir()}
    assert installed(repo) == []
    assert {file.name: file.stat().st_mtime_ns for file in (repo / ".git/hooks").iterdir()} == before
    assert set(NAMES) <= set(before)
    for name in NAMES:
        assert os.access(repo / ".git/hooks" / name, os.X_OK)
        assert process(repo, "sh", "-n", str(repo / ".git/hooks" / name), env=environment()).code == 0


def test_a_hook_of_an_older_gitml_is_brought_up_to_date(repo: Path) -> None:
    old = hook(repo / ".git/hooks", "pre-commit", f"#!/bin/sh\n{MARK}\nexit 0\n")
    assert installed(repo) == NAMES
    assert "exit 0\n" not in old.read_text()
    assert not old.with_name(f"pre-commit{BEFORE}").exists()


def test_a_hook_that_has_lost_its_right_to_run_gets_it_back(repo: Path) -> None:
    install(Git.find(repo))
    (repo / ".git/hooks/pre-push").chmod(0o644)
    assert installed(repo) == ["pre-push"]
    assert os.access(repo / ".git/hooks/pre-push", os.X_OK)


@pytest.mark.parametrize("mode", [0o755, 0o644])
def test_another_hook_is_kept_as_it_is(repo: Path, mode: int) -> None:
    hook(repo / ".git/hooks", "pre-commit", mode=mode)
    assert installed(repo) == NAMES
    kept = repo / ".git/hooks" / f"pre-commit{BEFORE}"
    assert kept.read_text() == OTHER
    assert kept.stat().st_mode & 0o777 == mode
    assert installed(repo) == []


def test_a_hook_that_is_a_link_stays_one(repo: Path) -> None:
    target = hook(repo / "tools", "check.sh")
    (repo / ".git/hooks").mkdir(exist_ok=True)
    (repo / ".git/hooks/pre-commit").symlink_to("../../tools/check.sh")
    install(Git.find(repo))
    kept = repo / ".git/hooks" / f"pre-commit{BEFORE}"
    assert kept.is_symlink()
    assert kept.resolve() == target
    assert target.read_text() == OTHER


def test_a_dangling_link_is_kept_too(repo: Path) -> None:
    (repo / ".git/hooks").mkdir(exist_ok=True)
    (repo / ".git/hooks/pre-commit").symlink_to("../../nowhere")
    assert installed(repo) == NAMES
    assert (repo / ".git/hooks" / f"pre-commit{BEFORE}").is_symlink()


def test_a_tool_that_calls_ours_is_left_in_front(repo: Path) -> None:
    install(Git.find(repo))
    place = repo / ".git/hooks"
    (place / "pre-commit").rename(place / "pre-commit.legacy")  # as pre-commit does
    hook(place, "pre-commit")
    assert installed(repo) == []
    assert (place / "pre-commit").read_text() == OTHER


def test_nothing_is_lost_where_two_hooks_are_in_the_way(repo: Path) -> None:
    place = repo / ".git/hooks"
    hook(place, f"pre-commit{BEFORE}", "#!/bin/sh\necho first\n")
    hook(place, "pre-commit")
    with pytest.raises(Conflict, match=f"pre-commit is not gitml's any more, and pre-commit{BEFORE} is there as well"):
        install(Git.find(repo))
    assert (place / "pre-commit").read_text() == OTHER
    assert not (place / "pre-push").exists()


def test_hooks_lie_where_git_looks_for_them(repo: Path, tmp_path: Path) -> None:
    assert folder(Git.find(repo)) == repo / ".git/hooks"
    write(repo, {"sub/x": ""})
    git(repo, "config", "core.hooksPath", "tools/hooks")
    assert folder(Git.find(repo / "sub")) == repo / "tools/hooks"
    git(repo, "config", "core.hooksPath", str(tmp_path / "elsewhere"))
    assert folder(Git.find(repo)) == tmp_path / "elsewhere"
    assert installed(repo) == NAMES
    assert not (repo / ".git/hooks/pre-commit").exists()


def test_worktrees_share_their_hooks(repo: Path, tmp_path: Path) -> None:
    git(repo, "commit", "-q", "--allow-empty", "-m", "first")
    git(repo, "worktree", "add", "-q", str(tmp_path / "side"))
    assert folder(Git.find(tmp_path / "side")) == repo / ".git/hooks"
    assert installed(tmp_path / "side") == NAMES


def test_hooks_that_a_team_shares_name_no_python_of_this_machine(repo: Path) -> None:
    git(repo, "config", "core.hooksPath", "hooks")
    install(Git.find(repo))
    assert sys.executable not in (repo / "hooks/pre-commit").read_text()
    git(repo, "config", "--unset", "core.hooksPath")
    install(Git.find(repo))
    assert sys.executable in (repo / ".git/hooks/pre-commit").read_text()


def test_husky_writes_its_hooks_itself(repo: Path) -> None:
    hook(repo / ".husky/_", "pre-commit", '#!/usr/bin/env sh\n. "$(dirname "$0")/h"\n')
    git(repo, "config", "core.hooksPath", ".husky/_")
    with pytest.raises(Conflict, match=r"is husky's.*add the line `git-ml validate --staged`"):
        install(Git.find(repo))


def test_a_bare_repository_has_no_use_for_them(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match="no work tree"):
        install(Git.find(init(tmp_path / "bare.git", "--bare")))


def test_a_folder_in_the_place_of_a_hook_is_told(repo: Path) -> None:
    (repo / ".git/hooks/pre-commit").mkdir(parents=True)
    with pytest.raises(DiskFailed, match="pre-commit: Is a directory"):
        install(Git.find(repo))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(repo: Path) -> None:
    (repo / ".git/hooks").mkdir(exist_ok=True)
    (repo / ".git/hooks").chmod(0o555)
    with pytest.raises(DiskFailed, match="Permission denied"):
        install(Git.find(repo))


def test_a_file_in_the_place_of_the_folder_is_told(repo: Path) -> None:
    git(repo, "config", "core.hooksPath", "hooks")
    write(repo, {"hooks": "a file"})
    with pytest.raises(DiskFailed, match=r"hooks.*(Not a directory|File exists)"):
        install(Git.find(repo))


@pytest.mark.parametrize("name", NAMES)
def test_where_gitml_is_nowhere_the_hook_blocks_and_says_what_to_do(repo: Path, tmp_path: Path, name: str) -> None:
    file = hook(tmp_path, name, script(name, "/nowhere/bin/python3"))
    said = process(repo, str(file), env={"PATH": "/usr/bin:/bin"})
    assert said.code == 1
    end = "nothing was pushed" if name == "pre-push" else "nothing was committed"
    assert f"git-ml is nowhere to be found, so nothing could be validated, and {end};" in said.err
    assert f"install gitml again (pip install gitml), or remove {file}" in said.err


def test_a_python_that_has_lost_gitml_is_as_good_as_none(repo: Path, tmp_path: Path) -> None:
    bare = hook(tmp_path, "python3", '#!/bin/sh\ncase "$*" in *find_spec*) exit 1;; *) exit 0;; esac\n')
    file = hook(tmp_path, "pre-commit", script("pre-commit", str(bare)))
    said = process(repo, str(file), env={"PATH": "/usr/bin:/bin"})
    assert said.code == 1
    assert "git-ml is nowhere to be found" in said.err


def test_a_path_with_spaces_and_quotes_is_quoted(repo: Path, tmp_path: Path) -> None:
    odd = hook(tmp_path / "it's a folder", "python3", "#!/bin/sh\nexit 0\n")
    file = hook(tmp_path, "pre-commit", script("pre-commit", str(odd)))
    assert process(repo, str(file), env={"PATH": "/usr/bin:/bin"}).code == 0
