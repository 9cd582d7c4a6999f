"""The merits of a version: its metrics, wherever they are recorded, and how they compare with another's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gitml.errors import BadRef, NotFound
from gitml.records.record import flatten, segment, segments
from gitml.views.metrics import Metric, Metrics, Verdict, verdict

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.records.ref import Ref
    from gitml.repo.snapshot import Snapshot

_METRICS: Final = "metrics"
_EVALUATION: Final = "evaluation"
_TRAINING: Final = frozenset(["train", "training"])


@dataclass(frozen=True, slots=True)
class Merit:
    """One metric of two versions; `name` is dotted, with its split: `test.auc`. `metric` says what it means."""

    name: str
    before: Any
    after: Any
    metric: Metric | None
    verdict: Verdict | None

    @property
    def short(self) -> str:
        """The last part of the name: `auc`."""
        return segments(self.name)[-1]

    @property
    def split(self) -> str:
        """What stands before it: `test`; empty where nothing does."""
        return ".".join(segments(self.name)[:-1])

    @property
    def of_training(self) -> bool:
        """Whether it was measured on what the model had seen."""
        return segments(self.name)[0] in _TRAINING


def merits(snapshot: Snapshot, ref: Ref) -> dict[str, Any]:
    """The numbers of a version by dotted name: its own; else those of evaluations of it; else those of its run."""
    try:
        version = snapshot.record(ref)
    except (BadRef, NotFound):
        return {}
    own = _numbers(version)
    if own:
        return own
    evaluated: dict[str, Any] = {}
    for record in _evaluations(snapshot, version):
        evaluated |= _numbers(record)
    return evaluated or _of_run(snapshot, version)


def _numbers(record: Record) -> dict[str, Any]:
    """The metrics of a record; those of an evaluation of one split stand below the split's name."""
    held = record.data.get(_METRICS)
    found = flatten(held) if isinstance(held, Mapping) else {}
    numbers = {name: value for name, value in found.items() if isinstance(value, int | float)}
    split = record.data.get("split") if record.kind == _EVALUATION else None
    if isinstance(split, str) and split:
        return {name if "." in name else f"{segment(split)}.{name}": value for name, value in numbers.items()}
    return numbers


def _evaluations(snapshot: Snapshot, version: Record) -> list[Record]:
    """The evaluations of a version, the latest last."""
    if _EVALUATION not in snapshot.schemas.latest:
        return []
    found = []
    for record in snapshot.records(_EVALUATION):
        of = record.data.get("of")
        said = of if isinstance(of, Mapping) else {}
        if said.get("ref") == str(version.ref) and said.get("id") in (None, version.data.get("id")):
            found.append(record)
    return sorted(found, key=lambda record: str(record.data.get("created")))


def _of_run(snapshot: Snapshot, version: Record) -> dict[str, Any]:
    from gitml.records.ref import Ref

    run = version.data.get("run")
    try:
        return _numbers(snapshot.record(Ref.parse(run).bare)) if isinstance(run, str) else {}
    except (BadRef, NotFound):
        return {}


def judged(before: Mapping[str, Any], after: Mapping[str, Any], rules: Sequence[Metrics]) -> Iterator[Merit]:
    """The metrics that two versions share, each judged by the strictest of some rules: worse by one of them is worse.

    What a metric means stands in the first of the rules that knows it.
    """
    for name in after:
        if name in before:
            known = [metric for one in rules if (metric := one.find(f"{_METRICS}.{name}"))]
            found = [(metric, verdict(metric, before[name], after[name])) for metric in known]
            worse = next((one for one in found if one[1] == "worse"), None)
            metric, word = worse or (found[0] if found else (None, None))
            yield Merit(name, before[name], after[name], metric, word)


def that_count(found: Sequence[Merit]) -> list[Merit]:
    """Those that say how good a version is: what was measured in training does so only where there is nothing else."""
    return [one for one in found if not one.of_training] or list(found)
