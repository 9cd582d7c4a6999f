"""The few measures of statistics that a board needs, in plain Python: a listing pays for no library."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence


def mean(values: Collection[float]) -> float:
    """The arithmetic mean; NaN of none."""
    return math.fsum(values) / len(values) if values else math.nan


def ranks(values: Sequence[float]) -> list[float]:
    """The rank of each value, from 1 for the smallest; equal values share the mean of their ranks."""
    places = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(places):
        stop = start + 1
        while stop < len(places) and values[places[stop]] == values[places[start]]:
            stop += 1
        for place in places[start:stop]:
            found[place] = (start + 1 + stop) / 2
        start = stop
    return found


def rank_correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """Spearman's rho: of the ranks r and s, sum of (r - mr)(s - ms) over the root of sum (r - mr)^2 * sum (s - ms)^2.

    Equal values stand at the mean of their ranks. None where one side is constant. C. Spearman, "The proof and
    measurement of association between two things", 1904; with ties as M. G. Kendall, "Rank correlation methods", 1948.
    """
    across, along, up = _sums(ranks(xs), ranks(ys))
    below = math.sqrt(along * up)
    return max(-1.0, min(1.0, across / below)) if below else None


def slope(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    """The slope b of the line y = a + b x of least squares: sum of (x - mx)(y - my) over sum of (x - mx)^2.

    None where all x are equal. A. M. Legendre, "Nouvelles méthodes pour la détermination des orbites", 1805.
    """
    across, along, _up = _sums(xs, ys)
    return across / along if along else None


def explained(groups: Sequence[Sequence[float]]) -> float | None:
    """Epsilon squared, the share of the variance that lies between k groups of n values in all, by chance or not.

    1 - (n - 1) / (n - k) * within / total, with the sums of (y - m_g)^2 and of (y - m)^2; less than 0 is 0. Unlike eta
    squared it does not grow with the number of groups alone. None where all values are equal, or each is a group.
    T. L. Kelley, "An unbiased correlation ratio measure", 1935.
    """
    values = [value for group in groups for value in group]
    whole = mean(values)
    total = math.fsum((value - whole) ** 2 for value in values)
    within = math.fsum((value - middle) ** 2 for group in groups for middle in [mean(group)] for value in group)
    free = len(values) - len(groups)
    return max(0.0, 1 - (len(values) - 1) / free * within / total) if total and free else None


def _sums(xs: Sequence[float], ys: Sequence[float]) -> tuple[float, float, float]:
    """The sums of products of deviations: x with y, x with x, y with y."""
    mx, my = mean(xs), mean(ys)
    dx, dy = [x - mx for x in xs], [y - my for y in ys]
    across = math.fsum(a * b for a, b in zip(dx, dy, strict=True))
    return across, math.fsum(a * a for a in dx), math.fsum(b * b for b in dy)
