"""Records side by side: one line a field, what differs, and whether a metric became better or worse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gitml.errors import BadValue
from gitml.records.record import MISSING, leaves, no_list_key, same, segments
from gitml.views.deltas import delta, relative
from gitml.views.metrics import Metrics, Verdict, verdict

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.records.ref import Ref
    from gitml.records.schema import Kind
    from gitml.repo.git.revision import At
    from gitml.repo.snapshot import Snapshot
    from gitml.views.beside.parts import Beside

_METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Side:
    """One record of a comparison, its kind where the snapshot has a schema for it, and the snapshot it stands in."""

    record: Record
    kind: Kind | None
    at: At
    snapshot: Snapshot | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, snapshot: Snapshot, ref: Ref) -> Side:
        """The record of a ref, as it stands in a snapshot; raises NotFound."""
        record = snapshot.record(ref.bare)
        return cls(record, snapshot.schemas.latest.get(record.kind), snapshot.at, snapshot)

    @property
    def place(self) -> str:
        """The snapshot in a word: a short commit, `staged` or `worktree`."""
        return (self.at.commit or "")[:8] if self.at.kind == "commit" else self.at.kind

    @property
    def leaves(self) -> dict[str, Any]:
        """The record's fields, those inside keyed lists by their keys: `columns[name=age].type`."""
        return leaves(self.record.data, self.kind.list_key if self.kind else no_list_key)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of several records; all tuples are parallel to the records, the first of which is the baseline.

    `delta` is value - baseline, `relative` that over the baseline's absolute value; None where there is no such number.
    """

    name: str
    same: bool
    present: tuple[bool, ...]
    values: tuple[Any, ...]
    delta: tuple[int | float | None, ...]
    relative: tuple[float | None, ...]
    verdict: tuple[Verdict | None, ...]

    def held(self, side: int) -> Any:
        """The value that one record has, or MISSING."""
        return self.values[side] if self.present[side] else MISSING


@dataclass(frozen=True, slots=True)
class Comparison:
    """Records side by side: one `Field` a field that any of them has, in the records' own order.

    `beside` are the data, the code, the environment and the duration, where they were asked for.
    """

    sides: tuple[Side, ...]
    fields: tuple[Field, ...]
    beside: Beside | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each record: its ref, with the commit before it where the same record is there twice."""
        refs = [str(side.record.ref) for side in self.sides]
        labels = [
            ref if refs.count(ref) == 1 else f"{side.place}:{ref}" for ref, side in zip(refs, self.sides, strict=True)
        ]
        return tuple(
            label if labels.count(label) == 1 else f"{label}#{number}" for number, label in enumerate(labels, start=1)
        )


def compare(sides: Sequence[Side], metrics: Metrics) -> Comparison:
    """Two or more records, the first as the baseline; `metrics` says which way is better. Raises BadValue."""
    if len(sides) < 2:  # noqa: PLR2004
        raise BadValue("one record has nothing to be compared with", hint="name two or more refs")
    columns = [side.leaves for side in sides]
    return Comparison(tuple(sides), tuple(_field(name, columns, metrics) for name in _merged(columns)))


def _merged(columns: Iterable[Iterable[str]]) -> list[str]:
    """All names in an order that agrees with each record's: a new one stands behind the one before it."""
    merged: list[str] = []
    for names in columns:
        known = set(merged)
        place = 0
        for name in names:
            if name in known:
                place = merged.index(name) + 1
            else:
                merged.insert(place, name)
                place += 1
    return merged


def _field(name: str, columns: Sequence[dict[str, Any]], metrics: Metrics) -> Field:
    values = [column.get(name, MISSING) for column in columns]
    baseline = values[0]
    metric = metrics.find(name) if is_metric(name) else None
    deltas = [None, *(delta(baseline, value) for value in values[1:])]
    return Field(
        name,
        all(same(baseline, value) for value in values[1:]),
        tuple(value is not MISSING for value in values),
        tuple(None if value is MISSING else value for value in values),
        tuple(deltas),
        tuple(None if moved is None else relative(moved, baseline) for moved in deltas),
        (None, *(verdict(metric, baseline, value) if metric else None for value in values[1:])),
    )


def is_metric(name: str) -> bool:
    """Whether a field stands in a map of metrics."""
    # `params.precision: 16` is a setting: a number is a metric where it stands in a map of metrics.
    return _METRICS in segments(name)[:-1]
