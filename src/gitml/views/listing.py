"""The records of a kind as rows: filtered, sorted and cut."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from gitml.errors import BadFilter, NotFound
from gitml.records.filter_tokens import Cursor
from gitml.records.nearest import nearest
from gitml.records.record import column, segments
from gitml.repo.index.underived import everything
from gitml.views.choice import Choice, Spots
from gitml.views.columns import REF, Fields
from gitml.views.question import PLAIN, Question
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.records.filter import Expr
    from gitml.repo.index.table import Table
    from gitml.repo.snapshot import Snapshot
    from gitml.views.columns import Names

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


HEAD: Final = (Column(REF, "string"),)


def rows(snapshot: Snapshot, kind: str, where: str | Expr | None = None, **how: Any) -> Rows:
    """What `view` shows, row by row; `how` as there."""
    return view(snapshot, kind, where, **how).rows


def view(
    snapshot: Snapshot,
    kind: str,
    where: str | Expr | None = None,
    columns: Names | None = None,
    sort: Names | None = None,
    limit: int | None = None,
    dialect: str = PLAIN,
) -> View:
    """The records of a kind for which a filter holds, by ref or as `sort` says (`-metrics.auc`: the highest first).

    `columns` may name a mapping, which stands for all fields in it; `ref` is always there. Without `columns` there are
    those that the rows have or, where there are none, those that the kind's records have. Raises BadFilter, NotFound.
    """
    return answer(Question.of(where, columns, sort, limit, dialect), Listing.of(snapshot, kind))


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is to be asked about: the fields that the schemas name, and a table; `head` stands before its fields.

    What ties in every sort key stands by ref and, of one ref, in the table's order.
    """

    kind: str
    fields: Fields
    table: Table
    head: tuple[Column, ...] = HEAD

    @classmethod
    def of(cls, snapshot: Snapshot, kind: str) -> Listing:
        """The records of a kind at a snapshot, derived ones too."""
        return cls(kind, Fields.of(snapshot.schemas, kind), everything(snapshot, kind))

    def check(self, names: Sequence[str], refuse: Callable[[str, tuple[str, ...], str], NoReturn]) -> None:
        """Refuse a field that is in neither schema nor records."""
        for name in names:
            if name not in self.first and not self._stands(name):
                kind = self.fields.kinds[0].name if self.fields.kinds else "record"
                candidates = {*self.fields.beside(segments(name)), *self.table.names}
                refuse(f"no {kind} has a field {name}", nearest(name, candidates), name)

    def _stands(self, name: str) -> bool:
        path = segments(name)
        place = self.fields.place(path)
        if place == len(path) or self.under([name]):
            return True
        # Of a free map the schema knows no names, so the records tell; where none has anything in it, any name is fine.
        return place is not None and not (place and self.inside(column(*path[:place])))

    @property
    def first(self) -> list[str]:
        """The names of the cells that stand before the fields."""
        return [column.name for column in self.head]

    def under(self, fields: Iterable[str]) -> list[str]:
        """The columns of some fields; those of a mapping are the fields in it."""
        asked = list(fields)
        inside = tuple(f"{name}." for name in asked)
        return [name for name in self.table.names if name in asked or name.startswith(inside)]

    def inside(self, name: str) -> list[str]:
        """The columns of the fields in a mapping."""
        return [other for other in self.table.names if other.startswith(f"{name}.")]

    def columns(self, names: Collection[str], wanted: Sequence[str] | None) -> list[str]:
        """Columns as they stand: in the schema's order, or as they were asked for."""
        first = self.first
        found = [*first, *sorted(set(names).difference(first), key=self.fields.order)]
        if wanted is None:
            return found
        asked = [*(name for name in first if name not in wanted), *wanted]
        each = ((name, [one for one in found if one == name or one.startswith(f"{name}.")]) for name in asked)
        return list(dict.fromkeys(one for name, below in each for one in below or [name]))

    def typed(self, name: str, types: set[type] | None) -> Column:
        """A column with the type of what stands in it, or where that is nothing the schema's."""
        known = {column.name: column.type for column in self.head}
        return Column(name, known.get(name) or _type(types) or self.fields.type(name))


@dataclass(frozen=True, slots=True)
class View:
    """What is seen of a kind: typed columns, and the rows that are shown, of `total` that match."""

    kind: str
    columns: tuple[Column, ...]
    spots: Spots
    total: int

    @property
    def rows(self) -> Rows:
        """The same, row by row."""
        cells = self.spots.cells([column.name for column in self.columns])
        return Rows(self.kind, self.columns, tuple(cells), self.total)


def answer(question: Question, listing: Listing) -> View:
    """What is asked for; raises BadFilter, NotFound."""
    wanted = question.columns
    check_filter(question, listing)
    check_columns([*(wanted or ()), *(name for name, _descending in question.keys)], listing)
    matching = Choice.of(listing, question.expr)
    shown = matching.first(listing, question.keys, question.limit)
    every = listing.columns(listing.table.names, wanted)
    shown.fetch(every)
    types = shown.types(every)
    names = listing.columns(types.keys(), wanted) if shown.count else every
    columns = tuple(listing.typed(name, types.get(name)) for name in names)
    return View(listing.kind, columns, shown, matching.count)


def check_filter(question: Question, listing: Listing) -> None:
    """Refuse a filter that looks at a field that there is not; raises BadFilter."""
    if question.dialect == PLAIN:  # MLflow's own filters find nothing where a name is unknown
        fields = sorted(question.expr.fields)
        listing.check(fields, lambda told, near, name: _bad_filter(told, near, name, question.where))


def check_columns(names: Sequence[str], listing: Listing) -> None:
    """Refuse a column that there is not; raises NotFound."""
    listing.check(names, _not_found)


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
