"""MLflow over the same runs: the best twenty of many, and all of them as a DataFrame.

MLflow is asked as its documentation advises: one page of `MlflowClient.search_runs` with a filter, an order and the
number that is wanted, and `mlflow.search_runs` for a DataFrame; of the lean `mlflow-skinny`, which starts sooner than
all of MLflow. Best of some rounds, by CPU time.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import mlflow_made
import timing
from timing import Row, best, versus

import gitml

ROOT = Path(__file__).parents[1]
PEERS = Path(os.environ.get("GITML_PEERS", ROOT / ".venv-peers")) / "bin" / "python"
GIT_ML = Path(sys.executable).with_name("git-ml")
SIZES, LARGE, WHOLE = (1_000, 10_000), 100_000, 10_000
ENV = {"MLFLOW_ALLOW_FILE_STORE": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}
URIS = {"SQLite": "sqlite:///{}/mlflow.db", "files": "file://{}/mlruns"}
PROMISED = {"SQLite": (10, 10), "files": (50, 1000)}  # of a process, and live, for WHOLE runs
ASKS, LOOKS = 20, 2

WHERE, SORT, TOP = "metrics.auc > 0.8 and params.optimizer = 'adam'", "-metrics.auc,-created", 20
OPEN = f"""
import json, sys, time
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
experiments = [experiment.experiment_id for experiment in client.search_experiments()]
def ask():
    return client.search_runs(
        experiments, filter_string={WHERE!r}, max_results={TOP}, order_by=["metrics.auc DESC", "start_time DESC"])
def told(runs):
    return [(run.info.run_id, run.data.metrics["auc"]) for run in runs]
"""
PROCESS = f"{OPEN}\nprint(json.dumps(told(ask())))"
LIVE = f"""{OPEN}
ask()
times = []
for _round in range(int(sys.argv[2])):
    started = time.process_time()
    runs = ask()
    times.append(1000 * (time.process_time() - started))
print(json.dumps([min(times), told(runs)]))
"""
FRAME = """
import json, sys, time
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
def ask():
    return mlflow.search_runs(search_all_experiments=True, output_format="pandas")
times = []
for _round in range(int(sys.argv[2])):
    started = time.process_time()
    frame = ask()
    times.append(1000 * (time.process_time() - started))
print(json.dumps([min(times), frame.to_dict("split")], default=str))
"""


class Peer:
    """MLflow over a store of its own, and us over ours, with the same runs in both."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.count = count
        self.store = folder / "store"
        self.compiled = folder.parent / "compiled"
        if not (folder / mlflow_made.RUNS).exists():
            folder.mkdir(parents=True)
            mlflow_made.made(folder, count)

    def uri(self, name: str) -> str:
        """A store of MLflow with the runs in it, written the first time."""
        uri, written = URIS[name].format(self.folder), self.folder / f"{name}.written"
        if not written.exists():
            self.mlflow(ROOT / "benchmarks" / "mlflow_write.py", self.folder / mlflow_made.RUNS, uri)
            written.touch()
        return uri

    def mlflow(self, *words: str | Path) -> str:
        """What a process of MLflow's environment prints."""
        return timing.run(self.folder, self.compiled, (PEERS, *words), ENV).stdout

    def theirs(self, code: str, uri: str, *words: str) -> Any:
        """What code in that environment says of a store."""
        return json.loads(self.mlflow("-c", code, uri, *words))

    def ours(self, *at: str) -> list[list[Any]]:
        """The best runs by `git-ml list`, as a process."""
        asked = ("list", "run", WHERE, f"--sort={SORT}", "--limit", str(TOP), "--columns", "metrics.auc")
        done = timing.run(self.store, self.compiled, (GIT_ML, *asked, "--format", "json", *at))
        return _top(json.loads(done.stdout)["rows"])

    def live(self, at: str | None) -> tuple[float, list[list[Any]]]:
        """Milliseconds of an ask of a store that is open, and the answer; the work tree is looked at anew each time."""
        store = gitml.open(self.store)
        store = store.at(at) if at else store

        times = ASKS if at else LOOKS

        def asks() -> list[list[Any]]:
            for _ask in range(times):
                if at is None:
                    store.refresh()
                found = store.rows("run", WHERE, columns="metrics.auc", sort=SORT, limit=TOP)
            return _top(found.rows)

        asks()
        spent, rows = best(asks, 3)
        return spent / times, rows


def compared(folder: Path, rounds: int) -> Iterator[Row]:
    """All rows; none where the environment with MLflow is missing."""
    if not PEERS.exists():
        print("mlflow: skipped, for there is no environment with it; `make bench-peers` makes one", file=sys.stderr)
        return
    for count in SIZES:
        peer = Peer(folder / str(count), count)
        for name, promised in PROMISED.items():
            process, live = promised if count == WHOLE else (None, None)
            yield from processes(peer, name, rounds, process)
            yield from open_stores(peer, name, rounds, live)
    yield frames(Peer(folder / str(WHOLE), WHOLE), rounds)
    yield from growth(folder, rounds)


