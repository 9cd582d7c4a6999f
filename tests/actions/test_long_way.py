"""The long way of a run: a dirty branch, sync, a squash merge, gc on the remote, a fresh clone; and then again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import gitml
from command_line import ml, source
from flowing import LINE, STORE
from gitrepo import commit, git, write

TRAIN = """
import gitml
with gitml.run("wine", params={"lr": LR}) as run:
    run.log({"auc": LR * 2})
"""
KEEP = "refs/gitml/keep"


def train(lr: float) -> str:
    return TRAIN.replace("LR", str(lr))


def collected(remote: Path) -> None:
    git(remote, "reflog", "expire", "--expire=now", "--all")
    git(remote, "gc", "-q", "--prune=now")


def cloned(remote: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone by git's own transport, which brings nothing that no branch leads to; the current folder."""
    git(remote.parent, "clone", "-q", f"file://{remote}", str(place))
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def remote(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the store is pushed to; its python and its gitml are found."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("PYTHONPATH", source())
    place = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(place))
    git(plain, "remote", "add", "origin", str(place))
    git(plain, "push", "-q", "-u", "origin", "main")
    return place


def recorded(place: Path) -> str:
    """The run of the script as it is, committed with the branch where records lie in the tree."""
    done = gitml.open(place).run_command("wine", ["python", "train.py"])
    assert done.code == 0
    git(place, "add", "metadata")
    git(place, "commit", "-q", "-m", "a run", "--allow-empty")
    return done.ref


def squashed(remote: Path, place: Path) -> None:
    """Somebody merges the branch as one commit, and deletes it; nothing else leads to its commits then."""
    git(remote.parent, "clone", "-q", str(remote), str(place))
    git(place, "merge", "-q", "--squash", "origin/try")
    git(place, "commit", "-q", "-m", "squashed")
    git(place, "push", "-q", "origin", "main")
    git(place, "push", "-q", "origin", "--delete", "try")
    collected(remote)


@pytest.mark.parametrize("line", ["tree", LINE])
def test_a_run_is_reproduced_after_all(
    plain: Path, remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    if line == LINE:
        commit(plain, {"metadata/store.yaml": STORE})
        git(plain, "push", "-q")
    git(plain, "checkout", "-q", "-b", "try")
    commit(plain, {"train.py": train(0.2)})
    clean = recorded(plain)
    write(plain, {"train.py": train(0.3)})
    dirty = recorded(plain)
    git(plain, "push", "-q", "origin", "try")
    assert ml(plain, "sync").code == 0
    squashed(remote, tmp_path / "merger")

    fresh = cloned(remote, tmp_path / "fresh", monkeypatch)
    store = gitml.open(fresh)
    assert [store.show(ref).data["metrics"]["auc"] for ref in (clean, dirty)] == [0.4, 0.6]
    said = ml(fresh, "reproduce", dirty, "--check")
    assert (said.code, "verified: identical" in said.out) == (0, True), said
    if line == "tree":
        git(remote, "update-ref", "--stdin", text=gone(remote).encode())
        collected(remote)
        far = cloned(remote, tmp_path / "far", monkeypatch)
        said = ml(far, "reproduce", clean, "--check")
        assert (said.code, "equivalent" in said.err) == (0, True), said
        said = ml(far, "reproduce", dirty, "--check")
        assert (said.code, "unreachable" in said.err) == (1, True), said


def gone(remote: Path) -> str:
    """How git is told to forget what keeps the code of runs."""
    kept = git(remote, "for-each-ref", "--format=%(refname)", KEEP).split()
    assert kept
    return "".join(f"delete {ref}\n" for ref in kept)
