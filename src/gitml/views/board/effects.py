"""What each parameter does to a metric: over the runs of a board, one parameter at a time. It shows what goes together.

Parameters that were changed together share their effect, and a search that looks where it was good looks there more
often: none of this says that one thing is the cause of another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gitml.records.record import MISSING
from gitml.records.sorting import sort_key
from gitml.views.board.board import Board
from gitml.views.board.measures import explained, mean, rank_correlation, slope
from gitml.views.deltas import is_number
from gitml.views.metrics import HIGHER
from gitml.views.rows import Column, Rows

PARAMS: Final = "params"
DECADE: Final = "decade"
UNIT: Final = "unit"
_FEWEST: Final = 3  # runs: through two points any line goes
_WIDE: Final = 100  # from here on the largest over the smallest is a matter of magnitudes
_SEVERAL: Final = 2


class Level(NamedTuple):
    """One value of a parameter: the number of runs that have it, and the mean of the metric over them."""

    value: Any
    n: int
    mean: float


@dataclass(frozen=True, slots=True)
class Effect:
    """A parameter over `n` runs. Of numbers: `rho`, the rank correlation, and `slope` per unit or per decade.

    Of other values: `levels`, the best mean first, and `epsilon2`, the share of the variance that lies between them.
    """

    parameter: str
    n: int
    rho: float | None = None
    slope: float | None = None
    per: str | None = None
    epsilon2: float | None = None
    levels: tuple[Level, ...] = ()

    @property
    def strength(self) -> float:
        """A share of variance, of ranks or of values, from 0 to 1: what parameters are ordered by."""
        return max((self.rho or 0.0) ** 2, self.epsilon2 or 0.0)


@dataclass(frozen=True, slots=True)
class Effects:
    """The effects of the parameters of a board's runs, the strongest first.

    `skipped` are parameters without one, by reason: constant, too few runs, own to each run.
    """

    board: Board
    n: int
    effects: tuple[Effect, ...]
    skipped: Mapping[str, tuple[str, ...]]

    @property
    def shown(self) -> tuple[Effect, ...]:
        """The strongest, up to the board's limit."""
        return self.effects[: self.board.limit]

    @property
    def rows(self) -> Rows:
        """One row a parameter of numbers, one row a value of any other."""
        numbers = [Column(name, "float") for name in ("mean", "rho", "slope")]
        columns = (Column("parameter", "string"), Column("value", "mixed"), Column("n", "int"), *numbers,
                   Column("per", "string"), Column("epsilon2", "float"))  # fmt: skip
        rows = tuple(row for effect in self.shown for row in _rows(effect))
        return Rows(None, columns, rows, len(rows))


def effects(board: Board) -> Effects:
    """The effect of each parameter on the board's metric, over all of its runs that have a finite value of it."""
    values = board.entrants.values(board.aim.column)
    finite = [math.isfinite(value) for value in values]
    entrants = board.entrants.without(finite, f"without a finite {board.aim.metric}")
    ys = [value for value, is_finite in zip(values, finite, strict=True) if is_finite]
    found: list[Effect] = []
    skipped: dict[str, list[str]] = {}
    for name in sorted(entrants.listing.under([PARAMS])):
        held = [(x, y) for x, y in zip(entrants.values(name), ys, strict=True) if _counts(x)]
        effect = _effect(name, held, board.aim.direction) if held else None
        if isinstance(effect, Effect):
            found.append(effect)
        elif effect:
            skipped.setdefault(effect, []).append(name)
    found.sort(key=lambda one: (-one.strength, one.parameter))
    return Effects(board, len(ys), tuple(found), {why: tuple(names) for why, names in skipped.items()})


def _counts(value: Any) -> bool:
    return value is not MISSING and value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _effect(name: str, held: Sequence[tuple[Any, float]], direction: str) -> Effect | str:
    """The effect of a parameter, or why there is none."""
    if len(held) < _FEWEST:
        return "too few runs"
    groups: dict[Any, tuple[Any, list[float]]] = {}
    for x, y in held:
        groups.setdefault(sort_key(x), (x, []))[1].append(y)
    if len(groups) < _SEVERAL:
        return "constant"
    if all(is_number(x) for x, _y in held):
        return _of_numbers(name, [float(x) for x, _y in held], [y for _x, y in held])
    if len(groups) == len(held):
        return "own to each run"
    levels = [Level(x, len(ys), mean(ys)) for x, ys in groups.values()]
    levels.sort(key=lambda level: -level.mean if direction == HIGHER else level.mean)
    return Effect(name, len(held), epsilon2=explained([ys for _x, ys in groups.values()]), levels=tuple(levels))


def _of_numbers(name: str, xs: Sequence[float], ys: Sequence[float]) -> Effect:
    """What is spread over magnitudes, as learning rates are, is taken by its logarithm, base 10."""
    least, most = min(xs), max(xs)
    is_wide = least > 0 and most / least >= _WIDE
    along = [math.log10(x) for x in xs] if is_wide else xs
    return Effect(name, len(xs), rank_correlation(xs, ys), slope(along, ys), DECADE if is_wide else UNIT)


def _rows(effect: Effect) -> Iterator[dict[str, Any]]:
    told = {"rho": effect.rho, "slope": effect.slope, "per": effect.per, "epsilon2": effect.epsilon2}
    same = {"parameter": effect.parameter, "n": effect.n}
    same |= {name: value for name, value in told.items() if value is not None}
    if not effect.levels:
        yield same
    for level in effect.levels:
        yield same | {"value": level.value, "n": level.n, "mean": level.mean}
