"""The metrics of a run: the last value and the summary of each for the record, every point for the file beside it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from gitml.records.canonical import INT_MAX, INT_MIN, float_text
from gitml.records.record import column
from gitml.repo.journal.lines import Name, Point, moment
from gitml.views.metrics import HIGHER, LOWER, Metrics

HEAD = "name,step,time,value\n"
_AT_ONCE = 1 << 14


class Tally:
    """One metric so far, whatever number of points that is."""

    __slots__ = ("best_high", "best_low", "count", "high", "high_step", "last", "last_step", "low", "low_step", "nans")

    def __init__(self) -> None:
        self.count = self.nans = 0
        self.last: int | float = math.nan
        self.low = self.best_low = math.inf
        self.high = self.best_high = -math.inf
        self.low_step: int | None = None
        self.high_step: int | None = None
        self.last_step: int | None = None

    def add(self, value: float, step: int | None) -> None:
        """One point more."""
        self.count += 1
        self.last = value
        if value != value:  # noqa: PLR0124  (NaN, in the time that this may take)
            self.nans += 1
        else:
            self.low = min(value, self.low)
            self.high = max(value, self.high)
        if step is None:
            return
        if self.last_step is None or step > self.last_step:
            self.last_step = step
        if value < self.best_low or (self.low_step is None and value == self.best_low):
            self.best_low, self.low_step = value, step
        if value > self.best_high or (self.high_step is None and value == self.best_high):
            self.best_high, self.high_step = value, step

    def told(self, direction: str | None) -> dict[str, Any]:
        """It over its steps; the best by its direction, where that is known."""
        found: dict[str, Any] = {"count": self.count}
        if self.count > self.nans:
            found |= {"min": measured(self.low), "max": measured(self.high)}
        best = {HIGHER: self.high_step, LOWER: self.low_step}.get(direction or "")
        more = {"best_step": best, "last_step": self.last_step, "nans": self.nans or None}
        return found | {key: value for key, value in more.items() if value is not None}


Tallies = dict[Name, Tally]


def tallied(points: Iterable[Point]) -> Tallies:
    """Every metric of some points."""
    found: Tallies = {}
    for point in points:
        one = found.get(point.name)
        if one is None:
            one = found[point.name] = Tally()
        one.add(point.value, point.step)
    return found


def measured(value: float) -> float:
    """A number as a record holds it: an integer beyond 64 bits is the nearest float."""
    if type(value) is not int or INT_MIN <= value <= INT_MAX:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def last_values(tallies: Mapping[Name, Tally]) -> dict[str, Any]:
    """The last value of each metric, nested as its name says.

    A name that is a metric and a split at once (`loss`, and `loss` with splits) keeps both: the longer one as one key.
    """
    found: dict[str, Any] = {}
    for name in sorted(tallies, key=len):
        here, rest = found, list(name)
        while len(rest) > 1 and isinstance(here.get(rest[0], {}), dict):
            here = here.setdefault(rest.pop(0), {})
        here[".".join(rest)] = measured(tallies[name].last)
    return found


def is_series(tallies: Mapping[Name, Tally]) -> bool:
    """Whether there is more to keep than last values: several points, a step, a number that a record cannot hold."""
    return any(one.count > 1 or one.last_step is not None or measured(one.last) is not one.last
               for one in tallies.values())  # fmt: skip


def summary(tallies: Mapping[Name, Tally], metrics: Metrics) -> dict[str, dict[str, Any]]:
    """Each metric over its steps, by its dotted name."""
    found = {}
    for name in sorted(tallies):
        metric = metrics.find(column(*name))
        found[column(*name)] = tallies[name].told(metric.direction if metric else None)
    return found


def table(points: Iterable[Point]) -> Iterator[bytes]:
    """The points as CSV, in the order in which they come: name, step, time, value; in parts of some size."""
    yield HEAD.encode()
    lines = _lines(points)
    while some := list(islice(lines, _AT_ONCE)):
        yield "".join(some).encode()


def _lines(points: Iterable[Point]) -> Iterator[str]:
    names: dict[Name, str] = {}
    second, began = -1, ""
    for name, value, step, time in points:
        if name not in names:
            names[name] = _cell(column(*name))
        if time // 1000 != second:
            second = time // 1000
            began = f"{moment(second * 1000):%Y-%m-%dT%H:%M:%S}"
        number = str(value) if type(value) is int else _number(value)
        yield f"{names[name]},{'' if step is None else step},{began}.{time % 1000:03}Z,{number}\n"


def _cell(name: str) -> str:
    """A name as CSV holds it."""
    text = io.StringIO(newline="")
    # The plain one lets a lone CR pass.
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    (quoting if "\r" in name else csv.writer(text, lineterminator="\n")).writerow([name])
    return text.getvalue()[:-1]


def _number(value: float) -> str:
    return float_text(value) if math.isfinite(value) else repr(value)


def names(values: Mapping[str, Any], split: str | None) -> list[tuple[Name, Any]]:
    """Metrics as given to `log`, nested mappings entered, with their places."""
    found: list[tuple[Name, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            found += [((str(key), *name), inner) for name, inner in names(value, None)]
        else:
            found.append(((str(key),), value))
    return [((split, *name), value) for name, value in found] if split else found
