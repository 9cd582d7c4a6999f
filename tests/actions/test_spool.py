"""Runs of machines that have no branch, no push right, no repository: they write to a spool, and `sync` gathers it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gitml
from acting import WINE, warned
from command_line import fine, ml
from gitml.errors import GitFailed
from gitrepo import commit, environment, git, write

# 40 jobs at once, forked after the import: each in a clone of its own with a detached head, the last one in none.
JOBS = """
import os, signal, sys
import gitml
from gitml.actions import capture, run
capture.environment()
spool, jobs = sys.argv[1], sys.argv[2:]
children = []
for number, place in enumerate(jobs):
    pid = os.fork()
    if pid:
        children.append(pid)
        continue
    os.chdir(place)
    with gitml.run("wine", params={"n": number}, spool=spool) as run:
        run.log({"auc": number / 40}, step=1)
        run.flush()
        if number % 8 == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        run.log({"auc": number / 20}, step=2)
    os._exit(0)
for pid in children:
    os.waitpid(pid, 0)
"""
COUNT = 40


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in no repository, which is the current one."""
    place = tmp_path / "nowhere"
    write(place, {"data.csv": WINE, "train.py": "print(1)\n"})
    monkeypatch.chdir(place)
    return place


def clones(origin: Path, place: Path) -> list[str]:
    found = []
    for number in range(COUNT - 1):
        clone = place / f"job{number}"
        git(origin, "clone", "-q", "--shared", str(origin), str(clone))
        git(clone, "checkout", "-q", "--detach")
        git(clone, "remote", "remove", "origin")
        found.append(str(clone))
    return found


