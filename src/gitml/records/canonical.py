"""Canonical YAML: one text form per value, so that a diff shows only meaning.

Schema's key order then alphabetical, block style, two spaces, list items unindented under their key, `|` for
multi-line text, LF, no anchors. Every string is quoted that YAML 1.1 or 1.2 could take for something else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from gitml.errors import BadValue

INDENT = "  "
MAX_DEPTH = 50
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
EMPTY = "{}\n"
MAX_KEY = 1000
MAX_BYTES = 1 << 20

# What YAML 1.1 or 1.2 resolvers take for null, a boolean, a number or a date.
_WORDS = frozenset(["~", "null", "y", "yes", "n", "no", "true", "false", "on", "off", "<<", "="])
_LONGEST_WORD = 5
_TYPED_START = frozenset("+-.0123456789")
_LOOKS_TYPED = re.compile(
    r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+"
    r"|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9_]+)(e[-+]?[0-9]+)?"
    r"|\.inf)|\.nan"
    r"|[-+]_[0-9_]*(\.[0-9_]*)?"  # to ruamel's resolver, which DVC uses
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t\s].*)?",
    re.IGNORECASE,
)
# A digest is quoted whatever its digits are, so that the next one has the same form.
_DIGEST = re.compile(r"[0-9a-f]{7,}")
_PLAIN_START = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`<=~]")
_FIRST_LONG = 0x10000
# Asked before whether a value is a mapping or a list, which takes longer than to write a number.
_SCALARS = frozenset([str, int, float, bool, type(None)])
# Controls, spaces but the common one, direction and join marks, private use: what cannot be seen is escaped.
# A list of our own, since `str.isprintable` changes with each Python, and a value has one form under all of them.
_UNSEEN = (
    "[\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    "\ud800-\uf8ff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """The order of a mapping's keys: those of the schema first, the others by alphabet; and so on inside."""

    ranks: Mapping[str, int] = field(default_factory=dict)
    children: Mapping[str, KeyOrder] = field(default_factory=dict)
    others: KeyOrder | None = None
    items: KeyOrder | None = None

    def child(self, key: str) -> KeyOrder:
        """The order inside the value of a key."""
        return self.children.get(key) or self.others or ALPHABETICAL

    def item(self) -> KeyOrder:
        """The order inside a list's items."""
        return self.items or ALPHABETICAL

    def sort(self, keys: Iterable[str]) -> list[str]:
        """The keys in canonical order."""
        ranks = self.ranks
        last = len(ranks)
        return sorted(keys, key=lambda key: (ranks.get(key, last), key))


ALPHABETICAL = KeyOrder()


def dump(data: Mapping[str, Any], order: KeyOrder | None = None) -> bytes:
    """The canonical text of a mapping, in UTF-8; raises BadValue for what YAML records cannot hold."""
    if too_deep(data, MAX_DEPTH):
        raise BadValue(f"is nested deeper than {MAX_DEPTH}", hint="flatten it")
    if not data:
        return EMPTY.encode()
    return ("\n".join(block(data, order or ALPHABETICAL, 0)) + "\n").encode()


def too_deep(value: Any, levels: int) -> bool:
    """Whether lists and mappings stand in one another more than `levels` deep."""
    if levels <= 0:
        return True
    for item in value.values() if isinstance(value, Mapping) else value:
        if type(item) not in _SCALARS and isinstance(item, list | tuple | Mapping) and too_deep(item, levels - 1):
            return True
    return False


def block(data: Mapping[str, Any], order: KeyOrder, depth: int) -> list[str]:
    """The canonical lines of a mapping that is not empty, indented by `depth` steps."""
    indent = INDENT * depth
    lines: list[str] = []
    for key in order.sort(data):
        lines += _entry(f"{indent}{key_text(key)}:", data[key], order.child(key), depth)
    return lines


def _entry(start: str, value: Any, order: KeyOrder, depth: int) -> list[str]:
    if isinstance(value, str):
        lines = literal(value) if "\n" in value else None
        if lines is None:
            return [f"{start} {text_scalar(value)}"]
        return [f"{start} {lines[0]}", *(INDENT * (depth + 1) + line if line else "" for line in lines[1:])]
    if type(value) in _SCALARS:
        return [f"{start} {inline(value)}"]
    if isinstance(value, Mapping) and value:
        return [start, *block(value, order, depth + 1)]
    if isinstance(value, list | tuple) and value:
        return [start, *_items(value, order, depth)]
    return [f"{start} {inline(value)}"]


