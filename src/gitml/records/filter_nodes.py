"""Filters as values: frozen, hashable, callable on a record, applicable to columns, printable.

`expr(row)` takes a record or its dotted fields, `expr.mask(columns, count)` gives the same answers for many rows, and
`parse(str(expr)) == expr`. Equality is of what is written: `a = 1`, `a = 1.0` and `a = true` are three filters.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import compress
from typing import Final, Protocol

from gitml.records.filter_readings import READINGS
from gitml.records.filter_values import Op, Operand, along, literal, test
from gitml.records.masks import Mask, Packed, both, either, opposite
from gitml.records.record import MISSING, segments

RESERVED: Final = frozenset({"and", "or", "not", "in", "like", "ilike", "is", "null", "true", "false", "inf"})

Cells = Mapping[str, object]
Columns = Mapping[str, Sequence[object]]

_FIRST = re.compile(r"[^\W\d][\w/@-]*")
_LATER = re.compile(r"[\w/@-]+")


class HasRow(Protocol):
    """What a filter needs of a record."""

    @property
    def row(self) -> Cells:
        """Its dotted fields."""


class Expr(ABC):
    """A filter, or a part of one."""

    __slots__ = ()

    def __call__(self, row: Cells | HasRow) -> bool:
        """Whether it holds of a record, or of a mapping of dotted fields."""
        return self.on(row if isinstance(row, Mapping) else row.row)

    def __eq__(self, other: object) -> bool:
        # By text, because the values 1, 1.0 and True are equal to Python and not to a filter.
        return type(self) is type(other) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    @property
    def fields(self) -> frozenset[str]:
        """The columns that it looks at."""
        return frozenset(leaf.field for leaf in self.leaves())

    @abstractmethod
    def on(self, cells: Cells) -> bool:
        """Whether it holds of a mapping of dotted fields."""

    def mask(self, columns: Columns, count: int) -> Mask:
        """Whether it holds of each of `count` rows, given by columns; an absent cell is MISSING."""
        names = _within(self.fields, columns)
        rows = zip(*(columns[name] for name in names), strict=True) if names else [()] * count
        return [
            self.on({name: value for name, value in zip(names, row, strict=True) if value is not MISSING})
            for row in rows
        ]

    @abstractmethod
    def leaves(self) -> Iterator[Leaf]:
        """The parts that look at a field, from left to right."""


class Leaf(Expr):
    """A part that looks at one field."""

    __slots__ = ()
    field: str

    @abstractmethod
    def holds(self, value: object, present: bool = True) -> bool:  # noqa: FBT001, FBT002
        """Whether it holds of this value of its field."""

    @property
    def _sees_mappings(self) -> bool:
        """Whether it can hold of a mapping that is no column itself, as `metrics` is none beside `metrics.auc`."""
        return True

    def on(self, cells: Cells) -> bool:
        """Whether it holds of its field's value."""
        value = cells.get(self.field, MISSING)
        if value is MISSING and self._sees_mappings:
            value = {name: inner for name, inner in cells.items() if name.startswith(self.field + ".")} or MISSING
        return self.holds(value, value is not MISSING)

    def mask(self, columns: Columns, count: int) -> Mask:
        """Whether it holds of each row: by its own column alone, unless it may be a mapping's."""
        if self._sees_mappings and any(name.startswith(f"{self.field}.") for name in columns):
            return super().mask(columns, count)
        column = columns.get(self.field)
        if isinstance(column, Packed):
            return column.told(self._along, missing=self.on({}), exact=isinstance(self, Reading))
        return [self.on({})] * count if column is None else self._along(column)

    def _along(self, column: Sequence[object]) -> list[bool]:
        return [self.holds(value, value is not MISSING) for value in column]

    def leaves(self) -> Iterator[Leaf]:
        """Itself."""
        yield self


@dataclass(frozen=True, slots=True, eq=False)
class Compare(Leaf):
    """A field compared with a literal; for `in` and `not in` the value is a tuple."""

    field: str
    op: Op
    value: Operand

    def holds(self, value: object, present: bool = True) -> bool:  # noqa: FBT001, FBT002
        """Whether the comparison holds of this value."""
        return present and test(self.op, value, self.value)

    def _along(self, column: Sequence[object]) -> list[bool]:
        return along(self.op, column, self.value)

    @property
    def _sees_mappings(self) -> bool:
        return self.op == "!=" or self.op.startswith("not")

    def __str__(self) -> str:
        return f"{_name(self.field)} {self.op} {literal(self.value)}"