def test_forty_jobs_and_one_sync(plain: Path, nowhere: Path, spool: Path, tmp_path: Path) -> None:
    head = commit(plain, {"data.csv": WINE})
    places = [*clones(plain, tmp_path / "jobs"), str(nowhere)]
    env = environment({"PYTHONPATH": str(Path(gitml.__file__).parents[1]), "GITML_COMMIT": head, "GITML_AUTHOR": "Job"})
    for name in [one for one in env if one.startswith(("GIT_AUTHOR", "GIT_COMMITTER"))]:
        del env[name]
    subprocess.run([sys.executable, "-c", JOBS, str(spool), *places], env=env, check=True, timeout=100)
    assert len(list(spool.iterdir())) == COUNT
    store = gitml.open(plain)
    assert store.status([spool]).underway.unsynced == COUNT
    done = store.sync([spool], commit=True)
    assert (len(done.recorded), len(done.crashed), done.refused, done.running) == (COUNT, COUNT // 8, (), ())
    assert git(plain, "status", "--short") == ""
    rows = gitml.open(plain).at("HEAD").rows("run", columns=["params.n", "status", "metrics.auc", "code.commit"]).rows
    assert sorted(row["params.n"] for row in rows) == list(range(COUNT))
    for row in rows:
        crashed = row["params.n"] % 8 == 7
        assert row["status"] == ("crashed" if crashed else "finished")
        assert row["metrics.auc"] == row["params.n"] / (40 if crashed else 20)
        assert row["code.commit"] == head
    assert gitml.open(plain).validate().problems == ()
    assert list(spool.iterdir()) == []
    again = store.sync([spool], commit=True)
    assert (again.recorded, again.applied.changes, again.applied.commit) == ((), (), None)
    assert git(plain, "rev-list", "--count", f"{head}..HEAD") == "1"


def test_files_are_written_once_and_the_spool_waits_for_the_commit(plain: Path, spool: Path) -> None:
    with gitml.run("wine", spool=spool) as run:
        run.log({"auc": 1}, step=1)
    assert run.applied is not None
    assert run.applied.changes == ()
    assert git(plain, "status", "--short") == ""
    store = gitml.open()
    assert store.sync([spool]).recorded == (run.ref,)
    before = {one: one.read_bytes() for one in (plain / "metadata").rglob("*") if one.is_file()}
    again = store.sync([spool])
    assert (again.recorded, again.uncommitted, again.applied.changes) == ((), (run.ref,), ())
    git(plain, "clean", "-fdq")
    assert store.sync([spool]).restored == (run.ref,)
    assert {one: one.read_bytes() for one in (plain / "metadata").rglob("*") if one.is_file()} == before
    commit(plain, {}, "runs")
    assert store.sync([spool]).cleared == (run.ref,)
    assert list(spool.iterdir()) == []


def test_without_a_repository_the_job_tells_what_it_is_of(
    nowhere: Path, spool: Path, plain_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GitFailed, match="not a git repository"):
        gitml.run("wine")
    for name, value in {"SPOOL": str(spool), "COMMIT": "v1.0", "REPOSITORY": "https://git.example.org/wine"}.items():
        monkeypatch.setenv(f"GITML_{name}", value)
    with warned() as told, gitml.run("wine", commit=True) as run:
        run.log_input("data.csv", "train")
        run.log_input("s3://cellar/wine.csv", "address")
        run.log_output(nowhere / "train.py", "model")
        with pytest.raises(gitml.GitmlError, match=r"wine\.cvs: no such file"):
            run.log_input("wine.cvs", "x")
        assert len(run.series()) == 0
    assert "no full commit id: v1.0: left out" in str(told[0].message)
    begin = json.loads((spool / run.id / "run.jsonl").read_text().splitlines()[0])["begin"]
    assert begin["code"] == {"repository": "https://git.example.org/wine", "command": begin["code"]["command"]}
    assert "place" not in begin
    assert run.series().empty


def test_sync_finds_the_versions_that_a_run_elsewhere_names(
    tracked: Path, spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = gitml.open()
    store.new_dataset("wine", "data/wine.csv")
    write(tmp_path / "node", {"data/wine.csv": WINE, "data/other.csv": "x\n"})
    monkeypatch.chdir(tmp_path / "node")
    inputs = {"a": "dataset/wine@1", "b": "data/wine.csv", "c": "data/other.csv"}
    with gitml.run("wine", spool=spool, inputs=inputs) as run:
        pass
    monkeypatch.chdir(tracked)
    assert gitml.open().sync([spool]).refused == ()
    known = store.show("dataset/wine@1").data
    found = gitml.open().show(run.ref).data["inputs"]
    assert found["a"] == {"ref": "dataset/wine@1", "id": known["id"], "md5": known["pointer"]["md5"]}
    assert (found["b"]["ref"], found["b"]["path"]) == ("dataset/wine@1", "data/wine.csv")
    assert "ref" not in found["c"]


def test_a_run_that_names_what_is_not_there_stays_in_the_spool(plain: Path, nowhere: Path, spool: Path) -> None:
    with gitml.run("wine", spool=spool, inputs={"a": "dataset/nothing@1"}) as run:
        pass
    os.chdir(plain)
    said = ml(plain, "sync", "--spool", str(spool))
    assert said.code == 1
    assert re.search(rf"{run.ref} could not be written: .*dataset/nothing@1", said.err)
    assert [one.name for one in spool.iterdir()] == [run.id]


def test_a_batch_passes_the_spool_by(plain: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITML_SPOOL", str(spool))
    with gitml.open().batch(), gitml.run("wine") as run:
        pass
    assert gitml.open().show(run.ref).data["status"] == "finished"
    assert not spool.exists()


def test_a_spool_that_cannot_be_written_loses_nothing(
    plain: Path, spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool.write_text("a file\n")
    with warned() as told, gitml.run("wine", spool=spool) as run:
        run.log({"auc": 0.75})
    assert "its spool took not all of it; the rest is in " in str(told[-1].message)
    kept = (tmp_path / f"gitml-{run.id}/run.jsonl").read_text()
    assert '"begin"' in kept
    assert '"auc", 0.75' in kept
    assert '"end"' in kept


def test_a_command_in_a_spool(plain: Path, nowhere: Path, spool: Path) -> None:
    program = [sys.executable, "-c", "raise SystemExit(3)"]
    said = ml(nowhere, "run", "--experiment", "wine", "--spool", str(spool), "--", *program)
    assert said.code == 3
    fine(plain, "sync", "--spool", str(spool), "--commit")
    (row,) = gitml.open(plain).rows("run").rows
    assert (row["status"], row["error.exit_code"], row["utilization.duration_s"] >= 0) == ("failed", 3, True)


def test_status_shows_what_goes_on_from_any_terminal(plain: Path, spool: Path) -> None:
    with gitml.run("wine") as here, gitml.run("beer", spool=spool) as there:
        for step in range(5):
            here.log({"loss": 1 / (step + 1)}, step=step)
            there.log({"auc": step}, split="test")
        here.flush()
        there.flush()
        said = fine(plain, "status", "--spool", str(spool), "--format", "json").json
        assert {one["ref"]: (one["step"], one["metrics"]) for one in said["running"]} == {
            here.ref: (4, {"loss": 0.2}),
            there.ref: (None, {"test.auc": 4}),
        }
        lines = fine(plain, "status", "--spool", str(spool)).out.splitlines()
        assert re.search(rf"{here.ref} .* 4 +loss 0\.2$", "\n".join(lines), re.MULTILINE)
        assert fine(plain, "status", "--format", "json").json["unsynced"] == 0
    assert fine(plain, "status", "--spool", str(spool), "--format", "json").json["unsynced"] == 1
    assert fine(plain, "status", "--spool", str(spool)).out.splitlines()[-1] == "1 run not recorded yet: git ml sync"
    git(plain, "clean", "-fdq")
    assert fine(plain, "status", "--format", "json").json["unsynced"] == 1
    assert "running" in fine(plain, "status", "--format", "csv").out
