"""Rows as a pandas DataFrame, types kept. The only module that imports pandas."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from gitml.records.record import MISSING

if TYPE_CHECKING:
    from gitml.records.filter import Expr
    from gitml.views.compare import Comparison
    from gitml.views.rows import Rows

_INT64 = (-(2**63), 2**63 - 1)
_EXACT = (-(2**53), 2**53)  # a float holds every integer in between
_FILLERS: dict[str, Any] = {"string": pd.NA, "int": 0, "float": 0.0, "bool": False}
_PLAIN = {"int": "int64", "float": "float64", "bool": "bool"}


def table(rows: Rows) -> pd.DataFrame:
    """Rows as a DataFrame: Int64, Float64, boolean and string columns, each nullable; the others hold Python objects.

    A missing field is NA, and so is a null one except in columns of objects, where it is None. NaN stays NaN. A column
    of integers and floats is Float64 unless an integer in it is too large for a float to hold; then it holds objects.
    """
    cells = {column.name: [row.get(column.name, MISSING) for row in rows.rows] for column in rows.columns}
    arrays = {column.name: _array(cells[column.name], column.type) for column in rows.columns}
    return pd.DataFrame(arrays, index=pd.RangeIndex(len(rows.rows)), copy=False)


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
    """A column as the array of its type; what does not fit it stays what it is."""
    if kind not in _FILLERS or not _fits(cells, kind):
        return _objects(cells)
    absent = [cell is None or cell is MISSING for cell in cells]
    filler = _FILLERS[kind]
    filled = [filler if gone else cell for cell, gone in zip(cells, absent, strict=True)] if any(absent) else cells
    if kind == "string":
        return pd.array(filled, dtype=pd.StringDtype("python"))
    held, gaps = _writable(filled, _PLAIN[kind]), _writable(absent, "bool")
    if kind == "bool":
        return pd.arrays.BooleanArray(held, gaps)
    return pd.arrays.IntegerArray(held, gaps) if kind == "int" else pd.arrays.FloatingArray(held, gaps)


def _writable(values: Sequence[Any], dtype: str) -> Any:
    return pd.Series(values, dtype=dtype).to_numpy(copy=True)  # without the copy pandas 3 hands out what is read-only


def _fits(cells: Sequence[Any], kind: str) -> bool:
    limits = {"int": _INT64, "float": _EXACT}.get(kind)
    return limits is None or all(limits[0] <= cell <= limits[1] for cell in cells if isinstance(cell, int))


def _objects(cells: Sequence[Any]) -> Any:
    # A Series, since an array of objects would be taken for text where it holds some.
    return pd.Series([pd.NA if cell is MISSING else cell for cell in cells], dtype=object)


def _cells(column: pd.Series[Any]) -> list[Any]:
    """The values of a column as a record has them, MISSING where it has none."""
    values: list[Any] = column.astype(object).tolist()
    keeps_nan = column.dtype == object or pd.api.types.is_float_dtype(column.dtype)
    return [MISSING if value is pd.NA or _is_gap(value, keeps_nan) else value for value in values]


def _is_gap(value: Any, keeps_nan: bool) -> bool:  # noqa: FBT001
    return value is pd.NaT or (not keeps_nan and isinstance(value, float) and math.isnan(value))
