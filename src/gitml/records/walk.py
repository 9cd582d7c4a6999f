"""Whether a schema surely accepts a value: a walk through both, for one record among many that need no look.

The fast validator takes 25 ms to import and to build, which a hook that checks one record would pay each time. What
this walk cannot tell for certain (None) is left to the validators, and so is everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from gitml.records.annotations import target_of

Verdict = bool | None
"""Surely, surely not, or not certain."""

_DEPTH: Final = 200
_EXACT: Final = 2**53
# What asks nothing of a value, or is asked together with another word.
_SILENT: Final = frozenset([
    "$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default", "deprecated", "readOnly",
    "writeOnly", "format", "x-gitml", "then", "else",
])  # fmt: skip
_TYPES: Final[Mapping[type, tuple[str, ...]]] = {
    type(None): ("null",),
    bool: ("boolean",),
    int: ("integer", "number"),
    float: ("number",),
    str: ("string",),
    list: ("array",),
    dict: ("object",),
}


def accepts(schema: Any, data: Any, root: Mapping[str, Any], depth: int = 0) -> Verdict:
    """Whether a schema, a part of `root`, accepts a value."""
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping) or depth > _DEPTH:
        return None
    verdict: Verdict = True
    for word, said in schema.items():
        if word in _SILENT:
            continue
        rule = _RULES.get(word)
        found = rule(said, data, schema, lambda inner, value: accepts(inner, value, root, depth + 1)) if rule else None
        if word == "$ref":
            found = _ref(said, data, root, depth)
        if found is False:
            return False
        verdict = verdict and found
    return verdict


def _ref(said: Any, data: Any, root: Mapping[str, Any], depth: int) -> Verdict:
    target = target_of(said, root) if isinstance(said, str) else None
    return None if target is None else accepts(target, data, root, depth + 1)


Walk = Callable[[Any, Any], Verdict]
Rule = Callable[[Any, Any, Mapping[str, Any], Walk], Verdict]


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    result: Verdict = True
    for verdict in verdicts:
        if verdict is False:
            return False
        result = result and verdict
    return result


def _any(verdicts: Iterable[Verdict]) -> Verdict:
    result: Verdict = False
    for verdict in verdicts:
        if verdict:
            return True
        result = None if verdict is None else result
    return result


def _type(said: Any, data: Any, _schema: Mapping[str, Any], _walk: Walk) -> Verdict:
    wanted = [said] if isinstance(said, str) else said
    names = _TYPES.get(type(data))
    if names is None or not isinstance(wanted, list):
        return None
    if any(name in wanted for name in names):
        return True
    # 1.0 is an integer, too.
    return None if isinstance(data, float) and data.is_integer() and "integer" in wanted else False


def _const(said: Any, data: Any, _schema: Mapping[str, Any], _walk: Walk) -> Verdict:
    if isinstance(said, str) or isinstance(data, str) or said is None or data is None:
        return type(said) is type(data) and bool(said == data)
    if isinstance(said, bool) or isinstance(data, bool):
        return said is data
    return bool(said == data) if type(said) is type(data) is int else None


def _enum(said: Any, data: Any, schema: Mapping[str, Any], walk: Walk) -> Verdict:
    return _any(_const(one, data, schema, walk) for one in said) if isinstance(said, list) else None


def _properties(said: Any, data: Any, _schema: Mapping[str, Any], walk: Walk) -> Verdict:
    return (
        _all(walk(said[key], value) for key, value in data.items() if key in said) if isinstance(data, dict) else True
    )


def _additional(said: Any, data: Any, schema: Mapping[str, Any], walk: Walk) -> Verdict:
    if not isinstance(data, dict):
        return True
    named = schema.get("properties", {})
    others = [value for key, value in data.items() if key not in named]
    if others and "patternProperties" in schema:
        return None
    return _all(walk(said, value) for value in others)


def _names(said: Any, data: Any, _schema: Mapping[str, Any], walk: Walk) -> Verdict:
    return _all(walk(said, key) for key in data) if isinstance(data, dict) else True


def _required(said: Any, data: Any, _schema: Mapping[str, Any], _walk: Walk) -> Verdict:
    return all(key in data for key in said) if isinstance(data, dict) else True


def _items(said: Any, data: Any, schema: Mapping[str, Any], walk: Walk) -> Verdict:
    if not isinstance(data, list):
        return True
    return None if "prefixItems" in schema else _all(walk(said, item) for item in data)


def _unique(said: Any, data: Any, _schema: Mapping[str, Any], _walk: Walk) -> Verdict:
    if not isinstance(data, list) or said is False:
        return True
    return len(set(data)) == len(data) if all(isinstance(item, str) for item in data) else None


def _size(kind: type[str | list[Any] | dict[str, Any]], fits: Callable[[int, Any], bool]) -> Rule:
    return lambda said, data, _schema, _walk: fits(len(data), said) if isinstance(data, kind) else True


def _bound(fits: Callable[[Any, Any], bool]) -> Rule:
    def rule(said: Any, data: Any, _schema: Mapping[str, Any], _walk: Walk) -> Verdict:
        if isinstance(data, bool) or not isinstance(data, int | float):
            return True
        # Beyond that a float does not hold every number, and validators differ.
        return fits(data, said) if abs(data) < _EXACT else None

    return rule


def _pattern(said: Any, data: Any, _schema: Mapping[str, Any], _walk: Walk) -> Verdict:
    if not isinstance(data, str):
        return True
    from gitml.records.reference import agreed, python_pattern

    return re.search(python_pattern(said), data) is not None if agreed(said) else None


def _if(said: Any, data: Any, schema: Mapping[str, Any], walk: Walk) -> Verdict:
    holds = walk(said, data)
    return None if holds is None else walk(schema.get("then" if holds else "else", True), data)


def _not(said: Any, data: Any, _schema: Mapping[str, Any], walk: Walk) -> Verdict:
    holds = walk(said, data)
    return None if holds is None else not holds


def _all_of(said: Any, data: Any, _schema: Mapping[str, Any], walk: Walk) -> Verdict:
    return _all(walk(one, data) for one in said)


def _any_of(said: Any, data: Any, _schema: Mapping[str, Any], walk: Walk) -> Verdict:
    return _any(walk(one, data) for one in said)


_RULES: Final[Mapping[str, Rule]] = {
    "$ref": lambda *_asked: True,
    "type": _type,
    "const": _const,
    "enum": _enum,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "required": _required,
    "items": _items,
    "uniqueItems": _unique,
    "minItems": _size(list, lambda size, said: size >= said),
    "maxItems": _size(list, lambda size, said: size <= said),
    "minLength": _size(str, lambda size, said: size >= said),
    "maxLength": _size(str, lambda size, said: size <= said),
    "minProperties": _size(dict, lambda size, said: size >= said),
    "maxProperties": _size(dict, lambda size, said: size <= said),
    "minimum": _bound(lambda value, said: value >= said),
    "maximum": _bound(lambda value, said: value <= said),
    "exclusiveMinimum": _bound(lambda value, said: value > said),
    "exclusiveMaximum": _bound(lambda value, said: value < said),
    "pattern": _pattern,
    "if": _if,
    "not": _not,
    "allOf": _all_of,
    "anyOf": _any_of,
}
