"""The fields of a kind: how a text names them, whether there are such, and in which order they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gitml.errors import BadValue
from gitml.records.annotations import resolved
from gitml.records.canonical import ALPHABETICAL, KeyOrder
from gitml.records.record import column, segments
from gitml.records.schema import Kind

REF: Final = "ref"
Names = str | Sequence[str]

_LIST = re.compile(r"(?:`(?:[^`]|``)*`|[^,`])+|`")
_PART = r"(?:`(?:[^`]|``)*`|[^.`]+)"
_NAME = re.compile(rf"{_PART}(?:\.{_PART})*")
_BRANCHES = ("allOf", "anyOf", "oneOf")
_TYPES = {
    "string": "string",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "mapping",
}


def split(names: Names) -> list[str]:
    """The names in a list, or in a text with commas between them (a comma inside backticks is a part of its name)."""
    found = _LIST.findall(names) if isinstance(names, str) else names
    return [name.strip() for name in found]


def named(text: str) -> str:
    """A field's name in its one form; raises BadValue for a text that cannot be one."""
    if not _NAME.fullmatch(text):
        raise BadValue(f"{text!r} names no field", hint="write metrics.auc, or params.`a.b` where a name holds a dot")
    return column(*segments(text))


class HasSchemas(Protocol):
    """What is needed of all kinds of a snapshot."""

    @property
    def kinds(self) -> Mapping[tuple[str, int], Kind]:
        """Kinds by name and major."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What the schemas of a kind, the newest major first, say of its fields."""

    kinds: tuple[Kind, ...]

    @classmethod
    def of(cls, schemas: HasSchemas, kind: str) -> Fields:
        """The fields of a kind in all its majors."""
        majors = [found for (name, _major), found in schemas.kinds.items() if name == kind]
        return cls(tuple(sorted(majors, key=lambda found: -found.major)))

    def order(self, name: str) -> tuple[tuple[int, str], ...]:
        """A key that sorts columns: `ref` first, then as the schema orders them, then by alphabet."""
        order: KeyOrder = self.kinds[0].shape.order if self.kinds else ALPHABETICAL
        if name == REF:
            return ()
        key = []
        for step in segments(name):
            key.append((order.ranks.get(step, len(order.ranks)), step))
            order = order.child(step)
        return tuple(key)

    def place(self, path: tuple[str, ...]) -> int | None:
        """How many steps of a path the schema names, the rest being keys of a free map; None where it forbids them."""
        places = [place for kind in self.kinds for _schema, place in _walk(kind.schema, path)]
        return max(places, default=None)

    def type(self, name: str) -> str:
        """The type that the schema gives to a field; `mixed` where it gives none, or several."""
        words = {
            word
            for kind in self.kinds
            for schema, _place in _walk(kind.schema, segments(name))
            for word in _words(schema.get("type"))
        } - {"null"}
        if words == {"integer", "number"}:
            return "float"
        return _TYPES.get(words.pop(), "mixed") if len(words) == 1 else "mixed"

    def beside(self, path: tuple[str, ...]) -> Iterator[str]:
        """The names that the schema has where the path leaves it, and at its top: what may have been meant."""
        for kind in self.kinds:
            for depth in range(len(path)):
                for schema, _place in _walk(kind.schema, path[:depth]):
                    yield from (column(*path[:depth], key) for key in _properties(schema))


def _walk(schema: Mapping[str, Any], path: tuple[str, ...]) -> list[tuple[Mapping[str, Any], int]]:
    """The sub-schemas that a path comes to, each with how many of its steps are named and not keys of a free map."""
    found = [(node, 0) for node in _alternatives(schema, schema)]
    for depth, step in enumerate(path, start=1):
        found = [
            (branch, depth if is_named and place == depth - 1 else place)
            for node, place in found
            for inner, is_named in _inner(node, step)
            for branch in _alternatives(inner, schema)
        ]
    return found


def _alternatives(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    node = resolved(schema, root)
    yield node
    for word in _BRANCHES:
        branches = node.get(word)
        for branch in branches if isinstance(branches, list) else ():
            if isinstance(branch, Mapping):
                yield from _alternatives(branch, root)


def _inner(schema: Mapping[str, Any], key: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
    properties = _properties(schema)
    others = schema.get("additionalProperties")
    patterned = schema.get("patternProperties")
    if key in properties:
        yield properties[key], True
    elif isinstance(others, Mapping):
        yield others, False
    elif isinstance(patterned, Mapping):
        yield from ((inner, False) for inner in patterned.values() if isinstance(inner, Mapping))
    elif others is True or (others is None and not properties and _may_be_mapping(schema)):
        yield {}, False


def _may_be_mapping(schema: Mapping[str, Any]) -> bool:
    branched = any(word in schema for word in _BRANCHES)  # then the branches say
    return not branched and ("type" not in schema or "object" in _words(schema["type"]))


def _properties(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    properties = schema.get("properties")
    pairs = properties.items() if isinstance(properties, Mapping) else ()
    return {key: inner for key, inner in pairs if isinstance(inner, Mapping)}


def _words(types: Any) -> list[str]:
    return types if isinstance(types, list) else [types] if isinstance(types, str) else []
