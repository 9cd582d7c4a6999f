"""Inside a hook git's variables name a repository: kept for that one, and for no other."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

import gitml.repo.git
from gitml.repo.git import Git
from gitrepo import commit, environment, git, init, write

SOURCE = Path(gitml.repo.git.__file__).parents[2]

# Written by the hook: what a Git found there sees, and what one of another repository sees.
HOOK = """#!{python}
import json, os, sys
sys.path.insert(0, {source!r})
from pathlib import Path
from gitml.repo.git import Git

def seen(git):
    staged = git.staged().entries
    contents = dict(git.cat([entry.oid for entry in staged.values()]))
    return {{
        "root": str(git.root),
        "git_dir": str(git.git_dir),
        "staged": {{path: contents[entry.oid].decode() for path, entry in staged.items()}},
    }}

os.chdir({folder!r})
Path({out!r}).write_text(json.dumps({{
    "own": seen(Git.find(Path.cwd())),
    "other": seen(Git.find(Path({other!r}))),
    "variables": {{name: value for name, value in os.environ.items() if name.startswith("GIT_")}},
}}))
"""


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another repository, with other content staged."""
    place = init(tmp_path / "other")
    write(place, {"elsewhere": "other"})
    git(place, "add", "-A")
    return place


def hook(place: Path, other: Path, out: Path, folder: str = ".", name: str = "pre-commit") -> None:
    script = HOOK.format(python=sys.executable, source=str(SOURCE), out=str(out), other=str(other), folder=folder)
    target = place / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(script)
    target.chmod(0o755)


def told(out: Path) -> dict[str, dict[str, object]]:
    read: dict[str, dict[str, object]] = json.loads(out.read_text())
    assert read["other"]["staged"] == {"elsewhere": "other"}
    return read


@pytest.mark.parametrize("folder", [".", "d"])
def test_commit_all_and_commit_path_show_the_content_being_committed(
    repo: Path, other: Path, tmp_path: Path, folder: str
) -> None:
    commit(repo, {"a": "1", "b": "1", "d/c": "1"})
    out = tmp_path / "out"
    hook(repo / ".git/hooks", other, out, folder)
    write(repo, {"a": "2", "b": "2"})

    git(repo, "commit", "-q", "-m", "path", "a")
    read = told(out)
    assert read["own"]["staged"] == {"a": "2", "b": "1", "d/c": "1"}
    assert read["own"]["root"] == str(repo)
    assert "GIT_INDEX_FILE" in read["variables"]

    git(repo, "commit", "-q", "-a", "-m", "all")
    assert told(out)["own"]["staged"] == {"a": "2", "b": "2", "d/c": "1"}

    write(repo, {"a": "3"})
    git(repo, "add", "a")
    write(repo, {"a": "4"})
    git(repo / "d", "commit", "-q", "-m", "staged, from a sub-folder")
    assert told(out)["own"]["staged"] == {"a": "3", "b": "2", "d/c": "1"}


def test_a_hook_in_a_linked_worktree(repo: Path, other: Path, tmp_path: Path) -> None:
    commit(repo, {"a": "1"})
    side = tmp_path / "side"
    git(repo, "worktree", "add", "-q", str(side))
    out = tmp_path / "out"
    hook(repo / ".git/hooks", other, out)
    write(side, {"a": "2"})
    git(side, "commit", "-q", "-a", "-m", "side")
    read = told(out)
    assert read["own"] == {"root": str(side), "git_dir": str(repo / ".git/worktrees/side"), "staged": {"a": "2"}}


def test_another_worktree_of_the_same_repository_is_another_one(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"a": "1"})
    side = tmp_path / "side"
    git(repo, "worktree", "add", "-q", str(side))
    out = tmp_path / "out"
    hook(repo / ".git/hooks", side, out)
    write(repo, {"a": "2"})
    git(repo, "commit", "-q", "-a", "-m", "main")
    read = json.loads(out.read_text())
    assert (read["own"]["staged"], read["other"]["staged"]) == ({"a": "2"}, {"a": "1"})


