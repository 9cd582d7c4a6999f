"""The words of a filter, one at a time, each with its column."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gitml.errors import BadFilter
from gitml.records.filter_nodes import RESERVED

MAX_LENGTH: Final = 1_000_000
_SHOWN = 40
_SPELLINGS = {"==": "=", "<>": "!="}
_MEANT = {
    "&": "write and",
    "&&": "write and",
    "|": "write or",
    "||": "write or",
    "!": "write not, or !=",
    ":": "write =",
    "~": "write like, with % for any characters",
    ".": "write the rest of the name in backticks, as in params.`a b`",
    "≠": "write !=",
    "≤": "write <=",
    "≥": "write >=",
    "'": "close the text with '; a ' inside it is written ''",
    '"': 'close the text with "; a " inside it is written ""',
    "`": "close the name with `; a ` inside it is written ``",
}

_TICKED = r"`(?:[^`]|``)*+`"
_NAME = rf"(?:{_TICKED}|[^\W\d][\w/@-]*+)(?:\.(?:{_TICKED}|[\w/@-]++))*+"
_TEXT = r"""'(?:[^']|'')*+'|"(?:[^"]|"")*+\""""
_SHAPE = r"""
    (?P<space>\s+)
  | (?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[Tt][0-9:.]++(?:[Zz]|[+-][0-9]{{2}}:?[0-9]{{2}})?+)?+(?![\w.:/@+-]))
  | (?P<number>[+-]?(?:(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+|(?i:inf))(?![\w.:/@-]))
  | (?P<name>{name})
  | (?P<text>{text})
  | (?P<sign><=|>=|!=|<>|==|[=<>(),])
  | (?P<junk>[^\s()'"`,=<>!]++|.)
"""


def shape(name: str = _NAME, text: str = _TEXT) -> re.Pattern[str]:
    """The lexical grammar, for a dialect's way of writing names and texts."""
    return re.compile(_SHAPE.format(name=name, text=text), re.VERBOSE | re.DOTALL)


GITML: Final = shape()


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the filter; `key` is a sign or a reserved word in lower case, else empty."""

    kind: str
    text: str
    column: int
    key: str = ""

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end"
        text = self.text if self.text.isprintable() else ascii(self.text)[1:-1]
        return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


class Cursor:
    """A place in the text: `token` is the word there."""

    def __init__(self, text: str, pattern: re.Pattern[str] = GITML) -> None:
        if len(text) > MAX_LENGTH:
            raise BadFilter(f"longer than {MAX_LENGTH:,} characters", column=MAX_LENGTH + 1, hint="split it")
        self._tokens = _tokens(text, pattern)
        self.token = next(self._tokens)

    def take(self) -> Token:
        """The word here; the place moves on."""
        taken = self.token
        self.token = next(self._tokens, taken)
        return taken

    def accept(self, *keys: str) -> Token | None:
        """The word here, if it is one of these signs or reserved words; the place then moves on."""
        return self.take() if self.token.key in keys else None

    def expect(self, key: str, expected: str) -> Token:
        """The sign or reserved word that must stand here."""
        if self.token.key != key:
            raise self.wrong(expected)
        return self.take()

    def wrong(self, expected: str, *, hint: str = "", near: Iterable[str] = ()) -> BadFilter:
        """The error that another word was expected here."""
        meant = _meant(self.token.text) if self.token.kind == "junk" else ""
        told = f"expected {expected}, found {self.token}"
        return BadFilter(told, column=self.token.column, hint=meant or hint, near=near)


def _meant(junk: str) -> str:
    if unicodedata.category(junk[0]) in {"Pi", "Pf"}:
        return "write straight quotes, ' or \""
    return _MEANT.get(junk, "")


def _tokens(text: str, pattern: re.Pattern[str]) -> Iterator[Token]:
    for found in pattern.finditer(text):
        kind, word = found.lastgroup or "", found[0]
        if kind == "space":
            continue
        key = _SPELLINGS.get(word, word) if kind == "sign" else ""
        if kind == "name" and word.lower() in RESERVED:
            key = word.lower()
        yield Token(kind, word, found.start() + 1, key)
    yield Token("end", "", len(text) + 1)
