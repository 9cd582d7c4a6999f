"""MLflow clients in several processes and threads at once, one of them killed: nothing that was logged is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from mlflow import MlflowClient

import gitml
from gitrepo import commit, environment, git

STEPS = 3

TOGETHER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
uri, shared, experiment, process, threads, steps = *sys.argv[1:5], *map(int, sys.argv[5:])
client = MlflowClient(uri)

def logging(thread):
    who = f"{process}-{thread}"
    own = client.create_run(experiment, run_name=who).info.run_id
    for step in range(steps):
        for run in (own, shared):
            client.log_metric(run, "loss", float(step), timestamp=1000 + step, step=int(process) * 1000 + thread)
            client.log_batch(run, metrics=[Metric(who, step / 7, 2000 + step, step)])
    for run in (own, shared):
        client.log_batch(run, params=[Param(f"p{who}", who)], tags=[RunTag(f"t{who}", who)])
    client.set_terminated(own)

with ThreadPoolExecutor(threads) as pool:
    list(pool.map(logging, range(threads)))
"""
KILLED = """
import os, sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("killed")
with mlflow.start_run(run_name="doomed") as run:
    mlflow.log_params({"lr": 0.1, "depth": 3})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    print(run.info.run_id, flush=True)
    sys.stdin.read()
"""
MORE = """
import sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
client.log_metric(sys.argv[2], "loss", 0.125, step=5)
client.log_param(sys.argv[2], "late", "yes")
"""


@pytest.fixture
def uri(repo: Path) -> str:
    """The address of a new store."""
    gitml.init(repo)
    commit(repo, {}, "begin")
    return f"gitml://{repo}"


@pytest.mark.parametrize(("processes", "threads", "how"), [(4, 8, ""), (2, 2, "?commit=end&branch=experiments")])
def test_processes_and_threads_at_once_lose_nothing(
    repo: Path, uri: str, processes: int, threads: int, how: str
) -> None:
    client = MlflowClient(uri + how)
    experiment = client.create_experiment("crowd")
    shared = client.create_run(experiment, run_name="shared").info.run_id
    words = [uri + how, shared, experiment]
    crowd = [_started(repo, TOGETHER, *words, str(process), str(threads), str(STEPS)) for process in range(processes)]
    for one in crowd:
        _output, told = one.communicate(timeout=250)
        assert one.returncode == 0, told
    client.set_terminated(shared)
    fresh = MlflowClient(f"{uri}?ref=experiments" if how else uri)
    who = [f"{process}-{thread}" for process in range(processes) for thread in range(threads)]
    found = {run.info.run_name: run for run in fresh.search_runs([experiment], max_results=1000)}
    assert sorted(found) == sorted([*who, "shared"])
    assert {run.info.status for run in found.values()} == {"FINISHED"}
    for name in who:
        _complete(fresh, found[name].info.run_id, [name])
    _complete(fresh, shared, who)
    if how:
        assert git(repo, "status", "--porcelain") == ""
    else:
        assert gitml.open(repo).validate().problems == ()


def _complete(client: MlflowClient, run: str, who: list[str]) -> None:
    """Whether a run has all that some threads have logged to it, and nothing twice."""
    data = client.get_run(run).data
    assert data.params == {f"p{name}": name for name in who}
    assert {f"t{name}": name for name in who}.items() <= data.tags.items()
    assert set(data.metrics) == {"loss", *who}
    history = client.get_metric_history(run, "loss")
    assert Counter(one.step for one in history) == {int(name[0]) * 1000 + int(name[2:]): STEPS for name in who}
    for name in who:
        assert [one.step for one in client.get_metric_history(run, name)] == list(range(STEPS))


def test_a_killed_run_keeps_what_it_logged_and_can_be_taken_up(repo: Path, uri: str) -> None:
    process = _started(repo, KILLED, uri)
    assert process.stdout is not None
    run = process.stdout.readline().strip()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    client = MlflowClient(uri)
    data = client.get_run(run).data
    assert (data.params, data.metrics) == ({"lr": "0.1", "depth": "3"}, {"loss": 0.2})
    done = subprocess.run(
        [sys.executable, "-m", "gitml", "sync"],
        cwd=repo,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = gitml.open(repo).show(f"run/killed/{run}")
    assert record.data["status"] == "crashed"
    told = MlflowClient(uri).get_run(run)
    assert (told.info.status, told.data.metrics) == ("FAILED", {"loss": 0.2})
    assert len(client.get_metric_history(run, "loss")) == 5
    later = _started(repo, MORE, uri, run)
    _output, said = later.communicate(timeout=100)
    assert later.returncode == 0, said
    told = client.get_run(run)
    assert (told.data.metrics, told.data.params["late"]) == ({"loss": 0.125}, "yes")
    assert [one.step for one in client.get_metric_history(run, "loss")] == list(range(6))
    assert gitml.open(repo).validate().problems == ()


def _started(repo: Path, code: str, *words: str) -> subprocess.Popen[str]:
    paths = {"PYTHONPATH": os.pathsep.join(sys.path), "MLFLOW_DISABLE_TELEMETRY": "true"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], cwd=repo, env=environment(paths), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
