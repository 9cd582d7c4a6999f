"""Changing a record's text: the machine edit that touches only its own lines, and `fix`, which keeps comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitml.errors import BadValue
from gitml.records.canonical import ALPHABETICAL, KeyOrder, block, dump, inline, literal
from gitml.records.nodes import Node, document, walk
from gitml.records.reader import read
from gitml.records.record import MISSING, Path, same

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _Comment:
    start: int
    end: int
    own_line: bool


def comments(text: str) -> list[_Comment]:
    """The comments of a readable text, in order: character offsets without the line's end."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[_Comment] = []
    gap = 0
    for token in yaml.scan(text, Loader=loader):
        start, end = token.start_mark.index, token.end_mark.index
        found.extend(_between(text, gap, start))
        block_scalar = isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}
        if block_scalar:
            found.extend(_header_comment(text, start))
        gap = max(gap, end)
    found.extend(_between(text, gap, len(text)))
    return found


def _header_comment(text: str, start: int) -> list[_Comment]:
    stop = text.find("\n", start)
    return _between(text, start, len(text) if stop < 0 else stop)


def _between(text: str, start: int, stop: int) -> list[_Comment]:
    found = []
    at = text.find("#", start, stop)
    while at >= 0:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line_start = text.rfind("\n", 0, at) + 1
        found.append(_Comment(at, end, not text[line_start:at].strip()))
        at = text.find("#", end, stop)
    return found


def without_comments(text: str) -> str:
    """The text with comments taken out: a comment on a line of its own goes with the line."""
    for comment in reversed(comments(text)):
        start = text.rfind("\n", 0, comment.start) + 1
        if comment.own_line:
            text = text[:start] + text[comment.end + 1 :]
        else:
            text = text[: comment.start].rstrip(" \t") + text[comment.end :]
    return text


def is_canonical(raw: bytes, data: Mapping[str, Any], order: KeyOrder) -> bool:
    """Whether the bytes are the canonical text of their own data, comments apart."""
    wanted = dump(data, order)
    if raw == wanted:
        return True
    return b"#" in raw and not raw.startswith(_BOM) and without_comments(raw.decode()) == wanted.decode()


def fix(raw: bytes, order: KeyOrder) -> bytes:
    """The canonical form of a record that can be read, its comments kept: each moves with the key below it.

    What cannot be read comes back as it was.
    """
    raw = raw.removeprefix(_BOM)
    text = raw.decode(errors="replace").replace("\r\n", "\n")
    data = read(text.encode()).data
    if data is None:
        return raw
    canonical = dump(data, order)
    return _with_comments(text, canonical.decode()).encode() if "#" in text else canonical


def _with_comments(text: str, canonical: str) -> str:
    root = document(text.encode()).root
    assert root is not None
    starts = [(name.start, path) for path, name, _value in walk(root)]
    lines = canonical.splitlines()
    first_lines = _first_lines(canonical)
    above: dict[int, list[str]] = {}
    beside: dict[int, str] = {}
    for comment in comments(text):
        told = text[comment.start : comment.end].rstrip()
        if comment.own_line:
            below = next((path for start, path in starts if start > comment.start), None)
            above.setdefault(first_lines[below] if below else len(lines), []).append(told)
        else:
            line_start = text.rfind("\n", 0, comment.start) + 1
            path = max((item for item in starts if item[0] < comment.start), default=(0, ()))
            on_line = [found for start, found in starts if line_start <= start < comment.start]
            target = first_lines[on_line[-1] if on_line else path[1]]
            beside[target] = f"{beside[target]}; {told.lstrip('# ')}" if target in beside else told
    return _joined(lines, above, beside)


def _first_lines(canonical: str) -> dict[Path, int]:
    root = document(canonical.encode()).root
    assert root is not None
    return {path: name.line - 1 for path, name, _value in walk(root)} | {(): 0}


def _joined(lines: list[str], above: dict[int, list[str]], beside: dict[int, str]) -> str:
    out: list[str] = []
    for number, line in enumerate(lines):
        indent = line[: len(line) - len(line.lstrip(" "))]
        out += [indent + told for told in above.get(number, [])]
        out.append(f"{line}  {beside[number]}" if number in beside else line)
    out += above.get(len(lines), [])
    return "\n".join(out) + "\n"


def changed(data: Mapping[str, Any], changes: Mapping[Path, Any]) -> dict[str, Any]:
    """The data with fields set, or removed where the new value is MISSING; mappings on the way are made."""
    result = _copy(data)
    for path, value in changes.items():
        _set(result, path, value)
    return result


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list | tuple) else value


def _set(target: Any, path: Path, value: Any) -> None:
    *parents, last = path
    for key in parents:
        if isinstance(target, dict) and isinstance(key, str):
            if target.get(key) is None:
                target[key] = {}
            target = target[key]
        elif isinstance(target, list) and isinstance(key, int) and key < len(target):
            target = target[key]
        else:
            raise BadValue(f"{key!r} does not lead into a field", hint="set the whole field instead")
    if isinstance(target, dict) and isinstance(last, str):
        target.pop(last, None) if value is MISSING else target.__setitem__(last, value)
    elif isinstance(target, list) and isinstance(last, int) and last < len(target) and value is not MISSING:
        target[last] = value
    else:
        raise BadValue(f"{last!r} cannot be set there", hint="set the whole field instead")


