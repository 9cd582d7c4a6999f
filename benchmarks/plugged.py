"""MLflow's own client over our store, its SQLite store and its file store: to write a run, to find, to load them all.

Each side is a process of the same environment with the same code; only the address differs. Best of some rounds, by CPU
time, git's processes included. What is found is asserted to be the same, and so is what was written.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import generate
import mlflow_peer
import timing
from mlflow_peer import FRAME, LIVE, Peer
from timing import Row
from writing import LOGGED

SIZES = (1_000, 10_000)
RUNS = 100
READS = {"SQLite": 0.5, "files": 1.0}
WRITES = {"SQLite": 1.0, "files": 1.0}
WRITE = f"""{LOGGED}
import os, sys, time
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
client = MlflowClient(sys.argv[1])
found = client.get_experiment_by_name("speed")
experiment = found.experiment_id if found else client.create_experiment("speed")
def write(number):
    run, now = client.create_run(experiment).info.run_id, int(time.time() * 1000)
    client.log_batch(
        run,
        metrics=[Metric(name, value, now, 0) for name, value in metrics(number).items()],
        params=[Param(name, value) for name, value in params(number).items()],
        tags=[RunTag(name, value) for name, value in tags(number).items()])
    client.set_terminated(run)
write(-1)
started = sum(os.times()[:4])
for number in range(int(sys.argv[2])):
    write(number)
print(1000 * (sum(os.times()[:4]) - started) / int(sys.argv[2]))
"""
WRITTEN = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
found = client.search_runs([client.get_experiment_by_name("speed").experiment_id], max_results=50000)
told = [{**run.data.metrics, **run.data.params, **run.data.tags, "status": run.info.status} for run in found]
print(json.dumps([{name: value for name, value in run.items() if not name.startswith("mlflow.")} for run in told]))
"""


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """Every figure, at each size."""
    for count in SIZES:
        made = Peer(folder / str(count), count)
        kept = {name: made.uri(name) for name in mlflow_peer.URIS}
        yield from _read(made, kept, rounds)
        yield from _written(made, kept, rounds)


def _read(made: Peer, kept: dict[str, str], rounds: int) -> Iterator[Row]:
    ours = f"gitml://{made.store}"
    best, mine = _said(made, LIVE, ours, rounds)
    whole, frame = _said(made, FRAME, ours, rounds)
    for name, uri in kept.items():
        theirs, other = _said(made, LIVE, uri, rounds)
        assert mine == other, f"another twenty runs in {name}"
        told = f"CPU: the same client, {name}"
        yield Row(f"MlflowClient: top 20 of {made.count:,} runs", best, told, theirs, READS[name])
        theirs, other = _said(made, FRAME, uri, rounds)
        assert _cells(frame) == _cells(other), f"other runs in {name}"
        yield Row(f"mlflow.search_runs: {made.count:,} runs to a DataFrame", whole, told, theirs, READS[name])


def _written(made: Peer, kept: dict[str, str], rounds: int) -> Iterator[Row]:
    folder = made.folder.parent / f"plugged-{made.count}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made.store, folder / "store", symlinks=True)
    generate.git(folder / "store", "status")  # so that the index knows the copied files
    copies = {}
    for name, uri in kept.items():
        place = Path(uri.partition("://")[2].replace("//", "/"))
        (shutil.copytree if place.is_dir() else shutil.copy2)(place, folder / place.name)
        copies[name] = uri.replace(str(place.parent), str(folder))
    sides = {"ours": f"gitml://{folder / 'store'}", **copies}
    spent = {name: min(_run(made, WRITE, uri, str(RUNS)) for _round in range(rounds)) for name, uri in sides.items()}
    held = {
        name: sorted(json.dumps(run, sort_keys=True) for run in _run(made, WRITTEN, uri)) for name, uri in sides.items()
    }
    for name in copies:
        assert held["ours"] == held[name], f"{name} holds other runs than ours"
        what = f"MlflowClient: a run written among {made.count:,}"
        yield Row(what, spent["ours"], f"CPU: the same client, {name}", spent[name], WRITES[name])


def _said(made: Peer, code: str, uri: str, rounds: int) -> tuple[float, Any]:
    spent, told = _run(made, code, uri, str(rounds))
    return spent, told


def _run(made: Peer, code: str, uri: str, *words: str) -> Any:
    done = timing.run(made.folder, made.compiled, (sys.executable, "-c", code, uri, *words), mlflow_peer.ENV)
    return json.loads(done.stdout)


def _cells(frame: Any) -> list[str]:
    """Each run's params and metrics, in no order."""
    names = [(place, name) for place, name in enumerate(frame["columns"]) if name.startswith(("params.", "metrics."))]
    found = ({name: row[place] for place, name in names if _is_there(row[place])} for row in frame["data"])
    return sorted(json.dumps(row, sort_keys=True) for row in found)


def _is_there(cell: Any) -> bool:
    return cell not in (None, "None") and not (isinstance(cell, float) and math.isnan(cell))
