"""Nodes without a disk in common: each has a spool of its own, and a sync makes one run of what they say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import gitml
from command_line import ml
from gitml.store import Store
from gitrepo import environment, git

TRAIN = """
import sys, gitml
rank = int(sys.argv[1])
with gitml.run("wine", params={"lr": 0.1} if rank == 0 else None, tags={f"rank{rank}": "yes"}) as run:
    for step in range(50):
        run.log({f"loss{rank}": step, "all": step}, step=step)
    run.log_text("x", f"rank{rank}.txt")
    if rank == 2 and "fails" in sys.argv:
        raise KeyError("row 3")
"""
SIZE = 3


def launched(place: Path, job: int, *words: str) -> None:
    """Three ranks of a step of Slurm's, for real, each with a spool of its own and no repository."""
    started = []
    for rank in range(SIZE):
        told = {"SLURM_JOB_ID": job, "SLURM_STEP_ID": 0, "SLURM_PROCID": rank, "SLURM_NTASKS": SIZE}
        env = environment({**{name: str(one) for name, one in told.items()}, "GITML_SPOOL": str(place / f"node{rank}")})
        command = [sys.executable, "-c", TRAIN, str(rank), *words]
        started.append(subprocess.Popen(command, cwd=place, env=env, stderr=subprocess.DEVNULL))
    assert [one.wait() for one in started] == ([0, 0, 1] if words else [0, 0, 0])


@pytest.fixture(scope="module")
def nodes_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("nodes")
    launched(place, 77)
    return place


@pytest.fixture
def nodes(nodes_template: Path, tmp_path: Path) -> list[Path]:
    """The spools of a launch, rank 0's first."""
    place = shutil.copytree(nodes_template, tmp_path / "nodes")
    return [place / f"node{rank}" for rank in range(SIZE)]


def records(store: Store) -> list[dict[str, Any]]:
    store.refresh()
    return [dict(store.show(row["ref"]).data) for row in store.rows("run").rows]


def test_one_sync_makes_one_run_of_all(plain: Path, nodes: list[Path]) -> None:
    store = gitml.open(plain)
    assert store.status(nodes).underway.unsynced == 1
    done = store.sync(nodes)
    (found,) = records(store)
    assert (done.refused, done.crashed, found["status"], found["params"]) == ((), (), "finished", {"lr": 0.1})
    assert found["series"]["summary"]["all"]["count"] == found["series"]["points"] // 2 == 50 * SIZE
    assert found["tags"] == {f"rank{rank}": "yes" for rank in range(SIZE)}
    assert all((plain / found["outputs"][f"rank{rank}.txt"]["path"]).read_text() == "x" for rank in range(SIZE))
    again = store.sync(nodes)
    assert (again.recorded, again.applied.changes, len(again.uncommitted)) == ((), (), 1)
    store.sync(nodes, commit=True)
    assert [list(one.iterdir()) for one in nodes] == [[]] * SIZE
    assert git(plain, "status", "--short") == ""
    assert store.validate().problems == ()


def test_a_rank_that_fails_on_its_node_fails_the_run(plain: Path, tmp_path: Path) -> None:
    launched(tmp_path, 78, "fails")
    store = gitml.open(plain)
    store.sync([tmp_path / f"node{rank}" for rank in range(SIZE)], commit=True)
    (found,) = records(store)
    assert (found["status"], found["error"]["type"]) == ("failed", "KeyError")


def test_a_portion_waits_for_rank_0_and_a_late_one_is_added_or_a_part_of_it(plain: Path, nodes: list[Path]) -> None:
    store = gitml.open(plain)
    first, second, third = nodes
    early = ml(plain, "sync", "--spool", str(second))
    assert "what rank 0 says of it is not here" in early.err
    assert early.out == "runs: 1 running\n"
    assert records(store) == []
    store.sync([first])
    assert records(store)[0]["series"]["points"] == 100
    store.sync([first, second])  # nobody has committed the record
    (found,) = records(store)
    assert (found["series"]["points"], found["tags"]) == (200, {"rank0": "yes", "rank1": "yes"})
    assert store.sync([first, second]).applied.changes == ()
    store.sync([first, second], commit=True)
    assert git(plain, "status", "--short") == ""
    done = store.sync([third], commit=True)
    (late,) = done.recorded
    assert late != (launch := next(row["ref"] for row in store.rows("run").rows if row["ref"] != late))
    data = store.show(late).data
    assert (data["parent"], data["status"], data["series"]["points"]) == (launch, "finished", 100)
    assert data["name"] == f"rank 2 of {launch}"
    assert (plain / data["outputs"]["rank2.txt"]["path"]).read_text() == "x"
    assert store.sync(nodes, commit=True).applied.changes == ()
    assert store.validate().problems == ()


def test_a_portion_whose_first_rank_never_comes_is_not_lost(plain: Path, nodes: list[Path]) -> None:
    long_ago = time.time() - 7200
    for file in (nodes[1], *nodes[1].rglob("*")):
        os.utime(file, (long_ago, long_ago))
    store = gitml.open(plain)
    (ref,) = store.sync([nodes[1]]).recorded
    data = store.show(ref).data
    assert (data["status"], data["tags"], "parent" in data) == ("finished", {"rank1": "yes"}, False)
    store.sync([nodes[0], nodes[2]])
    assert sorted(one["series"]["points"] for one in records(store)) == [100, 200]
