"""Memory at the peak, each time of a process of its own: ours beside MLflow's, and what a sparse store takes."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mlflow_peer
import timing
import wide_made
from mlflow_peer import PEERS, WHERE, WHOLE, Peer
from timing import Row

DENSE = 9  # bytes a cell of a nullable column: a value, and whether there is one
# What a process begins with counts for neither side's memory as Linux tells it by getrusage, so /proc comes first.
PEAK = """
import json, os, pathlib, resource
def told(answer):
    status = pathlib.Path("/proc/self/status")
    kilo = 1 if os.uname().sysname == "Linux" else 1024
    if status.exists():
        peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / kilo
    print(json.dumps([peak / 1024, 1000 * sum(os.times()[:4]), answer], default=str))
"""
OURS = f"""{PEAK}
import sys, pathlib, gitml
store = gitml.open(pathlib.Path(sys.argv[1])).at("HEAD")
"""
THEIRS = f"""{PEAK}
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
"""
FRAME = """
frame = store.table("run")
told([list(frame.shape), sorted(frame["ref"].str.rpartition("/")[2]), round(float(frame["metrics.auc"].sum()), 6)])
"""
FRAME_PEER = """
frame = mlflow.search_runs(search_all_experiments=True, output_format="pandas")
told([list(frame.shape), sorted(frame["run_id"]), round(float(frame["metrics.auc"].sum()), 6)])
"""
LIST = f"""
rows = store.rows("run", {WHERE!r}, columns="metrics.auc", sort="-metrics.auc,-created", limit=20).rows
told([[row["ref"].rpartition("/")[2], row["metrics.auc"]] for row in rows])
"""
LIST_PEER = f"""
found = mlflow.search_runs(
    search_all_experiments=True, filter_string={WHERE!r}, max_results=20, output_format="list",
    order_by=["metrics.auc DESC", "start_time DESC"])
told([[run.info.run_id, run.data.metrics["auc"]] for run in found])
"""
ALL, SMALLER = "all of them, as a DataFrame", 3
SPARSE = {
    "the first 20": 'told(len(store.rows("run", limit=20).rows))',
    "filtered by one parameter": "found = {name}; told(store.rows('run', f'{found} is not null', limit=20).total)",
    "an experiment's, as a DataFrame": "told(store.table('run', \"ref like 'run/experiment-07/%'\").shape)",
    ALL: "frame = store.table('run'); told([*frame.shape, int(frame.count().sum())])",
}


class Spent(NamedTuple):
    """Megabytes at the peak and milliseconds of work of a process, and what it said."""

    megabytes: float
    milliseconds: float
    answer: Any


def spent(folder: Path, python: Path, code: str, *words: str) -> Spent:
    """Run code that tells its answer, in a process of its own."""
    done = timing.run(folder, folder.parent / "compiled", (python, "-c", code, *words), mlflow_peer.ENV)
    return Spent(*json.loads(done.stdout.splitlines()[-1]))


def compared(folder: Path) -> Iterator[Row]:
    """Ours beside MLflow's, over the same runs; none where the environment with MLflow is missing."""
    if not PEERS.exists():
        return
    peer = Peer(folder / str(WHOLE), WHOLE)
    peer.ours("--at", "HEAD")  # the cache is warm
    for what, ours, theirs in (("to a DataFrame", FRAME, FRAME_PEER), ("the top 20", LIST, LIST_PEER)):
        mine = spent(folder, Path(sys.executable), OURS + ours, str(peer.store))
        other = spent(folder, PEERS, THEIRS + theirs, peer.uri("SQLite"))
        assert mine.answer[1:] == other.answer[1:], "MLflow finds other runs"
        told = "peak of the process: MLflow, SQLite"
        yield Row(f"{WHOLE:,} runs, {what}", mine.megabytes, told, other.megabytes, at_least=1, unit="MB")


def sparse(folder: Path) -> Iterator[Row]:
    """Runs of many experiments, each with names of its own: in memory is what is there, not rows times columns."""
    store = folder / f"sparse-{wide_made.SIZE}"
    if not store.exists():
        wide_made.made(store)
    shutil.rmtree(store / ".git" / "gitml", ignore_errors=True)
    indexed = spent(folder, Path(sys.executable), OURS + 'told(store.rows("run", limit=0).total)', str(store))
    name = next(name for name in _names(store) if name.isidentifier())
    found = {
        what: spent(folder, Path(sys.executable), OURS + code.replace("{name}", repr(f"params.{name}")), str(store))
        for what, code in SPARSE.items()
    }
    rows, columns, _cells = found[ALL].answer
    assert rows == indexed.answer == wide_made.SIZE, "some runs are not in the frame"
    for what, one in {"indexed": indexed, **found}.items():
        told = f"{rows:,} x {columns:,}: 9 bytes a cell, there or not; ours in {one.milliseconds / 1000:.1f} s CPU"
        least = SMALLER if what == ALL else None
        yield Row(f"sparse runs, {what}", one.megabytes, told, DENSE * rows * columns / 1e6, least, unit="MB")


def _names(store: Path) -> list[str]:
    """The parameters of one run."""
    code = f'{OURS}row = store.rows("run", limit=1).rows[0]; told([name for name in row if name.startswith("params.")])'
    answer = spent(store, Path(sys.executable), code, str(store)).answer
    return [name.removeprefix("params.") for name in answer]
