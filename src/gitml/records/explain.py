"""Why a record does not fit its schema, in words: the slow path over the reference validator, jsonschema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitml.records.canonical import inline
from gitml.records.nearest import nearest
from gitml.records.record import Path
from gitml.records.reference import AS_WRITTEN, reference
from gitml.records.resolve import TooLong, resolve

_NAMES = {
    "string": "a text", "number": "a number", "integer": "an integer", "boolean": "true or false",
    "object": "a mapping", "array": "a list", "null": "null",
}  # fmt: skip
_LONG = 60


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule of a schema that a record breaks: where, which keyword, what and what to do."""

    path: Path
    keyword: str
    message: str
    hint: str = ""


def explain(schema: Mapping[str, Any], data: Any) -> list[Violation]:
    """All violations of a schema, by the reference validator."""
    return explained(reference(schema), data)


def explained(validator: Any, data: Any) -> list[Violation]:
    """All violations that a reference validator finds; one is costly to build and can be kept."""
    return [violation for error in validator.iter_errors(data) for violation in _violations(error)]


def _violations(error: Any) -> Iterator[Violation]:
    path: Path = tuple(error.absolute_path)
    keyword = str(error.validator)
    if keyword in {"anyOf", "oneOf"} and error.context:
        yield _closest(error, path, keyword)
        return
    if keyword in {"additionalProperties", "unevaluatedProperties"} and isinstance(error.instance, dict):
        known = list(error.schema.get("properties", ()))
        for key in error.instance:
            if key not in known and repr(key) in error.message:  # those that a pattern fits are not named
                yield _unknown((*path, key), keyword, known)
        return
    if keyword == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        named = next((key for key in missing if error.message.startswith(repr(key))), missing[0] if missing else "")
        yield Violation(path, keyword, f"the field `{named}` is missing", f"add `{named}: …`")
        return
    message, hint = _WORDS.get(keyword, _other)(error)
    yield Violation(path, keyword, message, hint)


def _unknown(path: Path, keyword: str, known: list[str]) -> Violation:
    key = str(path[-1])
    near = nearest(key, known)
    hint = f"did you mean `{near[0]}`?" if near else "put free fields under `custom`, or add it to the kind's schema"
    return Violation(path, keyword, f"the schema knows no field `{key}`", hint)


def _closest(error: Any, path: Path, keyword: str) -> Violation:
    from jsonschema.exceptions import best_match

    inner = best_match(error.context)
    told = next(iter(_violations(inner)))
    return Violation(path, keyword, f"fits none of the forms allowed here; closest: {told.message}", told.hint)


def show(value: Any) -> str:
    """A value as a message shows it: short, a text in quotes."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else inline(value)
    return text if len(text) <= _LONG else text[:_LONG] + "…"


def _type(error: Any) -> tuple[str, str]:
    value = error.validator_value
    wanted: list[str] = value if isinstance(value, list) else [value]
    names = " or ".join(_NAMES.get(name, name) for name in wanted)
    return f"expected {names}, found {show(error.instance)}", _repair(wanted, error.instance)


def _repair(wanted: list[str], value: Any) -> str:
    if isinstance(value, str) and {"number", "integer"} & set(wanted):
        meant = next(
            (text for text in (value, value.replace(",", "."), value.rstrip("%")) if _is_number(text, wanted)), ""
        )
        return meant and f"write {meant}"
    if "string" in wanted and isinstance(value, bool | int | float):
        return f'write "{inline(value)}"'
    if "array" in wanted and isinstance(value, str | int | float):
        return f"write it as a list: `- {show(value)}`"
    return ""


def _is_number(text: str, wanted: list[str]) -> bool:
    try:
        number = resolve(text)
    except TooLong:
        return False
    whole = isinstance(number, int) and not isinstance(number, bool)
    return whole or (isinstance(number, float) and "number" in wanted)


def _enum(error: Any) -> tuple[str, str]:
    allowed = [_plain(value) for value in error.validator_value]
    near = nearest(_plain(error.instance), allowed)
    hint = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(allowed)}"
    return f"{show(error.instance)} is none of {', '.join(allowed)}", hint


def _const(error: Any) -> tuple[str, str]:
    return (
        f"expected {show(error.validator_value)}, found {show(error.instance)}",
        f"write {_plain(error.validator_value)}",
    )


def _plain(value: Any) -> str:
    return show(value) if value and isinstance(value, dict | list) else inline(value)


def _pattern(error: Any) -> tuple[str, str]:
    examples = error.schema.get("examples") or []
    hint = (
        f"it looks like {show(examples[0])}"
        if examples
        else f"it matches {error.schema.get(AS_WRITTEN, error.validator_value)}"
    )
    return f"{show(error.instance)} does not have the form wanted here", hint


def _bound(words: str) -> Callable[[Any], tuple[str, str]]:
    return lambda error: (f"{show(error.instance)} is not {words} {error.validator_value}", "")


def _size(words: str) -> Callable[[Any], tuple[str, str]]:
    return lambda error: (f"has {len(error.instance)}, {words} {error.validator_value} wanted", "")


def _other(error: Any) -> tuple[str, str]:
    return str(error.message)[:200], ""


_WORDS: dict[str, Callable[[Any], tuple[str, str]]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "minimum": _bound("at least"),
    "maximum": _bound("at most"),
    "exclusiveMinimum": _bound("above"),
    "exclusiveMaximum": _bound("below"),
    "minItems": _size("at least"),
    "maxItems": _size("at most"),
    "minLength": _size("at least"),
    "maxLength": _size("at most"),
    "minProperties": _size("at least"),
    "maxProperties": _size("at most"),
}
