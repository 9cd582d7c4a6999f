"""The runs of a snapshot by columns of MLflow's: found, filtered and sorted without reading more than is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

from gitml.interop.mlflow import words
from gitml.interop.mlflow.runs import CONTEXT, Told, dataset, input_tags
from gitml.records.record import MISSING, column, segments
from gitml.records.ref import Ref
from gitml.repo.index.table import Table
from gitml.repo.index.underived import everything
from gitml.repo.snapshot import Snapshot

RUN = "run"
METRIC, PARAM, TAG, ATTRIBUTE, DATASET = "metric", "parameter", "tag", "attribute", "dataset"
Value = Any
"""A cell: text, number, a list for datasets; None where a run has none."""
_GROUPS = {"metrics": METRIC, "params": PARAM, "tags": TAG}
_FIELDS = {words.USER: "by", words.COMMIT: "code.commit", words.SOURCE: "code.path", words.PARENT: "parent"}
"""Tags that MLflow has of a run that gitml recorded, and the fields which say so."""

_COLLECTED = column("custom", words.CUSTOM, words.COLLECTED)
_INPUT = ("name", "ref", "digest", "md5", "sha256", "id", "version_id", "context")
"""What MLflow's name, digest and context of an input are made from."""


class Board:
    """The runs of one snapshot, row by row; `place` tells the URI of a run's files."""

    def __init__(self, snapshot: Snapshot, place: Callable[[Told], str]) -> None:
        self.snapshot = snapshot
        self.place = place
        self.table: Table = everything(snapshot, RUN)
        self._columns: dict[tuple[str, str], list[Value]] = {}
        self._told: dict[Ref, Told] = {}

    @cached_property
    def refs(self) -> list[tuple[str, str]]:
        """Experiment and id of each row's run."""
        return [Ref.parse(text).keys for text in self._cells("ref")]  # type: ignore[misc]

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """The row of each id."""
        return {run: row for row, (_experiment, run) in enumerate(self.refs) if row not in self._collected}

    @cached_property
    def experiments(self) -> dict[str, list[int]]:
        """The rows of each experiment."""
        found: dict[str, list[int]] = {}
        for row, (experiment, _run) in enumerate(self.refs):
            if row not in self._collected:
                found.setdefault(experiment, []).append(row)
        return found

    @cached_property
    def _collected(self) -> frozenset[int]:
        """The rows of runs that MLflow has removed for good, and does not see any more."""
        return frozenset(row for row, at in enumerate(self._cells(_COLLECTED)) if at is not None)

    @cached_property
    def deleted(self) -> frozenset[int]:
        """The rows of deleted runs."""
        return frozenset(row for row, at in enumerate(self._cells("deleted")) if at is not None)

    def find(self, run: str) -> Told | None:
        """The run of an id."""
        row = self.rows.get(run)
        return None if row is None else self.told([row])[0]

    def told(self, rows: Sequence[int]) -> list[Told]:
        """The runs of some rows, whole."""
        refs = [Ref(RUN, self.refs[row]) for row in rows]
        fresh = [ref for ref in refs if ref not in self._told]
        paths = {path: ref for ref in fresh if (path := self.snapshot.find(ref)) is not None}
        for found in self.snapshot.load(paths):
            if found.record is not None:
                self._told[paths[found.path]] = Told.of_record(found.record)
        for ref in fresh:
            if ref not in self._told:  # one that a reader makes of others' files
                self._told[ref] = Told.of_record(self.snapshot.record(ref))
        return [self._told[ref] for ref in refs]

    # ── columns ───────────────────────────────────────────────────────────────────────────────────────────────────

    def column(self, kind: str, key: str) -> list[Value]:
        """What each row's run has for a metric, param, tag, attribute or dataset of MLflow's."""
        found = self._columns.get((kind, key))
        if found is None:
            found = self._columns[kind, key] = self._made(kind, key)
        return found

    def _made(self, kind: str, key: str) -> list[Value]:
        if kind == ATTRIBUTE:
            return self._attribute(key)
        if kind == DATASET:
            return self._datasets(key)
        if kind == TAG:
            return self._tag(key)
        names = self._names.get((kind, key), ())
        found = _first(list(map(self._cells, names)), len(self.refs))
        return list(map(_number, found)) if kind == METRIC else list(map(_text, found))

    @cached_property
    def _names(self) -> Mapping[tuple[str, str], Collection[str]]:
        """The columns that say what MLflow knows by a name: with dots it is one part, or several."""
        found: dict[tuple[str, str], list[str]] = {}
        for name in self.table.names:
            first, *rest = segments(name)
            if first in _GROUPS and rest:
                found.setdefault((_GROUPS[str(first)], ".".join(map(str, rest))), []).append(name)
        return found

    def _tag(self, key: str) -> list[Value]:
        sources = [self._cells(column("tags", key))]
        if key in words.HOMES:
            sources.insert(0, self._home(key))
        if key in _FIELDS:
            cells = self._cells(_FIELDS[key])
            ours = [origin != words.ORIGIN for origin in self._cells("origin")]
            said = map(_id, cells) if key == words.PARENT else cells
            sources.append([value if is_ours else None for value, is_ours in zip(said, ours, strict=True)])
        return list(map(_text, _first(sources, len(self.refs))))

    def _home(self, tag: str) -> list[Value]:
        """The field that says what a tag says, where that was not taken away."""
        cells = self._cells(words.HOMES[tag])
        gone = self._cells(column("custom", words.CUSTOM, words.UNTAGGED)) if tag == words.RUN_NAME else ()
        return [None if is_gone else cell for cell, is_gone in zip(cells, gone, strict=True)] if gone else cells

    def _attribute(self, key: str) -> list[Value]:
        if key == "run_id":
            return [run for _experiment, run in self.refs]
        if key == "run_name":
            return self._cells("name")
        if key == "user_id":
            return [str(by or "") for by in self._cells("by")]
        if key == "status":
            return [words.status_word(ours) for ours in self._cells("status")]
        if key in ("start_time", "end_time"):
            cells = self._cells("created" if key == "start_time" else "ended")
            return [None if at is None else words.milliseconds(at) for at in cells]
        return [None] * len(self.refs)

    def _datasets(self, key: str) -> list[Value]:
        inputs = {str(segments(name)[1]) for name in self.table.names if name.startswith("inputs.")}
        found: list[Value] = [[] for _ in self.refs]
        for one in inputs:
            fields = [column("inputs", one, field) for field in _INPUT]
            cells = {field: self._cells(name) for field, name in zip(_INPUT, fields, strict=True)}
            for row, held in enumerate(zip(*cells.values(), strict=True)):
                told = {field: value for field, value in zip(cells, held, strict=True) if value is not None}
                if told:
                    found[row].append(of_input(key, one, told))
        return found

    def _cells(self, name: str) -> list[Value]:
        """A column of the table, None for a run that has no such field."""
        self.table.fetch([name])
        found: list[Value] = []
        for block in self.table.blocks:
            held = block.columns.get(name)
            found += [None] * block.size if held is None else _plain(held.cells)
        return found


