"""Many deeds as one write: seen by each other, checked together, all of them or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import gitml
from gitml.actions.batch import BatchWarning
from gitml.errors import BadValue, Conflict, Refused
from gitml.repo.git import kept
from gitml.repo.git.command import Command
from gitrepo import commit, environment, git, write

SOURCE = str(Path(gitml.__file__).parents[1])


def names(place: Path, rev: str = "HEAD") -> list[str]:
    """The folders of what a commit has changed, each once."""
    listed = git(place, "show", "--name-only", "--format=", rev).split()
    return sorted({name.split("/")[1] for name in listed})


def untouched(place: Path, head: str) -> bool:
    """Whether nothing was written."""
    return git(place, "rev-parse", "HEAD") == head and git(place, "status", "--porcelain") == ""


def python(place: Path, code: str, *args: str) -> subprocess.Popen[str]:
    """A process of its own."""
    env = environment({"PYTHONPATH": SOURCE})
    command = [sys.executable, "-c", code, *args]
    return subprocess.Popen(command, cwd=place, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_deeds_see_each_other_and_become_one_commit(plain: Path) -> None:
    store = gitml.open()
    with store.batch(commit=True, message="a model") as batch:
        batch.new("metric", "auc", {"direction": "higher"})
        batch.set("metric/auc", {"description": "How well it ranks."})
        with gitml.run("wine", params={"lr": 0.1}) as run:
            run.log({"auc": 0.9}, step=1)
        told = batch.register("wine", run=run.ref)
        assert [one.ref for one in told.changes] == ["model/wine", "model/wine@1"]
        batch.promote("model/wine@1", "staging")
        assert batch.show("metric/auc").data["description"] == "How well it ranks."
        assert [row["ref"] for row in batch.rows("run").rows] == [run.ref]
        assert store.rows("run").rows == ()
        assert git(plain, "status", "--porcelain") == ""
    assert batch.applied is not None
    assert git(plain, "rev-parse", "HEAD") == batch.applied.commit
    assert git(plain, "log", "-1", "--format=%s") == "a model"
    assert git(plain, "rev-list", "--count", "HEAD") == "2"
    assert names(plain) == ["aliases", "environments", "metrics", "models", "runs", "series"]
    assert git(plain, "status", "--porcelain") == ""
    assert {"model/wine", run.ref} <= {one.ref for one in batch.applied.changes}
    assert store.show("model/wine@1").data["run"] == run.ref
    assert store.validate().problems == ()


def test_an_exception_writes_nothing_and_keeps_the_runs(plain: Path) -> None:
    head = git(plain, "rev-parse", "HEAD")
    batch, runs = gitml.open().batch(commit=True), []

    def fails() -> None:
        with batch:
            batch.new("metric", "auc", {"direction": "higher"})
            with gitml.run("wine", params={"lr": 0.1}) as run:
                runs.append(run.id)
            _ = 1 / 0

    with pytest.warns(BatchWarning, match="1 runs were not recorded"), pytest.raises(ZeroDivisionError):
        fails()
    assert untouched(plain, head)
    assert batch.applied is None
    kept_at = next((plain / ".git/gitml/unsaved" / runs[0]).rglob(f"{runs[0]}.yaml"))
    assert "lr: 0.1" in kept_at.read_text()


def test_what_is_wrong_with_one_deed_refuses_all(plain: Path) -> None:
    head = git(plain, "rev-parse", "HEAD")
    batch = gitml.open().batch(commit=True).__enter__()
    batch.new("metric", "auc", {"direction": "higher"})
    batch.new("run", "wine/1", {"status": "finished", "inputs.train.ref": "dataset/wine@1"})
    with pytest.raises(Refused, match="there is no dataset/wine"):
        batch.__exit__(None, None, None)
    assert untouched(plain, head)


def test_a_later_deed_can_set_an_earlier_one_right(plain: Path) -> None:
    with gitml.open().batch(commit=True) as batch:
        batch.new("run", "wine/1", {"status": "finished", "inputs.train.ref": "dataset/wine@1"})
        batch.set("run/wine/1", {"inputs.train.ref": gitml.MISSING, "tags.kept": "yes"})
        batch.new("metric", "auc", {"direction": "higher"})
        batch.rm("metric/auc")
        with pytest.raises(Conflict, match="is there already"):
            batch.new("run", "wine/1", {"status": "finished"})
    assert names(plain) == ["runs"]


@pytest.mark.parametrize("how", [{}, {"commit": True}, {"branch": "results"}])
def test_a_sha256_repository_and_a_thousand_records(tmp_path: Path, how: dict[str, Any]) -> None:
    from gitrepo import init

    place = init(tmp_path / "long", "--object-format=sha256")
    store = gitml.init(place, commit=True)
    done = store.add_all((("run", f"wine/{n}", {"status": "finished", "metrics.auc": n / 7}) for n in range(250)),
                         portion=120, **how)  # fmt: skip
    assert (done.records, len(done.commits)) == (250, 3 if how else 0)
    assert len(store.at("results" if "branch" in how else "worktree").rows("run").rows) == 250
    assert git(place, "fsck", "--strict", "--no-dangling") == ""
    assert git(place, "status", "--porcelain", "-uall").count("\n") == (249 if not how else 0)


def test_a_portion_that_is_refused_leaves_those_before_it(plain: Path) -> None:
    def records() -> Iterator[tuple[str, str, dict[str, Any]]]:
        for number in range(6):
            yield "run", f"wine/{number}", {"status": "finished" if number < 5 else "no status"}

    with pytest.raises(Refused, match="status"):
        gitml.open().add_all(records(), portion=2, commit=True)
    assert [row["ref"] for row in gitml.open().rows("run").rows] == [f"run/wine/{number}" for number in range(4)]
    assert git(plain, "status", "--porcelain") == ""
    with pytest.raises(BadValue, match="1 at least"):
        gitml.open().add_all([], portion=0)


def test_an_environment_that_nobody_committed_lands_with_the_batch(plain: Path) -> None:
    with gitml.run("wine") as alone:
        pass
    with gitml.open().batch(commit=True):
        for _number in range(2):
            with gitml.run("wine"):
                pass
    assert names(plain) == ["environments", "runs"]
    assert git(plain, "status", "--porcelain", "-uall").split()[1:] == [gitml.open().show(alone.ref).path]


def test_the_batch_says_how(plain: Path) -> None:
    store = gitml.open()
    with store.batch() as batch:
        with pytest.raises(BadValue, match="the batch says how"):
            batch.new("metric", "auc", {"direction": "higher"}, commit=True)
        with pytest.raises(BadValue, match="this run is in a batch"), gitml.run("wine", commit=True):
            pytest.fail("it ran")
        with pytest.raises(BadValue, match="open already"), store.batch():
            pytest.fail("it began")
    assert git(plain, "status", "--porcelain") == ""
    with pytest.raises(BadValue, match="has ended"):
        batch.new("metric", "auc", {"direction": "higher"})
    with pytest.raises(BadValue, match="not begun"):
        store.batch().new("metric", "auc", {"direction": "higher"})


def test_runs_of_other_threads_and_other_stores(plain: Path, tmp_path: Path) -> None:
    from gitrepo import init

    other = init(tmp_path / "other")
    gitml.init(other)
    with gitml.open().batch(branch="results") as batch:

        def trains(number: int) -> None:
            with batch.run("wine", params={"n": number}):
                pass

        threads = [Thread(target=trains, args=(number,)) for number in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        with gitml.run("beer", path=other) as elsewhere:
            pass
    assert {row["params.n"] for row in gitml.open().at("results").rows("run").rows} == {0, 1, 2, 3}
    assert gitml.open(other).show(elsewhere.ref).data["status"] == "finished"
    assert git(plain, "status", "--porcelain") == ""


def test_somebody_who_was_quicker_is_a_conflict_and_what_is_the_same_is_none(plain: Path) -> None:
    store = gitml.open()
    late = store.batch(commit=True).__enter__()
    late.new("metric", "loss", {"direction": "lower"})
    late.new("metric", "auc", {"direction": "higher"})
    gitml.open().new("metric", "auc", {"direction": "lower"}, commit=True)
    with pytest.raises(Conflict, match="exists already"):
        late.__exit__(None, None, None)
    assert names(plain) == ["metrics"]
    assert not (plain / "metadata/metrics/loss.yaml").exists()
    with store.batch(commit=True):
        with gitml.run("wine"):
            pass
        with gitml.run("wine"):  # both record the environment, in two batches
            another = python(plain, "import gitml\nwith gitml.run('wine', commit=True): pass")
            another.communicate()
    assert another.returncode == 0
    assert names(plain) == ["runs"]
    assert store.validate().problems == ()


PROCESS = """
import gitml, sys
store = gitml.open()
for start in range(3):
    with store.batch(**({"branch": "results"} if sys.argv[2] == "branch" else {"commit": True})) as batch:
        for number in range(4):
            with gitml.run("wine", params={"who": sys.argv[1], "n": 4 * start + number}):
                pass
    assert batch.applied.commit, batch.applied
