"""The refs of a record as they stand in it; whether they lead anywhere is `integrity`'s question."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from gitml.errors import BadRef
from gitml.records.annotations import ANY_KEY, find
from gitml.records.record import Path, Record
from gitml.records.ref import VERSION, Ref
from gitml.records.schema import Kind


class Link(NamedTuple):
    """A ref in a record: where it stands, its text, the kinds that the field allows, its role, the id beside it."""

    at: Path
    text: str
    kinds: tuple[str, ...]
    role: str
    id: str | None


def links(record: Record, kind: Kind) -> Iterator[Link]:
    """The refs of a record, those of its slot included; a text may turn out to be no ref."""
    if kind.addressing == "slot":
        yield from _slot(record, kind)
    for field in kind.shape.refs:
        # A generator for each of twenty fields costs more than this look.
        if field.pattern[0] not in record.data and field.pattern[0] != ANY_KEY:
            continue
        for at, value in find(record.data, field.pattern):
            if isinstance(value, str):
                yield Link(at, _plain(value), field.kinds, field.role, _id_beside(record, at))


@lru_cache(maxsize=1 << 12)
def _plain(text: str) -> str:
    """A ref as all write it, so that equal ones are equal texts; what is none stays as it is."""
    try:
        return str(Ref.parse(text))
    except BadRef:
        return text


def _slot(record: Record, kind: Kind) -> Iterator[Link]:
    """A slot speaks about a version of the kind and name in its path, or about the thing itself.

    The version stands in the path (a status), or inside (an alias).
    """
    names = dict(zip(kind.template.keys, record.ref.keys, strict=True))
    if "kind" not in names or "name" not in names:
        return
    version = names.get("version", record.data.get("version"))
    held = record.data.get("id")
    if isinstance(version, str):
        target = Ref(names["kind"] + VERSION, (names["name"], version))
    elif len(names) == len(("kind", "name")):
        target = Ref(names["kind"], (names["name"],))
    else:
        return
    at: Path = () if "version" in names or not isinstance(version, str) else ("version",)
    yield Link(at, str(target), (ANY_KEY,), "points_to", held if isinstance(held, str) else None)


def _id_beside(record: Record, at: Path) -> str | None:
    """`{ref: …, id: …}`: the id that a machine wrote beside a ref."""
    if at[-1] != "ref":
        return None
    held: object = record.data
    for step in at[:-1]:
        held = held[step] if isinstance(held, dict | list) else None  # type: ignore[index]
    found = held.get("id") if isinstance(held, dict) else None
    return found if isinstance(found, str) else None
