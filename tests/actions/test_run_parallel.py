"""Runs of many processes at once, which share an environment and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import gitml
from gitrepo import environment, git

PROCESSES, RUNS = 3, 3
SCRIPT = """
import sys, gitml
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    with gitml.run("wine", commit=sys.argv[1] == "commit", params={"number": number}) as run:
        run.log({"auc": 0.5}, step=number)
    assert run.applied.changes, run.warnings
    print(run.ref)
"""


@pytest.mark.parametrize("how", ["files", "commit"])
def test_none_of_them_is_lost(plain: Path, how: str) -> None:
    env = environment({"PYTHONPATH": str(Path(gitml.__file__).parents[1])})
    command = [sys.executable, "-W", "error", "-c", SCRIPT, how, str(RUNS)]
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(command, cwd=plain, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(PROCESSES)
    ]
    for process in started:  # all of them at once, when all are there
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    ends = [process.communicate() for process in started]
    refs = [ref for out, _err in ends for ref in out.split()]
    assert (len(refs), [err for _out, err in ends if err]) == (PROCESSES * RUNS, [])
    store = gitml.open(plain).at("HEAD") if how == "commit" else gitml.open(plain)
    assert sorted(row["ref"] for row in store.rows("run").rows) == sorted(refs)
    assert len(store.rows("environment").rows) == 1
    assert gitml.open(plain).validate().problems == ()
    if how == "commit":
        assert git(plain, "status", "--short") == ""
        assert int(git(plain, "rev-list", "--count", "HEAD")) == PROCESSES * RUNS + 1
