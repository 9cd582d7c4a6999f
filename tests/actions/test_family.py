"""Runs that are part of others, that go on from others, and sweeps, which know their best trial."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gitml
from gitml.errors import BadRef, NotFound
from gitrepo import environment, git

SPACE = {"lr": {"type": "float", "low": 0.001, "high": 0.1, "scale": "log"}}
SWEEP = {"space": SPACE, "objective": {"metric": "validation.auc"}}
KILLED = """
import os, signal, gitml
with gitml.run("wine", sweep={"objective": {"metric": "loss"}}) as sweep:
    for lr in (1, 2):
        with gitml.run("wine", parent=sweep, params={"lr": lr}) as run:
            run.log({"loss": lr})
    sweep.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def data(ref: str, rev: str | None = None) -> dict[str, Any]:
    store = gitml.open().at(rev) if rev else gitml.open()
    return dict(store.show(ref).data)


@pytest.mark.parametrize("how", [{}, {"commit": True}], ids=["files", "commit"])
def test_a_sweep_and_its_trials(plain: Path, how: dict[str, Any]) -> None:
    trials = []
    with gitml.run("wine", sweep=SWEEP, **how) as sweep:
        for lr in (0.01, 0.1, 0.001):
            with gitml.run("wine", params={"lr": lr}, parent=sweep) as run:
                run.log({"auc": 1 - lr}, split="validation")
            trials.append(run.ref)
        with pytest.raises(ZeroDivisionError), gitml.run("wine", parent=sweep.ref):
            _ = 1 / 0
        assert gitml.open().sync().recorded == ()  # they wait for what they are part of
    found = data(sweep.ref, "HEAD" if how else None)
    assert (found["type"], found["sweep"]["space"]) == ("sweep", SPACE)
    assert (found["sweep"]["best"], found["sweep"]["best_params"]) == (trials[2], {"lr": 0.001})
    assert found["sweep"]["trials"] == {"finished": 3, "failed": 1}
    assert [data(ref)["parent"] for ref in trials] == [sweep.ref] * 3
    assert gitml.open().validate().problems == ()
    assert sweep.warnings == []
    if how:
        assert git(plain, "status", "--short") == ""
        assert git(plain, "rev-list", "--count", "HEAD") == "2"
    assert gitml.open().sync().recorded == ()


def test_parts_of_what_was_killed(plain: Path) -> None:
    env = environment({"PYTHONPATH": str(Path(gitml.__file__).parents[1])})
    subprocess.run([sys.executable, "-c", KILLED], cwd=plain, env=env, check=False)
    done = gitml.open().sync(commit=True)
    assert (len(done.recorded), len(done.crashed), done.refused) == (3, 1, ())
    found = data(done.crashed[0])
    assert data(found["sweep"]["best"])["params"] == {"lr": 1}


def test_a_part_of_what_has_ended_is_written_at_once(plain: Path) -> None:
    with gitml.run("wine") as whole:
        pass
    with gitml.run("wine", parent=whole) as part:
        pass
    assert data(part.ref)["parent"] == whole.ref


def test_a_family_in_a_spool_and_in_a_batch(plain: Path, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    with gitml.run("wine", sweep=SWEEP, spool=spool) as sweep, gitml.run("wine", parent=sweep, spool=spool) as run:
        run.log({"auc": 1}, split="validation")
    assert len(gitml.open().sync([spool]).recorded) == 2
    assert data(sweep.ref)["sweep"]["best"] == run.ref
    with gitml.open().batch(), gitml.run("wine") as whole, gitml.run("wine", parent=whole) as part:
        pass
    assert data(part.ref)["parent"] == whole.ref


def test_what_the_best_is_nobody_guesses(plain: Path) -> None:
    objective = {"metric": "regret"}
    with gitml.run("wine", sweep={"objective": objective}) as sweep, gitml.run("wine", parent=sweep) as run:
        run.log({"regret": 1})
    assert "best" not in data(sweep.ref)["sweep"]
    with gitml.run("wine", sweep={"objective": {"metric": "regret", "direction": "lower"}}) as sweep:
        for value in (2.0, float("nan"), 1.0):
            with gitml.run("wine", parent=sweep, params={"n": value == 1}) as run:
                run.log({"regret": value})
    assert data(sweep.ref)["sweep"]["best_params"] == {"n": True}


def test_a_run_that_goes_on_from_another(plain: Path) -> None:
    with gitml.run("wine") as first:
        pass
    with gitml.run("wine", resume=first.ref) as second:
        pass
    assert data(second.ref)["resumes"] == first.ref
    with pytest.raises(NotFound, match=r"there is no run/wine/01JD\w+; git ml sync"):
        gitml.run("wine", resume="run/wine/01JD7K3T9M5P8Q2R4S6V0W1X3Y").__enter__()
    with pytest.raises(BadRef, match="model/wine is no run"):
        gitml.run("wine", parent="model/wine").__enter__()
