"""A record with what its schema says of it: its refs, each with the direction that its role has, and its pointers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any

from gitml.errors import BadRef
from gitml.records.annotations import find
from gitml.records.links import Link, links
from gitml.records.record import Path, Record, segment
from gitml.records.ref import Ref
from gitml.records.schema import Kind
from gitml.records.schemas import Schemas
from gitml.views.lineage.held import Held, held
from gitml.views.lineage.roles import BESIDE, flow


class Bound:
    """A record with what its schema says of it; without a schema it has neither refs nor pointers."""

    __slots__ = ("__dict__", "kind", "record", "ref")

    def __init__(self, record: Record, schemas: Schemas) -> None:
        found = schemas.latest.get(record.kind)
        self.record = record
        self.ref = str(record.ref)
        self.kind: Kind | None = schemas.major_of(record.data, found) if found else None

    @cached_property
    def links(self) -> tuple[tuple[Link, str], ...]:
        """The refs that are lineage, each with its flow."""
        if self.kind is None:
            return ()
        name = self.kind.name
        found = ((link, _flow(name, link)) for link in links(self.record, self.kind))
        return tuple((link, way) for link, way in found if way != BESIDE and bare(link.text))

    @cached_property
    def pointers(self) -> tuple[tuple[str, Held, Mapping[str, Any]], ...]:
        """Its pointers to data that lies in a repository: the field, the bytes, and all that stands there."""
        if self.kind is None:
            return ()
        return tuple(
            (field_name(at), found, item)
            for pattern in self.kind.shape.pointers
            if pattern[0] in self.record.data or pattern[0] == "*"
            for at, item in find(self.record.data, pattern)
            if isinstance(item, Mapping) and "path" in item and (found := held(item))
        )

    def roles(self) -> frozenset[str]:
        """The roles of its refs."""
        return frozenset(link.role for link, _way in self.links)


def _flow(kind: str, link: Link) -> str:
    # A status speaks about a version and is no step behind it; an alias chooses one.
    if not link.at:
        return BESIDE
    return flow(kind, str(link.at[0]), link.role)


@lru_cache(maxsize=1 << 12)
def bare(text: str) -> str:
    """A ref without its revision; empty where the text is no ref."""
    try:
        return str(Ref.parse(text).bare)
    except BadRef:
        return ""


def field_name(at: Path) -> str:
    """A place in a record as one writes it: `inputs.train.ref`, `impacts[0].kpi`."""
    told = ""
    for step in at:
        told += f"[{step}]" if isinstance(step, int) else f".{segment(step)}" if told else segment(step)
    return told
