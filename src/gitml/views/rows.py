"""Rows: the records of a kind as dotted cells, filtered, sorted and cut; what every table and listing is made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from gitml.errors import BadFilter, BadValue, NotFound
from gitml.records.filter import order
from gitml.records.filter_tokens import Cursor
from gitml.records.nearest import nearest
from gitml.records.record import MISSING, Record, column, flatten, segments
from gitml.views.columns import REF, Fields
from gitml.views.question import PLAIN, Question

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.records.filter import Expr
    from gitml.repo.snapshot import Snapshot
    from gitml.views.columns import Names

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
    """The rows of a kind; a row lacks the fields that its record lacks, `total` counts what the limit cut off too.

    Over history (views.past) `problems` says why records are not among them, `complete` whether nothing was missing.
    """

    kind: str | None
    columns: tuple[Column, ...]
    rows: tuple[Cells, ...]
    total: int
    problems: tuple[Problem, ...] = ()
    complete: bool = True


class Item(NamedTuple):
    """A record, and the cells that stand before its own fields: its ref. A field of such a name gives way."""

    head: Cells
    record: Record


HEAD: Final = (Column(REF, "string"),)


def rows(
    snapshot: Snapshot,
    kind: str,
    where: str | Expr | None = None,
    columns: Names | None = None,
    sort: Names | None = None,
    limit: int | None = None,
    dialect: str = PLAIN,
) -> Rows:
    """The records of a kind for which a filter holds, by ref or as `sort` says (`-metrics.auc`: the highest first).

    `columns` may name a mapping, which stands for all fields in it; `ref` is always there. Without `columns` there are
    those that the rows have or, where nothing matches, those that the kind's records have. Raises BadFilter, NotFound.
    """
    question = Question.of(where, columns, sort, limit, dialect)
    items = [Item({REF: str(record.ref)}, record) for record in snapshot.records(kind)]
    items.sort(key=lambda item: str(item.head[REF]))
    return answer(question, Listing(kind, Fields.of(snapshot.schemas, kind), items))


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is to be asked about: the fields that the schemas name, and records in the order that decides ties."""

    kind: str
    fields: Fields
    items: Sequence[Item]
    head: tuple[Column, ...] = HEAD

    def check(self, names: Sequence[str], refuse: Callable[[str, tuple[str, ...], str], NoReturn]) -> None:
        """Refuse a field that is in neither schema nor records."""
        for name in names:
            path = segments(name)
            if name not in self.first and not self._stands(path):
                kind = self.fields.kinds[0].name if self.fields.kinds else "record"
                candidates = {*self.fields.beside(path), *_names(self.cells(self.items))}
                refuse(f"no {kind} has a field {name}", nearest(name, candidates), name)

    def _stands(self, path: Path) -> bool:
        place = self.fields.place(path)
        if place == len(path) or any(_lookup(item.record, path) is not MISSING for item in self.items):
            return True
        # Of a free map the schema knows no names, so the records tell; where none has anything in it, any name is fine.
        return place is not None and not any(_filled(_lookup(item.record, path[:place])) for item in self.items)

    @property
    def first(self) -> list[str]:
        """The names of the cells that stand before the fields."""
        return [column.name for column in self.head]

    def cells(self, items: Sequence[Item], wanted: Sequence[str] | None = None) -> list[Cells]:
        """The cells of some rows: all, or those that are asked for."""
        if wanted is None:
            return [item.head | flatten(item.record.data) | item.head for item in items]
        paths = _paths(dict.fromkeys([*self.first, *wanted]))
        return [_pick(item, paths) for item in items]

    def columns(self, cells: Sequence[Cells], wanted: Sequence[str] | None) -> list[str]:
        """The columns of some rows: in the schema's order, or as they were asked for."""
        first = self.first
        names = [*first, *sorted(_names(cells).difference(first), key=self.fields.order)]
        if wanted is None:
            return names
        asked = [*(name for name in first if name not in wanted), *wanted]
        found = ((name, [each for each in names if each == name or each.startswith(name + ".")]) for name in asked)
        return list(dict.fromkeys(each for name, below in found for each in below or [name]))

    def typed(self, names: Sequence[str], cells: Sequence[Cells]) -> tuple[Column, ...]:
        """The columns with the types of what stands in them."""
        known = {column.name: column.type for column in self.head}
        types = _types(cells)
        return tuple(
            Column(name, known.get(name) or _type(types.get(name)) or self.fields.type(name)) for name in names
        )


def answer(question: Question, listing: Listing) -> Rows:
    """The rows that are asked for; raises BadFilter, NotFound."""
    wanted, where, limit = question.columns, question.where, question.limit
    if question.dialect == PLAIN:  # MLflow's own filters find nothing where a name is unknown
        fields = sorted(question.expr.fields)
        listing.check(fields, lambda told, near, name: _bad_filter(told, near, name, where))
    listing.check([*(wanted or ()), *(name for name, _descending in question.keys)], _not_found)
    asked = _paths(question.expr.fields)
    matching = [item for item in listing.items if question.expr.on(_pick(item, asked))]
    flat = listing.cells(matching, wanted)
    names = listing.columns(flat or listing.cells(listing.items, wanted), wanted)
    place = _sorted(matching, question.keys)
    shown = tuple(flat[number] for number in (place if limit is None else place[:limit]))
    return Rows(listing.kind, listing.typed(names, flat), shown, len(flat))


def _sorted(items: Sequence[Item], keys: Sequence[tuple[str, bool]]) -> list[int]:
    """The positions in order; every pass is stable, so what ties stays in the order in which it came."""
    place = list(range(len(items)))
    for name, descending in reversed(keys):
        path = segments(name)
        values = [_value(items[number], name, path) for number in place]
        if any(isinstance(value, dict) and value for value in values):
            raise BadValue(f"{name} is a mapping, which has no order", hint=f"sort by a field in it: {name}.…")
        place = [place[number] for number in order(values, descending=descending)]
    return place


def _value(item: Item, name: str, path: Path) -> Any:
    return item.head[name] if name in item.head else _lookup(item.record, path)


def _lookup(record: Record, path: Path) -> Any:
    value: Any = record.data
    for step in path:
        value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
    return value


def _filled(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def _paths(names: Iterable[str]) -> list[tuple[str, Path]]:
    return [(name, segments(name)) for name in names]


def _pick(item: Item, paths: Sequence[tuple[str, Path]]) -> Cells:
    """The cells of some fields alone, those inside a mapping included."""
    cells: Cells = {}
    for name, path in paths:
        value = _value(item, name, path)
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
