"""What a sweep came to: how many of its trials finished, which of them is the best, and with which settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gitml.actions.series import Tallies, measured
from gitml.actions.story import FINISHED, Story
from gitml.records.record import column
from gitml.views.metrics import HIGHER, LOWER, Metrics


class Trial(NamedTuple):
    """A run of a sweep: its story and its metrics."""

    story: Story
    tallies: Tallies


def decided(sweep: Mapping[str, Any], trials: Iterable[Trial], metrics: Metrics) -> dict[str, Any]:
    """A sweep with its outcome; what was told of that stays."""
    found = list(trials)
    over = [one for one in found if one.story.end.status == FINISHED]
    counts = {"finished": len(over), "failed": len(found) - len(over)}
    told = sweep.get("trials")
    outcome: dict[str, Any] = {"trials": {**counts, **(told if isinstance(told, Mapping) else {})}}
    best = _best(sweep.get("objective"), over, metrics)
    if best is not None:
        outcome |= {"best": str(best.story.ref), "best_params": dict(best.story.params)}
    return {**outcome, **{key: one for key, one in sweep.items() if key != "trials"}}


def _best(objective: Any, trials: Iterable[Trial], metrics: Metrics) -> Trial | None:
    """The trial that did best by the objective's metric; None where nobody knows which way is better."""
    if not isinstance(objective, Mapping) or not isinstance(objective.get("metric"), str):
        return None
    metric = metrics.find(objective["metric"])
    direction = objective.get("direction") or (metric.direction if metric else None)
    values = [(value, one) for one in trials if (value := _value(one, objective["metric"])) is not None]
    if not values or direction not in (HIGHER, LOWER):
        return None
    return (max if direction == HIGHER else min)(values, key=lambda pair: pair[0])[1]


def _value(trial: Trial, metric: str) -> float | None:
    """The last value of a metric by its dotted name; None where it has none, or NaN."""
    found = next((one.last for name, one in trial.tallies.items() if metric in (column(*name), ".".join(name))), None)
    return None if found is None or found != found else measured(found)  # noqa: PLR0124  (NaN)
