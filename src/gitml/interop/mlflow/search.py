"""`search_runs`: MLflow reads the filter and the order, and they are answered from columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from mlflow.entities import ViewType
from mlflow.utils.search_utils import SearchUtils

from gitml.interop.mlflow.board import ATTRIBUTE, DATASET, METRIC, Board, Value, of_told
from gitml.interop.mlflow.faults import invalid
from gitml.interop.mlflow.runs import Told

Columns = Callable[[str, str], Sequence[Value]]
_NULLS: Mapping[str, bool] = {"IS NULL": True, "IS NOT NULL": False}


class Field(NamedTuple):
    """What runs are compared by."""

    kind: str
    key: str


_FILES = Field(ATTRIBUTE, "artifact_uri")


class Clause(NamedTuple):
    """One comparison of a filter; several are joined by AND."""

    field: Field
    comparator: str
    value: Any

    def holds(self, cell: Value) -> bool:
        """Whether it holds for a run's cell; for one that is not there it never does, but for IS NULL."""
        if self.comparator in _NULLS:
            return (cell is None) is _NULLS[self.comparator]
        if self.field.kind == DATASET:
            return any(one is not None and self._compared(one) for one in cell)
        return cell is not None and self._compared(cell)

    def _compared(self, cell: Value) -> bool:
        return bool(SearchUtils.get_comparison_func(self.comparator)(cell, self.value))


def clauses(text: str | None) -> list[Clause]:
    """A filter, as MLflow reads it; INVALID_PARAMETER_VALUE."""
    found = []
    for one in SearchUtils.parse_search_filter(text):
        kind, key, comparator = one["type"], SearchUtils.translate_key_alias(one["key"]), one["comparator"].upper()
        value = one["value"]
        if kind == METRIC:
            SearchUtils.is_metric(kind, comparator)
            value = float(value)
        elif kind == ATTRIBUTE:
            _ = SearchUtils.is_string_attribute(kind, key, comparator) or SearchUtils.is_numeric_attribute(
                kind, key, comparator
            )
        elif kind == DATASET:
            SearchUtils.is_dataset(kind, comparator)
        else:
            _ = SearchUtils.is_param(kind, comparator) or SearchUtils.is_tag(kind, comparator)
        found.append(Clause(Field(kind, key), comparator, value))
    return found


def orders(texts: Iterable[str] | None) -> list[tuple[Field, bool]]:
    """What to sort by, as MLflow reads it, and whether the smallest is first; INVALID_PARAMETER_VALUE."""
    found: list[tuple[Field, bool]] = []
    for text in texts or ():
        kind, key, ascending = SearchUtils.parse_order_by_for_search_runs(text)
        if kind == DATASET:
            invalid(f"Invalid identifier type {kind!r}: a run has read any number of data sets")
        field = Field(kind, SearchUtils.translate_key_alias(key))
        if any(field == other for other, _ascending in found):
            invalid(f"`order_by` contains duplicate fields: {list(texts or ())}")
        found.append((field, ascending))
    return found


class Pool:
    """Runs to choose from: rows of a board, and some that are under way."""

    def __init__(self, board: Board, rows: Sequence[int], live: Sequence[Told]) -> None:
        self._board = board
        self._rows = rows
        self._live = live

    @classmethod
    def of(cls, board: Board, live: Sequence[Told], experiments: Iterable[str], view: int) -> Pool:
        """The runs of some experiments that are there, deleted, or either; one under way is no row's."""
        wanted = dict.fromkeys(experiments)
        going = {one.id for one in live}
        hidden = {row for run in going if (row := board.rows.get(run)) is not None}
        rows = [row for one in wanted for row in board.experiments.get(one, ()) if row not in hidden]
        fresh = [one for one in live if one.ref.keys[0] in wanted]
        if view != ViewType.ALL:
            is_deleted = view == ViewType.DELETED_ONLY
            rows = [row for row in rows if (row in board.deleted) is is_deleted]
            fresh = [one for one in fresh if one.is_deleted is is_deleted]
        return cls(board, rows, fresh)

    def cells(self, field: Field) -> list[Value]:
        """What each run has."""
        if field == _FILES:  # it follows from where its experiment's files lie
            return [self._board.place(one) for one in self.told(range(len(self._rows) + len(self._live)))]
        column = self._board.column(*field)
        return [column[row] for row in self._rows] + [of_told(one, *field) for one in self._live]

    def where(self, clause: Clause) -> Pool:
        """Those for which a comparison holds."""
        kept = [clause.holds(cell) for cell in self.cells(clause.field)]
        count = len(self._rows)
        rows = [row for row, holds in zip(self._rows, kept, strict=False) if holds]
        live = [one for one, holds in zip(self._live, kept[count:], strict=True) if holds]
        return Pool(self._board, rows, live)

    def sorted(self, keys: Sequence[tuple[Field, bool]]) -> list[int]:
        """The places of the runs in order: by keys, then the latest start, then the id; what lacks a value is last."""
        start, run = Field(ATTRIBUTE, "start_time"), Field(ATTRIBUTE, "run_id")
        asked = list(keys)
        if all(field != start for field, _ascending in asked):
            asked.append((start, False))
        places = list(range(len(self._rows) + len(self._live)))
        for field, ascending in reversed([*asked, (run, True)]):
            places = _by(places, self.cells(field), ascending)
        return places

    def told(self, places: Sequence[int]) -> list[Told]:
        """The runs at some places."""
        count = len(self._rows)
        rows = [self._rows[place] for place in places if place < count]
        found = iter(self._board.told(rows))
        return [next(found) if place < count else self._live[place - count] for place in places]


def _by(places: Sequence[int], cells: Sequence[Value], ascending: bool) -> list[int]:  # noqa: FBT001
    """Places in the order of their cells, stable: numbers that are none after the others, what is not there last."""
    there = [place for place in places if cells[place] is not None and cells[place] == cells[place]]
    odd = [place for place in places if cells[place] is not None and cells[place] != cells[place]]
    absent = [place for place in places if cells[place] is None]
    return [*sorted(there, key=cells.__getitem__, reverse=not ascending), *odd, *absent]