def test_a_receiving_hook_sees_quarantined_objects(repo: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    out = tmp_path / "out"
    script = bare / "hooks/pre-receive"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        f"#!{sys.executable}\nimport os, sys\nsys.path.insert(0, {str(SOURCE)!r})\n"
        "from pathlib import Path\nfrom gitml.repo.git import Git\nnew = sys.stdin.read().split()[1]\n"
        "git = Git.find(Path.cwd())\nfound = git.tree(git.resolve(new))\nos.chdir('/')\n"
        f"Path({str(out)!r}).write_text(repr((git.bare, dict(git.cat([found['a'].oid])).popitem()[1])))\n"
    )
    script.chmod(0o755)
    commit(repo, {"a": "pushed"})
    git(repo, "push", "-q", str(bare), "main")
    assert out.read_text() == repr((True, b"pushed"))


def test_relative_variables_hold_from_any_folder(
    repo: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repo, {"d/a": "1", "b": "1"})
    git(repo, "read-tree", "--empty", env={"GIT_INDEX_FILE": ".git/second"})
    monkeypatch.chdir(repo / "d")
    monkeypatch.setenv("GIT_DIR", "../.git")
    monkeypatch.setenv("GIT_WORK_TREE", "..")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/second")
    monkeypatch.setenv("GIT_PREFIX", "d/")
    monkeypatch.setenv("GIT_ICASE_PATHSPECS", "1")
    found = Git.find(Path())
    assert found.root == repo
    assert found.index_file == repo / ".git/second"
    monkeypatch.chdir(tmp_path)
    assert found.staged().entries == {}
    assert {s.path: s.unstaged for s in found.status()} == {"d/a": "?", "b": "?"}
    seen = found.environment()
    assert seen["GIT_DIR"] == str(repo / ".git")
    assert seen["GIT_WORK_TREE"] == str(repo)
    assert "GIT_PREFIX" not in seen
    assert "GIT_ICASE_PATHSPECS" not in seen


def test_a_git_directory_apart_from_its_work_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, store = tmp_path / "home", tmp_path / "dots.git"
    git(tmp_path, "init", "-q", "--bare", str(store))
    write(home, {"a": "1", "d/b": "2"})
    nested = init(home / "project")
    monkeypatch.setenv("GIT_DIR", str(store))
    monkeypatch.setenv("GIT_WORK_TREE", str(home))
    monkeypatch.chdir(home / "d")
    for place in (home, home / "d", home / "d/b"):
        found = Git.find(place)
        assert (found.root, found.git_dir, found.bare) == (home, store, False)
    assert Git.find(nested).git_dir == nested / ".git"
    assert "GIT_DIR" not in Git.find(nested).environment()


def test_a_wrong_git_dir_is_said_for_here_and_passed_over_elsewhere(
    repo: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.chdir(repo)
    with pytest.raises(Exception, match="not a git repository: '/nowhere'"):
        Git.find(Path())
    assert Git.find(other).root == other


def test_configuration_given_by_the_environment_is_passed_on(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "gitml.word")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "told")
    assert Git.find(repo).run("config", "gitml.word") == b"told\n"


def test_the_environment_of_a_call(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Git.find(repo)
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("MINE", "1")
    seen = found.environment({"MINE": None, "GIT_NO_LAZY_FETCH": None, "YOURS": "2"})
    assert (seen["LC_ALL"], seen["YOURS"]) == ("C", "2")
    assert not {"MINE", "GIT_NO_LAZY_FETCH"} & set(seen)
    assert os.environ["MINE"] == "1"
    assert set(found.environment()) - set(environment()) == {
        "LC_ALL",
        "GIT_OPTIONAL_LOCKS",
        "GIT_NO_LAZY_FETCH",
        "MINE",
    } - set(environment())
