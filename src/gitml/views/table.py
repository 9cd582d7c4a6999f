"""Rows as a pandas DataFrame, types kept. The only module that imports pandas."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

import pandas as pd

from gitml.records.record import MISSING

if TYPE_CHECKING:
    from gitml.records.filter import Expr
    from gitml.views.compare import Comparison
    from gitml.views.rows import Rows, View

_INT64 = (-(2**63), 2**63 - 1)
_EXACT = (-(2**53), 2**53)  # a float holds every integer in between
_FILLERS: dict[str, Any] = {"string": pd.NA, "int": 0, "float": 0.0, "bool": False}
_NULLABLE: dict[str, Any] = {
    "int": pd.arrays.IntegerArray,
    "float": pd.arrays.FloatingArray,
    "bool": pd.arrays.BooleanArray,
}
_NULL = type(None)
_PLAIN = {"int": "int64", "float": "float64", "bool": "bool"}


def table(rows: Rows) -> pd.DataFrame:
    """Rows as a DataFrame: Int64, Float64, boolean and string columns, each nullable; the others hold Python objects.

    A missing field is NA, and so is a null one except in columns of objects, where it is None. NaN stays NaN. A column
    of integers and floats is Float64 unless an integer in it is too large for a float to hold; then it holds objects.
    """
    count = len(rows.rows)
    cells = {column.name: [row.get(column.name, MISSING) for row in rows.rows] for column in rows.columns}
    arrays = {column.name: _array(cells[column.name], column.type) for column in rows.columns}
    return pd.DataFrame(arrays, index=pd.RangeIndex(count), copy=False)


def of(view: View) -> pd.DataFrame:
    """What `table` makes of the view's rows, made of its columns."""
    count = view.spots.count
    arrays = {column.name: _filled(*view.spots.present(column.name), count, column.type) for column in view.columns}
    return pd.DataFrame(arrays, index=pd.RangeIndex(count), copy=False)


def mask(expr: Expr, frame: pd.DataFrame) -> pd.Series[bool]:
    """Where a filter holds, row by row: the same answer as the filter gives on each record.

    Only in `text(...)` and its like an integer in a Float64 column reads as a float, `1.0`: the frame has lost it.
    """
    fields = expr.fields
    below = tuple(f"{field}." for field in fields)
    names = [name for name in _texts(frame.columns) if name in fields or name.startswith(below)]
    held = expr.mask({name: _cells(frame[name]) for name in names}, len(frame))
    return pd.Series(held, index=frame.index, dtype=bool)


def frame(comparison: Comparison) -> pd.DataFrame:
    """A comparison as a DataFrame, one row a field.

    Its columns: `field`, `same`, each record's value under its ref, and for each record after the first
    `<ref> delta`, `<ref> relative` and `<ref> verdict`.
    """
    fields = comparison.fields
    arrays: dict[str, Any] = {
        "field": _array([field.name for field in fields], "string"),
        "same": _array([field.same for field in fields], "bool"),
    }
    labels = comparison.labels
    for side, label in enumerate(labels):
        held = [field.held(side) for field in fields]
        arrays[label] = _array(held, "mixed")
    for side, label in list(enumerate(labels))[1:]:
        arrays[f"{label} delta"] = _array([field.delta[side] for field in fields], "float")
        arrays[f"{label} relative"] = _array([field.relative[side] for field in fields], "float")
        arrays[f"{label} verdict"] = _array([field.verdict[side] for field in fields], "string")
    return pd.DataFrame(arrays, index=pd.RangeIndex(len(fields)), copy=False)


def _texts(names: Iterable[Any]) -> list[str]:
    return [name for name in names if isinstance(name, str)]


def _array(cells: Sequence[Any], kind: str) -> Any:
    """A column as the array of its type, MISSING where it has nothing."""
    there = [cell is not MISSING for cell in cells]
    return _filled(list(compress(range(len(cells)), there)), list(compress(cells, there)), len(cells), kind)


def _filled(places: list[int], values: list[Any], count: int, kind: str) -> Any:
    """An array of `count` cells with values at some places; what does not fit the type makes them all objects."""
    types = set(map(type, values))
    if kind not in _FILLERS or not _fits(values, types, kind):
        return _objects(places, values, count)
    if _NULL in types:
        held = [value is not None for value in values]
        places, values = list(compress(places, held)), list(compress(values, held))
    if kind == "string":
        texts = _full(pd.NA, count, object)
        texts[places] = values
        return pd.array(texts, dtype=pd.StringDtype("python"))
    numbers = _full(_FILLERS[kind], count, _PLAIN[kind])
    numbers[places] = values
    gaps = _full(value=True, count=count, dtype=bool)
    gaps[places] = False
    return _NULLABLE[kind](numbers, gaps)


def _full(value: Any, count: int, dtype: Any) -> Any:
    return pd.Series(value, index=pd.RangeIndex(count), dtype=dtype).to_numpy(copy=True)


def _fits(values: Sequence[Any], types: set[type], kind: str) -> bool:
    limits = {"int": _INT64, "float": _EXACT}.get(kind)
    if limits is None or int not in types:
        return True
    return all(limits[0] <= value <= limits[1] for value in values if type(value) is int)


def _objects(places: Sequence[int], values: Sequence[Any], count: int) -> Any:
    held = _full(pd.NA, count, object)
    for place, value in zip(places, values, strict=True):  # one by one: a list among them is a value too
        held[place] = value
    # A Series, since an array of objects would be taken for text where it holds some.
    return pd.Series(held, dtype=object)


def _cells(column: pd.Series[Any]) -> list[Any]:
    """The values of a column as a record has them, MISSING where it has none."""
    values: list[Any] = column.astype(object).tolist()
    keeps_nan = column.dtype == object or pd.api.types.is_float_dtype(column.dtype)
    return [MISSING if value is pd.NA or _is_gap(value, keeps_nan) else value for value in values]


def _is_gap(value: Any, keeps_nan: bool) -> bool:  # noqa: FBT001
    return value is pd.NaT or (not keeps_nan and isinstance(value, float) and math.isnan(value))
