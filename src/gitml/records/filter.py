"""The filter language: `parse(text)` gives a frozen expression, callable on a record and applicable to columns.

    >>> best = parse("metrics.auc > 0.9 and params.lr < 1e-2")
    >>> best({"metrics.auc": 0.91, "params.lr": 0.001})
    True

The grammar stands in records/filter_parser.py, what each comparison means in records/filter_values.py.
"""

from __future__ import annotations

from gitml.errors import BadValue
from gitml.records import filter_parser
from gitml.records.filter_nodes import Always, And, Compare, Expr, Leaf, Nan, Not, Null, Or, Reading
from gitml.records.filter_values import test
from gitml.records.nearest import nearest
from gitml.records.sorting import order, sort_key

__all__ = [
    "DIALECTS",
    "Always",
    "And",
    "Compare",
    "Expr",
    "Leaf",
    "Nan",
    "Not",
    "Null",
    "Or",
    "Reading",
    "order",
    "parse",
    "sort_key",
    "test",
]

DIALECTS = ("gitml", "mlflow")


def parse(text: str, dialect: str = "gitml") -> Expr:
    """The filter that the text says; empty text holds of every record. Raises BadFilter, which points at the column."""
    if dialect == "gitml":
        return filter_parser.read(text)
    if dialect == "mlflow":
        from gitml.records import filter_mlflow  # 4 ms that few filters need

        return filter_mlflow.read(text)
    near = nearest(dialect, DIALECTS)
    raise BadValue(f"{dialect!r} is no filter dialect", hint=f"write {' or '.join(DIALECTS)}", near=near)
