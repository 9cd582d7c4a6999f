"""YAML as DVC types it (1.2 with underscores, `012` twelve, `0b1` one), from the events of libyaml's parser.

Unlike a record, a file of others may hold anchors, aliases and merge keys. Dates stay the text that they were written
as, for a record has no dates. No recursion in C: 200,000 brackets end at the depth cap, not in a crash.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gitml.repo.data.plain import DEPTH, Unreadable

if TYPE_CHECKING:
    from yaml.events import Event

EXPANDED = 200_000
"""Nodes that aliases may stand for in one file."""

Lines = dict[tuple[Any, ...], int]

_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?"
)
_INT = re.compile(r"([-+]?)(?:0b([01_]+)|0o([0-7_]+)|0x([0-9a-fA-F_]+)|([0-9_]+))")
_RADIX = (2, 8, 16, 10)
_FIRST = frozenset("+-.0123456789")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **{word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")},
    **dict.fromkeys([sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")], float("inf")),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], float("-inf")),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], float("nan")),
}
_BOOLS = {"yes": True, "y": True, "true": True, "on": True, "no": False, "n": False, "false": False, "off": False}
_PREFIX = "tag:yaml.org,2002:"
_VERSION = (1, 2)
_MARKED = 2
_SHOWN = 40
_COLLECTIONS = (list, dict)


def load_yaml(text: str, lines: Lines | None = None) -> Any:
    """The one document (None when empty); Unreadable. `lines`: gets the line of each key of the two outer levels."""
    import yaml

    parser = yaml.CBaseLoader(text)
    try:
        return _Reader(parser.get_event, lines).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        told = error.problem or error.context or "it cannot be read"
        raise Unreadable(f"not YAML: {told}", mark.line + 1 if mark else None) from error
    except yaml.YAMLError as error:  # characters that YAML forbids
        raise Unreadable(f"not YAML: {str(error).splitlines()[0]}") from error
    finally:
        parser.dispose()


def plain_value(text: str) -> Any:
    """The value of a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST:
        return text
    try:
        if text.isdigit() and text.isascii():
            return int(text)
        return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else _integer(text)
    except ValueError:  # nothing but underscores, or more digits than Python reads
        return text


def _integer(text: str) -> int | str:
    found = _INT.fullmatch(text)
    if not found or text[0] == "_":
        return text
    radix, digits = next((radix, digits) for radix, digits in zip(_RADIX, found.groups()[1:], strict=True) if digits)
    number = int(digits.replace("_", ""), radix)
    return -number if found[1] == "-" else number


