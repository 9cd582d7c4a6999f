"""Curves: one metric of several runs over their steps, as it can be drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from gitml.errors import NotFound
from gitml.records.nearest import nearest
from gitml.views.metrics import HIGHER, LOWER, Metric

STEP: Final = "step"
POINT: Final = "point"

Logged = tuple[str, int | None, int | float]
"""A point as it was logged: the metric's dotted name, its step, its value."""


class Mark(NamedTuple):
    """One value, and where on the way it stands."""

    at: int
    value: int | float


@dataclass(frozen=True, slots=True)
class Curve:
    """The points of one run in the order of their steps, NaN and infinities among them; `live` while it goes on.

    `last` and `best` are of the real numbers; None where there is none, or nobody says which way is better.
    """

    ref: str
    marks: tuple[Mark, ...]
    last: Mark | None
    best: Mark | None
    live: bool = False

    @property
    def stretches(self) -> list[list[Mark]]:
        """The points that have a place on paper, in stretches between those that have none."""
        parts = groupby(self.marks, key=lambda mark: math.isfinite(mark.value))
        return [list(some) for is_real, some in parts if is_real]


@dataclass(frozen=True, slots=True)
class Curves:
    """Some curves of one metric; `along` is step, or point where one of them has points without a step."""

    metric: str
    along: str
    curves: tuple[Curve, ...]


def curves(metric: str, meaning: Metric, logged: Sequence[tuple[str, Iterable[Logged], bool]]) -> Curves:
    """The curves of runs: the ref, what was logged, and whether it goes on. NotFound for a run without the metric."""
    found = [(ref, *_of(ref, metric, points, live=live), live) for ref, points, live in logged]
    stepped = all(step is not None for _ref, steps, _values, _live in found for step in steps)
    made = (_curve(ref, steps if stepped else None, values, meaning, live=live) for ref, steps, values, live in found)
    return Curves(metric, STEP if stepped else POINT, tuple(made))


def _of(ref: str, metric: str, points: Iterable[Logged], *, live: bool) -> tuple[list[int | None], list[int | float]]:
    steps: list[int | None] = []
    values: list[int | float] = []
    names = set()
    for name, step, value in points:
        if name == metric:
            steps.append(step)
            values.append(value)
        else:
            names.add(name)
    if not values and not live:
        hint = f"there are {', '.join(sorted(names)[:12])}" if names else "it logged nothing"
        raise NotFound(f"{ref} has no metric {metric}", near=nearest(metric, names), hint=hint)
    return steps, values


def _curve(
    ref: str, steps: Sequence[int | None] | None, values: Sequence[int | float], meaning: Metric, *, live: bool
) -> Curve:
    places = range(1, len(values) + 1) if steps is None else [step or 0 for step in steps]
    # Stable, so that of one step that was logged twice the later value stands last.
    marks = sorted((Mark(*pair) for pair in zip(places, values, strict=True)), key=lambda mark: mark.at)
    real = [mark for mark in marks if math.isfinite(mark.value)]
    best = None
    if real and meaning.direction in (HIGHER, LOWER):
        better = max if meaning.direction == HIGHER else min
        best = better(real, key=lambda mark: mark.value)
    return Curve(ref, tuple(marks), real[-1] if real else None, best, live)
