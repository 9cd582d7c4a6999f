"""A repository of DVC, asked by us and by DVC itself: metrics over history, and what is tracked."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import dvc_made
import timing
from timing import Row, best, versus

COMMITS, POINTERS = 1000, 2000
PARAMS, METRICS = "params.yaml", "metrics.json"
DVC = Path(sys.executable).with_name("dvc")
GIT_ML = Path(sys.executable).with_name("git-ml")

OURS = """
import json, gitml
frame = gitml.open(".").table("dvc-pipeline", over="commits", columns="params,metrics")
print(json.dumps(frame.to_dict("records")))
"""
INDEX = """
import json
from dvc.repo import Repo
with Repo() as repo:
    root = len(repo.root_dir) + 1
    print(json.dumps({out.fs_path[root:]: out.hash_info.value for out in repo.index.outs}))
"""

Values = Mapping[str, Any]
"""Dotted names to values."""


class Peer:
    """DVC, and us beside it: whole processes in one folder, by their CPU time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {"DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(folder.parent / "dvc-site")}

    def json(self, *command: str | Path) -> Any:
        """What a process prints."""
        done = timing.run(self.folder, self.folder.parent / "compiled", command, self.env)
        return json.loads(done.stdout)

    def forget(self) -> None:
        """Remove what we, and `dvc exp show`, keep of answers."""
        shutil.rmtree(self.folder / ".git" / "gitml", ignore_errors=True)
        shutil.rmtree(self.folder / ".dvc" / "tmp", ignore_errors=True)


def history(folder: Path, rounds: int, commits: int = COMMITS) -> Iterator[Row]:
    """Parameters and metrics of all commits as a DataFrame, against DVC's two ways to them."""
    dvc_made.pipeline(folder, commits)
    peer = Peer(folder)
    ours, show = partial(peer.json, sys.executable, "-c", OURS), partial(peer.json, DVC, "exp", "show", "--json")
    what = f"params, metrics of {commits:,} commits"
    shown = partial(show, "-n", str(commits))
    cold, mine, theirs, rows = versus(ours, shown, rounds, before=peer.forget)
    assert _of_frame(mine) == _of_experiments(rows), "dvc exp show says other parameters or metrics"
    assert len(mine) == commits
    yield Row(f"{what}, cold", cold, "CPU: dvc exp show -n, cold", theirs, at_least=20)
    metrics = partial(peer.json, DVC, "metrics", "show", "--all-commits", "--json")
    cold, mine, theirs, found = versus(ours, metrics, rounds, before=peer.forget)
    kept = {commit: {METRICS: told[METRICS]} for commit, told in _of_frame(mine).items()}
    assert kept == _of_metrics(found), "dvc metrics show says other metrics"
    yield Row(f"{what}, cold", cold, "CPU: dvc metrics show --all-commits", theirs, at_least=20)
    shown()
    warm, mine, theirs, rows = versus(ours, shown, rounds)
    assert _of_frame(mine) == _of_experiments(rows)
    yield Row(f"{what}, warm", warm, "CPU: dvc exp show -n, warm", theirs)


def _of_frame(rows: list[dict[str, Any]]) -> dict[str, dict[str, Values]]:
    """By commit and file, by us."""
    found: dict[str, dict[str, Values]] = {}
    for row in rows:
        files: dict[str, dict[str, Any]] = {PARAMS: {}, METRICS: {}}
        for column, value in row.items():
            for file, told in files.items():
                _field, cut, name = column.partition(f".`{file}`.")
                if cut:
                    told[name] = value
        found[row["commit"]] = dict(files)
    return found


def _of_experiments(rows: list[dict[str, Any]]) -> dict[str, dict[str, Values]]:
    """The same by `dvc exp show`, without the work tree."""
    held = {row["rev"]: row["data"] for row in rows if row["rev"] != "workspace"}
    return {
        commit: {
            PARAMS: _flat(told["params"][PARAMS]["data"]),
            METRICS: _flat(told["metrics"][METRICS]["data"]),
        }
        for commit, told in held.items()
    }


def _of_metrics(found: dict[str, Any]) -> dict[str, dict[str, Values]]:
    """The metrics by `dvc metrics show`, without the work tree."""
    return {
        commit: {METRICS: _flat(told["data"][METRICS]["data"])}
        for commit, told in found.items()
        if commit != "workspace"
    }


def _flat(told: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in told.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return flat


def tracked(folder: Path, rounds: int, count: int = POINTERS) -> Iterator[Row]:
    """What DVC tracks, listed with its hashes, against DVC's index and its `data status`."""
    made = dvc_made.tracked(folder, count)
    peer = Peer(folder)
    ours = partial(peer.json, GIT_ML, "list", "dvc-output", "--format", "json")
    status = partial(peer.json, DVC, "data", "status", "--unchanged", "--json")
    index = partial(peer.json, sys.executable, "-c", INDEX)
    what = f"list {count:,} .dvc files"
    status()  # with the hashes of the work tree in DVC's own memory
    cold, mine, theirs, found = versus(ours, status, rounds, before=lambda: _without_cache(folder))
    assert set(_hashes(mine)) == set(found["unchanged"]), "dvc data status has other paths"
    yield Row(f"{what}, cold", cold, "CPU: dvc data status --unchanged --json", theirs, at_least=10)
    cold, mine, theirs, held = versus(ours, index, rounds, before=lambda: _without_cache(folder))
    assert _hashes(mine) == held == made, "DVC's index has other paths or hashes"
    yield Row(f"{what}, cold", cold, "CPU: dvc.repo.Repo().index.outs", theirs, at_least=10)
    warm, again = best(ours, rounds)
    assert _hashes(again) == held
    yield Row(f"{what}, warm", warm, "CPU: dvc.repo.Repo().index.outs", theirs, at_least=10)


def _without_cache(folder: Path) -> None:
    """DVC's own memory of the work tree stays: it is what `dvc data status` is quick with."""
    shutil.rmtree(folder / ".git" / "gitml", ignore_errors=True)


def _hashes(listed: dict[str, Any]) -> dict[str, str]:
    return {row["path"]: row["md5"] for row in listed["rows"]}
