"""Comments through a merge: what one side wrote or took away is so in the result, wherever the fields have gone."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from gitml.records.comments import comments
from gitml.records.merging.conflict import lines_of
from gitml.records.nodes import tree, walk
from gitml.records.record import Path


class _Comment(NamedTuple):
    """One comment: its text, and the field that it stands above or, not `own_line`, beside; None at the end."""

    told: str
    own_line: bool
    path: Path | None
    start: int
    end: int


def carried(result: str, base: str, ours: str, theirs: str) -> str:
    """The result with the comments that either side added to the base, without those that either took away."""
    if not any("#" in text for text in (result, base, ours, theirs)):
        return result
    before, one, two = (_comments(text) for text in (base, ours, theirs))
    was = {each.told for each in before}
    gone = {told for told in was if any(told not in {each.told for each in side} for side in (one, two))}
    for each in reversed(_comments(result)):
        if each.told in gone:
            result = _without(result, each)
    for each in (*one, *two):
        if each.told not in was and each.told not in {held.told for held in _comments(result)}:
            result = _with(result, each)
    return result


def _comments(text: str) -> list[_Comment]:
    if "#" not in text:
        return []
    fields = [(name.start, path) for path, name, _value in walk(tree(text.encode()))]
    starts = [start for start, _path in fields]
    found = []
    for each in comments(text):
        after = bisect_right(starts, each.start)
        if each.own_line:
            path = fields[after][1] if after < len(fields) else None
        else:
            line = text.rfind("\n", 0, each.start) + 1
            path = next((path for start, path in fields if line <= start < each.start), fields[max(after - 1, 0)][1])
        found.append(_Comment(text[each.start : each.end].rstrip(), each.own_line, path, each.start, each.end))
    return found


def _without(text: str, comment: _Comment) -> str:
    if comment.own_line:
        return text[: text.rfind("\n", 0, comment.start) + 1] + text[comment.end + 1 :]
    return text[: comment.start].rstrip(" \t") + text[comment.end :]


def _with(text: str, comment: _Comment) -> str:
    lines = lines_of(text)
    at = _line(text, comment.path)
    if at is None:
        ended = text if text.endswith("\n") else f"{text}\n"
        return f"{ended}{comment.told}\n"
    line = lines[at].rstrip("\r\n")
    taken = {text.count("\n", 0, each.start) for each in _comments(text)}
    if not comment.own_line and at not in taken and not line.endswith(("|", "|-", "|+")):
        lines[at] = f"{line}  {comment.told}{lines[at][len(line) :]}"
    else:
        indent = line[: len(line) - len(line.lstrip(" "))]
        lines.insert(at, f"{indent}{comment.told}{lines[at][len(line) :] or chr(10)}")
    return "".join(lines)


def _line(text: str, path: Path | None) -> int | None:
    """The line of a field, or of what still holds it; None for the end."""
    if path is None:
        return None
    places = {found: name.line - 1 for found, name, _value in walk(tree(text.encode()))}
    while path and path not in places:
        path = path[:-1]
    return places.get(path, 0)