def of_told(told: Told, kind: str, key: str) -> Value:
    """What a single run has for a metric, param, tag, attribute or dataset of MLflow's: as `Board.column` has it."""
    if kind == METRIC:
        return told.latest[key].value if key in told.latest else None
    if kind == PARAM:
        return told.params.get(key)
    if kind == TAG:
        return told.tags.get(key)
    if kind == DATASET:
        return [of_input(key, name, one) for name, one in told.inputs.items()]
    attributes: Mapping[str, Callable[[], Value]] = {
        "run_id": lambda: told.id,
        "run_name": lambda: told.name,
        "user_id": lambda: told.by,
        "status": lambda: words.status_word(told.status),
        "start_time": lambda: told.created,
        "end_time": lambda: told.ended,
    }
    return attributes[key]() if key in attributes else None


def of_input(key: str, name: str, told: Mapping[str, Any]) -> Value:
    """A dataset's name, digest or context."""
    if key == "context":
        return input_tags(name, told).get(CONTEXT)
    found, digest = dataset(name, told)
    return found if key == "name" else digest


def _plain(cells: Sequence[Any]) -> list[Value]:
    return [None if cell is MISSING else cell for cell in cells]


def _first(sources: Sequence[Sequence[Value]], size: int) -> list[Value]:
    """Of several columns the first that a row has a cell in."""
    if not sources:
        return [None] * size
    if len(sources) == 1:
        return list(sources[0])
    return [next((cell for cell in cells if cell is not None), None) for cells in zip(*sources, strict=True)]


def _number(cell: Value) -> Value:
    return cell if isinstance(cell, (int, float)) and not isinstance(cell, bool) else None


def _text(cell: Value) -> Value:
    return None if cell is None else words.param_text(cell)


def _id(parent: Value) -> Value:
    return Ref.parse(parent).keys[1] if parent else None
