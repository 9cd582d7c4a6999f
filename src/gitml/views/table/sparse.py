"""Columns of which few rows have a cell, as pandas' sparse arrays: memory for the cells that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from gitml.views.table.arrays import Places


def sparse(places: Places, values: npt.NDArray[Any], count: int) -> Any:
    """An array of `count` cells with values at some places: floats none of which is NaN as such, others as objects."""
    if values.dtype != object and np.isnan(values).any():
        values = values.astype(object)
    order = np.argsort(places)
    values, where = values[order], places[order].astype(np.int32)
    fill: Any = pd.NA if values.dtype == object else np.nan
    made: Any = pd.arrays.SparseArray
    if hasattr(made, "from_indices"):  # since pandas 3.1, where the other way warns
        held = pd.Series(values, dtype=values.dtype, copy=False)  # an array of objects would be looked at for texts
        return made.from_indices(held, where, count, fill_value=fill, dtype=values.dtype)
    return made(values, sparse_index=_index(count, where), fill_value=fill, dtype=pd.SparseDtype(values.dtype, fill))


def _index(count: int, where: npt.NDArray[np.int32]) -> Any:
    return type(pd.arrays.SparseArray([0.0]).sp_index)(count, where)  # type: ignore[call-arg]