"""


@pytest.mark.parametrize("where", ["branch", "here"])
def test_two_processes_lose_nothing(plain: Path, where: str) -> None:
    both = [python(plain, PROCESS, who, where) for who in "ab"]
    for one in both:
        told = one.communicate()
        assert one.returncode == 0, told
    at = "results" if where == "branch" else "HEAD"
    rows = gitml.open().at(at).rows("run").rows
    assert sorted((row["params.who"], row["params.n"]) for row in rows) == [(who, n) for who in "ab" for n in range(12)]
    assert git(plain, "status", "--porcelain") == ""
    assert git(plain, "fsck", "--strict", "--no-dangling") == ""


KILLED = """
import os, signal, sys
left = int(sys.argv[1])
acts = {"os.rename", "os.link", "os.mkdir", "subprocess.Popen"}
def die(event, args):
    global left
    if ready and event in acts:
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
ready = False
sys.addaudithook(die)
import gitml
with gitml.open().batch(branch="results") as batch:
    for number in range(3):
        batch.new("run", f"wine/{number}", {"status": "finished"})
    batch.set("metric/auc", {"description": "other"}) if sys.argv[2] == "inside" else None
    ready = True
    if sys.argv[2] == "inside":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("at", ["inside", *range(4)])
def test_killed_at_any_point_all_or_nothing_is_there(plain: Path, at: int | str) -> None:
    gitml.open().new("metric", "auc", {"direction": "higher"}, commit=True)
    git(plain, "branch", "results")
    before = git(plain, "rev-parse", "results")
    one = python(plain, KILLED, "0" if at == "inside" else str(at), str(at))
    one.communicate()
    count = len(gitml.open().at("results").rows("run").rows)
    assert count == (3 if one.returncode == 0 else 0), one.returncode
    assert one.returncode in (0, -signal.SIGKILL)
    assert (git(plain, "rev-parse", "results") == before) == (count == 0)
    assert git(plain, "status", "--porcelain") == ""
    assert git(plain, "fsck", "--strict", "--no-dangling") == ""


