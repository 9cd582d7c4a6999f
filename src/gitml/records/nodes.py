"""The slow path of reading: YAML events with their places, and a problem for each thing a record may not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitml.errors import BadValue, Problem
from gitml.records.canonical import MAX_BYTES, MAX_DEPTH, MAX_KEY, text_scalar
from gitml.records.record import Path
from gitml.records.resolve import TooLong, resolve

if TYPE_CHECKING:
    from yaml.events import Event, NodeEvent

_CONFLICT = re.compile(r"^(?:<{7} |>{7} )", re.MULTILINE)
MAX_PROBLEMS = 100
SHOWN = 40
SECOND, ONE_EACH = "a second document begins here", "put one record in each file"
# What no YAML may hold, and the line ends of YAML 1.1 that are text to YAML 1.2 (U+0085, U+2028, U+2029).
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Node:
    """A piece of YAML and where it stands: character offsets, and line and column from 1."""

    value: Any
    start: int
    end: int
    line: int
    column: int
    flow: bool = False
    style: str | None = None
    entries: tuple[tuple[Node, Node], ...] = ()
    items: tuple[Node, ...] = ()

    @property
    def content_end(self) -> int:
        """Where the last character of its content stands (a block collection's own end is the next token)."""
        if self.flow or not (self.entries or self.items):
            return self.end
        return self.entries[-1][1].content_end if self.entries else self.items[-1].content_end


@dataclass(slots=True)
class Document:
    """A text as read by the slow path: its root node (None where there is none) and what is wrong with it."""

    text: str
    root: Node | None
    problems: tuple[Problem, ...]


def document(raw: bytes, path: str = "") -> Document:
    """Read the bytes of a record; nothing that they hold raises."""
    if len(raw) > MAX_BYTES:
        told = f"the file has {len(raw):,} bytes; a record has at most {MAX_BYTES:,}"
        return Document("", None, (Problem("yaml.size", path, told, "keep bulk data in DVC and point to it"),))
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line, column = _place(raw[: error.start].decode(errors="replace"))
        told = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        return Document(
            "", None, (Problem("yaml.encoding", path, told, "save the file as UTF-8", line=line, column=column),)
        )
    found = _UNREADABLE.search(text)
    if found:
        return Document(text, None, (_unreadable(text, found.start(), path),))
    return _Builder(text, path).build()


def _unreadable(text: str, at: int, path: str) -> Problem:
    line, column = _place(text[:at])
    if at == 0 and text[0] == "\ufeff":
        return Problem(
            "yaml.encoding",
            path,
            "the file has a byte order mark",
            "save it as UTF-8 without BOM (validate --fix)",
            line=line,
            column=column,
        )
    told = f"the character U+{ord(text[at]):04X} may not stand in YAML"
    return Problem("yaml.encoding", path, told, "remove it, or escape it in double quotes", line=line, column=column)


def _place(before: str) -> tuple[int, int]:
    lines = before.split("\n")
    return len(lines), len(lines[-1]) + 1


class _Stop(Exception):
    """Reading cannot go on past here."""


class _Builder:
    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self.problems: list[Problem] = []
        self.events: Iterator[Event] = iter(())

    def problem(self, code: str, message: str, hint: str, event: Event | None, field: str | None = None) -> None:
        mark = event.start_mark if event else None
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        self.problems.append(Problem(code, self.path, message, hint, line=line, column=column, field=field))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Stop

    def build(self) -> Document:
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self.events = yaml.parse(self.text, Loader=loader)
        root = None
        try:
            root = self.documents()
        except yaml.MarkedYAMLError as error:
            self.syntax(error)
        except _Stop:
            root = None
        return Document(self.text, root, tuple(self.problems))

    def syntax(self, error: Any) -> None:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        before, here = (self.text[: mark.index], self.text[mark.index : mark.index + 1]) if mark else ("", "")
        code, what = "yaml.syntax", " ".join(part for part in (error.context, error.problem) if part)
        hint = "indent with spaces, not tabs" if here == "\t" else "see the YAML around this place"
        if before.rstrip().endswith("\n..."):
            code, what, hint = "yaml.documents", SECOND, ONE_EACH
        elif _CONFLICT.search(self.text):
            hint = "resolve the merge conflict: keep one side, remove the lines of <<<<<<<, ======= and >>>>>>>"
        elif "mapping values are not allowed" in what:
            long = len(before) - before.rfind("\n") > MAX_KEY
            hint = (
                f"a key has at most {MAX_KEY:,} characters"
                if long
                else "quote a text that holds `: `, or mend the indentation"
            )
        self.problems.append(Problem(code, self.path, what, hint, line=line, column=column))

    def documents(self) -> Node | None:
        from yaml.events import DocumentStartEvent, ScalarEvent

        root: Node | None = None
        for event in self.events:
            if not isinstance(event, DocumentStartEvent):
                continue
            if root is not None:
                self.problem("yaml.documents", SECOND, ONE_EACH, event)
                raise _Stop
            first = next(self.events)
            root = self.node(first, 0)
            if isinstance(first, ScalarEvent) and root.value is None and root.start == root.end:
                self.problem("yaml.empty", "the document is empty", "write a record, or remove the file", event)
                raise _Stop
        if root is None:
            self.problems.append(
                Problem("yaml.empty", self.path, "the file is empty", "write a record, or remove the file")
            )
        return root

    def node(self, event: Any, depth: int) -> Node:
        from yaml.events import AliasEvent, ScalarEvent, SequenceStartEvent

        if isinstance(event, AliasEvent):
            self.problem("yaml.alias", f"*{str(event.anchor)[:SHOWN]} is an alias", "write the value out", event)
            return self.place(event, None)
        self.plainness(event)
        if isinstance(event, ScalarEvent):
            return self.scalar(event)
        if depth >= MAX_DEPTH:
            self.problem("yaml.depth", f"is nested deeper than {MAX_DEPTH}", "flatten it", event)
            raise _Stop
        if isinstance(event, SequenceStartEvent):
            return self.sequence(event, depth)
        return self.mapping(event, depth)

    def plainness(self, event: NodeEvent) -> None:
        if event.anchor:
            self.problem(
                "yaml.alias",
                f"&{str(event.anchor)[:SHOWN]} is an anchor",
                "write values out; records have no anchors",
                event,
            )
        tag = getattr(event, "tag", None)
        if tag:
            self.problem("yaml.tag", f"{tag[:SHOWN]} is a tag", "remove it; types are the schema's", event)

    def place(self, event: Any, value: Any) -> Node:
        start, end = event.start_mark, event.end_mark
        return Node(value, start.index, end.index, start.line + 1, start.column + 1)

    def scalar(self, event: Any) -> Node:
        node = self.place(event, event.value)
        node.style = event.style
        if node.style == "":
            node.style = None
        if event.style in {None, ""}:
            try:
                node.value = resolve(event.value)
            except TooLong as error:
                self.problem(
                    "yaml.integer", f"the integer {error}… is beyond 64 bits", "keep it as text, in quotes", event
                )
                node.value = 0
        elif any("\ud800" <= letter <= "\udfff" for letter in event.value):
            self.problem(
                "yaml.encoding", "a text holds half a character (a lone surrogate)", "escape it in full", event
            )
            node.value = ""
        return node

    def sequence(self, event: Any, depth: int) -> Node:
        from yaml.events import SequenceEndEvent

        node = self.place(event, [])
        items = []
        while not isinstance(inner := next(self.events), SequenceEndEvent):
            items.append(self.node(inner, depth + 1))
        return self.close(node, event, inner, items=tuple(items), value=[item.value for item in items])

    def mapping(self, event: Any, depth: int) -> Node:
        from yaml.events import MappingEndEvent

        node = self.place(event, {})
        entries: list[tuple[Node, Node]] = []
        data: dict[str, Any] = {}
        while not isinstance(inner := next(self.events), MappingEndEvent):
            key = self.node(inner, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if self.key(key, inner, data):
                data[key.value] = value.value
                entries.append((key, value))
        return self.close(node, event, inner, entries=tuple(entries), value=data)

    def key(self, key: Node, event: Any, data: dict[str, Any]) -> bool:
        if not isinstance(key.value, str):
            told = self.text[key.start : key.end][:SHOWN].split("\n")[0]
            self.problem("yaml.key", f"the key {told or 'null'} is no text", f'write "{told}"', event)
            return False
        if len(text_scalar(key.value)) > MAX_KEY:
            told = f"the key {key.value[:SHOWN]!r}… is too long"
            self.problem("yaml.key", told, f"a key has at most {MAX_KEY:,} characters", event)
            return False
        if key.value in data:
            self.problem(
                "yaml.duplicate-key", f"the key {key.value!r} stands twice", "keep one of the two", event, key.value
            )
            return False
        return True

    def close(self, node: Node, event: Any, end: Any, **content: Any) -> Node:
        node.end = end.end_mark.index
        node.flow = bool(event.flow_style)
        for name, value in content.items():
            setattr(node, name, value)
        return node


def tree(raw: bytes) -> Node:
    """The root of bytes that can be read; raises BadValue for others."""
    root = document(raw).root
    if root is None:
        raise BadValue("the record cannot be read", hint="mend it by hand first")
    return root


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node, Node]]:
    """Every field below a node: its path, the node that names it (the key, or the list's item) and its value."""
    for key, value in node.entries:
        yield (*path, key.value), key, value
        yield from walk(value, (*path, key.value))
    for index, item in enumerate(node.items):
        yield (*path, index), item, item
        yield from walk(item, (*path, index))
