"""What one comparison of a filter means. Strict and two-valued: it holds or it does not, and the types decide.

- Nothing holds of a missing or null value: not `=`, and not `!=`, `not in` or `not like` either.
- Text, number and boolean are three types; an integer and a float are both numbers, a boolean is none.
  Values of different types are unequal and unordered: `=` and `<` do not hold, `!=` does. Booleans have no order.
  A list or a mapping is of a type that no literal has.
- NaN equals nothing and has no order: of comparisons only `!=` and `not in` hold.
- Texts are ordered by code point.
- An unquoted date or time is compared, in UTC, with texts that are ISO 8601 dates or times (one without a zone is
  UTC, a bare date is the start of its day). A date is the whole day: `=` within it, `<` before it, `<=` before its
  end, `>` after its end, `>=` from its start. A time is that instant. All other values are of another type.
- `like` and `ilike` (which ignores case) match the whole text; `%` is any run of characters, `_` any one of them.
  There is no escape.
"""

from __future__ import annotations

import operator
import re
from array import array
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import repeat
from typing import Any, Final, Literal

from gitml.records.record import MISSING

Op = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "ilike", "not ilike"]
Scalar = str | int | float | bool | date
Operand = Scalar | tuple[Scalar, ...]

_ORDER: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED: Final = (frozenset({int, float}), frozenset({str}))
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DAY = len("2026-03-01")


def test(op: Op, left: object, right: Operand) -> bool:
    """Whether `left op right` holds, `left` being a record's value and `right` a literal of the filter."""
    if left is None or left is MISSING:
        return False
    if isinstance(right, tuple):
        return _among(left, right) is (op == "in")
    if op in _ORDER:
        return _compare(op, left, right)
    matches = isinstance(left, str) and isinstance(right, str) and like(right, fold="ilike" in op)(left)
    return matches is not op.startswith("not")


def along(op: Op, values: Sequence[object], right: Operand) -> list[bool]:
    """Whether `value op right` holds of each value, MISSING being none: `test` for a column, at C's speed if it can."""
    fitting = next((types for types in _ORDERED if type(right) in types), None)
    if fitting is None or op not in _ORDER or op == "!=":
        return [test(op, value, right) for value in values]
    if (isinstance(values, array) and float in fitting) or fitting.issuperset(map(type, values)):
        return list(map(_ORDER[op], values, repeat(right)))
    compare = _ORDER[op]
    return [type(value) in fitting and compare(value, right) for value in values]


def _compare(op: str, left: object, right: Scalar) -> bool:
    if isinstance(right, date):
        return _compare_time(op, left, right)
    if _type(left) != _type(right):
        return op == "!="
    if isinstance(right, bool) and op not in {"=", "!="}:
        return False
    return _ORDER[op](left, right)


def _compare_time(op: str, left: object, right: date) -> bool:
    moment = instant(left) if isinstance(left, str) else None
    if moment is None:
        return op == "!="
    return _ORDER[op](moment if isinstance(right, datetime) else moment.date(), right)


def _among(left: object, right: tuple[Scalar, ...]) -> bool:
    if isinstance(left, str) and not _ISO.fullmatch(left):
        return left in right  # at C's speed: lists of thousands of ids are usual
    return any(_compare("=", left, item) for item in right)


def _type(value: object) -> type | None:
    for known in (bool, str):
        if isinstance(value, known):
            return known
    return float if isinstance(value, int | float) else None


def instant(text: str) -> datetime | None:
    """The moment in UTC that an ISO 8601 date or time names; None where the text is neither."""
    if not _ISO.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the 31st of February; a zone that leaves the calendar
        return None


def when(text: str) -> date | None:
    """The day (a date) or the instant (a datetime, UTC) that a literal names; None where there is no such day."""
    moment = instant(text)
    return moment.date() if moment and len(text) == _DAY else moment


@lru_cache(maxsize=256)
def like(pattern: str, *, fold: bool = False) -> Callable[[str], bool]:
    """A matcher of whole texts for a pattern with `%` and `_`; `fold` ignores case."""
    head, *parts = [
        "".join("." if letter == "_" else re.escape(letter) for letter in part) for part in re.split("%+", pattern)
    ]
    # Each part is taken where it first fits and never reconsidered (atomic), so that no pattern can backtrack.
    middle = "".join(f"(?>.*?{part})" for part in parts[:-1])
    tail = f".*{parts[-1]}" if parts else ""
    whole = re.compile(head + middle + tail, re.DOTALL | (re.IGNORECASE if fold else 0))
    return lambda text: whole.fullmatch(text) is not None


def literal(value: Operand) -> str:
    """A value as a filter writes it."""
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))})"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else repr(value)