def test_a_child_that_was_forked_writes_nothing(plain: Path) -> None:
    with gitml.open().batch(commit=True) as batch:
        batch.new("metric", "auc", {"direction": "higher"})
        child = os.fork()
        if child == 0:
            batch.__exit__(None, None, None)
            os._exit(0)
        os.waitpid(child, 0)
        assert not (plain / "metadata/metrics").exists()
    assert names(plain) == ["metrics"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The git processes that are started from now on; all files count as at rest."""
    for margin in ("_FINE", "_COARSE"):
        monkeypatch.setattr(kept, margin, -(10**18))
    seen: list[tuple[str, ...]] = []
    call, start = Command.call, Command.start
    monkeypatch.setattr(Command, "call", lambda self, *args, **more: seen.append(args) or call(self, *args, **more))
    monkeypatch.setattr(Command, "start", lambda self, *args, **more: seen.append(args) or start(self, *args, **more))
    return seen


@pytest.mark.parametrize(("how", "processes"), [({}, 0), ({"branch": "results"}, 1)])
def test_a_process_that_has_logged_a_run_starts_no_git_for_another(
    plain: Path, started: list[tuple[str, ...]], how: dict[str, Any], processes: int
) -> None:
    commit(plain, {"src/train.py": "print(2)\n"})
    for number in range(5):
        if number == 4:
            started.clear()
        with gitml.run("wine", params={"lr": 0.1}, tags={"n": number}, **how) as run:
            run.log({"auc": 0.9})
    assert len(started) == processes, started
    write(plain, {"src/train.py": "print(33)\n"})
    with gitml.run("wine", **how) as run:
        pass
    found = gitml.open().at("results" if how else "worktree").show(run.ref).data["code"]
    assert (found["dirty"], git(plain, "show", f"{found['tree']}:src/train.py")) == (True, "print(33)")
