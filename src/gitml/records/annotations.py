"""What a schema says under `x-gitml`, and the shape it gives to records: key order, fields, refs, keyed lists.

A *pattern* is a field's place with `*` for any key of a map and `[]` for any item of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gitml.records.canonical import ALPHABETICAL, KeyOrder
from gitml.records.record import Path

Pattern = tuple[str, ...]
ANY_KEY = "*"
ANY_ITEM = "[]"
WORD = "x-gitml"
_DEPTH = 12
_ROUNDS = 3


class RefField(NamedTuple):
    """A field whose text is a ref to a record of one of `kinds` (`*`: any), playing `role` in lineage."""

    pattern: Pattern
    kinds: tuple[str, ...]
    role: str


def target_of(ref: str, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The sub-schema that a local `$ref` leads to, or None."""
    found: Any = root
    for part in ref.removeprefix("#").split("/")[1:]:
        found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) and ref.startswith("#") else None


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A sub-schema with its local `$ref` followed; the words beside the `$ref` win."""
    seen = 0
    while isinstance(ref := schema.get("$ref"), str) and seen < _DEPTH:
        found = target_of(ref, root) or {}
        schema = {**found, **{key: value for key, value in schema.items() if key != "$ref"}}
        seen += 1
    return schema


def fields(schema: Mapping[str, Any]) -> Iterator[tuple[Pattern, Mapping[str, Any]]]:
    """Every field that a schema names, with its sub-schema; a definition inside itself is followed a few times."""
    yield from _fields(resolved(schema, schema), schema, (), ())


def _fields(
    schema: Mapping[str, Any], root: Mapping[str, Any], at: Pattern, trail: tuple[str, ...]
) -> Iterator[tuple[Pattern, Mapping[str, Any]]]:
    for step, inner in _steps(schema):
        sub = resolved(inner, root)
        yield (*at, step), sub
        further = _further(trail, inner)
        if further is not None:
            yield from _fields(sub, root, (*at, step), further)
    for word in ("allOf", "anyOf", "oneOf"):
        for inner in _mappings(schema.get(word)):
            further = _further(trail, inner)
            if further is not None:
                yield from _fields(resolved(inner, root), root, at, further)


def _further(trail: tuple[str, ...], inner: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The refs on the way to a sub-schema, or None where it goes round once too often."""
    ref = str(inner.get("$ref", ""))
    deeper = (*trail, ref)
    return None if len(deeper) > _DEPTH or (ref and trail.count(ref) >= _ROUNDS) else deeper


def _steps(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        yield from ((key, inner) for key, inner in properties.items() if isinstance(inner, Mapping))
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping):
        yield ANY_KEY, others
    elif others is True or ("properties" not in schema and schema.get("type") == "object"):
        yield ANY_KEY, {}
    patterned = schema.get("patternProperties")
    if isinstance(patterned, Mapping):
        yield from ((ANY_KEY, inner) for inner in _mappings(list(patterned.values())))
    items = schema.get("items")
    if isinstance(items, Mapping):
        yield ANY_ITEM, items


def _mappings(values: Any) -> list[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, Mapping)] if isinstance(values, list) else []


def key_order(schema: Mapping[str, Any]) -> KeyOrder:
    """The canonical order of a record's keys: the order in which its schema names them."""
    return _order(resolved(schema, schema), schema, ())


def _order(schema: Mapping[str, Any], root: Mapping[str, Any], trail: tuple[str, ...]) -> KeyOrder:
    ranks: dict[str, int] = {}
    children: dict[str, KeyOrder] = {}
    others = items = None
    for step, inner in _steps(schema):
        further = _further(trail, inner)
        order = ALPHABETICAL if further is None else _order(resolved(inner, root), root, further)
        if step == ANY_KEY:
            others = order
        elif step == ANY_ITEM:
            items = order
        else:
            ranks[step] = len(ranks)
            children[step] = order
    for word in ("allOf", "anyOf", "oneOf"):
        for inner in _mappings(schema.get(word)):
            further = _further(trail, inner)
            part = ALPHABETICAL if further is None else _order(resolved(inner, root), root, further)
            ranks.update({key: len(ranks) + rank for key, rank in part.ranks.items() if key not in ranks})
            children = {**part.children, **children}
            others, items = others or part.others, items or part.items
    empty = not ranks and others is None and items is None
    return ALPHABETICAL if empty else KeyOrder(ranks, children, others, items)


def annotated(schema: Mapping[str, Any]) -> Iterator[tuple[Pattern, Mapping[str, Any]]]:
    """The fields that carry an annotation, with it."""
    for pattern, sub in fields(schema):
        word = sub.get(WORD)
        if isinstance(word, Mapping):
            yield pattern, word


def find(data: Any, pattern: Pattern, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The places and values in `data` that a pattern fits."""
    if not pattern:
        yield at, data
        return
    step, rest = pattern[0], pattern[1:]
    if step == ANY_ITEM:
        if isinstance(data, list):
            for index, item in enumerate(data):
                yield from find(item, rest, (*at, index))
    elif isinstance(data, Mapping):
        keys = list(data) if step == ANY_KEY else [step] if step in data else []
        for key in keys:
            yield from find(data[key], rest, (*at, key))
