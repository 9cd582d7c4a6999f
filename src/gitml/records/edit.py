"""Changing a record's text: the machine edit that touches only its own lines, and `fix`, which keeps comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitml.errors import BadValue
from gitml.records.canonical import ALPHABETICAL, KeyOrder, block, dump, inline, literal
from gitml.records.comments import comments, with_comments, without_comments
from gitml.records.nodes import Node, tree
from gitml.records.reader import read
from gitml.records.record import MISSING, Path, same

_BOM = b"\xef\xbb\xbf"
_BLOCK = frozenset(["|", ">"])


def is_canonical(raw: bytes, data: Mapping[str, Any], order: KeyOrder) -> bool:
    """Whether the bytes are the canonical text of their own data, comments apart."""
    wanted = dump(data, order)
    if raw == wanted:
        return True
    plain = b"#" in raw and b"\r" not in raw and not raw.startswith(_BOM)
    return plain and without_comments(raw.decode()) == wanted.decode()


def fix(raw: bytes, order: KeyOrder) -> bytes:
    """The canonical form of a record that can be read, its comments kept: each moves with the key below it.

    What cannot be read comes back as it was.
    """
    bare = raw.removeprefix(_BOM)
    data = read(bare).data
    return raw if data is None else _rewritten(bare.decode(), data, order)


def _rewritten(text: str, data: Mapping[str, Any], order: KeyOrder) -> bytes:
    canonical = dump(data, order)
    return with_comments(text, canonical.decode()).encode() if "#" in text else canonical


def changed(data: Mapping[str, Any], changes: Mapping[Path, Any]) -> dict[str, Any]:
    """The data with fields set, or removed where the new value is MISSING; mappings on the way are made.

    Raises BadValue where a path leads through something that is no mapping or list.
    """
    result: dict[str, Any] = _copy(data)
    for path, value in changes.items():
        _set(result, path, value)
    return result


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list | tuple) else value


def _set(target: Any, path: Path, value: Any) -> None:
    if not path:
        raise BadValue("no field is named", hint="write field=value")
    *parents, last = path
    for key in parents:
        if isinstance(target, dict) and isinstance(key, str):
            if target.get(key) is None:
                if value is MISSING:
                    return
                target[key] = {}
            target = target[key]
        elif isinstance(target, list) and isinstance(key, int) and 0 <= key < len(target):
            target = target[key]
        else:
            raise BadValue(f"{key!r} does not lead into a field", hint="set the whole field instead")
    if isinstance(target, dict) and isinstance(last, str):
        target.pop(last, None) if value is MISSING else target.__setitem__(last, value)
    elif isinstance(target, list) and isinstance(last, int) and 0 <= last < len(target) and value is not MISSING:
        target[last] = value
    else:
        raise BadValue(f"{last!r} cannot be set there", hint="set the whole field instead")


def edit(raw: bytes, changes: Mapping[Path, Any], order: KeyOrder | None = None) -> bytes:
    """The bytes with fields set (or removed: MISSING); every other line stays as it was, byte for byte.

    Of a mapping that replaces a mapping only the fields that differ are touched.
    Raises BadValue where a field cannot be set, or the text cannot be read.
    """
    for path, value in changes.items():
        data = read(raw).data
        if data is None:
            raise BadValue("the record cannot be read, so no field of it can be set", hint="mend it by hand first")
        for place, new in _narrowed(path, _at(data, path), value):
            raw = _edit_one(raw, place, new, order or ALPHABETICAL)
    return raw


def graft(raw: bytes, path: Path, source: bytes, order: KeyOrder | None = None) -> bytes:
    """The bytes with the entry at a path as it stands in another text, its lines byte for byte.

    Raises BadValue where a text cannot be read; where the layouts do not allow it, it is an `edit`.
    """
    here, there = (_Edit(text.decode(), tree(text), order or ALPHABETICAL) for text in (raw, source))
    value = _at(there.root.value, path)
    grafted = here.grafted(path, there)
    wanted = changed(here.root.value, {path: value})
    if grafted is not None and same(read(grafted.encode()).data, wanted):
        return grafted.encode()
    return edit(raw, {path: value}, order)


def _narrowed(path: Path, old: Any, new: Any) -> Iterator[tuple[Path, Any]]:
    if not (isinstance(old, dict) and old and isinstance(new, Mapping) and new):
        yield path, new
        return
    for key, value in new.items():  # what is new comes first, so that no mapping is empty on the way
        yield from _narrowed((*path, key), old.get(key, MISSING), value)
    yield from (((*path, key), MISSING) for key in old if key not in new)


def _edit_one(raw: bytes, path: Path, value: Any, order: KeyOrder) -> bytes:
    text, root = raw.decode(), tree(raw)
    wanted = changed(root.value, {path: value})
    if same(wanted, root.value):
        return raw
    dump(wanted, order)  # raises for what no record can hold
    edited = _Edit(text, root, order).set(path, value, wanted)
    if edited is None or not same(read(edited.encode()).data, wanted):
        # A layout that places cannot express (all in braces, a key in `? ` form): the whole record is written anew.
        return _rewritten(text, wanted, order)
    return edited.encode()


class _Edit:
    """One edit by places: in the scalar's own span where that serves, else in the lines of the nearest entry."""

    def __init__(self, text: str, root: Node, order: KeyOrder) -> None:
        self.text = text
        self.root = root
        self.order = order
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def set(self, path: Path, value: Any, wanted: dict[str, Any]) -> str | None:
        """The text with one field set, None where there is no entry to touch; `wanted` is the data afterwards."""
        trail = self.trail(path)
        exists = len(trail) == len(path) + 1
        if exists and value is not MISSING and _in_place(trail[-1], value):
            return self.in_span(trail[-1], inline(value))
        depth = len(path) if exists else len(trail)
        depth = next((at for at, node in enumerate(trail[:depth]) if node.flow or not node.entries), depth)
        gone = (0, 0)
        if value is MISSING and depth == len(path):
            gone = self.lines_of(trail[depth - 1], path[-1])
        while depth > 1 and _at(wanted, path[:depth]) is MISSING and len(trail[depth - 1].entries) == 1:
            depth -= 1  # the last entry of a mapping leaves `{}` behind
        return self.in_lines(path[:depth], trail[depth - 1], _at(wanted, path[:depth]), gone) if depth else None

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

    def in_span(self, node: Node, new: str) -> str:
        before, after = self.text[: node.start], self.text[node.end :]
        if before[-1:] in {":", "-"}:
            new = " " + new
        if after[:1] == "#":
            new += " "
        return before + new + after

    def in_lines(self, path: Path, parent: Node, value: Any, gone: tuple[int, int]) -> str:
        """Replace, insert or remove the lines of one entry of a block mapping; comments in `gone` go with it."""
        order = self.order
        for name in path[:-1]:
            order = order.child(str(name))
        key = str(path[-1])
        lines = [] if value is MISSING else self.entry(key, value, order, parent)
        if all(name.value != key for name, _value in parent.entries):
            return self.insert(parent, key, lines, order)
        start, stop = self.lines_of(parent, key)
        lines = self.commented(lines, start, stop, gone) if lines else lines
        return self.text[:start] + "".join(lines) + self.text[stop:]

    def entry(self, key: str, value: Any, order: KeyOrder, parent: Node) -> list[str]:
        indent = " " * (parent.column - 1)
        one = KeyOrder(children={key: order.child(key)})
        return [indent + line + self.newline if line else self.newline for line in block({key: value}, one, 0)]

    def commented(self, lines: list[str], start: int, stop: int, gone: tuple[int, int]) -> list[str]:
        """The new lines of an entry with the comments of the old ones: the one beside it there, the others above."""
        if "#" not in self.text[start:stop]:
            return lines
        told = [one for one in comments(self.text) if start <= one.start < stop and not gone[0] <= one.start < gone[1]]
        texts = [self.text[one.start : one.end].rstrip() for one in told]
        beside = next((at for at, one in enumerate(told) if not one.own_line), None)
        first = lines[0].removesuffix(self.newline)
        indent = first[: len(first) - len(first.lstrip(" "))]
        if beside is not None:
            first += "  " + texts.pop(beside)
        return [*(indent + text + self.newline for text in texts), first + self.newline, *lines[1:]]

    def lines_of(self, parent: Node, key: Any) -> tuple[int, int]:
        """From the key to the end of the entry's last line (its comment included)."""
        name, value = next(entry for entry in parent.entries if entry[0].value == key)
        start = self.text.rfind("\n", 0, name.start) + 1
        if self.text[start : name.start].strip():
            start = name.start
        end = max(value.content_end, name.end)
        last = _last(value)
        if last.style in _BLOCK:
            if last.value.endswith("\n\n"):  # `|+`: the empty lines below are its own
                return start, end
            end = len(self.text[:end].rstrip("\r\n"))
        stop = self.text.find("\n", end)
        return start, len(self.text) if stop < 0 else stop + 1

    def grafted(self, path: Path, there: _Edit) -> str | None:
        """The text with an entry's lines as they stand in another one; None where the two are laid out differently."""
        mine, other = self.trail(path[:-1]), there.trail(path)
        if len(mine) != len(path) or len(other) != len(path) + 1:
            return None
        parent, source = mine[-1], other[-2]
        blocks = all(node.entries and not node.flow for node in (parent, source))
        if not blocks or parent.column != source.column or not isinstance(path[-1], str):
            return None
        start, stop = there.lines_of(source, path[-1])
        text = there.text[start:stop].removesuffix("\n") + "\n"
        if any(name.value == path[-1] for name, _value in parent.entries):
            start, stop = self.lines_of(parent, path[-1])
            return self.text[:start] + text + self.text[stop:]
        order = self.order
        for name in path[:-1]:
            order = order.child(str(name))
        return self.insert(parent, path[-1], [text], order)

    def insert(self, parent: Node, key: str, lines: list[str], order: KeyOrder) -> str:
        """Insert lines after the last sibling that canonically stands before the key, else before the first."""
        names = [name.value for name, _value in parent.entries]
        ranked = {name: rank for rank, name in enumerate(order.sort([*names, key]))}
        before = [name for name in names if ranked[name] < ranked[key]]
        place = self.lines_of(parent, before[-1])[1] if before else self.lines_of(parent, names[0])[0]
        head = self.text[:place]
        if head and not head.endswith("\n"):
            head += self.newline
        return head + "".join(lines) + self.text[place:]


def _in_place(node: Node, value: Any) -> bool:
    """Whether a one-line value can take the place of a scalar."""
    scalar = not node.entries and not node.items and node.style not in _BLOCK
    return scalar and literal(value) is None and not (isinstance(value, Mapping | list | tuple) and value)


def _at(data: Any, path: Path) -> Any:
    for key in path:
        inside = isinstance(data, list) and isinstance(key, int) and 0 <= key < len(data)
        if not inside and not (isinstance(data, dict) and key in data):
            return MISSING
        data = data[key]
    return data


def _last(node: Node) -> Node:
    while node.entries or node.items:
        node = node.entries[-1][1] if node.entries else node.items[-1]
    return node