class _Reader:
    """Events into dicts and lists; each node is read in one step of a loop where that can be."""

    def __init__(self, event: Callable[[], Event | None], lines: Lines | None) -> None:
        from yaml import events

        self.event: Callable[[], Any] = event
        self.lines = lines
        self.anchors: dict[str, Any] = {}
        self.expanded = 0
        self.scalar_event = events.ScalarEvent
        self.alias_event = events.AliasEvent
        self.sequence_event = events.SequenceStartEvent
        self.sequence_end = events.SequenceEndEvent
        self.mapping_end = events.MappingEndEvent

    def document(self) -> Any:
        from yaml.events import StreamEndEvent

        self.event()
        start = self.event()
        if isinstance(start, StreamEndEvent):
            return None
        if start.version not in {None, _VERSION}:
            raise _fault(f"YAML {'.'.join(map(str, start.version))} is not read", start)
        value = self.node(self.event(), 0, () if self.lines is not None else None)
        self.event()
        after = self.event()
        if not isinstance(after, StreamEndEvent):
            raise _fault("a second document begins here", after)
        return value

    def node(self, event: Any, depth: int, way: tuple[Any, ...] | None = None) -> Any:
        """The value that begins with this event; `way` is where it stands, as far as lines are kept."""
        kind = type(event)
        if kind is self.scalar_event:
            value = self.scalar(event)
        elif kind is self.alias_event:
            return self.alias(event)
        else:
            if depth >= DEPTH:
                raise _fault("nested too deep", event)
            self.anchors.pop(event.anchor, None)
            value = self.sequence(depth + 1) if kind is self.sequence_event else self.mapping(depth + 1, way)
            if event.tag:
                value = _tagged_collection(event, value)
        if event.anchor:
            self.anchors[event.anchor] = value
        return value

    def scalar(self, event: Any) -> Any:
        if event.tag and event.tag != "!":
            return _tagged(event)
        return event.value if event.style else plain_value(event.value)

    def alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise _fault(f"*{event.anchor[:_SHOWN]} names nothing that ends before it", event)
        value = self.anchors[event.anchor]
        self.expanded += _size(value, EXPANDED - self.expanded)
        if self.expanded > EXPANDED:
            raise _fault(f"aliases stand for more than {EXPANDED:,} values", event)
        return value

    def sequence(self, depth: int) -> list[Any]:
        found = []
        following, end, node = self.event, self.sequence_end, self.node
        while type(event := following()) is not end:
            found.append(node(event, depth))
        return found

    def mapping(self, depth: int, way: tuple[Any, ...] | None) -> dict[Any, Any]:
        data: dict[Any, Any] = {}
        twice: Unreadable | None = None
        merged: dict[Any, Any] | None = None
        following, end, node, scalar = self.event, self.mapping_end, self.node, self.scalar_event
        while type(event := following()) is not end:
            key = node(event, depth)
            if key == "<<" and type(event) is scalar and event.implicit[0]:
                if merged is not None:
                    raise _fault("the merge key << stands twice", event)
                merged = _merged(node(following(), depth), event)
                continue
            if type(key) in _COLLECTIONS:
                raise _fault("a list or a mapping stands as a key", event)
            if key in data and twice is None:
                twice = _fault(f"the key {str(key)[:_SHOWN]!r} stands twice", event)
            data[key] = node(following(), depth, self.noted((*way, key), event) if way is not None else None)
        if merged is not None:  # DVC's reader lets a key stand twice beside a merge key; the last one holds
            return merged | data
        if twice:
            raise twice
        return data

    def noted(self, way: tuple[Any, ...], event: Any) -> tuple[Any, ...] | None:
        """Keep the line of a key; the way itself where lines are kept below it too."""
        if self.lines is not None:
            self.lines[way] = event.start_mark.line + 1
        return way if len(way) < _MARKED else None


def _size(value: Any, limit: int) -> int:
    """How many nodes a value has, counted no further than just past a limit."""
    count = 0
    waiting = [value]
    while waiting and count <= limit:
        inner = waiting.pop()
        count += 1
        if isinstance(inner, dict):
            waiting.extend(inner.values())
            count += len(inner)
        elif isinstance(inner, list):
            waiting.extend(inner)
    return count


def _merged(value: Any, event: Any) -> dict[Any, Any]:
    """What `<<:` brings in: of several mappings the first wins."""
    parts = value if isinstance(value, list) else [value]
    found: dict[Any, Any] = {}
    for part in reversed(parts):
        if not isinstance(part, dict):
            raise _fault("only mappings can be merged by <<", event)
        found.update(part)
    return found


def _tagged(event: Any) -> Any:
    """A scalar whose type is written before it: `!!str 1`."""
    tag, text = event.tag.removeprefix(_PREFIX), event.value
    value = plain_value(text)
    if tag in {"str", "timestamp"}:
        return text
    if tag == "null":
        return None
    if tag == "bool" and text.lower() in _BOOLS:
        return _BOOLS[text.lower()]
    if tag == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if tag == "float" and isinstance(value, int | float):
        return float(value)
    raise _fault(f"{text[:_SHOWN]!r} is no {event.tag[:_SHOWN]}", event)


def _tagged_collection(event: Any, value: Any) -> Any:
    """A collection whose type is written before it; a set, as DVC writes one into its lock, becomes a list."""
    tag = event.tag.removeprefix(_PREFIX)
    if isinstance(value, dict) and tag in {"map", "!"}:
        return value
    if isinstance(value, dict) and tag == "set":
        return list(value)
    if isinstance(value, list) and tag in {"seq", "!"}:
        return value
    raise _fault(f"the tag {event.tag[:_SHOWN]} is not known here", event)


def _fault(message: str, event: Any) -> Unreadable:
    mark = event.start_mark
    return Unreadable(message, mark.line + 1 if mark else None)
