"""Plain scalars as YAML 1.2's core schema reads them: `no` is a text, `1e-3` a float, a date a text."""

from __future__ import annotations

import re
from typing import Any

from gitml.records.canonical import INT_MAX, INT_MIN

_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **{word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")},
    **dict.fromkeys([sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")], float("inf")),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], float("-inf")),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], float("nan")),
}
MAX_DIGITS = 22  # those of 64 bits in octal
SHOWN = 20


class TooLong(ValueError):
    """An integer beyond 64 bits; becomes the problem yaml.integer."""


def resolve(text: str) -> Any:
    """The value of a plain scalar; raises TooLong for an integer beyond 64 bits."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INT.fullmatch(text):
        return _integer(text, 10)
    if _BASED.fullmatch(text):
        return _integer(text, 8 if text[1] == "o" else 16)
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str, radix: int) -> int:
    # Python refuses to read thousands of digits, were they all zeros: only those that count are read.
    digits = text.lstrip("+-0ox")
    if len(digits) > MAX_DIGITS:
        raise TooLong(text[:SHOWN])
    number = int(digits or "0", radix) * (-1 if text[0] == "-" else 1)
    if not INT_MIN <= number <= INT_MAX:
        raise TooLong(text[:SHOWN])
    return number