def _items(values: list[Any] | tuple[Any, ...], order: KeyOrder, depth: int) -> list[str]:
    indent = INDENT * depth
    lines: list[str] = []
    for value in values:
        if isinstance(value, Mapping) and value:
            lines += _bulleted(block(value, order.item(), depth + 1), indent)
        elif isinstance(value, list | tuple) and value:
            lines += _bulleted(_items(value, order.item(), depth + 1), indent)
        else:
            lines += _entry(indent + "-", value, ALPHABETICAL, depth)
    return lines


def _bulleted(lines: list[str], indent: str) -> list[str]:
    lines[0] = f"{indent}- {lines[0][len(indent) + 2 :]}"
    return lines


def literal(value: Any) -> list[str] | None:
    """The lines of a multi-line text as a literal block (its header first), or None where it is no such text."""
    if not isinstance(value, str) or "\n" not in value:
        return None
    body = value.rstrip("\n")
    lines = body.split("\n")
    if not body or lines[0][:1] in {"", " "} or any(not _block_line(line) for line in lines):
        return None
    ends = len(value) - len(body)
    header = {0: "|-", 1: "|"}.get(ends, "|+")
    return [header, *lines, *[""] * (ends - 1)]


def _block_line(line: str) -> bool:
    return line[-1:] != " " and is_seen(line)


def inline(value: Any) -> str:
    """The canonical text of a scalar, `[]` or `{}`; raises BadValue for other types."""
    if isinstance(value, str):
        return text_scalar(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not INT_MIN <= value <= INT_MAX:
            raise BadValue("an integer is beyond 64 bits", hint="keep it as text")
        return int.__repr__(value)
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, list | tuple | Mapping) and not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    raise BadValue(f"{type(value).__name__} is no type of YAML", hint="use text, numbers, booleans, lists or mappings")


def float_text(value: float) -> str:
    """The shortest text that YAML 1.1 and 1.2 both read back as this float."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    text = float.__repr__(value)
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text


def text_scalar(text: str) -> str:
    """A text as a one-line scalar: plain where no YAML reader can take it for something else, else quoted."""
    return text if is_plain_text(text) else quote(text)


def is_plain_text(text: str) -> bool:
    """Whether a text needs no quotes."""
    if not _PLAIN_START.match(text) or not is_seen(text) or text[-1] in " :" or ": " in text or " #" in text:
        return False
    if len(text) <= _LONGEST_WORD and text.lower() in _WORDS:
        return False
    if text[0] in _TYPED_START:
        return not _LOOKS_TYPED.fullmatch(text) and not _DIGEST.fullmatch(text) and text != "..."
    return not _DIGEST.fullmatch(text)


def is_seen(text: str) -> bool:
    """Whether every character of a text can be seen: none has to be escaped."""
    return (text.isascii() and text.isprintable()) or not _unseen().search(text)


@cache
def _unseen() -> re.Pattern[str]:
    """Compiled when first needed, which takes 2 ms: most records are plain ASCII."""
    return re.compile(_UNSEEN)


def quote(text: str) -> str:
    """A text in double quotes, everything unprintable escaped."""
    import json  # a hook that reads one record seldom needs it

    if text.isascii() and text.isprintable():
        return json.dumps(text)
    if re.search("[\ud800-\udfff]", text):
        raise BadValue("a text holds half a character (a lone surrogate)", hint="decode it properly first")
    return _unseen().sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code < _FIRST_LONG else f"\\U{code:08x}"


@lru_cache(maxsize=1 << 12)
def key_text(key: Any) -> str:
    """A key's canonical text; raises BadValue where it is no text, or too long for YAML."""
    if not isinstance(key, str):
        raise BadValue(f"the key {key!r} is no text", hint="quote it")
    text = text_scalar(key)
    if len(text) > MAX_KEY:
        raise BadValue(f"the key {key[:40]!r}… is too long", hint=f"a key has at most {MAX_KEY:,} characters")
    return text


def in_order(data: dict[str, Any] | list[Any], order: KeyOrder) -> bool:
    """Whether every mapping inside has its keys in canonical order."""
    if isinstance(data, list):
        return all(in_order(value, order.item()) for value in data if isinstance(value, dict | list))
    ranks, last = order.ranks, len(order.ranks)
    before = (-1, "")
    for key, value in data.items():
        here = (ranks.get(key, last), key)
        kind = type(value)
        if here < before or ((kind is dict or kind is list) and not in_order(value, order.child(key))):
            return False
        before = here
    return True