@dataclass(frozen=True, slots=True, eq=False)
class Reading(Leaf):
    """A field, in another tool's words, compared with a literal; `reading` is one of READINGS."""

    reading: str
    field: str
    op: Op
    value: Operand

    def holds(self, value: object, present: bool = True) -> bool:  # noqa: FBT001, FBT002
        """Whether the comparison holds of this value, read so."""
        if not present or value is None or value is MISSING:
            return False
        return any(test(self.op, said, self.value) for said in READINGS[self.reading](value))

    def __str__(self) -> str:
        return f"{self.reading}({_name(self.field)}) {self.op} {literal(self.value)}"


@dataclass(frozen=True, slots=True, eq=False)
class Null(Leaf):
    """A field that is missing or null; negated, one that is neither."""

    field: str
    negated: bool = False

    def holds(self, value: object, present: bool = True) -> bool:  # noqa: FBT001, FBT002
        """Whether this value is missing or null."""
        return (not present or value is None or value is MISSING) is not self.negated

    def __str__(self) -> str:
        return f"{_name(self.field)} is {'not ' * self.negated}null"


@dataclass(frozen=True, slots=True, eq=False)
class Nan(Leaf):
    """A field that is NaN, which no comparison can say; negated, one that has a value and is not NaN."""

    field: str
    negated: bool = False

    def holds(self, value: object, present: bool = True) -> bool:  # noqa: FBT001, FBT002
        """Whether this value is NaN."""
        if not present or value is None or value is MISSING:
            return False
        return (isinstance(value, float) and math.isnan(value)) is not self.negated

    def __str__(self) -> str:
        return f"{_name(self.field)} is {'not ' * self.negated}nan"


@dataclass(frozen=True, slots=True, eq=False)
class Not(Expr):
    """The opposite of a part; it holds of a record that lacks the part's field."""

    part: Expr

    def on(self, cells: Cells) -> bool:
        """Whether the part does not hold."""
        return not self.part.on(cells)

    def mask(self, columns: Columns, count: int) -> Mask:
        """Whether the part does not hold of each row."""
        return opposite(self.part.mask(columns, count))

    def leaves(self) -> Iterator[Leaf]:
        """Those of the part."""
        return self.part.leaves()

    def __str__(self) -> str:
        return f"not ({self.part})" if isinstance(self.part, Joined) else f"not {self.part}"


class Joined(Expr):
    """Two or more parts."""

    __slots__ = ()
    parts: tuple[Expr, ...]

    def leaves(self) -> Iterator[Leaf]:
        """Those of all parts."""
        return (leaf for part in self.parts for leaf in part.leaves())


@dataclass(frozen=True, slots=True, eq=False)
class And(Joined):
    """Two or more parts that hold together."""

    parts: tuple[Expr, ...]

    def on(self, cells: Cells) -> bool:
        """Whether all parts hold."""
        return all(part.on(cells) for part in self.parts)

    def mask(self, columns: Columns, count: int) -> Mask:
        """Whether all parts hold of each row; a part is asked only about rows of which those before it hold.

        Of packed columns it is asked about all rows, where there are such: that is done sooner than to unpack them.
        """
        first, *others = self.parts
        held = first.mask(columns, count)
        for part in others:
            names = _within(part.fields, columns)
            if not any(held):
                break
            if all(isinstance(columns[name], Packed) for name in names):
                held = both(held, part.mask(columns, count))
            else:
                left = {name: list(compress(columns[name], held)) for name in names}
                told = iter(part.mask(left, sum(held)))
                held = [is_held and next(told) for is_held in held]
        return held

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Joined) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True, eq=False)
class Or(Joined):
    """Two or more parts of which one at least holds."""

    parts: tuple[Expr, ...]

    def on(self, cells: Cells) -> bool:
        """Whether any part holds."""
        return any(part.on(cells) for part in self.parts)

    def mask(self, columns: Columns, count: int) -> Mask:
        """Whether any part holds of each row."""
        return reduce(either, (part.mask(columns, count) for part in self.parts))

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True, eq=False)
class Always(Expr):
    """No filter at all."""

    def on(self, _cells: Cells) -> bool:
        """Whether anything at all: yes."""
        return True

    def leaves(self) -> Iterator[Leaf]:
        """None."""
        return iter(())

    def __str__(self) -> str:
        return "true"


def _within(fields: frozenset[str], columns: Columns) -> list[str]:
    """The columns of some fields, those inside a mapping included."""
    below = tuple(f"{field}." for field in fields)
    return [name for name in columns if name in fields or name.startswith(below)]


def _name(field: str) -> str:
    first, *later = segments(field)
    if not later and first.lower() in RESERVED:
        return f"`{first}`"
    return ".".join([_segment(first, _FIRST), *(_segment(name, _LATER) for name in later)])


def _segment(name: str, plain: re.Pattern[str]) -> str:
    return name if plain.fullmatch(name) else "`" + name.replace("`", "``") + "`"
