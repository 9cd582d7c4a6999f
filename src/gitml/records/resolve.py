"""Plain scalars as YAML 1.2's core schema reads them: `no` is a text, `1e-3` a float, a date a text."""

from __future__ import annotations

import re
from typing import Any

_NULLS = frozenset(["", "~", "null", "Null", "NULL"])
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = {
    **dict.fromkeys([sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")], float("inf")),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], float("-inf")),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], float("nan")),
}
MAX_DIGITS = 20


class TooLong(ValueError):  # noqa: N818  (becomes the problem yaml.integer)
    """An integer beyond 64 bits."""


def resolve(text: str) -> Any:
    """The value of a plain scalar; raises TooLong for an integer beyond 64 bits."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        return _integer(text, 10)
    if _BASED.fullmatch(text):
        return _integer(text, 8 if text[1] == "o" else 16)
    if text in _SPECIAL:
        return _SPECIAL[text]
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str, radix: int) -> int:
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > MAX_DIGITS + (radix == 8) * 4:  # noqa: PLR2004
        raise TooLong(text[:MAX_DIGITS])
    number = int(text, 0 if radix != 10 else 10)  # noqa: PLR2004
    if not -(2**63) <= number < 2**63:
        raise TooLong(text[:MAX_DIGITS])
    return number
