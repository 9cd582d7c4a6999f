"""A kind and its schema: JSON Schema draft 2020-12 plus what `x-gitml` adds. Kinds differ by data, not by code."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from gitml.errors import Problem
from gitml.records import walk
from gitml.records.annotations import WORD, Pattern, RefField, annotated, fields, key_order, target_of
from gitml.records.canonical import KeyOrder
from gitml.records.finite import exact, finite, stood_in
from gitml.records.record import Path
from gitml.records.ref import VERSION
from gitml.records.reference import agreed, everywhere, patterns, python_pattern, reference, subschemas
from gitml.records.template import Template

if TYPE_CHECKING:
    from gitml.records.explain import Violation

MAX_FIELDS = 20_000
_FEW = 16
_SAME_PLACE = frozenset(["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"])
_NAMED_BY = {
    "alias": ("kind", "name", "slot"),
    "status": ("kind", "name", "version"),
    VERSION: ("name", "version"),
}
DERIVED = "derived"


class Shape:
    """What a schema says about the inside of a record; worked out when asked for, once."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self._walked = 0

    @cached_property
    def order(self) -> KeyOrder:
        """The canonical order of keys."""
        return key_order(self.schema)

    @cached_property
    def annotations(self) -> tuple[tuple[Pattern, Mapping[str, Any]], ...]:
        """Every annotated field, with its annotation."""
        return tuple(dict(annotated(self.schema)).items())

    @cached_property
    def refs(self) -> tuple[RefField, ...]:
        """The fields that hold refs."""
        return tuple(
            RefField(pattern, tuple(word["ref"]), str(word.get("role", "")))
            for pattern, word in self.annotations
            if "ref" in word
        )

    @cached_property
    def pointers(self) -> tuple[Pattern, ...]:
        """The fields that are pointers."""
        return tuple(pattern for pattern, word in self.annotations if word.get("pointer"))

    @cached_property
    def sensitive(self) -> tuple[Pattern, ...]:
        """The fields that hold values of the data itself."""
        return tuple(pattern for pattern, word in self.annotations if word.get("sensitive"))

    @cached_property
    def list_keys(self) -> Mapping[Pattern, str]:
        """Lists of mappings that have a key, with its name."""
        return {pattern: str(word["key"]) for pattern, word in self.annotations if "key" in word}

    @cached_property
    def fields(self) -> Mapping[Pattern, Mapping[str, Any]]:
        """Every field that the schema names."""
        return dict(fields(self.schema))

    @cached_property
    def fast(self) -> Any:
        """The fast validator; None where only the reference can be trusted with the schema."""
        import jsonschema_rs

        if not finite(dict(self.schema)) or not all(agreed(text) for _at, text in patterns(self.schema)):
            return None
        try:
            return jsonschema_rs.Draft202012Validator(
                dict(self.schema), validate_formats=False, retriever=_nothing_there
            )
        except (ValueError, jsonschema_rs.ReferencingError):
            return None

    @cached_property
    def slow(self) -> Any:
        """The reference validator."""
        return reference(self.schema)

    @cached_property
    def exact(self) -> bool:
        """Whether the fast validator can be asked about NaN and infinities."""
        return exact(self.schema)

    def accepts(self, data: Any, *, all_finite: bool = False) -> bool:
        """Whether the data is plainly right; where it is not, only the reference validator knows.

        Who has seen that all numbers are finite spares it the look.
        The first few records are walked through, which takes less than to import and build the fast validator.
        """
        if self._walked < _FEW:
            self._walked += 1
            if walk.accepts(self.schema, data, self.schema):
                return True
        if self.fast is None:
            return bool(self.slow.is_valid(data))
        if all_finite or finite(data):
            return bool(self.fast.is_valid(data))
        return self.exact and bool(self.fast.is_valid(stood_in(data)))

    def violations(self, data: Any) -> list[Violation]:
        """Where the data breaks the schema; what is plainly right is accepted fast, the reference one explains."""
        if self.accepts(data):
            return []
        from gitml.records.explain import explained

        return explained(self.slow, data)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its name and major, how it is addressed, where it lies, and its schema.

    `path` and `blob` name the schema file; two kinds of equal content are equal.
    """

    name: str
    major: int
    addressing: str
    template: Template
    schema: Mapping[str, Any] = field(compare=False, repr=False)
    path: str
    blob: str
    shape: Shape = field(compare=False, repr=False)

    @property
    def word(self) -> Mapping[str, Any]:
        """The schema's own annotation."""
        found: Mapping[str, Any] = self.schema[WORD]
        return found

    @property
    def canonical(self) -> bool:
        """Whether records of this kind have a canonical form (adopted files need not)."""
        return self.word.get("canonical", True) is not False

    @property
    def immutable(self) -> bool:
        """Whether a record may not change once it has landed."""
        return bool(self.word.get("immutable"))

    @property
    def lifecycle(self) -> Mapping[str, Any]:
        """The slots and moves allowed; empty where the schema names none."""
        found: Mapping[str, Any] = self.word.get("lifecycle") or {}
        return found

    @property
    def tagged(self) -> bool:
        """Whether its records begin with `schema: kind/major`."""
        return "schema" in self.schema.get("properties", {})

    @property
    def tag(self) -> str:
        """The `schema:` line of its records."""
        return f"{self.name}/{self.major}"

    def list_key(self, pattern: tuple[str, ...]) -> str | None:
        """The key of the list of mappings at a place in a record, if it has one."""
        keys = self.shape.list_keys
        if pattern in keys:
            return keys[pattern]
        return next((key for wanted, key in keys.items() if fits(wanted, pattern)), None)

    def violations(self, data: Any) -> list[Violation]:
        """Where the data breaks the schema; the fast validator accepts, the reference one explains."""
        return self.shape.violations(data)


