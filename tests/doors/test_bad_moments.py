"""What happens between two steps of ours: files that go, come or change after git has listed them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from shlex import quote

import pytest

from command_line import Said, fine, ml, process
from gitrepo import commit, git, write
from hostile import DATASET, PLACE, held

GONE = "rm -rf {}"
FOLDER = "rm -f {0}; mkdir {0}; echo a > {0}/b"
LINK = "rm -f {0}; ln -s /etc/passwd {0}"
PIPE = "rm -f {0}; mkfifo {0}"
OTHER = "printf 'schema: dataset/1\\ndescription: Other.\\n' > {0}"
BROKEN = "printf 'a: [' > {0}"


@pytest.fixture
def between(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose `git` does what its `deed` says, once, right after the git command that its `after` names."""
    place = tmp_path / "between"
    place.mkdir()
    script = place / "git"
    script.write_text(
        f"""#!/bin/sh
        {quote(str(shutil.which("git")))} "$@"
        code=$?
        case " $* " in
          *" $(cat {place}/after) "*)
            if mkdir {place}/done 2> /dev/null; then cd {quote(str(store))} && . {place}/deed > /dev/null 2>&1; fi ;;
        esac
        exit $code
        """
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    commit(store, {"metadata/datasets/wine.yaml": DATASET})
    return place


def meanwhile(between: Path, after: str, deed: str, path: str = PLACE) -> None:
    """Let something happen to a path right after a git command."""
    (between / "after").write_text(after)
    (between / "deed").write_text(deed.format(quote(path)))
    if (between / "done").exists():
        (between / "done").rmdir()


def quiet(said: Said) -> Said:
    assert said.code in (0, 1), said
    assert "a bug in gitml" not in said.err, said
    return said


@pytest.mark.parametrize("deed", [GONE, FOLDER, LINK, PIPE, OTHER, BROKEN])
@pytest.mark.parametrize("kept", [False, True], ids=["untracked", "tracked"])
@pytest.mark.parametrize("after", ["status", "hash-object"])
@pytest.mark.parametrize("argv", [["validate"], ["list", "dataset"], ["show", "dataset/x"], ["list"]], ids=" ".join)
def test_a_file_that_changes_after_it_was_listed_is_what_it_was_or_what_it_is(
    store: Path, between: Path, argv: list[str], after: str, deed: str, *, kept: bool
) -> None:
    if kept:
        commit(store, {PLACE: DATASET})
    write(store, {PLACE: f"{DATASET}title: X\n"})
    meanwhile(between, after, deed)
    said = quiet(ml(store, *argv))
    assert (between / "done").exists()
    if argv == ["show", "dataset/x"] and said.code:
        assert said.err.startswith(("git ml: there is no dataset/x", "git ml: dataset/x cannot be read"))
    if argv == ["list", "dataset"]:
        assert "dataset/wine" in said.out
    if deed == GONE and after == "status" and argv == ["validate"]:
        assert said.code == 0
    quiet(ml(store, *argv))


def test_a_record_that_goes_before_it_is_read_is_simply_gone(store: Path, between: Path) -> None:
    write(store, {PLACE: DATASET})
    meanwhile(between, "status", GONE)
    said = fine(store, "list", "dataset")
    assert said.out.splitlines()[1:] == ["dataset/wine  Wines."]
    assert said.err == ""
    assert not (store / PLACE).exists()


@pytest.mark.parametrize("how", [[], ["--commit"]], ids=["files", "commit"])
@pytest.mark.parametrize(
    ("argv", "deed", "told"),
    [
        (["set", "dataset/wine", "title=X"], GONE, "was expected to be"),
        (["set", "dataset/wine", "title=X"], OTHER, "was expected to be"),
        (["rm", "dataset/wine"], OTHER, "was expected to be"),
        (["set", "dataset/wine", "title=X"], FOLDER, "a folder stands here"),
        (["set", "dataset/wine", "title=X"], LINK, "a symlink stands here"),
    ],
)
def test_a_record_that_somebody_changes_meanwhile_is_a_conflict_and_theirs_stays(
    store: Path, between: Path, argv: list[str], deed: str, told: str, how: list[str]
) -> None:
    head = git(store, "rev-parse", "HEAD")
    meanwhile(between, "ls-files", deed, "metadata/datasets/wine.yaml")  # by then it is read
    said = ml(store, *argv, *how)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith("git ml: metadata/datasets/wine.yaml: ")
    assert told in said.err
    assert "nothing was written" in said.err
    assert len(said.err.splitlines()) == 1
    assert git(store, "rev-parse", "HEAD") == head
    assert git(store, "diff", "--cached", "--name-only") == ""
    if deed == OTHER:
        assert "Other" in (store / "metadata/datasets/wine.yaml").read_text()


@pytest.mark.parametrize("how", [[], ["--commit"]], ids=["files", "commit"])
def test_a_name_that_somebody_else_takes_meanwhile_is_theirs(store: Path, between: Path, how: list[str]) -> None:
    meanwhile(between, "ls-files", OTHER)
    said = ml(store, "new", "dataset", "x", "description=Mine.", *how)
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"git ml: {PLACE}: exists already")
    assert "Other" in (store / PLACE).read_text()


@pytest.mark.parametrize("deed", ["git commit -q --allow-empty -m theirs", "git checkout -q -b aside"])
def test_a_branch_that_moves_meanwhile_loses_nobodys_commit(store: Path, between: Path, deed: str) -> None:
    meanwhile(between, "core.sharedRepository", deed)  # the last question before objects are written
    fine(store, "new", "metric", "loss", "direction=lower", "--commit")
    assert (between / "done").exists()
    # On a branch that was made meanwhile the record is staged, and committed where the commit was meant to go.
    assert git(store, "status", "--porcelain") == ("" if "theirs" in deed else "A  metadata/metrics/loss.yaml")
    assert "gitml: add metric/loss" in git(store, "log", "--format=%s", "main")
    assert ("theirs" in git(store, "log", "--format=%s")) == ("theirs" in deed)


def test_the_hook_judges_what_is_staged_though_the_file_goes(store: Path, between: Path, shell: dict[str, str]) -> None:
    fine(store, "init", "--hooks", "--commit")
    write(store, {PLACE: "a: [\n"})
    git(store, "add", "-A")
    was = held(store)
    meanwhile(between, "diff-index", GONE)
    said = process(store, "git-ml", "validate", "--staged", env=shell)
    assert said.code == 1
    assert said.out.startswith(f"{PLACE}:2:1: error yaml.syntax")
    assert (between / "done").exists()
    assert not (store / PLACE).exists()
    assert held(store) == {path: content for path, content in was.items() if path != str(store / PLACE)}


def test_an_object_that_is_gone_from_the_repository_is_one_problem(store: Path) -> None:
    commit(store, {PLACE: f"{DATASET}title: lost\n"})
    oid = git(store, "rev-parse", f"HEAD:{PLACE}")
    (store / ".git/objects" / oid[:2] / oid[2:]).unlink()
    problems = ml(store, "validate", "--at", "HEAD", "--format", "json").json["problems"]
    assert [(one["code"], one["path"]) for one in problems] == [("path.unreadable", PLACE)]
    listed = fine(store, "list", "dataset", "--at", "HEAD", "--format", "json")
    assert listed.json["complete"] is False
    assert fine(store, "list", "model", "--at", "HEAD", "--format", "json").json["complete"] is True
    assert f"the object {oid[:12]} is not in this clone" in ml(store, "show", "HEAD:dataset/x").err
