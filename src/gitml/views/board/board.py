"""The leaderboard of an experiment: its runs, or the best run of each value of a field, from the best to the worst."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.errors import BadValue
from gitml.records.record import MISSING
from gitml.records.sorting import order
from gitml.repo.load import is_complete
from gitml.views.board.aim import Aim
from gitml.views.board.entrants import RUN, Entrants
from gitml.views.board.measures import mean
from gitml.views.choice import Spots
from gitml.views.columns import REF, Names, named, split
from gitml.views.deltas import is_number
from gitml.views.kinds import unread, unread_by_readers
from gitml.views.listing import check_columns
from gitml.views.metrics import HIGHER
from gitml.views.question import check_limit
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.repo.git.revision import At
    from gitml.repo.snapshot import Snapshot

RANK: Final = "rank"
RUNS: Final = "runs"
MEAN: Final = "mean"
_BESIDE: Final = ("params", "metrics", "created", "by", "name")


class Entry(NamedTuple):
    """One line: its rank (equal values share one; None for NaN), the best run and its value, and who it stands for.

    `key` is what it is known by from board to board: the run's ref, or the group's value with its type. `place` is the
    run's among the entrants; `group` the value that the `runs` share, and `mean` that of their numbers.
    """

    rank: int | None
    key: str
    ref: str
    value: int | float
    place: int
    group: Any = MISSING
    runs: int = 1
    mean: float = math.nan


@dataclass(frozen=True, slots=True)
class Board:
    """A leaderboard; `left_out` says how many runs do not stand on it, by reason. The first `limit` are shown.

    `unread` says why records of runs, or files of other tools that may hold some, cannot be read.
    """

    experiment: str
    aim: Aim
    by: str | None
    at: At
    entries: Sequence[Entry]
    entrants: Entrants
    limit: int | None = None
    columns: Sequence[str] | None = None
    unread: tuple[Problem, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether no run is missing that this clone could have."""
        return is_complete(self.unread)

    @property
    def shown(self) -> Sequence[Entry]:
        """The entries that are shown."""
        return self.entries[: self.limit]

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many runs do not stand on it, by reason."""
        return self.entrants.left_out

    @property
    def rows(self) -> Rows:
        """What is shown, row by row: rank, run and value first; then its parameters and other metrics, or `columns`."""
        shown, table = self.shown, self.entrants.listing.table
        spots = Spots(self.entrants.choice, [entry.place for entry in shown], table)
        names = self._names(spots)
        cells = spots.cells(names)
        types = spots.types(names)
        head = self._head()
        rows = tuple(self._row(entry) | beside for entry, beside in zip(shown, cells, strict=True))
        taken = {column.name for column in head}
        listing = self.entrants.listing
        more = [listing.typed(name, types[name]) for name in names if name in types and name not in taken]
        return Rows(RUN, (*head, *more), rows, len(self.entries))

    def _names(self, spots: Spots) -> list[str]:
        listing = self.entrants.listing
        wanted = listing.under(_BESIDE if self.columns is None else self.columns)
        spots.fetch([*wanted, self.aim.column])
        ordered = listing.columns(wanted, self.columns)
        return [name for name in ordered if name not in (REF, self.aim.column, self.by)]

    def _head(self) -> list[Column]:
        numbers = {type(entry.value) for entry in self.shown}
        value = Column(self.aim.column, "int" if numbers == {int} else "float")
        if self.by is None:
            return [Column(RANK, "int"), Column(REF, "string"), value]
        groups = {type(entry.group) for entry in self.shown} - {type(MISSING)}
        group = self.entrants.listing.typed(self.by, groups)
        counted = [Column(RUNS, "int"), Column(MEAN, "float")]
        return [Column(RANK, "int"), group, value, *counted, Column(REF, "string")]

    def _row(self, entry: Entry) -> dict[str, Any]:
        row = {RANK: entry.rank, REF: entry.ref, self.aim.column: entry.value}
        if self.by is not None:
            row |= {RUNS: entry.runs, MEAN: entry.mean}
            row |= {} if entry.group is MISSING else {self.by: entry.group}
        return row


def leaderboard(
    snapshot: Snapshot,
    experiment: str,
    metric: str | None = None,
    where: str | None = None,
    by: str | None = None,
    limit: int | None = None,
    columns: Names | None = None,
) -> Board:
    """The runs of an experiment by a metric, the best first, ties by ref, NaN last; with `by` the best run per value.

    Without `metric` it is the objective of the experiment's record, or the only metric there is. Runs that did not
    end well, are deleted, are another run again or lack the metric are left out. Raises NotFound, BadFilter, BadValue.
    """
    check_limit(limit)
    entrants = Entrants.of(snapshot, experiment, where)
    aim = Aim.of(snapshot, experiment, metric, entrants)
    wanted = None if columns is None else [named(name) for name in split(columns)]
    field = None if by is None else named(by)
    check_columns([*(wanted or ()), *([field] if field else [])], entrants.listing)
    if field is not None and (field == REF or entrants.listing.inside(field)):
        raise BadValue(f"{field} makes no groups", hint="group by a field of few values: --by params.model")
    values = entrants.values(aim.column)
    entrants = entrants.without([is_number(value) for value in values], f"without {aim.metric}")
    values = [value for value in values if is_number(value)]
    refs = entrants.values(REF)
    placed = _placed(values, refs, aim)
    if field is not None:
        entries = _grouped(placed, values, refs, entrants.values(field))
    else:
        entries = [Entry(None, refs[place], refs[place], values[place], place) for place in placed]
    lost = (*unread(snapshot, RUN), *unread_by_readers(snapshot, RUN))
    return Board(experiment, aim, field, snapshot.at, _ranked(entries), entrants, limit, wanted, lost)


def _placed(values: Sequence[int | float], refs: Sequence[str], aim: Aim) -> list[int]:
    """The places from the best value to the worst; ties by ref, NaN last."""
    by_ref = order(refs)
    ranked = order([values[place] for place in by_ref], descending=aim.direction == HIGHER)
    return [by_ref[place] for place in ranked]


def _grouped(
    placed: Sequence[int], values: Sequence[int | float], refs: Sequence[str], groups: Sequence[Any]
) -> list[Entry]:
    """The best run of each group, in the order of these; runs that lack the field are a group too."""
    found: dict[str, list[int]] = {}
    for place in placed:
        found.setdefault(f"{type(groups[place]).__name__} {groups[place]!r}", []).append(place)
    entries = []
    for key, places in found.items():
        best = places[0]
        real = [values[place] for place in places if not math.isnan(values[place])]
        entries.append(Entry(None, key, refs[best], values[best], best, groups[best], len(places), mean(real)))
    return entries


def _ranked(entries: Sequence[Entry]) -> list[Entry]:
    """Each with its rank: one more than the number of those that are better; NaN has none."""
    ranked: list[Entry] = []
    for place, entry in enumerate(entries, start=1):
        before = ranked[-1] if ranked else None
        tied = before is not None and before.value == entry.value
        rank = before.rank if before is not None and tied else place
        ranked.append(entry._replace(rank=None if math.isnan(entry.value) else rank))
    return ranked
