"""Reading a record: one fast path that accepts, one slow path that explains."""

from __future__ import annotations

from typing import Any, NamedTuple

from gitml.errors import Problem
from gitml.records.canonical import MAX_BYTES
from gitml.records.fast import read_canonical
from gitml.records.marks import Marks, canonical_marks

VERSION = 2
"""Of this reader: what was parsed by another one is parsed again (cache key)."""


class Parsed(NamedTuple):
    """A record's mapping (None where it cannot be read), what is wrong with its form, and whether it was canonical.

    `canonical` is about everything but the order of keys, which only a schema knows.
    """

    data: dict[str, Any] | None
    problems: tuple[Problem, ...] = ()
    canonical: bool = False


def read(raw: bytes, path: str = "") -> Parsed:
    """Read the bytes of a record; what is wrong becomes problems, nothing raises."""
    if len(raw) <= MAX_BYTES:
        try:
            data = read_canonical(raw.decode())
        except UnicodeDecodeError:
            data = None
        if data is not None:
            return Parsed(data, canonical=True)
    return read_slowly(raw, path)


def read_slowly(raw: bytes, path: str = "") -> Parsed:
    """Read by the slow path alone: the reference that the fast path is held to."""
    from gitml.records.nodes import document

    found = document(raw, path)
    if found.problems or found.root is None:
        return Parsed(None, _conflicts(raw, path) or found.problems)
    data = found.root.value
    if isinstance(data, dict):
        return Parsed(data)
    what = "a list" if isinstance(data, list) else f"the scalar {found.text[found.root.start : found.root.end][:40]!r}"
    told = Problem(
        "schema.type",
        path,
        f"expected a mapping of fields, found {what}",
        "write `field: value` lines",
        line=found.root.line,
        column=found.root.column,
    )
    return Parsed(None, (told,))


def _conflicts(raw: bytes, path: str) -> tuple[Problem, ...]:
    """What git's markers say, where they are why a text cannot be read."""
    if b"<<<<<<<" not in raw:
        return ()
    from gitml.records.merging.conflict import problems

    return problems(raw, path)


def marks(raw: bytes) -> Marks:
    """Line and column (from 1) of every field and list item; that of the file itself under ()."""
    return all_marks(raw)[0]


def value_marks(raw: bytes) -> Marks:
    """Like `marks`, but of the values."""
    return all_marks(raw)[1]


def all_marks(raw: bytes) -> tuple[Marks, Marks]:
    """Both, of fields and of values, by reading once."""
    text = raw.decode(errors="replace")
    if len(raw) <= MAX_BYTES and read_canonical(text):
        return canonical_marks(text)
    from gitml.records.nodes import document, walk

    root = document(raw).root
    if root is None:
        return {}, {}
    names: Marks = {(): (root.line, root.column)}
    values: Marks = {}
    for path, name, value in walk(root):
        names[path] = (name.line, name.column)
        values[path] = (value.line, value.column)
    return names, values
