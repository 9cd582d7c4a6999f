"""`git ml leaderboard`: shapes, words, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitml
from cellar import RUN_A, RUN_B, RUN_C
from command_line import fine, ml
from gitrepo import git

A, B, C = (f"run/wine/{name}" for name in (RUN_A, RUN_B, RUN_C))
BOARD = ("leaderboard", "wine", "--metric", "auc")


def test_the_board(store: Path) -> None:
    said = fine(store, *BOARD, "--columns", "params.lr")
    assert said.err == "git ml: wine by auc, higher is better\n"
    assert said.out.splitlines() == [
        f"rank  {'ref':35}  metrics.auc  params.lr",
        f"   1  {C}         0.93      0.001",
        f"   2  {A}         0.91       0.01",
        f"   3  {B}         0.85        0.1",
    ]


def test_the_shape(store: Path) -> None:
    fine(store, "set", B, "deleted=2026-03-01T00:00:00Z")
    found = fine(store, *BOARD, "--format", "json", "--limit", "1").json
    (row,) = found.pop("rows")
    assert row.items() >= {"rank": 1, "ref": C, "metrics.auc": 0.93, "params.lr": 0.001}.items()
    assert found.pop("columns")[0] == {"name": "rank", "type": "int"}
    assert found == {
        "format": 1,
        "at": {"kind": "worktree", "commit": None, "events": None},
        "experiment": "wine",
        "metric": "auc",
        "direction": "higher",
        "by": None,
        "left_out": {"deleted": 1},
        "complete": True,
        "total": 2,
    }


def test_as_csv_and_as_of_a_tag(store: Path) -> None:
    said = fine(store, *BOARD, "--columns", "params.lr", "--format", "csv", "--at", "v1")
    assert said.out == f"rank,ref,metrics.auc,params.lr\n1,{A},0.91,0.01\n2,{B},0.85,0.1\n"


def test_how_it_changed(store: Path) -> None:
    said = fine(store, *BOARD, "--limit", "2", "--diff", "v1", "HEAD")
    assert said.out == f"+ {C}  entered at 1  0.93\n~ {A}  1 -> 2  0.91\n- {B}  left 2, now 3  0.85\n"
    shape = fine(store, *BOARD, "--diff", "v1", "HEAD", "--format", "json").json
    assert (shape["from"]["commit"], shape["to"]["commit"]) == tuple(
        git(store, "rev-parse", "v1^{commit}", "HEAD").split()
    )
    assert shape["changes"][0] == {"op": "entered", "before": None, "after": {"rank": 1, "ref": C, "metric": 0.93}}
    assert fine(store, *BOARD, "--diff", "HEAD", "HEAD").out == "3 as before\n"


def test_where_there_was_nothing_all_of_them_entered(store: Path) -> None:
    first = git(store, "rev-list", "--max-parents=0", "HEAD")
    git(store, "checkout", "-q", "--orphan", "empty")
    git(store, "rm", "-rqf", "--cached", "metadata/runs")
    git(store, "commit", "-q", "-m", "no runs")
    said = fine(store, *BOARD, "--diff", "empty", first)
    assert said.out.splitlines() == [f"+ {A}  entered at 1  0.91", f"+ {B}  entered at 2  0.85"]
    assert "there are no runs of 'wine'" in said.err


def test_what_cannot_be_read_is_said(store: Path) -> None:
    broken = next(path for path in (store / "metadata/runs").rglob(f"{RUN_B}.yaml"))
    broken.write_text("a: [")
    said = fine(store, *BOARD)
    assert "cannot be read, so runs may be missing" in said.err
    assert B not in said.out


def test_groups(store: Path) -> None:
    said = fine(store, *BOARD, "--by", "params.lr", "--columns", "status", "--format", "md")
    assert said.out.splitlines()[2] == f"| 1 | 0.001 | 0.93 | 1 | 0.93 | {C} | finished |"
    moved = fine(store, *BOARD, "--by", "params.lr", "--diff", "v1", "HEAD").out.splitlines()
    assert moved[0] == f"+ params.lr = 0.001  entered at 1  0.93  by {C}"


def test_gap_and_effects(store: Path) -> None:
    assert fine(store, *BOARD, "--gap").out == "no run has a metric of training and of another split\n"
    said = fine(store, "leaderboard", "wine", "--effects", "auc", "--format", "csv")
    assert said.out.splitlines() == [
        "parameter,value,n,mean,rho,slope,per,epsilon2",
        "params.lr,,3,,-1.0,-0.040000000000000036,decade,",
    ]
    shape = fine(store, "leaderboard", "wine", "--effects", "auc", "--format", "json").json
    assert (shape["n"], shape["total"], shape["effects"][0]["parameter"]) == (3, 1, "params.lr")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--metric", "auk"), 1, "nearest: auc"),
        (("--gap", "--effects", "auc"), 2, "two questions"),
        (("--gap", "--by", "params.lr"), 2, "leave --by out"),
        (("--effects", "auc", "--metric", "auc"), 2, "leave --metric out"),
        (("--metric", "auc", "--diff", "v1", "HEAD", "--at", "v1"), 2, "leave --at out"),
        (("params.lrr > 1", "--metric", "auc"), 1, "params.lr"),
        (("--metric", "auc", "--by", "params"), 1, "params makes no groups"),
        (("--metric", "auc", "--diff", "v1", "nowhere"), 1, "nowhere"),
    ],
)
def test_what_is_refused(store: Path, words: tuple[str, ...], code: int, told: str) -> None:
    said = ml(store, "leaderboard", "wine", *words)
    assert (said.code, said.out) == (code, "")
    assert told in said.err


def test_an_experiment_without_runs(store: Path) -> None:
    said = ml(store, "leaderboard", "wien", "--metric", "auc")
    assert said.code == 1
    assert "nearest: wine" in said.err


def test_in_python_it_is_a_frame(store: Path) -> None:
    frame = gitml.open(store).leaderboard("wine", "auc", limit=2)
    assert frame["rank"].tolist() == [1, 2]
    assert frame["metrics.auc"].tolist() == [0.93, 0.91]
