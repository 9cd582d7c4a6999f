"""NaN and infinities before a validator that takes them for null: what stands in for them, and where that is exact.

The reference validator holds NaN to break no bound, and neither NaN nor an infinity to be a whole number. A fraction
that no schema names gets the same answers wherever `exact` says so; elsewhere the reference validator is asked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

NAN: Final = 0.4999847412109375
LARGE: Final = 2.0**52 - 0.5
"""The largest fraction there is: beyond all bounds, and no whole number."""

_BOUNDS = frozenset(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])
# Under these, more that is accepted inside can mean less that is accepted in all.
_TURNED = frozenset(["not", "if", "oneOf", "contains"])


def finite(data: Any) -> bool:
    """Whether there is neither NaN nor an infinity in a value."""
    if isinstance(data, float):
        return math.isfinite(data)
    if not isinstance(data, dict | list):
        return True
    for value in data.values() if isinstance(data, dict) else data:
        kind = type(value)
        if kind is float:
            if not math.isfinite(value):
                return False
        elif (kind is dict or kind is list) and not finite(value):
            return False
    return True


def stood_in(data: Any) -> Any:
    """The same value with fractions in the places of NaN and infinities."""
    if isinstance(data, dict):
        return {key: stood_in(value) for key, value in data.items()}
    if isinstance(data, list):
        return [stood_in(value) for value in data]
    if not isinstance(data, float) or math.isfinite(data):
        return data
    return NAN if math.isnan(data) else math.copysign(LARGE, data)


def exact(schema: Any, *, turned: bool = False) -> bool:
    """Whether a schema that accepts the stand-ins accepts what they stand for; False where that is not plain to see."""
    if isinstance(schema, list):
        return all(exact(one, turned=turned) for one in schema)
    if not isinstance(schema, Mapping):
        return True
    if "multipleOf" in schema or (turned and ("$ref" in schema or _BOUNDS & schema.keys())):
        return False
    bounds = (schema.get(word) for word in _BOUNDS)
    if any(isinstance(bound, int | float) and not abs(bound) < LARGE for bound in bounds):
        return False
    return all(exact(inner, turned=turned or word in _TURNED) for word, inner in schema.items())