def fits(pattern: Pattern, place: tuple[str, ...]) -> bool:
    """Whether a pattern fits a place: `*` stands for any key."""
    return len(pattern) == len(place) and all(step in ("*", key) for step, key in zip(pattern, place, strict=True))


def _nothing_there(uri: str) -> Any:
    raise LookupError(uri)  # a schema never makes us fetch anything


def read_kind(data: Mapping[str, Any], path: str, blob: str, meta: Shape) -> Kind | list[Problem]:
    """The kind that a schema file defines, or why it defines none."""
    faults = [_problem(path, found) for found in meta.violations(data)] or _unusable(data, path)
    if faults:
        return faults
    kind = kind_of(data, path, blob)
    if kind.addressing == DERIVED:
        return kind
    if fault := kind.template.fault() or _misnamed(kind):
        return [_invalid(path, f"the template {kind.template.text} {fault}", "x-gitml.path")]
    return kind


def _misnamed(kind: Kind) -> str | None:
    """Why the keys of a template are not those that refs and slots have, or None."""
    wanted = _NAMED_BY.get(kind.name) or (_NAMED_BY[VERSION] if kind.name.endswith(VERSION) else None)
    if wanted is None or kind.template.keys == wanted:
        return None
    return f"must hold {', '.join(f'{{{key}}}' for key in wanted)} in this order: refs to a {kind.name} do"


def kind_of(data: Mapping[str, Any], path: str, blob: str) -> Kind:
    """The kind that a schema file's data defines, where `read_kind` has found it usable."""
    name, _slash, major = data["$id"].partition("/")
    word = data[WORD]
    is_derived = word["addressing"] == DERIVED
    template = Template.of_derived(tuple(word["keys"])) if is_derived else Template.read(word["path"])
    return Kind(name, int(major), word["addressing"], template, data, path, blob, Shape(data))


def _unusable(data: Mapping[str, Any], path: str) -> list[Problem]:
    """What a meta-schema cannot say: the schema must itself be valid draft 2020-12, its regular expressions too."""
    import jsonschema_rs
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    if not jsonschema_rs.meta.is_valid(dict(data)):
        try:
            Draft202012Validator.check_schema(dict(data))
        except SchemaError as error:
            return [
                _invalid(path, f"is no JSON Schema: {str(error.message)[:200]}", _dotted(tuple(error.absolute_path)))
            ]
    if sum(1 for _field in islice(fields(data), MAX_FIELDS + 1)) > MAX_FIELDS:
        return [_invalid(path, f"names more than {MAX_FIELDS:,} fields", "properties")]
    wrong = [
        _invalid(path, f"the pattern {text!r} is no regular expression: {fault}", _dotted(at))
        for at, text in patterns(data)
        if (fault := _regex_fault(text))
    ]
    lost = [
        _invalid(path, f"{text} leads nowhere, or back to itself", _dotted((*at, "$ref")))
        for at, sub in everywhere(data)
        for text in _texts(sub, "$ref")
        if not _leads(data, text)
    ]
    return wrong + lost


def _dotted(at: Path) -> str:
    return ".".join(map(str, at))


def _texts(sub: Mapping[str, Any], word: str) -> tuple[str, ...]:
    return (sub[word],) if isinstance(sub.get(word), str) else ()


def _leads(root: Mapping[str, Any], target: str) -> bool:
    """Whether a local `$ref` ends at a schema, and never comes back to itself at the same place of a record."""
    found = target_of(target, root)
    seen: set[str] = set()
    waiting = [found] if found is not None else []
    while waiting:
        sub = waiting.pop()
        for ref in set(_texts(sub, "$ref")) - seen:
            seen.add(ref)
            waiting.append(target_of(ref, root) or {})
        waiting.extend(inner for at, inner in subschemas(sub) if at[0] in _SAME_PLACE)
    return found is not None and target not in seen


def _regex_fault(text: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(python_pattern(text))
    except (re.error, FutureWarning, OverflowError, RecursionError) as error:
        return str(error)
    return ""


def _problem(path: str, found: Violation) -> Problem:
    return Problem("schema.invalid", path, found.message, found.hint, field=_dotted(found.path) or None)


def _invalid(path: str, message: str, field_name: str) -> Problem:
    return Problem(
        "schema.invalid", path, message, "mend the schema; until then its kind is unknown", field=field_name or None
    )