def processes(peer: Peer, name: str, rounds: int, at_least: float | None) -> Iterator[Row]:
    """Whole processes, at a commit and on the work tree."""
    for at in (("--at", "HEAD"), ()):
        peer.ours(*at)  # the cache is warm
    at_head = partial(peer.ours, "--at", "HEAD")
    committed, mine, theirs, other = versus(at_head, partial(peer.theirs, PROCESS, peer.uri(name)), rounds)
    worktree, same = best(peer.ours, rounds)
    assert mine == same == other, f"MLflow finds other runs in {name}"
    what, told = f"top 20 of {peer.count:,} runs, process", f"CPU: MLflow search_runs, {name}"
    yield Row(f"{what}, --at HEAD", committed, told, theirs, at_least)
    yield Row(f"{what}, work tree", worktree, told, theirs, at_least)


def open_stores(peer: Peer, name: str, rounds: int, at_least: float | None) -> Iterator[Row]:
    """Asked again of a store that is open: at a commit, and on a work tree that is looked at again each time."""
    theirs, other = peer.theirs(LIVE, peer.uri(name), str(rounds))
    for place, at in (("at HEAD", "HEAD"), ("work tree anew", None)):
        ours, mine = peer.live(at)
        assert mine == other, f"MLflow finds other runs in {name}"
        what = f"top 20 of {peer.count:,} runs, live, {place}"
        yield Row(what, ours, f"CPU: MLflow search_runs, {name}", theirs, at_least if at else None)


def frames(peer: Peer, rounds: int) -> Row:
    """All runs as a DataFrame: by us from a store opened anew each time, by MLflow from one that stays open."""
    frame = partial(_frame, peer.store)
    frame()
    ours, mine = best(frame, 2 * rounds)
    theirs, other = peer.theirs(FRAME, peer.uri("SQLite"), str(rounds))
    names = [name for name in other["columns"] if name.partition(".")[0] in {"params", "metrics"}]
    assert _cells(mine, names) == _their_cells(other, names), "the two DataFrames differ"
    what = f"{peer.count:,} runs x {len(mine.columns)} columns to a DataFrame"
    return Row(what, ours, "CPU: mlflow.search_runs, SQLite", theirs, at_least=100)


def growth(folder: Path, rounds: int) -> Iterator[Row]:
    """Ours alone at a hundred thousand, against ten times what ten thousand cost: 1x is linear, more is better."""
    small, large = Peer(folder / str(WHOLE), WHOLE), Peer(folder / str(LARGE), LARGE)
    times = LARGE // WHOLE
    ways: tuple[tuple[str, Callable[[Peer], float], int | None], ...] = (
        ("process, --at HEAD", lambda peer: best(partial(peer.ours, "--at", "HEAD"), rounds)[0], 300),
        ("process, work tree", lambda peer: best(peer.ours, rounds)[0], 500),
        ("live, at HEAD", lambda peer: peer.live("HEAD")[0], 20),
        ("live, work tree anew", lambda peer: peer.live(None)[0], None),
    )
    large.ours("--at", "HEAD")
    large.ours()
    for what, way, at_most in ways:
        before, after = way(small), way(large)
        told = f"CPU: ours at {WHOLE:,} x {times}; us a run: {1e3 * before / WHOLE:.1f}, {1e3 * after / LARGE:.1f}"
        yield Row(f"top 20 of {LARGE:,} runs, {what}", after, told, before * times, at_most=at_most)


def _top(rows: Any) -> list[list[Any]]:
    return [[row["ref"].rpartition("/")[2], float(row["metrics.auc"])] for row in rows]


def _frame(folder: Path) -> Any:
    return gitml.open(folder).at("HEAD").table("run")


def _cells(frame: Any, names: list[str]) -> dict[str, dict[str, Any]]:
    """What is there, by run and column, by us; names as MLflow has them: without quotes."""
    plain = frame.rename(columns=lambda name: name.replace("`", "")).assign(ref=frame["ref"].str.rpartition("/")[2])
    rows = plain[["ref", *names]].astype(object).to_dict("records")
    return {row.pop("ref"): _present(row) for row in rows}


def _their_cells(split: Mapping[str, Any], names: list[str]) -> dict[str, dict[str, Any]]:
    rows = [dict(zip(split["columns"], row, strict=True)) for row in split["data"]]
    return {row["run_id"]: _present({name: row[name] for name in names}) for row in rows}


def _present(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, str) or (isinstance(value, int | float) and math.isfinite(value))
    }
