"""Points of metrics as a DataFrame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from gitml.records.record import column
from gitml.repo.journal.lines import Point

_EXACT = 1 << 53  # a float holds every integer up to here


def frame(points: Iterable[Point]) -> pd.DataFrame:
    """A row a point, in order: name, step (Int64), time (UTC, milliseconds), value.

    Values are float64; where one is an integer that a float does not hold exactly, Python's own numbers.
    """
    names: list[str] = []
    steps: list[int | None] = []
    times: list[int] = []
    values: list[int | float] = []
    for point in points:
        names.append(column(*point.name))
        steps.append(point.step)
        times.append(point.time)
        values.append(point.value)
    exact = all(type(value) is not int or -_EXACT <= value <= _EXACT for value in values)
    at = pd.DatetimeIndex(np.array(times, dtype="datetime64[ms]")).tz_localize("UTC")
    return pd.DataFrame(
        {
            "name": pd.Series(names, dtype="object"),
            "step": pd.array(steps, dtype="Int64"),
            "time": at,
            "value": np.array(values, dtype="float64" if exact else "object"),
        }
    )
