"""Where the fields of a canonical text stand, read off its lines: twenty times as fast as by the slow path's nodes.

A deleted dataset can leave hundreds of records with a ref to nothing, and each of these problems wants its line.
"""

from __future__ import annotations

import re

from gitml.records.fast import LITERAL, key_and_rest
from gitml.records.record import Path

Mark = tuple[int, int]
Marks = dict[Path, Mark]


def canonical_marks(text: str) -> tuple[Marks, Marks]:
    """Line and column (from 1) of every field and list item, and of their values, in a canonical text with fields."""
    found = _Places()
    for number, line in enumerate(text.split("\n"), start=1):
        body = line.lstrip(" ")
        indent = len(line) - len(body)
        if found.margin is not None and (not body or indent >= found.margin):
            continue
        found.margin = None
        if body and not body.startswith("#"):
            found.take(number, indent, body)
    return found.names, found.values


def canonical_mark(text: str, at: Path, *, on_key: bool = False) -> Mark | None:
    """One of these places alone, of a value or of its key; None where only all of them together tell.

    So it is for an item of a list, a key in quotes, a value that begins below its key, and for what is not there.
    """
    end, text = 0, f"\n{text}"
    for depth, step in enumerate(at):
        margin = "  " * depth
        found = (
            re.compile(rf"\n{margin}{re.escape(step)}:(?=[ \n])").search(text, end) if isinstance(step, str) else None
        )
        # Whatever stands as far to the left as the key above ends what is below that.
        if found is None or (
            depth and re.compile(rf"\n {{0,{2 * depth - 2}}}[^ \n#]").search(text, end, found.start())
        ):
            return None
        start, end = found.start() + 1 + len(margin), found.end()
    if not at or (not on_key and text[end] == "\n"):
        return None
    line = text.count("\n", 0, end)
    return line, (start if on_key else end + 1) - text.rindex("\n", 0, end)


class _Places:
    """The places found so far, and what is open at each indentation: a mapping, and a list below a key or an item."""

    def __init__(self) -> None:
        self.names: Marks = {}
        self.values: Marks = {}
        self.margin: int | None = None  # of a block of text, while inside one
        self.waiting: Path | None = None  # a key whose value begins on the next line
        self.mappings: dict[int, Path] = {0: ()}
        self.lists: dict[int, Path] = {}
        self.counts: dict[Path, int] = {}

    def take(self, number: int, indent: int, body: str) -> None:
        """A line that is neither a comment nor a part of a text."""
        self.names.setdefault((), (number, indent + 1))
        if self.waiting is not None:
            self.values[self.waiting] = (number, indent + 1)
            self.waiting = None
        listed = False
        while body.startswith("- "):
            listed = True
            indent, body = indent + 2, body[2:]
            self.item(number, indent)
        entry = key_and_rest(body, listed=listed)
        if entry is not None:
            self.field(number, indent, len(body), *entry)
        elif body in LITERAL:
            self.margin = indent

    def item(self, number: int, indent: int) -> None:
        """An item of the list whose dashes stand two columns before `indent`."""
        held = self.lists[indent - 2]
        index = self.counts[held] = self.counts.get(held, -1) + 1
        path = (*held, index)
        self.names[path] = self.values[path] = (number, indent + 1)
        self.mappings[indent] = self.lists[indent] = path

    def field(self, number: int, indent: int, length: int, key: str, rest: str) -> None:
        """A key, and what stands behind it."""
        path = (*self.mappings[indent], key)
        self.names[path] = (number, indent + 1)
        self.lists[indent] = self.mappings[indent + 2] = path
        if not rest:
            self.waiting = path
            return
        self.values[path] = (number, indent + length - len(rest) + 1)
        if rest in LITERAL:
            self.margin = indent + 2
