"""Rows: the records of a kind as dotted cells, filtered, sorted and cut; what every table and listing is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from gitml.errors import BadFilter, BadValue, NotFound
from gitml.records.filter import Always, Expr, order, parse
from gitml.records.filter_tokens import Cursor
from gitml.records.nearest import nearest
from gitml.records.record import MISSING, Record, column, flatten, segments
from gitml.views.columns import REF, Fields, Names, named, split

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot

Cells = dict[str, Any]
Path = tuple[str, ...]

_TYPES: Final[Mapping[frozenset[type], str]] = {
    frozenset({str}): "string",
    frozenset({int}): "int",
    frozenset({float}): "float",
    frozenset({int, float}): "float",
    frozenset({bool}): "bool",
    frozenset({list}): "list",
    frozenset({dict}): "mapping",
}
_NULL = type(None)
_PLAIN = "gitml"
_HINT = "a field stands in the schema of the kind or in one of its records"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and the type of its values: string int float bool list mapping mixed.

    Integers beside floats are `float` and keep their own types in the rows. A column that holds nothing but null has
    the type that the schema gives it.
    """

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a kind; a row lacks the fields that its record lacks, `total` counts what the limit cut off too."""

    kind: str | None
    columns: tuple[Column, ...]
    rows: tuple[Cells, ...]
    total: int


def rows(
    snapshot: Snapshot,
    kind: str,
    where: str | Expr | None = None,
    columns: Names | None = None,
    sort: Names | None = None,
    limit: int | None = None,
    dialect: str = _PLAIN,
) -> Rows:
    """The records of a kind for which a filter holds, by ref or as `sort` says (`-metrics.auc`: the highest first).

    `columns` may name a mapping, which stands for all fields in it; `ref` is always there. Without `columns` there are
    those that the rows have or, where nothing matches, those that the kind's records have. Raises BadFilter, NotFound.
    """
    if limit is not None and (isinstance(limit, bool) or limit < 0):
        raise BadValue(f"{limit!r} is no limit", hint="write a number of rows, 0 or more")
    wanted = None if columns is None else [named(name) for name in split(columns)]
    keys = [_sort_key(text) for text in split(sort or ())]
    expr = parse(where, dialect) if isinstance(where, str) else where or Always()
    known = _Known(Fields.of(snapshot.schemas, kind), _by_ref(snapshot.records(kind)))
    if dialect == _PLAIN:  # MLflow's own filters find nothing where a name is unknown
        known.check(sorted(expr.fields), lambda told, near, name: _bad_filter(told, near, name, where))
    known.check([*(wanted or ()), *(name for name, _descending in keys)], _not_found)
    asked = _paths(expr.fields)
    matching = [pair for pair in known.records if expr.on(_pick(pair, asked))]
    flat = _cells(matching, wanted)
    names = known.columns(flat or _cells(known.records, wanted), wanted)
    place = _sorted(matching, keys)
    shown = tuple(flat[number] for number in (place if limit is None else place[:limit]))
    return Rows(kind, known.typed(names, flat), shown, len(flat))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is there: the fields that the schemas name, and the records of the kind, by ref."""

    fields: Fields
    records: Sequence[tuple[str, Record]]

    def check(self, names: Sequence[str], refuse: Callable[[str, tuple[str, ...], str], NoReturn]) -> None:
        """Refuse a field that is in neither schema nor records."""
        for name in names:
            path = segments(name)
            if name != REF and not self._stands(path):
                kind = self.fields.kinds[0].name if self.fields.kinds else "record"
                candidates = {*self.fields.beside(path), *_names(_cells(self.records, None))}
                refuse(f"no {kind} has a field {name}", nearest(name, candidates), name)

    def _stands(self, path: Path) -> bool:
        place = self.fields.place(path)
        if place == len(path) or any(_lookup(record, path) is not MISSING for _ref, record in self.records):
            return True
        # Of a free map the schema knows no names, so the records tell; where none has anything in it, any name is fine.
        return place is not None and not any(_filled(_lookup(record, path[:place])) for _ref, record in self.records)

    def columns(self, cells: Sequence[Cells], wanted: Sequence[str] | None) -> list[str]:
        """The columns of some rows: in the schema's order, or as they were asked for."""
        names = sorted(_names(cells) | {REF}, key=self.fields.order)
        if wanted is None:
            return names
        asked = wanted if REF in wanted else [REF, *wanted]
        found = ((name, [each for each in names if each == name or each.startswith(name + ".")]) for name in asked)
        return list(dict.fromkeys(each for name, below in found for each in below or [name]))

    def typed(self, names: Sequence[str], cells: Sequence[Cells]) -> tuple[Column, ...]:
        """The columns with the types of what stands in them."""
        types = _types(cells)
        return tuple(Column(name, _type(types.get(name)) or self.fields.type(name)) for name in names)


