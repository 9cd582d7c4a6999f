"""No run is lost: what was flushed survives its process, and what was not committed survives `git clean`."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import IO, Any

import pytest

import gitml
from acting import warned
from disks import full, mounted
from gitml.errors import Conflict
from gitml.repo.writing.lock import exclusive
from gitrepo import commit, environment, git

LOGGING = """
import sys, gitml
with gitml.run("wine", params={"lr": 0.01}, tags={"team": "cellar"}) as run:
    run.log_params({"depth": 3})
    for step in range(1_000_000):
        run.log({"loss": 1 / (step + 1)}, step=step)
        if step % 50 == 49:
            run.flush()
            print(run.ref, step + 1, flush=True)
"""
WAITING = """
import sys, gitml
with gitml.run("wine") as run:
    run.log({"auc": 0.5})
    print(run.ref, flush=True)
    sys.stdin.read()
"""


def started(place: Path, script: str, *before: str, **what: Any) -> subprocess.Popen[str]:
    env = environment({"PYTHONPATH": str(Path(gitml.__file__).parents[1])})
    command = [*before, sys.executable, "-c", script]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=place, env=env, stdin=pipe, stdout=pipe, text=True, **what)


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def journals(place: Path) -> list[str]:
    return sorted(one.name for one in (place / ".git/gitml/runs").iterdir())


def files(place: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in (place / "metadata").rglob("*") if one.is_file()}


@pytest.mark.parametrize("lines", [1, 7])
def test_what_was_flushed_survives_its_process(plain: Path, lines: int) -> None:
    process = started(plain, LOGGING)
    told = [line(process.stdout) for _ in range(lines)][-1]
    killed(process)
    ref, count = told.split()
    done = gitml.open().sync()
    assert (done.recorded, done.crashed, done.running, done.refused) == ((ref,), (ref,), (), ())
    found = gitml.open().show(ref).data
    assert (found["status"], found["params"]) == ("crashed", {"lr": 0.01, "depth": 3})
    assert found["tags"] == {"team": "cellar"}
    assert found["series"]["points"] >= int(count)
    assert found["series"]["summary"]["loss"]["last_step"] == found["series"]["points"] - 1
    assert found["ended"] >= found["created"]
    assert gitml.open().validate().problems == ()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_what_is_logged_is_on_disk_a_second_later(plain: Path) -> None:
    strace = ("strace", "-f", "-y", "-ttt", "-s", "4096", "-e", "trace=write,fsync", "-o", "/dev/stderr")
    process = started(plain, WAITING, *strace, stderr=subprocess.PIPE)
    times = {}
    while "synced" not in times:
        told = line(process.stderr)
        assert told, "it ended without a flush"
        found = re.search(r"(\d+\.\d+) (write|fsync)\(\d+<[^>]*/gitml/runs/[^>]*/run\.jsonl>(.*)", told)
        if found and found[2] == "write" and "auc" in found[3]:
            times["written"] = float(found[1])
        elif found and found[2] == "fsync" and "written" in times:
            times["synced"] = float(found[1])
        elif "write(1<" in told and "run/wine/" in told:
            times["logged"] = float(re.search(r"(\d+\.\d+) ", told)[1])  # type: ignore[index]
    process.communicate()
    assert times["synced"] - times["logged"] < 3  # a second, on a machine that has others to serve


def test_a_run_that_goes_on_is_left_to_its_process(plain: Path) -> None:
    with gitml.run("wine") as run:
        done = gitml.open().sync()
        assert (done.running, done.applied.changes) == ((run.ref,), ())
    assert gitml.open().sync().uncommitted == (run.ref,)
    assert gitml.open().show(run.ref).data["status"] == "finished"


def test_what_git_clean_took_comes_back_byte_for_byte(plain: Path) -> None:
    for number in range(2):
        with gitml.run("wine", params={"n": number}, note="ünïcode") as run:
            for step in range(3):
                run.log({"auc": step / 7, "a/b.c": float("nan")}, step=step)
    gitml.open().new("metric", "a/b.c", {"direction": "higher"})  # would make another summary of it today
    git(plain, "add", "metadata/metrics")
    before = files(plain)
    git(plain, "clean", "-fdq")
    assert len(files(plain)) < len(before)
    done = gitml.open().sync()
    assert len(done.restored) == 2
    assert done.warnings == ()
    assert files(plain) == before
    again = gitml.open().sync()
    assert (again.applied.changes, len(again.uncommitted)) == ((), 2)


def test_a_journal_goes_once_its_record_is_committed(plain: Path) -> None:
    with gitml.run("wine") as first:
        first.log({"auc": 1}, step=1)
    with gitml.run("wine") as second:
        pass
    assert journals(plain) == sorted([first.id, second.id])
    commit(plain, {}, "the runs")
    assert gitml.open().sync().cleared == (first.ref, second.ref)
    assert journals(plain) == []


def test_a_run_that_was_committed_elsewhere_or_removed_since_does_not_come_back(plain: Path) -> None:
    git(plain, "checkout", "-qb", "other")
    with gitml.run("wine") as run:
        pass
    commit(plain, {}, "a run")
    git(plain, "checkout", "-q", "main")
    assert gitml.open().sync().cleared == (run.ref,)
    with gitml.run("wine") as run:
        pass
    commit(plain, {}, "another")
    git(plain, "rm", "-qr", "metadata/runs")
    git(plain, "commit", "-qm", "not wanted")
    assert gitml.open().sync().cleared == (run.ref,)
    assert git(plain, "status", "--short") == ""


def test_a_stash_is_no_commit(plain: Path) -> None:
    with gitml.run("wine") as run:
        pass
    git(plain, "add", "-A")
    git(plain, "stash", "-q")
    assert gitml.open().sync().restored == (run.ref,)


def test_what_is_committed_at_once_leaves_no_journal(plain: Path) -> None:
    with gitml.run("wine", commit=True):
        pass
    with gitml.run("wine", branch="results"):
        pass
    with gitml.open().batch(commit=True), gitml.run("wine"):
        pass
    assert journals(plain) == []
    with gitml.open().batch(), gitml.run("wine") as run:
        pass
    assert journals(plain) == [run.id]


def test_a_sync_with_a_commit_takes_along_what_stands_there(plain: Path) -> None:
    with gitml.run("wine") as run:
        run.log({"auc": 1}, step=1)
    process = started(plain, WAITING)
    crashed = line(process.stdout).strip()
    killed(process)
    done = gitml.open().sync(commit=True, message="runs")
    assert (done.recorded, done.applied.commit) == ((crashed,), git(plain, "rev-parse", "HEAD"))
    assert git(plain, "status", "--short") == ""
    assert journals(plain) == []
    assert {row["ref"] for row in gitml.open().at("HEAD").rows("run").rows} == {run.ref, crashed}
    again = gitml.open().sync(commit=True)
    assert (again.applied.commit, again.applied.changes) == (None, ())


def test_one_that_the_checks_refuse_keeps_none_of_the_others_back(plain: Path) -> None:
    with gitml.run("wine") as good:
        pass
    process = started(plain, WAITING)
    bad = line(process.stdout).strip()
    killed(process)
    journal = plain / ".git/gitml/runs" / bad.rpartition("/")[2] / "run.jsonl"
    journal.write_text(journal.read_text().replace('"type": "train"', '"type": "Not a Type"'))
    (plain / ".git/gitml/runs/01J").mkdir()  # killed before it said a word
    git(plain, "clean", "-fdq")
    done = gitml.open().sync()
    assert done.restored == (good.ref,)
    assert [ref for ref, _why in done.refused] == [bad]
    assert "type" in done.refused[0][1]
    assert bad.rpartition("/")[2] in journals(plain)


def test_runs_of_other_work_trees_and_other_stores_are_left_alone(plain: Path, tmp_path: Path) -> None:
    git(plain, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "tree")
    (plain / "team").mkdir()
    gitml.init(plain / "team")
    runs = {}
    for place in (plain, plain / "team", tmp_path / "tree"):
        with gitml.run("wine", path=place) as run:
            runs[place] = run.ref
    for place, ref in runs.items():
        assert gitml.open(place).sync().uncommitted == (ref,)
    git(plain, "worktree", "remove", "--force", str(tmp_path / "tree"))
    assert gitml.open().sync().restored == (runs[tmp_path / "tree"],)


def test_two_syncs_do_not_meet(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitml.actions.sync._WAIT", 0)
    with exclusive(plain / ".git/gitml/sync", 0), pytest.raises(Conflict, match="another git ml sync is at work"):
        gitml.open().sync()


def test_children_of_a_process_log_into_its_run_and_nothing_is_lost(plain: Path) -> None:
    context = multiprocessing.get_context("fork")
    with gitml.run("wine") as run:

        def work(number: int) -> None:
            for step in range(200):
                run.log({f"loss{number}": step / 3, "all": step}, step=step)

        children = [context.Process(target=work, args=(number,)) for number in range(16)]
        for child in children:
            child.start()
        work(16)
        for child in children:
            child.join()
            assert child.exitcode == 0
    found = gitml.open().show(run.ref).data["series"]
    assert found["points"] == 17 * 400
    assert found["summary"]["all"]["count"] == 17 * 200
    assert all(found["summary"][f"loss{number}"]["count"] == 200 for number in range(17))


def test_no_secret_gets_into_a_journal(plain: Path) -> None:
    secret = "ghp_" + "a1B2" * 9
    with warned(), gitml.run("wine", params={"key": secret}, tags={"t": secret}, note=secret) as run:
        run.log({secret: 1.0})
        run.log_params({"password": "hunter2", secret: 1})
        run.note = f"see {secret}"
    text = (plain / ".git/gitml/runs" / run.id / "run.jsonl").read_text()
    assert secret not in text
    assert "hunter2" not in text


def test_the_text_of_an_exception_stays_out_of_the_journal_too(plain: Path) -> None:
    with pytest.raises(ValueError, match="row 3"), gitml.run("wine") as run:
        raise ValueError("row 3 is odd")
    assert "row 3" not in (plain / ".git/gitml/runs" / run.id / "run.jsonl").read_text()
    kept = gitml.open(plain).text_of(run.ref)
    assert kept is not None
    assert kept.read_text() == "ValueError: row 3 is odd\n"


def test_the_text_of_a_run_without_a_repository_is_taken_along_and_in_no_commit(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, spool = tmp_path / "nowhere", tmp_path / "spool"
    place.mkdir()
    monkeypatch.chdir(place)
    with pytest.raises(ValueError, match="row 3"), gitml.run("wine", spool=spool) as run:
        raise ValueError("row 3 is odd")
    store = gitml.open(plain)
    store.sync([spool], commit=True)
    kept = store.text_of(run.ref)
    assert kept is not None
    assert kept.read_text() == "ValueError: row 3 is odd\n"
    assert "row 3" not in git(plain, "log", "-p", "--all")


def test_a_full_disk_is_one_warning_and_no_point_is_lost(plain: Path) -> None:
    with mounted(plain / ".git/gitml", "size=4m"), warned() as told:
        with gitml.run("wine") as run, full(plain / ".git/gitml"):
            for step in range(3000):
                run.log({"loss": step}, step=step)
                if step % 1000 == 0:
                    run.flush()
        assert ["stays in memory for now" in str(one.message) for one in told] == [True]
        assert gitml.open().show(run.ref).data["series"]["points"] == 3000
        assert gitml.open().sync().uncommitted == (run.ref,)


def test_a_million_points_are_no_million_objects(plain: Path) -> None:
    with gitml.run("wine") as run:
        run.log({"loss": 0.5}, step=0)
        tracemalloc.start()
        try:
            for step in range(30_000):
                run.log({"loss": step / 3}, step=step)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 2_000_000


def test_an_integer_beyond_64_bits_keeps_its_digits(plain: Path) -> None:
    large = 3 * 10**40 + 7
    with warned() as told, gitml.run("wine") as run:
        for _ in range(3):
            run.log({"count": large, "huge": 10**5000})
    assert ["beyond 64 bits" in str(one.message) for one in told] == [True]
    found = gitml.open().show(run.ref).data
    assert found["metrics"] == {"count": 3e40, "huge": float("inf")}
    assert f",{large}\n" in (plain / found["series"]["path"]).read_text()


def test_a_journal_that_was_moved_with_its_repository(plain: Path, tmp_path: Path) -> None:
    with gitml.run("wine") as run:
        pass
    shutil.rmtree(plain / "metadata/runs")
    plain.rename(tmp_path / "moved")
    os.chdir(tmp_path / "moved")
    assert gitml.open().sync().restored == (run.ref,)
