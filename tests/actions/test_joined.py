"""A script under `git ml run` logs into that run, and so does whatever it starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gitml
from command_line import Said, ml
from gitml.actions import capture
from gitrepo import environment, git, write

TRAIN = """
import gitml
with gitml.run("wine", params={"depth": 3}, tags={"team": "cellar"}, seeds=7, inputs={"train": "data.csv"}) as run:
    assert gitml.current_run() is run
    for step in range(3):
        run.log({"auc": step / 4}, step=step)
    run.log_text("x", "notes.txt")
    run.note = "from inside"
print(run.ref)
with gitml.run("wine") as second:
    assert gitml.current_run() is second
print(second.ref)
"""
PLAIN = """
import gitml
run = gitml.current_run()
run.log({"auc": 0.5})
assert gitml.current_run() is run
print(run.ref)
"""
RANKS = """
import os, subprocess, sys, gitml
if len(sys.argv) == 1:
    ranks = [subprocess.Popen([sys.executable, __file__, str(rank)]) for rank in range(3)]
    sys.exit(max(rank.wait() for rank in ranks))
with gitml.run("wine", params={"lr": 0.1}) as run:
    for step in range(100):
        run.log({f"loss{sys.argv[1]}": step, "all": step}, step=step)
"""
FAILS = """
import gitml
with gitml.run("wine") as run:
    raise KeyError("row 3")
"""


def ran(place: Path, script: str, *flags: str) -> Said:
    write(place, {"train.py": script, "data.csv": "a\n1\n"})
    return ml(place, "run", "--experiment", "wine", *flags, "--", sys.executable, "train.py")


def only(place: Path) -> dict[str, Any]:
    (row,) = gitml.open(place).rows("run").rows
    return dict(gitml.open(place).show(row["ref"]).data)


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(gitml.__file__).parents[1]))


def test_the_first_run_of_a_script_is_that_of_its_command(plain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert ran(plain, TRAIN, "--param", "lr=0.1").code == 0
    first, second = capfd.readouterr().out.split()
    rows = {row["ref"] for row in gitml.open().rows("run").rows}
    assert rows == {first, second}
    found = gitml.open().show(first).data
    assert (found["status"], found["params"], found["tags"]) == (
        "finished",
        {"lr": 0.1, "depth": 3},
        {"team": "cellar"},
    )
    assert (found["seeds"], found["description"]) == ({"seed": 7}, "from inside")
    assert (found["metrics"], found["series"]["points"]) == ({"auc": 0.5}, 3)
    assert found["inputs"]["train"]["path"] == "data.csv"
    assert (plain / found["outputs"]["notes.txt"]["path"]).read_text() == "x"
    assert found["code"]["command"].endswith("train.py")
    assert gitml.open().validate().problems == ()


def test_without_a_with_block(plain: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert ran(plain, PLAIN, "--commit").code == 0
    assert only(plain)["metrics"] == {"auc": 0.5}
    assert capfd.readouterr().out.strip() == gitml.open().rows("run").rows[0]["ref"]
    assert git(plain, "status", "--short", "metadata") == ""


def test_all_ranks_log_into_one_run(plain: Path) -> None:
    assert ran(plain, RANKS).code == 0
    found = only(plain)
    assert (found["params"], found["series"]["points"]) == ({"lr": 0.1}, 600)
    assert found["series"]["summary"]["all"]["count"] == 300
    assert [found["series"]["summary"][f"loss{rank}"]["count"] for rank in range(3)] == [100] * 3


def test_a_script_of_another_experiment_has_a_run_of_its_own(plain: Path) -> None:
    assert ran(plain, 'import gitml\nwith gitml.run("beer") as run: run.log({"auc": 1})').code == 0
    rows = gitml.open().rows("run").rows
    assert sorted(row["ref"].split("/")[1] for row in rows) == ["beer", "wine"]


def test_what_failed_inside_is_told_by_the_run(plain: Path) -> None:
    assert ran(plain, FAILS).code == 1
    found = only(plain)
    assert found["status"] == "failed"
    assert (found["error"]["type"], found["error"]["exit_code"]) == ("KeyError", 1)
    assert found["error"]["frames"][-1]["path"] == "train.py"
    assert "row 3" not in str(found)


def test_in_a_spool(plain: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    assert ran(plain, TRAIN.rpartition("with ")[0], "--spool", str(spool)).code == 0
    assert gitml.open().sync([spool]).refused == ()
    found = only(plain)
    assert (found["metrics"], found["params"]) == ({"auc": 0.5}, {"depth": 3})
    assert (plain / found["outputs"]["notes.txt"]["path"]).read_text() == "x"


def test_outside_of_any_there_is_none(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gitml.current_run() is None
    monkeypatch.setenv(capture.RUN, str(plain / "nowhere"))
    assert gitml.current_run() is None
    with gitml.run("wine") as run:
        pass
    assert gitml.open().show(run.ref).data["status"] == "finished"


SPAWNED = """
import multiprocessing, gitml
def work(number):
    run = gitml.current_run()
    run.log({f"loss{number}": number})
    with gitml.run("wine", tags={"own": "yes"}):
        pass
    return run.ref
if __name__ == "__main__":
    with gitml.run("wine") as run:
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            assert set(pool.map(work, range(2))) == {run.ref}
    assert gitml.current_run() is None
"""


def test_a_process_that_is_spawned_in_a_run_logs_to_it(plain: Path) -> None:
    write(plain, {"train.py": SPAWNED})
    done = subprocess.run([sys.executable, "train.py"], cwd=plain, env=environment(), check=False)
    assert done.returncode == 0
    store = gitml.open()
    found = [store.show(row["ref"]).data for row in store.rows("run").rows]
    assert [one["metrics"] for one in found if "metrics" in one] == [{"loss0": 0, "loss1": 1}]
    assert sum("own" in one.get("tags", {}) for one in found) == 2