def _by_ref(records: Iterable[Record]) -> list[tuple[str, Record]]:
    return sorted(((str(record.ref), record) for record in records), key=lambda pair: pair[0])


def _sort_key(text: str) -> tuple[str, bool]:
    return named(text.removeprefix("-")), text.startswith("-")


def _sorted(records: Sequence[tuple[str, Record]], keys: Sequence[tuple[str, bool]]) -> list[int]:
    """The positions in order; the records come by ref, and every pass is stable."""
    place = list(range(len(records)))
    for name, descending in reversed(keys):
        path = segments(name)
        values = [records[number][0] if name == REF else _lookup(records[number][1], path) for number in place]
        if any(isinstance(value, dict) and value for value in values):
            raise BadValue(f"{name} is a mapping, which has no order", hint=f"sort by a field in it: {name}.…")
        place = [place[number] for number in order(values, descending=descending)]
    return place


def _lookup(record: Record, path: Path) -> Any:
    value: Any = record.data
    for step in path:
        value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
    return value


def _filled(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def _paths(names: Iterable[str]) -> list[tuple[str, Path]]:
    return [(name, segments(name)) for name in names]


def _cells(records: Sequence[tuple[str, Record]], wanted: Sequence[str] | None) -> list[Cells]:
    if wanted is None:
        # A record's own field `ref` gives way: the column is the record's name.
        return [{REF: ref} | flatten(record.data) | {REF: ref} for ref, record in records]
    paths = _paths(dict.fromkeys([REF, *wanted]))
    return [_pick(pair, paths) for pair in records]


def _pick(pair: tuple[str, Record], paths: Sequence[tuple[str, Path]]) -> Cells:
    """The cells of some fields alone, those inside a mapping included."""
    ref, record = pair
    cells: Cells = {}
    for name, path in paths:
        value = ref if name == REF else _lookup(record, path)
        if isinstance(value, dict) and value:
            cells.update((f"{name}.{below}", inner) for below, inner in flatten(value).items())
        elif value is not MISSING:
            cells[name] = value
    return cells


def _names(cells: Iterable[Cells]) -> set[str]:
    return {name for names in {tuple(row) for row in cells} for name in names}


def _types(cells: Iterable[Cells]) -> dict[str, set[type]]:
    """The types in each column; rows of the same names are gone through together, at C's speed."""
    alike: dict[tuple[str, ...], list[Iterable[Any]]] = {}
    for row in cells:
        alike.setdefault(tuple(row), []).append(row.values())
    types: dict[str, set[type]] = {}
    for names, values in alike.items():
        for name, held in zip(names, zip(*values, strict=True), strict=True):
            types.setdefault(name, set()).update(map(type, held))
    return types


def _type(types: set[type] | None) -> str | None:
    found = frozenset(types or ()) - {_NULL}
    return _TYPES.get(found, "mixed") if found else None


def _bad_filter(told: str, near: tuple[str, ...], name: str, where: str | Expr | None) -> NoReturn:
    at = _column(where, name) if isinstance(where, str) else None
    raise BadFilter(told, column=at, near=near, hint=_HINT)


def _column(where: str, name: str) -> int | None:
    cursor = Cursor(where)
    while cursor.token.kind != "end":
        token = cursor.take()
        if token.kind == "name" and column(*segments(token.text)) == name:
            return token.column
    return None


def _not_found(told: str, near: tuple[str, ...], _name: str) -> NoReturn:
    raise NotFound(told, near=near, hint=_HINT)
