"""Values as text on one line. Whatever a record holds, no control character reaches a terminal."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from gitml.records.record import MISSING
from gitml.records.resolve import TooLong, resolve
from gitml.render.shapes import plain

_SHORT = 10
_WORDS = {None: "null", True: "true", False: "false"}
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_ODD = re.compile(r"[^\x20-\x7e]")


def printable(text: str) -> str:
    """The text with everything escaped that would move the cursor, change colours, or be invisible."""
    return text if text.isprintable() else _ODD.sub(_visible, text)


def _visible(found: re.Match[str]) -> str:
    letter = found[0]
    if letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    return _ESCAPES.get(letter) or letter.encode("unicode_escape", "surrogatepass").decode("ascii")


def cell(value: Any) -> str:
    """A value as it stands in a table; a missing one is blank."""
    if isinstance(value, str):
        return printable(value)
    if value is MISSING:
        return ""
    if isinstance(value, float):
        return number(value)
    return exact(value)


def typed(value: Any) -> str:
    """A value as it stands among values of other types: text that reads as a number, a boolean or null is quoted."""
    return quoted(value) if isinstance(value, str) and is_ambiguous(value) else cell(value)


def harmless(text: str) -> str:
    """The text with the controls escaped that a terminal obeys; its line feeds and tabs stay."""
    return _CONTROL.sub(_visible, text)


def exact(value: Any) -> str:
    """A value in full; floats as short as reads back the same, lists and mappings as JSON, a missing one as nothing."""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, bool) or value is None:
        return _WORDS[value]
    if isinstance(value, list | tuple | Mapping):
        return printable(json.dumps(plain(value), ensure_ascii=False))
    return "" if value is MISSING else repr(value)


def quoted(text: str) -> str:
    """A text in quotes."""
    return printable(json.dumps(text, ensure_ascii=False))


def is_ambiguous(text: str) -> bool:
    """Whether a text would be read as a value of another type, as "2025", "true" and "" would."""
    try:
        return not isinstance(resolve(text), str) or text in {"nan", "inf", "-inf"}
    except TooLong:
        return True


def number(value: float) -> str:
    """A float to read: in full where that is short, else to six significant digits."""
    text = repr(value)
    return text if len(text) <= _SHORT else f"{value:.6g}"
