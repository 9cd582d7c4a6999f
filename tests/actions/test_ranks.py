"""Processes that another launcher than `git ml run` has started together are one run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import gitml
from command_line import ml
from gitml.actions.capture import launch as launches
from gitml.repo.journal.process import launcher
from gitrepo import environment, write

TRAIN = """
import sys, gitml
rank, fails = int(sys.argv[1]), "fails" in sys.argv
for lr in (0.1, 0.2):
    with gitml.run("wine", params={"lr": lr} if rank == 0 else {}, tags={f"rank{rank}": "yes"}) as run:
        print(run.ref, flush=True)
        sys.stdin.readline()
        for step in range(50):
            run.log({f"loss{rank}": step, "all": step}, step=step)
        if fails and rank == 1:
            raise KeyError("row 3")
"""
SIZE = 3
GIT_ML = (sys.executable, "-m", "gitml")
LAUNCHES = {
    "torchrun": lambda rank: {"TORCHELASTIC_RUN_ID": "none", "RANK": rank, "WORLD_SIZE": SIZE, "LOCAL_RANK": rank,
                              "LOCAL_WORLD_SIZE": SIZE, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 29500},
    "nodes": lambda rank: {"TORCHELASTIC_RUN_ID": "job7", "RANK": rank, "WORLD_SIZE": SIZE, "LOCAL_RANK": 0,
                           "LOCAL_WORLD_SIZE": 1, "MASTER_ADDR": "node1", "MASTER_PORT": 40123},
    "srun": lambda rank: {"SLURM_JOB_ID": 77, "SLURM_STEP_ID": 0, "SLURM_PROCID": rank, "SLURM_NTASKS": SIZE},
    "mpirun": lambda rank: {"OMPI_COMM_WORLD_RANK": rank, "OMPI_COMM_WORLD_SIZE": SIZE, "PMIX_NAMESPACE": "prte-1@1"},
}  # fmt: skip


def launch(
    place: Path, how: str, *words: str, more: Mapping[str, str] | None = None, script: str = TRAIN
) -> list[tuple[str, ...]]:
    """The runs of each of three processes, which are let go on when all have begun their first, and their second."""
    started: list[subprocess.Popen[str]] = []
    for rank in range(SIZE):
        told = {name: str(one) for name, one in LAUNCHES[how](rank).items()}
        command = [sys.executable, "-W", "error", "-c", script, str(rank), *words]
        env, pipe = environment({**told, **(more or {})}), subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=place, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
    first = together(started)
    second = together(started) if not words else first
    errors = [one.communicate()[1] for one in started]
    assert words or errors == [""] * SIZE
    return list(zip(first, second, strict=True))


def together(started: list[subprocess.Popen[str]]) -> list[str]:
    """The run that each process has begun, once all have; then they go on."""
    refs = []
    for one in started:
        assert one.stdout is not None
        refs.append(one.stdout.readline().strip())
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return refs


STORE = TRAIN.replace("gitml.run(", "gitml.open().run(")
COMMAND = """
import sys, gitml
with gitml.run("wine", params={"lr": 0.1}) as run:
    for step in range(50):
        run.log({"all": step}, step=step)
    sys.exit(3 if sys.argv[1] == "2" else 0)
"""


def records() -> list[dict[str, Any]]:
    store = gitml.open()
    found = [dict(store.show(row["ref"]).data) for row in store.rows("run").rows]
    return sorted(found, key=lambda one: one.get("params", {}).get("lr", 0))


@pytest.mark.parametrize(("how", "script"), [("torchrun", TRAIN), ("srun", STORE)])
def test_ranks_are_one_run_and_then_another(plain: Path, how: str, script: str) -> None:
    first, *others = launch(plain, how, script=script)
    assert len(first) == 2
    assert all(one == first for one in others)
    for found, lr in zip(records(), (0.1, 0.2), strict=True):
        assert (found["status"], found["params"], found["metrics"]["all"]) == ("finished", {"lr": lr}, 49)
        assert found["tags"] == {f"rank{rank}": "yes" for rank in range(SIZE)}
        assert [found["series"]["summary"][f"loss{rank}"]["count"] for rank in range(SIZE)] == [50] * SIZE
        assert found["series"]["summary"]["all"]["count"] == 50 * SIZE
    assert gitml.open().validate().problems == ()


def test_the_same_launch_again_is_another_run(plain: Path) -> None:
    first, again = launch(plain, "srun")[0], launch(plain, "srun")[0]
    assert len({*first, *again}) == len(records()) == 4


def test_where_a_rank_fails_the_run_has_failed(plain: Path) -> None:
    launch(plain, "mpirun", "fails")
    found = records()[0]
    assert (found["status"], found["error"]["type"]) == ("failed", "KeyError")


def test_ranks_apart_are_runs_of_their_own(plain: Path) -> None:
    launch(plain, "srun", more={"GITML_RANKS": "apart"})
    assert len(records()) == 2 * SIZE


def test_ranks_in_a_spool_are_one_run_when_they_are_gathered(plain: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    launch(plain, "nodes", more={"GITML_SPOOL": str(spool)})
    assert records() == []
    assert ml(plain, "sync", "--spool", str(spool)).code == 0
    assert [found["series"]["summary"]["all"]["count"] for found in records()] == [50 * SIZE] * 2


def test_a_command_on_each_rank_is_one_run(plain: Path) -> None:
    write(plain, {"train.py": COMMAND})
    started = []
    for rank in range(SIZE):
        told = {name: str(one) for name, one in LAUNCHES["srun"](rank).items()}
        command = [*GIT_ML, "run", "--experiment", "wine", "--", sys.executable, "train.py", str(rank)]
        process = subprocess.Popen(command, cwd=plain, env=environment(told), stderr=subprocess.PIPE, text=True)
        started.append(process)
    errors = [one.communicate()[1] for one in started]
    assert [one.returncode for one in started] == [0, 0, 3]
    assert ["which rank 0 records" in one for one in errors] == [False, True, True]
    (found,) = records()
    assert (found["status"], found["error"]["exit_code"]) == ("failed", 3)
    assert (found["params"], found["series"]["summary"]["all"]["count"]) == ({"lr": 0.1}, 50 * SIZE)


@pytest.mark.parametrize(
    ("more", "is_one"),
    [({}, False), ({"GITML_LAUNCH": "night"}, True), ({"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "1"}, True)],
)
def test_torchrun_on_nodes_without_a_name(
    monkeypatch: pytest.MonkeyPatch, more: Mapping[str, str], *, is_one: bool
) -> None:
    told = {**LAUNCHES["nodes"](0), "TORCHELASTIC_RUN_ID": "none", **more}
    for name, one in told.items():
        monkeypatch.setenv(name, str(one))
    found = launches.rank()
    assert found is not None
    assert (launcher() not in found.launch) == is_one
