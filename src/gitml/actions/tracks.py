"""What runs logged of a metric, from their series' files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from gitml.actions.get import from_dvc, inside
from gitml.errors import BadValue, NotFound
from gitml.records.record import flatten
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.views.board.splits import METRICS, meaning
from gitml.views.columns import named
from gitml.views.curves import Curves, Logged, curves
from gitml.views.deltas import is_number
from gitml.views.metrics import Metrics

if TYPE_CHECKING:
    from gitml.records.ref import Ref

RUN: Final = "run"
_LIVE: Final = frozenset({"scheduled", "running"})


def tracks(repository: Repository, snapshot: Snapshot, refs: Sequence[Ref], metric: str) -> Curves:
    """A metric of some runs over their steps; NotFound for a run without it, BadValue for what is no run."""
    name = named(metric.removeprefix(METRICS))
    logged = []
    for ref in refs:
        record = snapshot.record(ref)
        if record.kind != RUN:
            raise BadValue(f"{ref} is no run: it has no curves", hint="git ml list run shows the runs")
        live = record.data.get("status") in _LIVE
        logged.append((str(ref), _points(repository, snapshot, record.data), live))
    return curves(name, meaning(Metrics.of(snapshot), f"{METRICS}{name}"), logged)


def _points(repository: Repository, snapshot: Snapshot, data: Mapping[str, Any]) -> Iterator[Logged]:
    """Every point of a run; of one without a series its metrics, as one point each."""
    series = data.get("series")
    path = series.get("path") if isinstance(series, Mapping) else None
    if not isinstance(series, Mapping) or not isinstance(path, str):
        held = data.get("metrics")
        flat = flatten(held) if isinstance(held, Mapping) else {}
        yield from ((name, None, value) for name, value in flat.items() if is_number(value))
        return
    content = _content(repository, snapshot, path, series.get("md5"))
    if content is None:
        raise NotFound(f"the series {path} is not here", hint="git checkout brings it back")
    if not path.endswith(".csv"):
        raise BadValue(f"{path} is no CSV", hint="series are read from CSV")
    for row in csv.DictReader(io.StringIO(content.decode("utf-8", "replace"), newline="")):
        value = row["value"]
        yield row["name"], int(row["step"]) if row["step"] else None, _number(value)


def _content(repository: Repository, snapshot: Snapshot, path: str, md5: Any) -> bytes | None:
    """A series' file: of the work tree as it lies there, else as git has it, else as DVC has."""
    inside(path)
    here = repository.file(path) if snapshot.at.kind == "worktree" else None
    if here is not None and here.is_file():
        return here.read_bytes()
    found = snapshot.bytes_at(path)
    if found is not None or not md5:
        return found
    return from_dvc(repository, snapshot, {"md5": str(md5)}, path).read_bytes()


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
