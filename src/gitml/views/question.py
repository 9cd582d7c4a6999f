"""A question that is answered with rows: a filter, columns, an order, a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gitml.errors import BadValue
from gitml.records.filter import Always, Expr, parse
from gitml.views.columns import Names, named, split

PLAIN: Final = "gitml"
"""Our own filter language."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows are asked for: a filter, columns, an order, a limit."""

    where: str | Expr | None
    expr: Expr
    columns: Sequence[str] | None
    keys: Sequence[tuple[str, bool]]
    limit: int | None
    dialect: str

    @classmethod
    def of(
        cls,
        where: str | Expr | None = None,
        columns: Names | None = None,
        sort: Names | None = None,
        limit: int | None = None,
        dialect: str = PLAIN,
    ) -> Question:
        """A question as `rows` takes it; raises BadFilter, BadValue."""
        check_limit(limit)
        wanted = None if columns is None else [named(name) for name in split(columns)]
        keys = [_sort_key(text) for text in split(sort or ())]
        expr = parse(where, dialect) if isinstance(where, str) else where or Always()
        return cls(where, expr, wanted, keys, limit, dialect)


def _sort_key(text: str) -> tuple[str, bool]:
    return named(text.removeprefix("-")), text.startswith("-")


def check_limit(limit: int | None) -> None:
    """Refuse what is no number of rows; raises BadValue."""
    if limit is not None and (isinstance(limit, bool) or limit < 0):
        raise BadValue(f"{limit!r} is no limit", hint="write a number of rows, 0 or more")
