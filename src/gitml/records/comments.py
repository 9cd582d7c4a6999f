"""Comments in a record's text: where they are, the text without them, and the canonical text with them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Any

from gitml.records.nodes import Node, tree, walk
from gitml.records.record import Path

_LINE_END = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment: character offsets without the line's end, and whether it has a line of its own."""

    start: int
    end: int
    own_line: bool


def comments(text: str) -> list[Comment]:
    """The comments of a readable text, in order."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[Comment] = []
    gap = 0
    for token in yaml.scan(text, Loader=loader):
        start, end = token.start_mark.index, token.end_mark.index
        found.extend(_between(text, gap, start))
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            found.extend(_between(text, start, _line_end(text, start)))
        gap = max(gap, end)
    found.extend(_between(text, gap, len(text)))
    return found


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _between(text: str, start: int, stop: int) -> list[Comment]:
    found = []
    at = text.find("#", start, stop)
    while at >= 0:
        end = _line_end(text, at)
        line_start = text.rfind("\n", 0, at) + 1
        found.append(Comment(at, end, not text[line_start:at].strip()))
        at = text.find("#", end, stop)
    return found


def without_comments(text: str) -> str:
    """The text with comments taken out: a comment on a line of its own goes with the line."""
    kept: list[str] = []
    at = 0
    for comment in comments(text):
        if comment.own_line:
            kept.append(text[at : text.rfind("\n", 0, comment.start) + 1])
            at = comment.end + 1
        else:
            kept.append(text[at : comment.start].rstrip(" \t"))
            at = comment.end
    return "".join([*kept, text[at:]])


def with_comments(text: str, canonical: str) -> str:
    """The canonical text with the comments of `text`: each stays above, or beside, the field that it stood by.

    Where that field is gone, it goes to the next one, or to the field that held it.
    """
    text = _LINE_END.sub("\n", text)
    return _Move(text, tree(text.encode()), canonical.split("\n")[:-1], tree(canonical.encode())).moved()


class _Move:
    """The move of all comments of one text to the lines of another that names the same fields."""

    def __init__(self, text: str, root: Node, lines: list[str], target: Node) -> None:
        self.text = text
        self.lines = lines
        self.fields = [(name.start, path) for path, name, _value in walk(root)]
        self.starts = [start for start, _path in self.fields]
        self.line_of = {path: name.line - 1 for path, name, _value in walk(target)} | {(): 0}
        self.above: dict[int, list[str]] = {}
        self.beside: dict[int, str] = {}

    def moved(self) -> str:
        for comment in comments(self.text):
            told = self.text[comment.start : comment.end].rstrip()
            if comment.own_line:
                self.above.setdefault(self.next_line(comment.start), []).append(told)
            else:
                line = self.same_line(comment.start)
                self.beside[line] = f"{self.beside[line]}; {told.lstrip('# ')}" if line in self.beside else told
        return self.joined()

    def next_line(self, at: int) -> int:
        """The line of the next field that is still there, or the end."""
        later = self.fields[bisect_right(self.starts, at) :]
        return next((self.line_of[path] for _start, path in later if path in self.line_of), len(self.lines))

    def same_line(self, at: int) -> int:
        """The line of the field that a comment stands beside: of those on its line the first, else the one before."""
        line_start = self.text.rfind("\n", 0, at) + 1
        if not self.text[line_start:at].strip(" -"):  # the item of a bare `-` begins below
            return min(self.next_line(at), len(self.lines) - 1)
        first, after = bisect_left(self.starts, line_start), bisect_left(self.starts, at)
        path: Path = self.fields[first if first < after else after - 1][1] if after else ()
        while path not in self.line_of:
            path = path[:-1]
        return self.line_of[path]

    def joined(self) -> str:
        out: list[str] = []
        for number, line in enumerate(self.lines):
            indent = line[: len(line) - len(line.lstrip(" "))]
            out += [indent + told for told in self.above.get(number, [])]
            out.append(f"{line}  {self.beside[number]}" if number in self.beside else line)
        out += self.above.get(len(self.lines), [])
        return "\n".join(out) + "\n"
