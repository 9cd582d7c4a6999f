"""The fast path of reading: accepts canonical text and nothing else.

Every scalar is accepted only where the writer would write it in just these characters, so that what is
accepted here is read the same by the slow path (a property test holds the two together). Comments on lines
of their own are passed over; anything else is left to `reader`.
"""

from __future__ import annotations

import re
from typing import Any

from gitml.errors import BadValue
from gitml.records.canonical import (
    EMPTY,
    MAX_DEPTH,
    MAX_KEY,
    inline,
    is_plain_text,
    is_seen,
    literal,
    quote,
)

_WORDS: dict[str, Any] = {"null": None, "true": True, "false": False}
_NUMBERS = {".nan": float("nan"), ".inf": float("inf"), "-.inf": float("-inf")}
_NUMBER_START = frozenset("-.0123456789")
_DIGITS = frozenset("0123456789")
LITERAL = frozenset(["|", "|-", "|+"])
_OPEN = LITERAL | {"[]", "{}"}
_COMMENT = -1
_INT_DIGITS = 19
_LONG_ESCAPE = re.compile(r"\\\\|\\U([0-9a-f]{8})")
_QUOTED_KEY = re.compile(r'"(?:[^"\\]++|\\.)*+"(?=:)')
# Most of what is quoted; nothing in it is escaped.
_DATE_OR_DIGEST = re.compile(r'"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+Z?)?|[0-9a-f]{7,})"')
_MEMO_SIZE = 1 << 13
_MEMO_LENGTH = 64
_TINY, _SHORT = 3, 16


class NotCanonical(Exception):
    """The text is for the slow path: a verdict, never an error that anyone sees."""


# Lines, keys and words repeat from record to record (`status: finished`): what was once read is kept, up to a size.
_Entry = tuple[int, str | None, Any, str]
_entries: dict[str, _Entry] = {}
_heads: dict[str, tuple[int, str]] = {}
_texts: dict[str, str] = {}


def read_canonical(text: str) -> dict[str, Any] | None:
    """The mapping that a canonical text stands for, or None where it is not canonical (key order apart)."""
    if text == EMPTY:
        return {}
    if not text.endswith("\n") or " \n" in text:
        return None
    try:
        reader = _Reader(text[:-1].split("\n"))
        data = reader.mapping(0)
    except NotCanonical:
        return None
    return data if reader.at == len(reader.lines) else None


def _split(line: str) -> tuple[int, str | None, str]:
    """Indentation (that of a comment is _COMMENT), key (None for a list item) and the rest of a line."""
    cut = line.find(": ") + 1 or len(line)
    head = line[:cut]
    known = _heads.get(head)
    if known is not None:
        return known[0], known[1], line[cut + 1 :]
    body = line.lstrip(" ")
    indent = len(line) - len(body)
    if body.startswith("- "):
        return indent, None, body[2:]
    if body.startswith("#"):
        return _comment(body)
    if body.startswith('"'):
        return indent, *_quoted_key(body)
    key = head[indent:-1]
    if head[-1:] != ":" or len(key) > MAX_KEY or not isinstance(scalar(key), str):
        raise NotCanonical
    _keep(_heads, head, (indent, key))
    return indent, key, line[cut + 1 :]


def _entry(line: str) -> _Entry:
    """Indentation, key, value and the rest of a line; the value is `...` where more than the line is needed for it."""
    cut = line.find(": ") + 1 or len(line)
    known = _heads.get(line[:cut])
    indent, key, rest = (known[0], known[1], line[cut + 1 :]) if known else _split(line)
    first = rest[:1]
    if first in _DIGITS and key is not None:
        found: _Entry = (indent, key, _number(rest), "")
        repeats = len(rest) < _TINY
    elif not rest or rest in _OPEN or indent == _COMMENT or (key is None and (first == "-" or _is_entry(rest))):
        found = (indent, key, ..., rest)
        repeats = not rest
    else:
        found = (indent, key, one_line(rest) if "\\n" in rest else scalar(rest), "")
        repeats = len(rest) <= _SHORT
    if repeats:
        _keep(_entries, line, found)
    return found


def _comment(body: str) -> tuple[int, None, str]:
    if not is_seen(body):
        raise NotCanonical
    return _COMMENT, None, body


def _quoted_key(body: str) -> tuple[str, str]:
    found = _QUOTED_KEY.match(body)
    if not found or len(found[0]) > MAX_KEY or body[found.end() + 1 : found.end() + 2] not in {"", " "}:
        raise NotCanonical
    return scalar(found[0]), body[found.end() + 2 :]


def _keep(memo: dict[str, Any], text: str, value: Any) -> None:
    if len(text) <= _MEMO_LENGTH:
        if len(memo) >= _MEMO_SIZE:
            memo.clear()
        memo[text] = value


def scalar(raw: str) -> Any:
    """The value of a canonical scalar; raises NotCanonical where the writer would write it otherwise."""
    known = _texts.get(raw)
    if known is not None:
        return known
    first = raw[:1]
    if first == '"':
        return _quoted(raw)
    if first in _NUMBER_START:
        return _number(raw)
    if raw in _WORDS:
        return _WORDS[raw]
    if not raw or not is_plain_text(raw):
        raise NotCanonical
    _keep(_texts, raw, raw)
    return raw