def edit(raw: bytes, changes: Mapping[Path, Any], order: KeyOrder | None = None) -> bytes:
    """The bytes with fields set (or removed: MISSING); every other line stays as it was, byte for byte.

    Raises BadValue where a field cannot be set, or the text cannot be read.
    """
    order = order or ALPHABETICAL
    for path, value in changes.items():
        raw = _edit_one(raw, path, value, order)
    return raw


def _edit_one(raw: bytes, path: Path, value: Any, order: KeyOrder) -> bytes:
    found = document(raw)
    if found.root is None or found.problems or not isinstance(found.root.value, dict):
        raise BadValue("the record cannot be read, so no field of it can be set", hint="mend it by hand first")
    wanted = changed(found.root.value, {path: value})
    if same(wanted, found.root.value):
        return raw
    text = raw.decode()
    edited = _Edit(text, found.root, order).set(path, value, wanted)
    if not same(read(edited.encode()).data, wanted):
        # A layout that spans cannot express (a flow mapping, a key in `? ` form): write the whole record, comments kept.
        edited = _with_comments(text, dump(wanted, order).decode()) if "#" in text else dump(wanted, order).decode()
    return edited.encode()


class _Edit:
    """One edit by places: in the scalar's own span where that serves, else in the lines of the nearest entry."""

    def __init__(self, text: str, root: Node, order: KeyOrder) -> None:
        self.text = text
        self.root = root
        self.order = order
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def set(self, path: Path, value: Any, wanted: dict[str, Any]) -> str:
        """The text with one field set; `wanted` is the data as it shall read afterwards."""
        trail = self.trail(path)
        exists = len(trail) == len(path) + 1
        if exists and value is not MISSING and self.is_span(trail[-1], value):
            return self.in_span(trail[-1], inline(value))
        depth = len(path) if exists else len(trail)
        depth = next((at for at, node in enumerate(trail[:depth]) if node.flow or not node.entries), depth)
        while depth > 1 and _at(wanted, path[:depth]) is MISSING and len(trail[depth - 1].entries) == 1:
            depth -= 1
        if depth == 0:
            return dump(wanted, self.order).decode()
        return self.in_lines(path[:depth], trail[depth - 1], _at(wanted, path[:depth]))

    def trail(self, path: Path) -> list[Node]:
        """The nodes along a path, from the root, as far as they exist."""
        nodes = [self.root]
        for key in path:
            here = nodes[-1]
            inner = [value for name, value in here.entries if name.value == key]
            if isinstance(key, int) and key < len(here.items):
                inner = [here.items[key]]
            if not inner:
                break
            nodes.append(inner[0])
        return nodes

    def is_span(self, node: Node, value: Any) -> bool:
        scalar = not node.entries and not node.items and (node.style not in {"|", ">"})
        return scalar and literal(value) is None and not (isinstance(value, dict | list | tuple) and value)

    def in_span(self, node: Node, new: str) -> str:
        before, after = self.text[: node.start], self.text[node.end :]
        if before[-1:] in {":", "-"}:
            new = " " + new
        if after[:1] == "#":
            new += " "
        return before + new + after

    def in_lines(self, path: Path, parent: Node, value: Any) -> str:
        """Replace, insert or remove the lines of one entry of a block mapping."""
        order = self.order
        for name in path[:-1]:
            order = order.child(str(name))
        key = str(path[-1])
        lines = [] if value is MISSING else self.entry(key, value, order, parent)
        at = next((index for index, (name, _value) in enumerate(parent.entries) if name.value == key), None)
        if at is None:
            return self.insert(parent, key, lines, order)
        start, stop = self.lines_of(parent, at)
        return self.text[:start] + "".join(lines) + self.text[stop:]

    def entry(self, key: str, value: Any, order: KeyOrder, parent: Node) -> list[str]:
        indent = " " * (parent.column - 1)
        one = KeyOrder(children={key: order.child(key)})
        return [indent + line + self.newline if line else self.newline for line in block({key: value}, one, 0)]

    def lines_of(self, parent: Node, at: int) -> tuple[int, int]:
        """From the key to the end of the entry's last line (its comment included)."""
        name, value = parent.entries[at]
        start = self.text.rfind("\n", 0, name.start) + 1
        if self.text[start : name.start].strip():
            start = name.start
        end = max(value.content_end, name.end)
        if value.style in {"|", ">"} or _last_style(value) in {"|", ">"}:
            end = len(self.text[:end].rstrip("\r\n"))
        stop = self.text.find("\n", end)
        return start, len(self.text) if stop < 0 else stop + 1

    def insert(self, parent: Node, key: str, lines: list[str], order: KeyOrder) -> str:
        """Insert lines after the last sibling that canonically stands before the key, else before the first."""
        names = [name.value for name, _value in parent.entries]
        ranked = order.sort([*names, key])
        before = [at for at, name in enumerate(names) if ranked.index(name) < ranked.index(key)]
        if before:
            _start, place = self.lines_of(parent, before[-1])
        else:
            place, _stop = self.lines_of(parent, 0)
        head = self.text[:place]
        if head and not head.endswith("\n"):
            head += self.newline
        return head + "".join(lines) + self.text[place:]


def _at(data: Any, path: Path) -> Any:
    for key in path:
        if isinstance(data, dict) and key not in data:
            return MISSING
        data = data[key]
    return data


def _last_style(node: Node) -> str | None:
    while node.entries or node.items:
        node = node.entries[-1][1] if node.entries else node.items[-1]
    return node.style

