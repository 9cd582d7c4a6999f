"""`field=value`, as typed: a dotted name and a value in YAML flow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gitml.errors import BadValue
from gitml.records.resolve import TooLong, resolve

# The first = that stands in no backticks ends the name.
_NAME = re.compile(r"((?:`(?:[^`]|``)*`|[^=`])+)=(.*)", re.DOTALL)
_FLOW = ("[", "{", '"', "'")
_KEY = "v: "


def is_field(text: str) -> bool:
    """Whether a text has the form `field=value`."""
    return _NAME.fullmatch(text) is not None


def fields(texts: Iterable[str]) -> dict[str, Any]:
    """Values by the dotted names they are given; raises BadValue where one is malformed, or given twice."""
    found: dict[str, Any] = {}
    for text in texts:
        name, written = split(text)
        if name in found:
            raise BadValue(f"{name} is given twice", hint="give it once; a list is written '[a, b]'")
        found[name] = value(written, name)
    return found


def words(texts: Iterable[str], form: str) -> dict[str, str]:
    """`name=text` with the texts as they stand."""
    return dict(split(text, form) for text in texts)


def split(text: str, form: str = "field=value") -> tuple[str, str]:
    """The two sides of an assignment; raises BadValue."""
    found = _NAME.fullmatch(text)
    if found is None:
        raise BadValue(f"{text!r} is no {form}", hint=f"write {form}, with quotes around it where it holds spaces")
    return found[1].strip(), found[2]


def value(text: str, name: str) -> Any:
    """The value of a text in YAML flow: what opens with a bracket or a quote is that, all else one plain scalar.

    So `reason=beats 2: by @mona` needs no quotes beyond the shell's. Raises BadValue.
    """
    written = text.strip()
    if not written.startswith(_FLOW):
        return _scalar(text if "\n" in text else written, name)
    from gitml.records.reader import read

    parsed = read(f"{_KEY}{written}\n".encode("utf-8", "surrogateescape"))
    if parsed.data is None or parsed.data.keys() != {"v"}:
        problem = parsed.problems[0] if parsed.problems else None
        at = f" at column {problem.column - len(_KEY)}" if problem and problem.column and problem.line == 1 else ""
        told = problem.message if problem else "more than one value"
        hint = "in the shell: '\"text\"', '[a, b]', '{a: 1}'"
        raise BadValue(f"{name}: {written!r} is no YAML value{at}: {told}", hint=hint)
    return parsed.data["v"]


def _scalar(text: str, name: str) -> Any:
    try:
        return resolve(text)
    except TooLong as error:
        hint = f"write it as text: {name}='\"…\"'"
        raise BadValue(f"{name}: an integer has at most 64 bits, and {error}… has more", hint=hint) from error
