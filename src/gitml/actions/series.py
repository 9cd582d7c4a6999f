"""The metrics of a run: the last value of each for the record, every point for the CSV beside it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gitml.records.canonical import float_text
from gitml.records.record import column
from gitml.views.metrics import HIGHER, LOWER, Metrics

Name = tuple[str, ...]
"""A metric's place below `metrics`: its split, if any, and its name."""


@dataclass(frozen=True, slots=True)
class Point:
    """One logged value of a metric."""

    name: Name
    value: int | float
    step: int | None
    time: datetime


def last_values(points: Iterable[Point]) -> dict[str, Any]:
    """The last value of each metric, nested as its name says.

    A name that is a metric and a split at once (`loss`, and `loss` with splits) keeps both: the longer one as one key.
    """
    last = {point.name: point.value for point in points}
    found: dict[str, Any] = {}
    for name in sorted(last, key=len):
        here, rest = found, list(name)
        while len(rest) > 1 and isinstance(here.get(rest[0], {}), dict):
            here = here.setdefault(rest.pop(0), {})
        here[".".join(rest)] = last[name]
    return found


def is_series(points: Iterable[Point]) -> bool:
    """Whether there is more to keep than last values: a metric with several points, or with a step."""
    seen: set[Name] = set()
    for point in points:
        if point.step is not None or point.name in seen:
            return True
        seen.add(point.name)
    return False


def table(points: Iterable[Point]) -> bytes:
    """The points as CSV, in the order in which they were logged: name, step, time, value."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)  # the plain one lets a lone CR pass
    writer.writerow(["name", "step", "time", "value"])
    for point in points:
        name, step = column(*point.name), "" if point.step is None else point.step
        (quoting if "\r" in name else writer).writerow([name, step, _time(point.time), _number(point.value)])
    return text.getvalue().encode()


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(value: float) -> str:
    if type(value) is int:
        return str(value)
    return float_text(value).replace(".nan", "nan").replace(".inf", "inf")


def summary(points: Iterable[Point], metrics: Metrics) -> dict[str, dict[str, Any]]:
    """Each metric over its steps, by its dotted name; the best by the metric's direction, where that is known."""
    by_name: dict[Name, list[Point]] = {}
    for point in points:
        by_name.setdefault(point.name, []).append(point)
    return {column(*name): _one(column(*name), found, metrics) for name, found in sorted(by_name.items())}


def _one(name: str, points: list[Point], metrics: Metrics) -> dict[str, Any]:
    real = [point for point in points if not math.isnan(point.value)]
    told: dict[str, Any] = {"count": len(points)}
    if real:
        told["min"] = min(point.value for point in real)
        told["max"] = max(point.value for point in real)
    stepped = [point for point in real if point.step is not None]
    metric = metrics.find(name)
    if stepped and metric is not None and metric.direction in (HIGHER, LOWER):
        best = max if metric.direction == HIGHER else min
        told["best_step"] = best(stepped, key=lambda point: point.value).step
    steps = [point.step for point in points if point.step is not None]
    if steps:
        told["last_step"] = max(steps)
    if len(real) < len(points):
        told["nans"] = len(points) - len(real)
    return told


def names(values: Mapping[str, Any], split: str | None) -> list[tuple[Name, Any]]:
    """Metrics as given to `log`, nested mappings entered, with their places."""
    found: list[tuple[Name, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            found += [((str(key), *name), inner) for name, inner in names(value, None)]
        else:
            found.append(((str(key),), value))
    return [((split, *name), value) for name, value in found] if split else found
