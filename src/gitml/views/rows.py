"""Rows: the records of a kind as dotted cells, with typed columns; what every table and listing is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitml.errors import Problem

Cells = dict[str, Any]


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
