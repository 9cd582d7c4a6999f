"""Values of other tools' files as a record may hold them, whatever their writers have put in."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from gitml.records.canonical import INT_MAX, INT_MIN, MAX_DEPTH, MAX_KEY, text_scalar

_HALF = re.compile("[\ud800-\udfff]")
_BYTE = range(0xDC80, 0xDD00)  # how Python holds a byte of a file's name that is not UTF-8
_DIGITS = 1 << 13  # bits: Python writes no more than 4,300 digits
_SHORT = 80
_DEEPEST = 1000
_NAMES = {None: "null", True: "true", False: "false"}


def plain(value: Any, room: int = MAX_DEPTH) -> Any:
    """The value with texts for keys, as JSON has them.

    Texts stand for integers beyond 64 bits and for what is too deep; half a character, which no file can hold, is shown
    by its number.
    """
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub(_shown, value)
    if isinstance(value, dict | list | tuple):
        if room <= 1:
            return _as_text(value)
        if isinstance(value, dict):
            return {_key(key): plain(inner, room - 1) for key, inner in value.items()}
        return [plain(inner, room - 1) for inner in value]
    if isinstance(value, int) and not INT_MIN <= value <= INT_MAX:
        return _number(value)
    return value


def _number(value: int) -> str:
    return str(value) if value.bit_length() <= _DIGITS else hex(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        key = _NAMES[key] if key is None or isinstance(key, bool) else str(plain(key))
    text = str(plain(key))
    if len(text) <= _SHORT or len(text_scalar(text)) <= MAX_KEY:
        return text
    return f"{text[:_SHORT]}…{hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()}"


def _as_text(value: Any) -> str:
    return json.dumps(plain(value, _DEEPEST), ensure_ascii=False)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if code in _BYTE else f"\\u{code:04x}"
