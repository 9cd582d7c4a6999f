"""The fast path of reading: accepts canonical text and nothing else.

Every scalar is accepted only where the writer would write it in just these characters, so that what is
accepted here is read the same by the slow path (a property test holds the two together). Anything else,
comments inside a text block included, is left to `reader`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from gitml.errors import BadValue
from gitml.records.canonical import EMPTY, MAX_DEPTH, MAX_KEY, UNSEEN, inline, literal

_WORDS = {"null": None, "true": True, "false": False, ".nan": float("nan"), ".inf": float("inf"), "-.inf": float("-inf")}
_LITERAL = frozenset(["|", "|-", "|+"])
_NOTHING = frozenset(["[]", "{}"])
_COMMENT = -1
_LONG_ESCAPE = re.compile(r"\\\\|\\U([0-9a-f]{8})")
_QUOTED_KEY = re.compile(r'"(?:[^"\\]++|\\.)*+"(?=:)')
_MEMO_SIZE = 1 << 16


class NotCanonical(Exception):  # noqa: N818  (a verdict, never an error that anyone sees)
    """This text is for the slow path."""


_Line = tuple[int, str | None, str]
# Lines repeat from record to record (`status: finished`): what was once read is kept, up to a size.
_lines: dict[str, _Line] = {}
_scalars: dict[str, Any] = {}


def read_canonical(text: str) -> dict[str, Any] | None:
    """The mapping that a canonical text stands for, or None where it is not canonical (key order apart)."""
    if not text.endswith("\n"):
        return None
    if text == EMPTY:
        return {}
    try:
        reader = _Reader(text[:-1].split("\n"))
        data = reader.mapping(0)
        return data if reader.at == len(reader.lines) else None
    except NotCanonical:
        return None


def _split(line: str) -> _Line:
    """Indentation (that of a comment is _COMMENT), key (None for a list item) and the rest of a line."""
    found = _lines.get(line)
    if found is not None:
        return found
    body = line.lstrip(" ")
    indent = len(line) - len(body)
    if body.startswith("- "):
        found = (indent, None, body[2:])
    elif body.startswith("#"):
        if UNSEEN.search(body):
            raise NotCanonical
        found = (_COMMENT, None, body)
    else:
        found = (indent, *_key(body))
    if len(_lines) >= _MEMO_SIZE:
        _lines.clear()
    _lines[line] = found
    return found


def _key(body: str) -> tuple[str, str]:
    if body.startswith('"'):
        found = _QUOTED_KEY.match(body)
        end = found.end() if found else -1
    else:
        end = body.find(": ")
        if end < 0 and body.endswith(":"):
            end = len(body) - 1
    if end < 0:
        raise NotCanonical
    return _text(body[:end]), _rest(body[end + 1 :])


def _rest(rest: str) -> str:
    if rest and (rest[0] != " " or len(rest) == 1):
        raise NotCanonical
    return rest[1:]


def _text(raw: str) -> str:
    value = scalar(raw)
    if not isinstance(value, str) or len(raw) > MAX_KEY:
        raise NotCanonical
    return value


def scalar(raw: str) -> Any:
    """The value of a canonical scalar; raises NotCanonical where the writer would write it otherwise."""
    if raw in _scalars:
        return _scalars[raw]
    value = _guess(raw)
    try:
        if inline(value) != raw:
            raise NotCanonical
    except BadValue:
        raise NotCanonical from None
    if len(_scalars) >= _MEMO_SIZE:
        _scalars.clear()
    _scalars[raw] = value
    return value


def _guess(raw: str) -> Any:
    if raw in _WORDS:
        return _WORDS[raw]
    first = raw[:1]
    try:
        if first == '"':
            return json.loads(_LONG_ESCAPE.sub(_unescaped, raw) if "\\U" in raw else raw)
        if (first.isdigit() or first == "-") and raw.isascii():
            body = raw[1:] if first == "-" else raw
            return int(raw) if body.isdigit() and len(raw) <= 20 else _float_or_text(raw)
    except ValueError:
        raise NotCanonical from None
    return raw


def _unescaped(found: re.Match[str]) -> str:
    # JSON knows no \\U: put the character itself there, and leave escaped backslashes alone.
    return found[0] if found[1] is None else chr(int(found[1], 16))


def _float_or_text(raw: str) -> Any:
    try:
        return raw if "_" in raw else float(raw)
    except ValueError:
        return raw


class _Reader:
    """Recursive descent over lines; a list item is read as a line of its own, two columns further in."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self.depth = 1

    def mapping(self, indent: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        lines = self.lines
        count = len(lines)
        while self.at < count:
            here, key, rest = _split(lines[self.at])
            if here != indent or key is None:
                if here == _COMMENT:
                    self.at += 1
                    continue
                if here > indent:
                    raise NotCanonical
                break
            if key in data:
                raise NotCanonical
            self.at += 1
            data[key] = self.value(rest, indent)
        if not data:
            raise NotCanonical
        return data

    def value(self, rest: str, indent: int) -> Any:
        if not rest:
            return self.nested(indent)
        if rest in _LITERAL:
            return self.literal(rest, indent + 2)
        if rest in _NOTHING:
            if self.depth >= MAX_DEPTH:
                raise NotCanonical
            return [] if rest == "[]" else {}
        value = scalar(rest)
        if rest[0] == '"' and literal(value):
            raise NotCanonical
        return value

    def nested(self, indent: int) -> Any:
        here, key = _COMMENT, None
        while here == _COMMENT:
            if self.at >= len(self.lines) or self.depth >= MAX_DEPTH:
                raise NotCanonical
            here, key, _rest = _split(self.lines[self.at])
            self.at += here == _COMMENT
        self.depth += 1
        value = self.sequence(indent) if key is None and here == indent else self.mapping(indent + 2)
        self.depth -= 1
        return value

    def sequence(self, indent: int) -> list[Any]:
        items: list[Any] = []
        lines = self.lines
        while self.at < len(lines):
            here, key, rest = _split(lines[self.at])
            if here != indent or key is not None:
                if here == _COMMENT:
                    self.at += 1
                    continue
                if here > indent:
                    raise NotCanonical
                break
            items.append(self.item(rest, indent))
        return items

    def item(self, rest: str, indent: int) -> Any:
        if rest.startswith("- ") or (rest and rest[0] not in "|[{" and _is_entry(rest)):
            self.lines[self.at] = " " * (indent + 2) + rest
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise NotCanonical
            value = self.sequence(indent + 2) if rest.startswith("- ") else self.mapping(indent + 2)
            self.depth -= 1
            return value
        self.at += 1
        if not rest:
            raise NotCanonical
        return self.value(rest, indent)

    def literal(self, header: str, indent: int) -> str:
        start = self.at
        lines = self.lines
        margin = " " * indent
        while self.at < len(lines) and (not lines[self.at] or lines[self.at].startswith(margin)):
            if len(lines[self.at]) == indent:  # nothing but the margin
                raise NotCanonical
            self.at += 1
        body = [line[indent:] for line in lines[start : self.at]]
        text = "\n".join(body) + ("" if header == "|-" else "\n")
        if literal(text) != [header, *body]:
            raise NotCanonical
        return text


def _is_entry(rest: str) -> bool:
    try:
        _key(rest)
    except NotCanonical:
        return False
    return True
