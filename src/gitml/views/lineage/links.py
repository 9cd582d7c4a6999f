"""Edges from refs: what a schema says is one, in the direction that its role has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any

from gitml.errors import BadRef
from gitml.records.annotations import find
from gitml.records.links import Link, links
from gitml.records.record import Path, Record, segment
from gitml.records.ref import VERSION, Ref
from gitml.records.schema import Kind
from gitml.records.schemas import Schemas
from gitml.views.lineage.held import Held, hash_of, held
from gitml.views.lineage.parts import Edge
from gitml.views.lineage.roles import AFTER, BEFORE, BESIDE, REF, VERSION_OF, flow


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


class Book:
    """All records of a graph by ref, with the schemas bound to them."""

    def __init__(self, bound: Iterable[Bound]) -> None:
        self.by_ref: dict[str, Bound] = {one.ref: one for one in bound}

    def __iter__(self) -> Iterator[Bound]:
        return iter(self.by_ref.values())

    @property
    def records(self) -> Iterator[Record]:
        """The records."""
        return (one.record for one in self)

    @cached_property
    def pointed(self) -> Mapping[str, Held]:
        """The bytes that a record's own pointer names, by its ref."""
        return {one.ref: found for one in self for field, found, _item in one.pointers if field == "pointer"}


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


def ref_edges(book: Book) -> Iterator[Edge]:
    """The edges that refs are."""
    for one in book:
        for link, way in one.links:
            yield _edge(book, one, link, way)


def _edge(book: Book, one: Bound, link: Link, way: str) -> Edge:
    other, role, reason = bare(link.text), link.role or REF, field_name(link.at)
    if way == AFTER:
        return Edge(one.ref, other, role, reason)
    beside = _beside(one.record, link.at)
    read, recorded, there = held(beside), hash_of(beside), book.pointed.get(other)
    current = there.hash if there and recorded else None
    path = read.path if read else there.path if there else None
    return Edge(other, one.ref, role, reason, recorded, current, path)


def _beside(record: Record, at: Path) -> Mapping[str, Any]:
    """`{ref: …, md5: …}`: what stands beside a ref."""
    if at[-1] != "ref":
        return {}
    inner: Any = record.data
    for step in at[:-1]:
        inner = inner[step]
    return inner if isinstance(inner, Mapping) else {}


def head_edges(book: Book) -> Iterator[Edge]:
    """What heads say holds for their versions, which come from where the head comes from and lead where it leads."""
    for one in book:
        if one.kind is None or one.kind.addressing != "version":
            continue
        head = book.by_ref.get(str(Ref(one.record.kind.removesuffix(VERSION), one.record.ref.keys[:1])))
        if head is None:
            continue
        yield Edge(one.ref, head.ref, VERSION_OF, REF)
        own = one.roles()
        for link, way in head.links:
            if way == BEFORE and link.role not in own:
                yield Edge(bare(link.text), one.ref, link.role or REF, f"{head.ref}: {field_name(link.at)}")
