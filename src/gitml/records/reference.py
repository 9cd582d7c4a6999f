r"""The reference validator: jsonschema, made to read regular expressions and multiples as JSON Schema means them.

Python's `$` matches before a last line end, its `\d` every script's digits, and 0.3 is no multiple of 0.1 to it;
to JSON Schema, and to the fast validator, it is otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any

from gitml.records.record import Path

AS_WRITTEN = "x-gitml-pattern"
"""Where the translated schema keeps a pattern as its author wrote it."""
_SPACES = r"\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_OUTSIDE = {"$": r"\Z", r"\s": f"[{_SPACES}]", r"\S": f"[^{_SPACES}]"}
_INSIDE = {r"\s": _SPACES}
# Where the two engines still differ, and the reference one decides alone: word ends, `\S` in brackets, letter case.
_DIVIDED = re.compile(r"\\[bB]|\[[^\]]*\\S|\(\?[a-z]*i")
_SIGN = re.compile(r"\\.|.", re.DOTALL)
_ONE = frozenset([
    "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
])  # fmt: skip
_LISTS = frozenset(["allOf", "anyOf", "oneOf", "prefixItems"])
_MAPS = frozenset(["$defs", "dependentSchemas", "patternProperties", "properties"])


def reference(schema: Mapping[str, Any]) -> Any:
    """A validator of jsonschema's for a schema; it never fetches anything."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry

    kind: Any = extend(Draft202012Validator, {"multipleOf": _multiple_of})  # type: ignore[no-untyped-call]
    return kind(_translated(schema), registry=Registry())


def _multiple_of(_validator: Any, factor: float, value: Any, _schema: Any) -> Iterator[Any]:
    from decimal import Decimal
    from fractions import Fraction

    from jsonschema.exceptions import ValidationError

    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not (isfinite(value) and Fraction(Decimal(repr(value))) % Fraction(Decimal(repr(factor))) == 0):
        yield ValidationError(f"{value!r} is not a multiple of {factor!r}")


def python_pattern(text: str) -> str:
    """A regular expression of ECMA-262 in Python's words."""
    out: list[str] = []
    inside = False
    for found in _SIGN.finditer(text):
        sign = found[0]
        out.append((_INSIDE if inside else _OUTSIDE).get(sign, sign))
        inside = sign == "[" or (inside and sign != "]")
    return f"(?a:{''.join(out)})"


def agreed(pattern: str) -> bool:
    """Whether the fast validator is known to read a regular expression as the reference does."""
    return _DIVIDED.search(pattern) is None


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The schemas directly inside a schema, each with where it stands: first the word that it stands under."""
    for word, value in schema.items():
        inner: Iterable[tuple[Path, Any]] = ()
        if word in _ONE:
            inner = [((word,), value)]
        elif word in _LISTS and isinstance(value, list):
            inner = (((word, index), one) for index, one in enumerate(value))
        elif word in _MAPS and isinstance(value, Mapping):
            inner = (((word, key), one) for key, one in value.items())
        yield from ((at, one) for at, one in inner if isinstance(one, Mapping))


def everywhere(schema: Mapping[str, Any], at: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """A schema and all schemas inside it, each with where it stands."""
    yield at, schema
    for step, inner in subschemas(schema):
        yield from everywhere(inner, (*at, *step))


def patterns(schema: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """All regular expressions of a schema, each with where it stands."""
    for at, one in everywhere(schema):
        if isinstance(one.get("pattern"), str):
            yield (*at, "pattern"), one["pattern"]
        yield from (((*at, "patternProperties", text), text) for text in one.get("patternProperties") or ())


def _translated(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = dict(schema)
    for word, value in schema.items():
        if word in _ONE:
            made[word] = _translated(value)
        elif word in _LISTS and isinstance(value, list):
            made[word] = [_translated(one) for one in value]
        elif word in _MAPS and isinstance(value, Mapping):
            named = {python_pattern(key) if word == "patternProperties" else key: one for key, one in value.items()}
            made[word] = {key: _translated(one) for key, one in named.items()}
        elif word == "pattern" and isinstance(value, str):
            made |= {word: python_pattern(value), AS_WRITTEN: value}
    return made
