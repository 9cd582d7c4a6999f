"""What a command has written that says of itself what it is: metrics and params files, DVCLive's, outputs of stages.

Only what was written while it ran counts, and what a person or the script itself has said stays as it is.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gitml.actions import artifacts
from gitml.actions.flow import INPUTS, OUTPUTS
from gitml.actions.logged import Logged
from gitml.errors import GitmlError
from gitml.records.record import Record
from gitml.records.template import OWN_FOLDER
from gitml.repo.data.dvc import is_dvc
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.values import load_values
from gitml.repo.repository import Repository

_ENDS = (".json", ".yaml", ".yml", ".toml")
_LIVE, _TOLD, _PLOTS = "dvclive", "metrics.json", "plots/metrics"
_DEEPEST, _MOST_FOLDERS = 4, 5000
# Which may be large, and hold nothing of DVCLive's.
_PASSED = frozenset({OWN_FOLDER.rstrip("/"), artifacts.FOLDER, "node_modules", "venv", "__pycache__"})
_STEP, PARAMS = "step", "params"


def pick_up(run: Logged, repository: Repository | None, since: int, here: Path = Path()) -> None:
    """Log what was written in a folder since a time (ns), and, by DVC's stages, anywhere in a repository."""
    metrics = [here / f"metrics{end}" for end in _ENDS]
    if repository is not None and is_dvc(repository.git):
        metrics += _of_stages(run, repository, since)
        _tracked(run, repository, since)
    lives = [live for live in _lives(here) if _is_fresh(live / _TOLD, since)]
    params = [here / f"params{end}" for end in _ENDS] + [live / "params.yaml" for live in lives]
    for file in _fresh(params, since):
        _params(run, _values(run, file))
    for live in lives:
        for file in _fresh(sorted((live / _PLOTS).rglob("*.tsv")), since):
            _series(run, file, live / _PLOTS)
        found = _values(run, live / _TOLD)
        found.pop(_STEP, None)
        _metrics(run, found)
    told = {(live / _TOLD).resolve() for live in lives}
    for file in _fresh([one for one in metrics if one.resolve() not in told], since):
        _metrics(run, _values(run, file))


def _lives(here: Path) -> Iterator[Path]:
    """The folders that DVCLive has written to: its own, and others of the same layout below the one it ran in."""
    yield here / _LIVE
    for number, (place, folders, files) in enumerate(os.walk(here)):
        found = Path(place)
        if _TOLD in files and found != here / _LIVE and (found / _PLOTS).is_dir():
            yield found
        is_deep = len(found.relative_to(here).parts) >= _DEEPEST or number >= _MOST_FOLDERS
        folders[:] = (
            [] if is_deep else sorted(name for name in folders if not name.startswith(".") and name not in _PASSED)
        )


def _fresh(files: list[Path], since: int) -> Iterator[Path]:
    return (file for file in dict.fromkeys(files) if _is_fresh(file, since))


def _is_fresh(file: Path, since: int) -> bool:
    try:
        return file.is_file() and file.stat().st_mtime_ns >= since
    except OSError:
        return False


def _values(run: Logged, file: Path) -> dict[str, Any]:
    """What a file holds, by name; nothing, and a word on it, where it cannot be read."""
    try:
        found = load_values(file.read_bytes(), file.name)
    except (Unreadable, OSError) as error:
        run.tell(f"{file} was not read: {error}")
        return {}
    return {str(key): one for key, one in found.items()} if isinstance(found, Mapping) else {}


def _params(run: Logged, found: Mapping[str, Any]) -> None:
    fresh = {key: one for key, one in found.items() if key not in run.said(PARAMS)}
    if fresh:
        run.log_params(fresh)


def _metrics(run: Logged, found: Mapping[str, Any]) -> None:
    """Those that nobody has logged; what is no number is no metric."""
    known = run.metrics()
    for name, value in _leaves(found, ()):
        if name not in known:
            inner: Any = value
            for part in reversed(name):
                inner = {part: inner}
            run.log(inner)


def _leaves(found: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int | float]]:
    for key, value in found.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, str(key)))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield (*above, str(key)), value


def _series(run: Logged, file: Path, plots: Path) -> None:
    """One metric of DVCLive's, step by step: its name is its path, its column the last part of it."""
    *split, last = file.relative_to(plots).with_suffix("").parts
    if (*split, last) in run.metrics():
        return
    with file.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text, delimiter="\t"):
            try:
                inner: Any = {last: float(row[last])}
                step = int(row[_STEP])
            except (KeyError, TypeError, ValueError):
                continue  # a row that is only begun, or of a table that is none of a metric
            for part in reversed(split):
                inner = {part: inner}
            run.log(inner, step=step)


def _of_stages(run: Logged, repository: Repository, since: int) -> list[Path]:
    """What stages of DVC's have written is an output, what these read an input; the metrics files among it."""
    metrics = []
    for stage in repository.worktree().records("dvc-stage"):
        outs = [one for one in _listed(stage, "outs") if _is_written(repository.file(str(one["path"])), since)]
        if not outs:
            continue
        for one in _listed(stage, "deps"):
            _flow(run, INPUTS, repository, str(one["path"]))
        for one in outs:
            if one.get("role") == "metric":
                metrics.append(repository.file(str(one["path"])))
            elif one.get("role") != "plot":
                _flow(run, OUTPUTS, repository, str(one["path"]))
        params = stage.data.get("params")
        _params(run, params if isinstance(params, Mapping) else {})
    return metrics


def _tracked(run: Logged, repository: Repository, since: int) -> None:
    """What was given to DVC meanwhile is an output: `dvc add`, and DVCLive's artifacts."""
    for one in repository.worktree().records("dvc-output"):
        source, path = one.data.get("source"), one.data.get("path")
        if str(source).endswith(".dvc") and path and _is_fresh(repository.file(str(source)), since):
            _flow(run, OUTPUTS, repository, str(path))


def _listed(stage: Record, name: str) -> list[Mapping[str, Any]]:
    found = stage.data.get(name)
    return [one for one in found if isinstance(one, Mapping) and "path" in one] if isinstance(found, list) else []


def _is_written(place: Path, since: int) -> bool:
    files = place.rglob("*") if place.is_dir() else [place]
    return any(_is_fresh(file, since) for file in files)


def _flow(run: Logged, side: str, repository: Repository, path: str) -> None:
    """A file of a stage, by its path; one that somebody has named already keeps that name."""
    if any(one.get("path") == path for one in run.said(side).values()):
        return
    try:
        (run.log_input if side == INPUTS else run.log_output)(repository.file(path), path)
    except GitmlError as error:
        run.tell(f"{path} was not recorded: {error}")
