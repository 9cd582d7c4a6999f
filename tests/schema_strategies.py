"""Schemas, and data for them, for the property tests: what two validators could well hold differently."""

from __future__ import annotations

import math
from random import Random
from typing import Any

NAMES = ("a", "b", "c d", "é", "a\n")
PATTERNS = (
    "^a$", r"^\d+$", r"^\D+$", r"\w", r"^\W$", r"^\s*$", r"^\S+$", "^[a-z]+$", "^(a|b)$", r"^[^\d]+$", ".", "^.$",
    "^..$", "^[0-9a-f]{2,4}$", "a|", "^$", "(?!a)b", r"^(?!a$).*$", r"[\w.]+$", "$", r"\$", "[$]", "^é$", r"\bé",
    r"^[\s]$", r"\Ba", r"^\w+\b", r"^[^\s]$", r"^[\S]$", r"^(?:a|\n)$", "(?=a$)a", "a{1,2}$", r"^[\d\-]+$", r"\u0061",
    r"\x61$", r"^[\]a]$",
)  # fmt: skip
TEXTS = (
    "a", "a\n", "b", "1", "\u0661", "é", "", "😀", "\ufeff", " ", "\xa0", "ab", "12", "a b", "\n", "\r", "\u2028", "$",
    "0f", "e\u0301", "\x1c", "\x85", "A", "é\n", "2026-01-01", "]",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 1.0, 0.0, -0.0, True, False, 0.1, 0.3, 0.5, 2**53, 2**53 + 1, float(2**53), 2**63 - 1, -(2**63), 1e300,
    5e-324, 3, 2.5, 1e16,
)  # fmt: skip
ODD_NUMBERS = (math.nan, math.inf, -math.inf)
TYPES = ("null", "boolean", "object", "array", "number", "string", "integer")


def data(random: Random, depth: int = 0) -> Any:
    """Any value that a record can hold."""
    choice = random.random()
    if depth < 3 and choice < 0.35:
        return {name: data(random, depth + 1) for name in random.sample(NAMES, random.randint(0, 4))}
    if depth < 3 and choice < 0.5:
        return [data(random, depth + 1) for _ in range(random.randint(0, 4))]
    if choice < 0.95:
        return random.choice(random.choice([TEXTS, NUMBERS, NUMBERS, ODD_NUMBERS]))
    return None


def schema(random: Random, depth: int = 0) -> Any:
    """Any JSON Schema, of a few words at each place."""
    if depth > 2 or random.random() < 0.05:
        return random.choice([True, False, {}])
    return {
        word.strip(): _value(word.strip(), random, depth + 1)
        for word in random.sample(_WORDS, random.choice([1, 1, 2, 2, 3]))
    }


_VALUES: dict[str, tuple[Any, ...]] = {
    "type": (*TYPES, ["null", "string"], ["integer", "boolean"], ["number", "array"]),
    "pattern": PATTERNS,
    **dict.fromkeys(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], NUMBERS[:6] + NUMBERS[8:]),
    "multipleOf": (0.1, 1, 2, 0.5, 3, 1e-5, 2.5),
    **dict.fromkeys(["minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"], (0, 1, 2, 1.0)),
    **dict.fromkeys(["minProperties", "maxProperties"], (1, 2)),
    "uniqueItems": (True, False),
    "required": tuple([name] for name in NAMES),
    "dependentRequired": ({"a": ["b"]},),
    "format": ("date", "email"),
}
_ONE = (
    "additionalProperties", "unevaluatedProperties", "items", "contains", "unevaluatedItems", "propertyNames", "not",
    "if", "then", "else",
)  # fmt: skip
_MANY = ("prefixItems", "allOf", "anyOf", "oneOf")
# What matters most in records stands there twice.
_WORDS = (
    *_VALUES, *_ONE, *_MANY, "properties", "properties ", "pattern ", "patternProperties", "dependentSchemas", "const",
    "enum",
)  # fmt: skip


def _value(word: str, random: Random, depth: int) -> Any:
    if word in _VALUES:
        return random.choice(_VALUES[word])
    if word in _ONE:
        return schema(random, depth)
    if word in _MANY:
        return [schema(random, depth) for _ in range(random.randint(1, 2))]
    if word in {"const", "enum"}:
        return data(random, 2) if word == "const" else [data(random, 2) for _ in range(random.randint(1, 3))]
    names = PATTERNS if word == "patternProperties" else NAMES
    return {name: schema(random, depth) for name in random.sample(names, random.randint(1, 2))}
