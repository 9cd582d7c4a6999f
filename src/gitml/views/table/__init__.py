"""Rows as a pandas DataFrame, types kept. The only room that imports pandas, and numpy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gitml.records.record import MISSING
from gitml.views.table.arrays import Arrays, listed
from gitml.views.table.sparse import sparse

if TYPE_CHECKING:
    import numpy.typing as npt

    from gitml.records.filter import Expr
    from gitml.views.compare import Comparison
    from gitml.views.listing import View
    from gitml.views.rows import Column, Rows
    from gitml.views.table.arrays import Objects, Places

_INT64 = (-(2**63), 2**63 - 1)
_EXACT = (-(2**53), 2**53)  # a float holds every integer in between
_LARGE = 2**24  # cells, 150 MB of floats
_RARE = 8
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
    """What `table` makes of the view's rows, made of its columns.

    Where the frame is large, a column that few of its rows have is sparse: Sparse[float64] where it is floats and none
    is NaN, else Sparse[object], which holds the values as they are.
    """
    count = view.spots.count
    arrays = Arrays(view.spots)
    is_large = count * len(view.columns) > _LARGE
    made = {column.name: _made(arrays, column, is_large=is_large) for column in view.columns}
    return pd.DataFrame(made, index=pd.RangeIndex(count), copy=False)


def mask(expr: Expr, frame: pd.DataFrame) -> pd.Series[bool]:
    """Where a filter holds, row by row: the same answer as the filter gives on each record.

    Only in `text(...)` and its like an integer in a Float64 column reads as a float, `1.0`: the frame has lost it.
    """
    fields = expr.fields
    below = tuple(f"{field}." for field in fields)
    names = [name for name in _texts(frame.columns) if name in fields or name.startswith(below)]
    held = expr.mask({name: _cells(frame[name]) for name in names}, len(frame))
    return pd.Series(list(map(bool, held)), index=frame.index, dtype=bool)


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


def _made(arrays: Arrays, column: Column, *, is_large: bool) -> Any:
    """A column of a view as the array of its type."""
    pieces = arrays.pieces(column.name)
    places, kind, count = arrays.positions(pieces), column.type, arrays.count
    found = arrays.numbers(pieces, kind)
    if is_large and len(places) * _RARE < count:
        return _sparse(places, found if kind == "float" and found is not None else arrays.objects(pieces), count, kind)
    if found is not None:
        return _nullable(places, found, count, kind)
    return (_strings if kind == "string" else _filled)(places, arrays.objects(pieces), count, kind)


def _array(cells: Sequence[Any], kind: str) -> Any:
    """A column as the array of its type, MISSING where it has nothing."""
    there = [cell is not MISSING for cell in cells]
    return _filled(np.flatnonzero(there), listed(list(compress(cells, there))), len(cells), kind)


def _filled(places: Places, values: Objects, count: int, kind: str) -> Any:
    """An array of `count` cells with values at some places; what does not fit the type makes them all objects."""
    types = set(map(type, values))
    if kind == "string" and types <= {str, _NULL}:
        return _strings(places, values, count, kind)
    if kind not in _PLAIN or not _fits(values, types, kind):
        held = np.full(count, pd.NA, dtype=object)
        held[places] = values
        # A Series, since an array of objects would be taken for text where it holds some.
        return pd.Series(held, dtype=object)
    if _NULL in types:
        places, values = _not_null(places, values)
    return _nullable(places, values, count, kind)


def _sparse(places: Places, values: npt.NDArray[Any], count: int, kind: str) -> Any:
    if values.dtype == object and (kind == "string" or kind in _PLAIN):
        places, values = _not_null(places, values)
    return sparse(places, values, count)


def _not_null(places: Places, values: Objects) -> tuple[Places, Objects]:
    there = np.array([value is not None for value in values], dtype=bool)
    return places[there], values[there]


def _nullable(places: Places, values: npt.NDArray[Any], count: int, kind: str) -> Any:
    numbers = np.zeros(count, dtype=_PLAIN[kind])
    numbers[places] = values
    gaps = np.ones(count, dtype=bool)
    gaps[places] = False
    return _NULLABLE[kind](numbers, gaps)


def _strings(places: Places, values: Objects, count: int, _kind: str) -> Any:
    texts = np.full(count, pd.NA, dtype=object)
    texts[places] = values
    return pd.array(texts, dtype=pd.StringDtype("python"))


def _fits(values: Iterable[Any], types: set[type], kind: str) -> bool:
    limits = {"int": _INT64, "float": _EXACT}.get(kind)
    if limits is None or int not in types:
        return True
    return all(limits[0] <= value <= limits[1] for value in values if type(value) is int)


def _cells(column: pd.Series[Any]) -> list[Any]:
    """The values of a column as a record has them, MISSING where it has none."""
    values: list[Any] = column.astype(object).tolist()
    dtype = column.dtype
    is_sparse = isinstance(dtype, pd.SparseDtype)  # then a gap among floats is NaN
    held = dtype.subtype if isinstance(dtype, pd.SparseDtype) else dtype
    keeps_nan = pd.api.types.is_object_dtype(held) or (pd.api.types.is_float_dtype(held) and not is_sparse)
    return [MISSING if value is pd.NA or _is_gap(value, keeps_nan) else value for value in values]


def _is_gap(value: Any, keeps_nan: bool) -> bool:  # noqa: FBT001
    return value is pd.NaT or (not keeps_nan and isinstance(value, float) and math.isnan(value))
