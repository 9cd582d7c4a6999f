"""How a run that was run again compares with the first: each metric within its tolerance, each output by its digest."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from gitml.errors import BadValue
from gitml.records.record import MISSING, flatten, same, segments
from gitml.views.deltas import delta, is_number
from gitml.views.metrics import Metric, Metrics, overlooked

Word = Literal["identical", "within_tolerance", "different"]
IDENTICAL: Final = "identical"
WITHIN: Final = "within_tolerance"
DIFFERENT: Final = "different"
_METRICS: Final = "metrics"
_TIMES: Final = frozenset({"s", "ms"})
_TOLERANCE: Final = re.compile(r"(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)(?P<percent>%?)")


class Measured(NamedTuple):
    """One metric of both runs, MISSING where one has none; its verdict is None where it is not compared."""

    name: str
    first: Any
    again: Any
    delta: int | float | None
    tolerance: str
    verdict: Word | None


class Artifact(NamedTuple):
    """One output of both runs by its md5; None where it was not written, or not recorded."""

    name: str
    path: str | None
    first: str | None
    again: str | None

    @property
    def same(self) -> bool:
        """Whether it is the same to the byte."""
        return self.first is not None and self.first == self.again


@dataclass(frozen=True, slots=True)
class Verification:
    """All metrics and outputs, and the verdict on the whole: that of the worst metric.

    Bytes have no tolerance: an output that differs makes it worse than identical; without a metric, different.
    """

    measured: tuple[Measured, ...]
    artifacts: tuple[Artifact, ...]

    @property
    def verdict(self) -> Word | None:
        """The verdict on the whole; None where there is nothing to compare."""
        words = [one.verdict for one in self.measured if one.verdict]
        same_bytes = all(one.same for one in self.artifacts)
        if not words:
            return None if not self.artifacts else IDENTICAL if same_bytes else DIFFERENT
        if DIFFERENT in words:
            return DIFFERENT
        return IDENTICAL if set(words) == {IDENTICAL} and same_bytes else WITHIN


def verification(
    first: Mapping[str, Any], again: Mapping[str, Any], metrics: Metrics, tolerances: Mapping[str, str]
) -> Verification:
    """Two runs' records compared; `tolerances` (`0.01`, `2%`) by a metric's dotted name, or its last part.

    Raises BadValue as `asked` does.
    """
    sides = [_numbers(one) for one in (first, again)]
    names = [*sides[0], *(name for name in sides[1] if name not in sides[0])]
    given = asked(first, tolerances)
    measured = tuple(
        _measured(name, sides[0].get(name, MISSING), sides[1].get(name, MISSING), metrics, given) for name in names
    )
    return Verification(measured, tuple(_artifacts(first, again)))


def asked(first: Mapping[str, Any], tolerances: Mapping[str, str]) -> dict[str, Metric]:
    """Tolerances as they are given; BadValue for one that is none, or for a metric that the first run does not have."""
    given = {name: _tolerance(name, text) for name, text in tolerances.items()}
    names = list(_numbers(first))
    for name in given:
        if not any(name in (known, segments(known)[-1]) for known in names):
            known = f"there are {', '.join(names)}" if names else "it has no metric"
            raise BadValue(f"--tolerance {name}: the run has no such metric", hint=known)
    return given


def _numbers(data: Mapping[str, Any]) -> dict[str, Any]:
    held = data.get(_METRICS)
    flat = flatten(held) if isinstance(held, Mapping) else {}
    return {name: value for name, value in flat.items() if is_number(value)}


def _tolerance(name: str, text: str) -> Metric:
    found = _TOLERANCE.fullmatch(text.strip())
    if not found:
        raise BadValue(f"--tolerance {name}={text}: no tolerance", hint="write auc=0.005, or auc=2%")
    number = float(found["number"])
    return Metric(tolerance_relative=number / 100) if found["percent"] else Metric(tolerance_absolute=number)


def _measured(name: str, first: Any, again: Any, metrics: Metrics, given: Mapping[str, Metric]) -> Measured:
    known = metrics.find(f"{_METRICS}.{name}") or Metric()
    told = given.get(name) or given.get(segments(name)[-1])
    metric = told or known
    moved = delta(first, again)
    # How long something took is the machine's, not the model's; who wants it compared says how closely.
    timed = known.unit in _TIMES and told is None
    return Measured(name, first, again, moved, _said(metric), None if timed else _verdict(metric, first, again))


def _verdict(metric: Metric, first: Any, again: Any) -> Word:
    if first is MISSING or again is MISSING:
        return DIFFERENT
    if same(first, again) or first == again:
        return IDENTICAL
    if math.isnan(first) or math.isnan(again):
        return DIFFERENT
    return WITHIN if overlooked(metric, first, again) else DIFFERENT


def _said(metric: Metric) -> str:
    parts = [f"{metric.tolerance_absolute:g}"] * bool(metric.tolerance_absolute)
    parts += [f"{metric.tolerance_relative * 100:g}%"] * bool(metric.tolerance_relative)
    return " or ".join(parts) or "0"


def _artifacts(first: Mapping[str, Any], again: Mapping[str, Any]) -> Iterator[Artifact]:
    sides = [one.get("outputs") for one in (first, again)]
    was, is_now = (held if isinstance(held, Mapping) else {} for held in sides)
    for name, one in was.items():
        if isinstance(one, Mapping) and isinstance(one.get("md5"), str):
            other = is_now.get(name)
            told = other.get("md5") if isinstance(other, Mapping) else None
            yield Artifact(name, one.get("path"), one["md5"], told)
