"""Writing runs: 10 metrics, 20 parameters and 5 tags each, by us, MLflow and DVC, in a process that has logged one.

Each side is a process of its own that logs one run more than it is asked for; what one alone costs is taken off, git's
processes included. MLflow is written to as its documentation advises, by `create_run`, `log_batch` and
`set_terminated`; DVC by DVCLive, which saves each as an experiment (`dvc exp save`). Both sides hold the same
afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import generate
import mlflow_peer
import timing
from timing import Row, best, cpu

import gitml

LIVE = Path(os.environ.get("GITML_LIVE", mlflow_peer.ROOT / ".venv-live")) / "bin" / "python"
SIZE, LARGE = 10_000, 100_000
RUNS, BATCH, FEW = 40, 100, 3

LOGGED = """
def params(number): return {f"p{name}": f"{name} of {number}" for name in range(20)}
def metrics(number): return {f"m{name}": number + name / 7 for name in range(10)}
def tags(number): return {f"t{name}": f"tag {number}" for name in range(5)}
"""
OURS = f"""{LOGGED}
import sys, gitml
count, how = int(sys.argv[1]), dict(word.split("=") for word in sys.argv[2:])
for number in range(count):
    with gitml.run("speed", params=params(number), tags=tags(number), **how) as run:
        run.log(metrics(number))
"""
BATCHES = f"""{LOGGED}
import sys, gitml
count, size = int(sys.argv[1]), int(sys.argv[2])
store = gitml.open()
for start in range(0, count, size):
    with store.batch(commit=True) as batch:
        for number in range(start, min(start + size, count)):
            with batch.run("speed", params=params(number), tags=tags(number)) as run:
                run.log(metrics(number))
"""
EMPTY = """
import sys, gitml
for number in range(int(sys.argv[1])):
    with gitml.run("empty"):
        pass
"""
MLFLOW = f"""{LOGGED}
import sys, time
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
client = MlflowClient(sys.argv[2])
found = client.get_experiment_by_name("speed")
experiment = found.experiment_id if found else client.create_experiment("speed")
for number in range(int(sys.argv[1])):
    run = client.create_run(experiment).info.run_id
    if len(sys.argv) == 3:
        now = int(time.time() * 1000)
        client.log_batch(
            run,
            metrics=[Metric(name, value, now, 0) for name, value in metrics(number).items()],
            params=[Param(name, value) for name, value in params(number).items()],
            tags=[RunTag(name, value) for name, value in tags(number).items()])
    client.set_terminated(run)
"""
MLFLOW_READ = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
found = client.search_runs([client.get_experiment_by_name("speed").experiment_id], max_results=50000)
told = [{**run.data.metrics, **run.data.params, **run.data.tags} for run in found if run.data.metrics]
print(json.dumps([{name: value for name, value in run.items() if not name.startswith("mlflow.")} for run in told]))
"""
DVCLIVE = f"""{LOGGED}
import sys
from dvclive import Live
for number in range(int(sys.argv[1])):
    with Live() as live:
        live.log_params({{**params(number), **tags(number)}})
        for name, value in metrics(number).items():
            live.log_metric(name, value)
"""
EMPTY_LIVE = """
import sys
from dvclive import Live
for number in range(int(sys.argv[1])):
    with Live(save_dvc_exp=False):
        pass
"""

WAYS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("no commit", OURS, ()),
    ("commit on another branch", OURS, ("branch=results",)),
    (f"{BATCH} in a commit", BATCHES, (str(BATCH),)),
)

Written = list[dict[str, Any]]
"""Runs as their values by name."""


class Peer:
    """A store of ours and one of MLflow's with the same runs in both, to write more to; and DVC's repository."""

    def __init__(self, folder: Path, size: int) -> None:
        made = mlflow_peer.Peer(folder / str(size), size)
        self.folder = folder / f"writing-{size}"
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(made.store, self.folder / "store", symlinks=True)
        generate.git(self.folder / "store", "status")  # so that the index knows the copied files
        self.compiled = made.compiled
        self.made = made

    def theirs(self, name: str) -> str:
        """A copy of MLflow's store, to write to."""
        uri = self.made.uri(name)
        place = Path(uri.partition("://")[2].replace("//", "/"))
        copied = self.folder / place.name
        if not copied.exists():
            (shutil.copytree if place.is_dir() else shutil.copy2)(place, copied)
        return uri.replace(str(place.parent), str(self.folder))

    def ours(self, code: str, count: int, *words: str) -> None:
        """Log runs in a process, in our store."""
        timing.run(self.folder / "store", self.compiled, (sys.executable, "-c", code, str(count), *words))

    def cost(self, code: str, words: Sequence[str], rounds: int) -> float:
        """Milliseconds of CPU for a run of ours."""
        count = BATCH if code is BATCHES else RUNS
        return spent(lambda number: self.ours(code, number, *words), count, rounds)

    def mlflow(self, code: str, *words: str) -> str:
        """What a process of MLflow prints."""
        command = (mlflow_peer.PEERS, "-c", code, *words)
        return timing.run(self.folder, self.compiled, command, mlflow_peer.ENV).stdout

    def written(self, at: str) -> Written:
        """Our runs that hold something, as of a branch or in the work tree, by their values; in no order."""
        columns = ["params", "metrics", "tags"]
        rows = gitml.open(self.folder / "store").at(at).rows("run", "tags.t0 != ''", columns=columns).rows
        held = [{name.partition(".")[2]: value for name, value in row.items() if name != "ref"} for row in rows]
        return sorted(held, key=_order)


def spent(deed: Callable[[int], Any], count: int, rounds: int) -> float:
    """Milliseconds of CPU for each run that a process logs after its first."""
    deed(1)  # modules are compiled, tables are made
    one, _ = best(lambda: deed(1), rounds, clock=cpu)
    many, _ = best(lambda: deed(count + 1), rounds, clock=cpu)
    return (many - one) / count


