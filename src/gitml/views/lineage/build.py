"""The graph of a snapshot, from its records alone: nobody has drawn an edge by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.records.schema import Kind
from gitml.records.schemas import Schemas
from gitml.views.lineage.data import data_edges
from gitml.views.lineage.graph import Graph
from gitml.views.lineage.held import CODE, DATA, OUTPUT
from gitml.views.lineage.links import Book, Bound, head_edges, ref_edges
from gitml.views.lineage.parts import Edge, Node
from gitml.views.lineage.roles import BESIDE, flow

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot

InGit = Callable[[str], bool]


def lineage(snapshot: Snapshot, ref: str | Ref | None = None) -> Graph:
    """The lineage of a whole snapshot, or of one record: what it comes from and what depends on it. Raises NotFound."""
    asked = str(ref) if ref is not None else None
    whole = drawn(book_of(snapshot), in_git(snapshot))
    if asked is None:
        return whole
    if asked not in whole:
        record = snapshot.record(Ref.parse(asked))  # raises NotFound, with the nearest names
        return Graph.of([_node(record)], (), asked)
    return whole.around(asked)


def build(records: Iterable[Record], schemas: Schemas, in_git: InGit) -> Graph:
    """The graph of some records; `in_git` says whether git holds a file or a folder at a path."""
    return drawn(Book(Bound(record, schemas) for record in records), in_git)


def book_of(snapshot: Snapshot) -> Book:
    """The records of a snapshot, by ref."""
    return Book(Bound(record, snapshot.schemas) for record in snapshot.records())


def drawn(book: Book, in_git: InGit) -> Graph:
    """The graph of a book of records."""
    edges = dict.fromkeys([*ref_edges(book), *head_edges(book)])
    known = {(edge.source, edge.target, edge.role) for edge in edges}
    edges |= dict.fromkeys(
        edge for edge in data_edges(book, in_git) if (edge.source, edge.target, edge.role) not in known
    )
    return Graph.of(_nodes(book, edges, in_git), edges)


def _nodes(book: Book, edges: Iterable[Edge], in_git: InGit) -> Iterator[Node]:
    ends = {ref for edge in edges for ref in (edge.source, edge.target)}
    takes_part: dict[str, bool] = {}
    for ref, bound in book.by_ref.items():
        kind = bound.record.kind
        if kind not in takes_part:
            takes_part[kind] = bound.kind is not None and _takes_part(bound.kind)
        if ref in ends or takes_part[kind]:
            yield _node(bound.record)
    elsewhere = {edge.source for edge in edges if edge.repository}
    for ref in ends - book.by_ref.keys():
        named = Ref.parse(ref)
        is_file = named.kind in (CODE, DATA)
        there = is_file and (ref in elsewhere or "://" in named.keys[0] or in_git(named.keys[0]))
        yield Node(ref, named.kind, derived=is_file, missing=not there)


def _takes_part(kind: Kind) -> bool:
    """Whether records of a kind belong in a lineage though nothing should lead to them or from them."""
    flows = (flow(kind.name, field.pattern[0], field.role) for field in kind.shape.refs)
    return kind.name == OUTPUT or any(way != BESIDE for way in flows)


def _node(record: Record) -> Node:
    found = record.data.get("import") if record.kind == OUTPUT else None
    return Node(str(record.ref), record.kind, record.derived, origin=found if isinstance(found, Mapping) else None)


def in_git(snapshot: Snapshot) -> InGit:
    """Whether git holds a file, or files in a folder, at a path."""
    folders: set[str] = set()
    for path in snapshot.entries:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return lambda path: path in snapshot.entries or path in folders
