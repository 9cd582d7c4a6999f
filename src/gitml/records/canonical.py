"""Canonical YAML: one text form per value, so that a diff shows only meaning.

Schema's key order then alphabetical, block style, two spaces, list items unindented under their key, `|` for
multi-line text, LF, no anchors. Every string is quoted that YAML 1.1 or 1.2 could take for something else.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from gitml.errors import BadValue

INDENT = "  "
MAX_DEPTH = 50
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
EMPTY = "{}\n"
MAX_KEY = 1000

# What YAML 1.1 or 1.2 resolvers take for null, a boolean, a number or a date.
_WORDS = frozenset(["~", "null", "y", "yes", "n", "no", "true", "false", "on", "off", "<<", "="])
_LOOKS_TYPED = re.compile(
    r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+"
    r"|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9_]+)(e[-+]?[0-9]+)?"
    r"|\.inf)|\.nan"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t\s].*)?",
    re.IGNORECASE,
)
# A digest is quoted whatever its digits are, so that the next one has the same form.
_DIGEST = re.compile(r"[0-9a-f]{7,}")
_PLAIN_START = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`<=~]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Controls, spaces but the common one, direction and join marks, private use: what cannot be seen is escaped.
# A list of our own, since `str.isprintable` changes with each Python, and a value has one form under all of them.
UNSEEN = re.compile(
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

    def sort(self, keys: Iterator[str] | Mapping[str, Any]) -> list[str]:
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
    inner = value.values() if isinstance(value, Mapping) else value
    nested = (item for item in inner if isinstance(item, Mapping | list | tuple))
    return levels <= 0 or any(too_deep(item, levels - 1) for item in nested)


def block(data: Mapping[str, Any], order: KeyOrder, depth: int) -> Iterator[str]:
    """The canonical lines of a mapping that is not empty, indented by `depth` steps."""
    indent = INDENT * depth
    for key in order.sort(data):
        yield from _entry(indent + key_text(key) + ":", data[key], order.child(key), depth)


def _entry(start: str, value: Any, order: KeyOrder, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield start
        yield from block(value, order, depth + 1)
    elif isinstance(value, list | tuple) and value:
        yield start
        yield from _items(value, order, depth)
    elif (lines := literal(value)) is not None:
        yield f"{start} {lines[0]}"
        yield from (INDENT * (depth + 1) + line if line else "" for line in lines[1:])
    else:
        yield f"{start} {inline(value)}"


def _items(values: list[Any] | tuple[Any, ...], order: KeyOrder, depth: int) -> Iterator[str]:
    indent = INDENT * depth
    for value in values:
        if isinstance(value, Mapping) and value:
            yield from _bulleted(block(value, order.item(), depth + 1), indent)
        elif isinstance(value, list | tuple) and value:
            yield from _bulleted(_items(value, order.item(), depth + 1), indent)
        else:
            yield from _entry(indent + "-", value, ALPHABETICAL, depth)


def _bulleted(lines: Iterator[str], indent: str) -> Iterator[str]:
    first = next(lines)
    yield f"{indent}- {first[len(indent) + 2 :]}"
    yield from lines


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
    return line[-1:] != " " and not UNSEEN.search(line)


def inline(value: Any) -> str:
    """The canonical text of a scalar, `[]` or `{}`; raises BadValue for other types."""
    if isinstance(value, str):
        return text_scalar(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
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


@lru_cache(maxsize=1 << 16)
def text_scalar(text: str) -> str:
    """A text as a one-line scalar: plain where no YAML reader can take it for something else, else quoted."""
    return text if is_plain_text(text) else quote(text)


def is_plain_text(text: str) -> bool:
    """Whether a text needs no quotes."""
    return (
        _PLAIN_START.match(text) is not None
        and not UNSEEN.search(text)
        and text[-1] not in " :"
        and ": " not in text
        and " #" not in text
        and text.lower() not in _WORDS
        and not _LOOKS_TYPED.fullmatch(text)
        and not _DIGEST.fullmatch(text)
        and text != "..."
    )


def quote(text: str) -> str:
    """A text in double quotes, everything unprintable escaped."""
    if _SURROGATE.search(text):
        raise BadValue("a text holds half a character (a lone surrogate)", hint="decode it properly first")
    return UNSEEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def key_text(key: Any) -> str:
    """A key's canonical text; raises BadValue where it is no text, or too long for YAML."""
    if not isinstance(key, str):
        raise BadValue(f"the key {key!r} is no text", hint="quote it")
    text = text_scalar(key)
    if len(text) > MAX_KEY:
        raise BadValue(f"the key {key[:40]!r}… is too long", hint=f"a key has at most {MAX_KEY:,} characters")
    return text


def in_order(data: Any, order: KeyOrder) -> bool:
    """Whether every mapping inside has its keys in canonical order."""
    if isinstance(data, dict):
        keys = list(data)
        if len(keys) > 1 and keys != order.sort(data):
            return False
        return all(in_order(value, order.child(key)) for key, value in data.items() if isinstance(value, dict | list))
    if isinstance(data, list):
        return all(in_order(value, order.item()) for value in data)
    return True
