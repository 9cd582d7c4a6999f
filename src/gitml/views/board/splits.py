"""The splits of data that metrics are measured on, as their names tell: `train.auc`, `validation/loss`, `val_loss`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from gitml.records.record import column, segments
from gitml.views.metrics import Metric, Metrics

METRICS: Final = "metrics."
TRAINING: Final = ("train", "training")
_OTHERS: Final = ("validation", "valid", "val", "eval", "dev", "test", "holdout")
_KERAS: Final = "val"


class Pair(NamedTuple):
    """A metric that was measured twice: the columns of both splits, and the name of the second."""

    metric: str
    split: str
    train: str
    other: str


def pairs(columns: Iterable[str]) -> Iterator[Pair]:
    """The metrics that have both splits: `train.auc` and `validation.auc`, or as one word `train/auc`, `val_auc`.

    As Keras names them, `loss` is the training's where there is a `val_loss` and no `train_loss`.
    """
    known = sorted(columns)
    found = {name: parted(name) for name in known}
    trained = {metric: name for name, (split, metric) in found.items() if split in TRAINING}
    for name, (split, metric) in found.items():
        if split not in _OTHERS:
            continue
        train = trained.get(metric) or (metric if split == _KERAS and metric in found and not _nested(name) else None)
        if train is not None:
            yield Pair(metric.removeprefix(METRICS), split, train, name)


def _nested(name: str) -> bool:
    """Whether its split is a mapping, as `validation.auc` is and `val_auc` is not."""
    return segments(name.removeprefix(METRICS))[0] in _OTHERS


def parted(name: str) -> tuple[str, str]:
    """The split of a metric's column, and the column without it; an empty split where none is named."""
    path = segments(name)[1:]
    if len(path) > 1 and path[0] in (*TRAINING, *_OTHERS):
        return path[0], METRICS + column(*path[1:])
    *before, last = path
    for mark in ("/", "_"):
        split, found, rest = last.partition(mark)
        if found and rest and split in (*TRAINING, *_OTHERS):
            return split, METRICS + column(*before, rest)
    return "", name


def meaning(metrics: Metrics, name: str) -> Metric:
    """What a metric's column means; a split in its name does not count: `val_loss` is a loss."""
    return metrics.find(name) or metrics.find(parted(name)[1]) or Metric()
