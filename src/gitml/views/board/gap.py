"""How far runs overfit: each metric on what was trained on, against the same metric on other data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gitml.views.board.board import Board, Entry
from gitml.views.board.splits import Pair, meaning, pairs
from gitml.views.choice import Spots
from gitml.views.deltas import delta, is_number, relative
from gitml.views.metrics import Metrics, Verdict, verdict
from gitml.views.rows import Column, Rows

_COLUMNS: Final = (
    *(Column(name, "string") for name in ("ref", "metric", "split")),
    *(Column(name, "float") for name in ("train", "value", "delta", "relative")),
    Column("verdict", "string"),
)


class Gap(NamedTuple):
    """A metric of one run: `delta` is the other split's value - the training's, `relative` that over the training's."""

    entry: Entry
    pair: Pair
    train: Any
    value: Any
    delta: int | float | None
    relative: float | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Gaps:
    """The gaps of the runs that a board shows, run by run."""

    board: Board
    gaps: tuple[Gap, ...]

    @property
    def rows(self) -> Rows:
        """One row a run, metric and split; `verdict` says whether the split's value is worse than the training's."""
        rows = tuple(_row(gap) for gap in self.gaps)
        return Rows("run", (Column("rank", "int"), *_COLUMNS), rows, len(rows))


def gaps(board: Board, metrics: Metrics) -> Gaps:
    """For each metric that has a split of training and another: how much they differ in the runs that are shown."""
    columns = board.entrants.metrics()
    found = list(pairs(columns))
    spots = Spots(board.entrants.choice, [entry.place for entry in board.shown], board.entrants.listing.table)
    names = sorted({name for pair in found for name in (pair.train, pair.other)})
    spots.fetch(names)
    cells = zip(board.shown, spots.cells(names), strict=True)
    return Gaps(board, tuple(gap for entry, row in cells for gap in _gaps(entry, row, found, metrics)))


def _gaps(entry: Entry, row: dict[str, Any], found: Iterable[Pair], metrics: Metrics) -> Iterator[Gap]:
    for pair in found:
        train: Any = row.get(pair.train)
        value: Any = row.get(pair.other)
        if is_number(train) and is_number(value):
            moved = delta(train, value)
            share = None if moved is None else relative(moved, train)
            yield Gap(entry, pair, train, value, moved, share, verdict(meaning(metrics, pair.other), train, value))


def _row(gap: Gap) -> dict[str, Any]:
    row = {"rank": gap.entry.rank, "ref": gap.entry.ref, "metric": gap.pair.metric, "split": gap.pair.split,
           "train": gap.train, "value": gap.value}  # fmt: skip
    told = {"delta": gap.delta, "relative": gap.relative, "verdict": gap.verdict}
    return row | {name: value for name, value in told.items() if value is not None}