def one_line(raw: str) -> Any:
    """The value of a canonical scalar that stands where a block of text could stand."""
    value = scalar(raw)
    if raw[0] == '"' and "\\n" in raw and literal(value):
        raise NotCanonical
    return value


def _quoted(raw: str) -> str:
    text = raw[1:-1]
    if _DATE_OR_DIGEST.fullmatch(raw):
        return text
    if "\\" in raw:
        import json  # seldom needed

        try:
            text = json.loads(_LONG_ESCAPE.sub(_unescaped, raw))
            same = quote(text) == raw
        except (ValueError, BadValue):
            raise NotCanonical from None
    else:
        same = len(raw) > 1 and raw[-1] == '"' and '"' not in text and is_seen(text)
    if not same or (text and is_plain_text(text)):
        raise NotCanonical
    return text


def _unescaped(found: re.Match[str]) -> str:
    # JSON knows no \U: put the character itself there, and leave escaped backslashes alone.
    return found[0] if found[1] is None else chr(int(found[1], 16))


def _number(raw: str) -> Any:
    """A number, or a text that only begins like one."""
    if raw in _NUMBERS:
        return _NUMBERS[raw]
    try:
        value = float(raw) if "." in raw else int(raw)
        # What most numbers are is seen without a call; an integer of so many digits may be beyond 64 bits.
        if (repr(value) == raw and ("." in raw or len(raw) < _INT_DIGITS)) or inline(value) == raw:
            return value
    except (ValueError, BadValue):
        pass
    if not is_plain_text(raw):
        raise NotCanonical
    return raw


class _Reader:
    """Recursive descent over lines; a list item is read as a line of its own, two columns further in."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self.depth = 1

    def mapping(self, indent: int) -> dict[str, Any]:
        """The mapping at an indentation, with those in it: most of a record is read in this loop, without a call."""
        data: dict[str, Any] = {}
        around: list[dict[str, Any]] = []
        waiting: str | None = None
        lines, at, end = self.lines, self.at, len(self.lines)
        while at < end:
            line = lines[at]
            here, key, value, rest = _entries.get(line) or _entry(line)
            plain = here == indent and value is not ... and waiting is None and key is not None and key not in data
            if plain or here == _COMMENT:  # most lines
                if key is not None:
                    data[key] = value
                at += 1
                continue
            if waiting is not None:
                if key is None and here == indent:
                    self.at = at
                    data[waiting], waiting = self.sequence(indent), None
                    at = self.at
                    continue
                around.append(data)
                data[waiting] = data = {}
                waiting, indent = None, indent + 2
                self.deeper(empty=here < indent)
            while here < indent and around:
                data, indent = around.pop(), indent - 2
                self.depth -= 1
            if here != indent or key is None or key in data:
                if here >= indent or around:
                    raise NotCanonical
                break
            at += 1
            if value is ... and not rest:
                waiting = key
                continue
            self.at = at
            data[key] = self.value(rest, indent) if value is ... else value
            at = self.at
        return self.outermost([*around, data], waiting, at)

    def outermost(self, mappings: list[dict[str, Any]], waiting: str | None, at: int) -> dict[str, Any]:
        self.at = at
        if waiting is not None or not mappings[-1]:
            raise NotCanonical
        self.depth -= len(mappings) - 1
        return mappings[0]

    def deeper(self, *, empty: bool = False) -> None:
        if self.depth >= MAX_DEPTH or empty:
            raise NotCanonical
        self.depth += 1

    def value(self, rest: str, indent: int) -> Any:
        if rest in LITERAL:
            return self.literal(rest, indent + 2)
        if rest in _OPEN:
            if self.depth >= MAX_DEPTH:
                raise NotCanonical
            return [] if rest == "[]" else {}
        return one_line(rest)

    def sequence(self, indent: int) -> list[Any]:
        self.deeper()
        items: list[Any] = []
        lines = self.lines
        while self.at < len(lines):
            here, key, value, rest = _entries.get(lines[self.at]) or _entry(lines[self.at])
            if here == _COMMENT:
                self.at += 1
            elif here != indent or key is not None:
                if here > indent:
                    raise NotCanonical
                break
            elif value is not ...:
                items.append(value)
                self.at += 1
            else:
                items.append(self.item(rest, indent))
        self.depth -= 1
        return items

    def item(self, rest: str, indent: int) -> Any:
        if rest.startswith("- ") or _is_entry(rest):
            self.lines[self.at] = " " * (indent + 2) + rest
            if rest.startswith("- "):
                return self.sequence(indent + 2)
            self.deeper()
            value = self.mapping(indent + 2)
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
            self.at += 1
        body = [line[indent:] for line in lines[start : self.at]]
        text = "\n".join(body) + ("" if header == "|-" else "\n")
        if literal(text) != [header, *body]:
            raise NotCanonical
        return text


def key_and_rest(body: str, *, listed: bool) -> tuple[str, str] | None:
    """Key and rest of a canonical line without its indentation and dashes; None where a list holds a plain value."""
    if listed and not _is_entry(body):
        return None
    _indent, key, rest = _split(body)
    return None if key is None else (key, rest)


def _is_entry(rest: str) -> bool:
    """Whether what follows a `- ` is the first line of a mapping: a plain scalar holds no `: `."""
    if rest.startswith('"'):
        return _QUOTED_KEY.match(rest) is not None
    return ": " in rest or rest.endswith(":")
