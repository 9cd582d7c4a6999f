"""By how much one number differs from another, as one would write it."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any


def delta(baseline: Any, value: Any) -> int | float | None:
    """The difference: 0.89 - 0.91 is -0.02; None where one of the two is no number."""
    if not is_number(baseline) or not is_number(value) or math.isnan(baseline) or math.isnan(value):
        return None
    if isinstance(baseline, int) and isinstance(value, int):
        return value - baseline
    if baseline == value:
        return 0.0
    if math.isinf(baseline) or math.isinf(value):
        return float(value) - float(baseline)
    return float(Decimal(repr(value)) - Decimal(repr(baseline)))


def relative(moved: float, baseline: float) -> float | None:
    """A difference over the baseline's absolute value; None where that is no number."""
    if baseline == 0 or math.isinf(baseline):
        return None
    return moved / abs(baseline)


def is_number(value: Any) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
