"""How an address says to write: what is in the journal, the work tree and commits, and when; others read at once."""

from __future__ import annotations

import pytest

pytest.importorskip("mlflow", reason="mlflow is not installed")

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

import gitml
from command_line import ml
from gitml.interop.mlflow import recorder
from gitml.repo.journal.folder import root
from gitrepo import commit, environment, git
from registering import address

pytestmark = pytest.mark.filterwarnings("ignore")  # of pydantic and MLflow about each other
Look = Callable[[str, str], Any]

READING = """
import json, sys
from mlflow import MlflowClient
for line in sys.stdin:
    uri, run = line.split()
    client = MlflowClient(uri)
    found = client.get_run(run)
    listed = [one.info.run_id for one in client.search_runs([found.info.experiment_id])]
    print(json.dumps([found.info.status, found.data.metrics, run in listed]), flush=True)
"""
WRITING = """
import sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
runs = [client.create_run("0").info.run_id for _ in range(3)]
for run in runs:
    client.log_metric(run, "auc", 0.5)
for run in runs[:2]:
    client.set_terminated(run)
print(*runs, flush=True)
if not sys.stdin.read():
    client.set_terminated(runs[2])
"""


@pytest.fixture(scope="module")
def look() -> Iterator[Look]:
    """What another process, which goes on all the while, sees of a run: status, metrics, whether a search finds it."""
    process = _started(READING)

    def asked(uri: str, run: str) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{uri} {run}\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield asked
    process.communicate()


@pytest.fixture
def place(repo: Path) -> Path:
    """A store whose first commit is made."""
    gitml.init(repo)
    commit(repo, {})
    return repo


def _started(code: str, *words: str) -> subprocess.Popen[str]:
    paths = {"PYTHONPATH": os.pathsep.join(sys.path), "MLFLOW_DISABLE_TELEMETRY": "true"}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *words], env=environment(paths), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def _ended(client: MlflowClient) -> str:
    run = str(client.create_run("0").info.run_id)
    client.log_metric(run, "auc", 0.5)
    client.set_terminated(run)
    return run


def _journals(place: Path) -> set[str]:
    return {path.name for path in root(gitml.open(place).repository.git).glob("[!.]*")}


def test_never_leaves_files_for_a_person_to_commit(place: Path, look: Look) -> None:
    uri = address(place, "?commit=never")
    client = MlflowClient(uri)
    before = git(place, "rev-parse", "HEAD")
    going = str(client.create_run("0").info.run_id)
    client.log_metric(going, "auc", 0.25)
    assert look(uri, going) == ["RUNNING", {"auc": 0.25}, True]
    assert git(place, "status", "--porcelain") == ""  # it is in the journal alone
    run = _ended(client)
    assert look(uri, run) == ["FINISHED", {"auc": 0.5}, True]
    path = gitml.open(place).show(f"run/default/{run}").path
    told = git(place, "status", "--porcelain", "-uall").splitlines()
    assert f"?? {path}" in told
    assert all(line.startswith("?? metadata/") for line in told)
    assert (git(place, "rev-parse", "HEAD"), git(place, "diff", "--cached", "--name-only")) == (before, "")
    client.log_metric(run, "auc", 0.75, step=1)
    assert look(uri, run) == ["FINISHED", {"auc": 0.75}, True]
    assert _journals(place) == {going, run}  # until it stands in a commit
    git(place, "clean", "-fdq", "metadata")
    assert not (place / path).exists()
    assert ml(place, "sync").code == 0  # the journal has it
    assert look(uri, run) == ["FINISHED", {"auc": 0.75}, True]
    assert [one.value for one in MlflowClient(uri).get_metric_history(run, "auc")] == [0.5, 0.75]
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "a run")
    assert ml(place, "sync").code == 0
    assert _journals(place) == {going}


def test_batch_commits_ended_runs_together(place: Path, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_TOGETHER", 3)
    uri = address(place, "?commit=batch")
    client = MlflowClient(uri)
    before = git(place, "rev-parse", "HEAD")
    runs = [_ended(client) for _ in range(2)]
    for run in runs:
        assert look(uri, run) == ["FINISHED", {"auc": 0.5}, True]
    assert (git(place, "rev-parse", "HEAD"), git(place, "status", "--porcelain")) == (before, "")
    assert _journals(place) == set(runs)
    client.log_metric(runs[0], "auc", 0.75, step=1)  # while it waits
    assert look(uri, runs[0]) == ["FINISHED", {"auc": 0.75}, True]
    runs.append(_ended(client))
    assert git(place, "rev-list", f"{before}..").count("\n") == 0
    assert _journals(place) == set()
    assert git(place, "status", "--porcelain") == ""
    for run, auc in zip(runs, (0.75, 0.5, 0.5), strict=True):
        assert look(uri, run) == ["FINISHED", {"auc": auc}, True]
        assert gitml.open(place).at("HEAD").show(f"run/default/{run}").data["metrics"] == {"auc": auc}
    assert gitml.open(place).validate().problems == ()


def test_what_waits_is_written_when_its_process_ends(place: Path) -> None:
    before = git(place, "rev-parse", "HEAD")
    writer = _started(WRITING, address(place, "?commit=batch"))
    told, _none = writer.communicate()
    assert git(place, "rev-list", f"{before}..").count("\n") == 0
    store = gitml.open(place).at("HEAD")
    assert {store.show(f"run/default/{run}").data["status"] for run in told.split()} == {"finished"}


def test_what_waits_outlives_a_kill(place: Path, look: Look) -> None:
    uri = address(place, "?commit=batch")
    writer = _started(WRITING, uri)
    assert writer.stdout is not None
    *ended, going = writer.stdout.readline().split()
    assert [look(uri, run)[0] for run in (*ended, going)] == ["FINISHED", "FINISHED", "RUNNING"]
    os.kill(writer.pid, signal.SIGKILL)
    writer.communicate()
    assert ml(place, "sync", "--commit").code == 0
    store = gitml.open(place).at("HEAD")
    told = [store.show(f"run/default/{run}").data["status"] for run in (*ended, going)]
    assert told == ["finished", "finished", "crashed"]
    assert look(uri, ended[0]) == ["FINISHED", {"auc": 0.5}, True]
