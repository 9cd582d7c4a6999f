"""The points of a run, wherever it stands: in its journal while it goes on, in its series' file afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gitml.actions.series_file import read
from gitml.errors import NotFound
from gitml.records.record import column
from gitml.records.ref import Ref
from gitml.repo.journal.folder import Folder, root
from gitml.repo.journal.lines import Name, Point, milliseconds
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot


def points(repository: Repository, snapshot: Snapshot, ref: Ref) -> Iterator[Point]:
    """Every point of a run in order of time; one without a series has its last values as points without a step.

    NotFound where there is neither a record nor a journal, or where nobody has the file at hand.
    """
    journal = Folder(root(repository.git) / ref.keys[-1])
    if snapshot.find(ref) is None and journal.begin is not None:
        return journal.points()
    data = snapshot.record(ref).data
    beside = data.get("series")
    if not isinstance(beside, Mapping) or not isinstance(beside.get("path"), str):
        return _last(data)
    try:
        return _of_file(repository, snapshot, beside)
    except NotFound:
        if journal.begin is None:
            raise
        return journal.points()


def wanted(found: Iterator[Point], metric: str | None) -> Iterator[Point]:
    """Those of a metric: by its full dotted name, or by the last part of it, whatever the split; of all without one."""
    names: dict[Name, bool] = {}
    for point in found:
        if metric is None:
            yield point
            continue
        if point.name not in names:
            names[point.name] = metric in (column(*point.name), point.name[-1], ".".join(point.name))
        if names[point.name]:
            yield point


def _of_file(repository: Repository, snapshot: Snapshot, beside: Mapping[str, Any]) -> Iterator[Point]:
    path = str(beside["path"])
    if beside.get("md5"):
        from gitml.actions.get import from_dvc

        return read(from_dvc(repository, snapshot, beside, path), path)
    if snapshot.at.kind == "worktree" and os.path.lexists(repository.file(path)):
        return read(repository.file(path))
    content = snapshot.bytes_at(path)
    if content is None:
        raise NotFound(
            f"{path}: no such file", hint="git checkout, or git ml sync where its journal is, brings it back"
        )
    return _of_bytes(content, path)


def _of_bytes(content: bytes, path: str) -> Iterator[Point]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="gitml-") as folder:
        file = Path(folder, f"series{Path(path).suffix}")
        file.write_bytes(content)
        yield from read(file)


def _last(data: Mapping[str, Any]) -> Iterator[Point]:
    """The values of a record itself, as of its end."""
    from datetime import datetime

    ended = data.get("ended") or data.get("created")
    time = milliseconds(datetime.fromisoformat(str(ended))) if ended else 0
    return (Point(name, value, None, time) for name, value in _leaves(data.get("metrics") or {}, ()))


def _leaves(metrics: Mapping[str, Any], above: Name) -> Iterator[tuple[Name, Any]]:
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, key))
        elif isinstance(value, int | float):
            yield (*above, key), value