def compared(folder: Path, rounds: int) -> Iterator[Row]:
    """Against MLflow, then DVC, then a larger store of our own; none where an environment is missing."""
    if mlflow_peer.PEERS.exists():
        yield from _mlflow(Peer(folder, SIZE), rounds)
        yield from _growth(folder, rounds)
    else:
        print("writing: skipped, for there is no environment with MLflow; `make bench-peers`", file=sys.stderr)
    if LIVE.exists():
        yield from _dvc(folder, rounds)
    else:
        print("writing: no environment with DVCLive; `make bench-peers` makes one", file=sys.stderr)


def _mlflow(peer: Peer, rounds: int) -> Iterator[Row]:
    """Each way to write of ours, against both stores of MLflow; and a run in which nothing is logged."""
    uris = {name: peer.theirs(name) for name in mlflow_peer.URIS}
    ways = tuple(zip(WAYS, ("worktree", "results", "worktree"), (5, 1.5, 3), strict=True))
    theirs = {name: spent(partial(_logged, peer, uri), RUNS, rounds) for name, uri in uris.items()}
    seen: Written = []
    for (what, code, words), at, at_least in ways:
        ours = peer.cost(code, words, rounds)
        seen += peer.written(at)
        yield Row(f"log a run, {what}", ours, "CPU: MLflow log_batch, SQLite", theirs["SQLite"], at_least)
        yield Row(f"log a run, {what}", ours, "CPU: MLflow log_batch, files", theirs["files"])
    for uri in uris.values():
        _same(seen, json.loads(peer.mlflow(MLFLOW_READ, uri)))
    empty = spent(partial(peer.ours, EMPTY), RUNS, rounds)
    for name, uri in uris.items():
        other = spent(partial(_started, peer, uri), RUNS, rounds)
        at_least = 1 if name == "SQLite" else None
        yield Row("start and end a run, no commit", empty, f"CPU: MLflow create, terminate, {name}", other, at_least)


def _logged(peer: Peer, uri: str, count: int) -> None:
    peer.mlflow(MLFLOW, str(count), uri)


def _started(peer: Peer, uri: str, count: int) -> None:
    peer.mlflow(MLFLOW, str(count), uri, "empty")


def _growth(folder: Path, rounds: int) -> Iterator[Row]:
    """Ours in a store ten times as large: 1x is a cost that does not grow with it."""
    small, large = (Peer(folder, size) for size in (SIZE, LARGE))
    for what, code, words in WAYS:
        before, after = (peer.cost(code, words, rounds) for peer in (small, large))
        yield Row(f"log a run among {LARGE:,}, {what}", after, f"CPU: ours among {SIZE:,}", before)


def _dvc(folder: Path, rounds: int) -> Iterator[Row]:
    """One commit a run on both sides: an experiment of DVC's, and a record on another branch; and an empty run."""
    place = folder / "writing-dvc"
    shutil.rmtree(place, ignore_errors=True)
    ours, theirs = place / "ours", place / "theirs"
    for one in (ours, theirs):
        one.mkdir(parents=True)
        generate.git(one, "init", "-q", "-b", "main")
        (one / "train.py").write_text("print(1)\n")
    gitml.init(ours)
    env = {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(place / "dvc-site")}
    dvc = LIVE.with_name("dvc")
    timing.run(theirs, place / "compiled", (dvc, "init", "-q"), env)
    for one in (ours, theirs):
        generate.git(one, "add", "-A")
        generate.git(one, "commit", "-q", "-m", "begin")
    command = (sys.executable, "-c", OURS)
    mine = spent(
        lambda count: timing.run(ours, place / "compiled", (*command, str(count), "branch=results")), RUNS, rounds
    )
    live = (LIVE, "-c", DVCLIVE)
    other = spent(lambda count: timing.run(theirs, place / "compiled", (*live, str(count)), env), FEW, rounds)
    told = json.loads(timing.run(theirs, place / "compiled", (dvc, "exp", "show", "--json"), env).stdout)
    rows = gitml.open(ours).at("results").rows("run", columns=["params", "metrics", "tags"]).rows
    held = [{name.partition(".")[2]: value for name, value in row.items() if name != "ref"} for row in rows]
    _same(held, list(_of_experiments(told)))
    yield Row("log a run, commit on another branch", mine, "CPU: DVCLive with dvc exp save", other, at_least=20)
    plain = (sys.executable, "-c", EMPTY)
    mine = spent(lambda count: timing.run(ours, place / "compiled", (*plain, str(count))), RUNS, rounds)
    live = (LIVE, "-c", EMPTY_LIVE)
    other = spent(lambda count: timing.run(theirs, place / "compiled", (*live, str(count)), env), RUNS, rounds)
    yield Row("start and end a run, no commit", mine, "CPU: DVCLive without dvc exp save", other)


def _of_experiments(told: Any) -> Iterator[dict[str, Any]]:
    """What DVC's experiments hold, by name."""
    for commit in told:
        for experiment in commit.get("experiments") or ():
            data = experiment["revs"][0]["data"]
            files = [*data["params"].values(), *data["metrics"].values()]
            yield {name: value for file in files for name, value in file["data"].items() if name != "step"}


def _same(ours: Written, theirs: Written) -> None:
    """Whether both sides hold the same runs: of each as many kinds as were logged, with the same values."""
    mine, others = ({json.dumps(run, sort_keys=True) for run in side} for side in (ours, theirs))
    shared = mine & others
    assert shared, "no run is the same on both sides"
    assert shared in (mine, others), "the two sides hold other values"


def _order(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)
