"""Runs that are committed together when their process ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gitml
from command_line import ml
from flowing import LINE, STORE
from gitml.errors import BadValue
from gitrepo import commit, environment, git

SEVERAL = """
import os, sys, gitml
for number in range(4):
    with gitml.run("wine", params={"number": number}, commit="batch", message="a night") as run:
        run.log({"auc": number / 10}, step=1)
with gitml.run("wine", params={"number": 4}, parent=run):
    pass
assert not gitml.open().rows("run").rows
if os.fork() == 0:
    sys.exit()
os.wait()
if len(sys.argv) > 1:
    os._exit(9)
"""


def several(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SEVERAL, *words]
    return subprocess.run(command, cwd=place, env=environment(), capture_output=True, text=True, check=False)


def numbers(rev: str) -> list[int]:
    return sorted(row["params.number"] for row in gitml.open().at(rev).rows("run", columns="params.number").rows)


@pytest.mark.parametrize("line", ["HEAD", LINE])
def test_a_batch_is_one_commit_at_the_end_of_the_process(plain: Path, line: str) -> None:
    if line == LINE:
        commit(plain, {"metadata/store.yaml": STORE})
    before = git(plain, "rev-list", "--first-parent", "--count", line, "--", check=False) or "1"
    done = several(plain)
    assert (done.returncode, done.stderr) == (0, "")
    assert numbers("HEAD") == [0, 1, 2, 3, 4]
    assert int(git(plain, "rev-list", "--first-parent", "--count", line)) == int(before) + 1
    assert git(plain, "log", "-1", "--format=%s", line) == "a night"
    assert git(plain, "status", "--porcelain", "metadata/runs") == ""
    assert 'unsynced":0' in ml(plain, "status", "--format", "json").out.replace(" ", "")


def test_of_a_process_that_dies_sync_records_them(plain: Path) -> None:
    assert several(plain, "dies").returncode == 9
    assert ml(plain, "sync", "--commit").code == 0
    assert numbers("HEAD") == [0, 1, 2, 3, 4]


def test_at_its_end_is_the_same_as_yes_and_another_word_is_none(plain: Path) -> None:
    with gitml.run("wine", commit="end") as run:
        pass
    assert run.applied is not None
    assert run.applied.commit == git(plain, "rev-parse", "HEAD")
    with pytest.raises(BadValue, match="commit='later' is not known"), gitml.run("wine", commit="later"):
        pytest.fail("it ran")
