"""What the runs of an experiment are ranked by: a metric, and which way is better."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from gitml.errors import BadRef, BadValue, NotFound
from gitml.records.nearest import nearest
from gitml.records.record import segments
from gitml.records.ref import Ref
from gitml.views.board.splits import METRICS, TRAINING, meaning, parted
from gitml.views.columns import named
from gitml.views.metrics import HIGHER, LOWER, Metrics

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot

EXPERIMENT: Final = "experiment"
_DIRECTIONS: Final = frozenset({HIGHER, LOWER})


class Measured(Protocol):
    """Runs, as they are asked for their metrics."""

    def metrics(self) -> list[str]:
        """The columns of the metrics that any of them has."""

    def has(self, name: str) -> bool:
        """Whether any of them has something in a column."""


@dataclass(frozen=True, slots=True)
class Aim:
    """A metric by its column (`metrics.validation.auc`), and which way is better: `higher` or `lower`."""

    column: str
    direction: str

    @property
    def metric(self) -> str:
        """The metric's dotted name: `validation.auc`."""
        return self.column.removeprefix(METRICS)

    @classmethod
    def of(cls, snapshot: Snapshot, experiment: str, metric: str | None, asked: Measured) -> Aim:
        """What is asked for; else the objective of the experiment's record; else the one metric that there is.

        Raises NotFound for a metric that no run has, BadValue where nobody
        says which is meant or which way is better.
        """
        objective = _objective(snapshot, experiment)
        known = Metrics.of(snapshot)
        said = metric if metric is not None else objective.get("metric")
        column = _column(said, asked) if isinstance(said, str) else _only(asked.metrics(), known)
        found = meaning(known, column)
        if found.direction in _DIRECTIONS:
            return cls(column, found.direction)
        aimed, way = objective.get("metric"), objective.get("direction")
        if isinstance(aimed, str) and column == f"{METRICS}{named(aimed)}" and way in _DIRECTIONS:
            return cls(column, str(way))
        name = segments(column)[-1]
        raise BadValue(
            f"nobody says which way {column.removeprefix(METRICS)} is better",
            hint=f"git ml new metric {name} direction=higher",
        )


def _objective(snapshot: Snapshot, experiment: str) -> Mapping[str, Any]:
    if EXPERIMENT not in snapshot.schemas.latest:
        return {}
    try:
        found = snapshot.record(Ref(EXPERIMENT, (experiment,))).data.get("objective")
    except (BadRef, NotFound):
        return {}
    return found if isinstance(found, Mapping) else {}


def _column(metric: str, asked: Measured) -> str:
    column = f"{METRICS}{named(metric.removeprefix(METRICS))}"
    if not asked.has(column):
        columns = asked.metrics()
        near = nearest(column, columns)
        told = f"no run of these has a metric {column.removeprefix(METRICS)}"
        raise NotFound(told, near=[one.removeprefix(METRICS) for one in near], hint=_known(columns))
    return column


def _only(columns: Collection[str], known: Metrics) -> str:
    """The one metric that has a direction and is not of training; raises BadValue where there is none, or several."""
    told = {one: meaning(known, one).direction in _DIRECTIONS for one in columns}
    found = [one for one in columns if told[one] and parted(one)[0] not in TRAINING]
    if len(found) != 1:
        raise BadValue("which metric?", hint=f"--metric NAME; {_known(columns)}")
    return found[0]


def _known(columns: Collection[str]) -> str:
    names = sorted(one.removeprefix(METRICS) for one in columns)
    return f"there are {', '.join(names[:12])}{', …' * (len(names) > 12)}" if names else "no run has a metric"  # noqa: PLR2004
