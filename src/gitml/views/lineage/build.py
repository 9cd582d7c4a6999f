"""The graph of a snapshot, from its records alone: nobody has drawn an edge by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from gitml.records.ref import Ref
from gitml.repo.load import uncollected
from gitml.views.lineage.data import data_edges
from gitml.views.lineage.graph import Graph
from gitml.views.lineage.held import CODE, DATA
from gitml.views.lineage.kept import traces
from gitml.views.lineage.links import Bound
from gitml.views.lineage.named import head_edges, ref_edges
from gitml.views.lineage.parts import Edge, Node
from gitml.views.lineage.reach import followers, owners
from gitml.views.lineage.there import InGit, Known, There
from gitml.views.lineage.trace import Trace, traced

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.records.schemas import Schemas
    from gitml.repo.snapshot import Snapshot


def lineage(snapshot: Snapshot, ref: str | Ref | None = None) -> Graph:
    """The lineage of a whole snapshot, or of one record: what it comes from and what depends on it. Raises NotFound."""
    if ref is None:
        return whole(snapshot)
    asked, found = str(ref), traces(snapshot)
    there = There(found, in_git(snapshot))
    near = owners(asked, found, there)
    graph = whole(snapshot) if near is None else drawn(near, there)
    if asked in graph:
        return graph.around(asked)
    record = snapshot.record(Ref.parse(asked))  # raises NotFound, with the nearest names
    return Graph.of([_node(traced(Bound(record, snapshot.schemas)))], (), asked)


def after(snapshot: Snapshot, refs: Collection[str]) -> Graph:
    """A part of the lineage in which all is that some records lead to, and every edge that leads there."""
    if not refs:
        return Graph.of((), ())
    found = traces(snapshot)
    there = There(found, in_git(snapshot))
    near = followers(refs, found, there)
    return whole(snapshot) if near is None else drawn(near, there)


def whole(snapshot: Snapshot) -> Graph:
    """The lineage of all there is."""
    with uncollected():
        known = Known(traces(snapshot).every())
        return drawn(known.by_ref.values(), There(known, in_git(snapshot)))


def build(records: Iterable[Record], schemas: Schemas, in_git: InGit) -> Graph:
    """The graph of some records."""
    known = Known(traced(Bound(record, schemas)) for record in records)
    return drawn(known.by_ref.values(), There(known, in_git))


def drawn(some: Iterable[Trace], there: There) -> Graph:
    """The graph of the edges of some records."""
    known = {one.ref: one for one in some}
    edges = dict.fromkeys(edge for one in known.values() for edge in ref_edges(one, there))
    edges |= dict.fromkeys(edge for one in known.values() for edge in head_edges(one, there))
    drawn_already = {(edge.source, edge.target, edge.role) for edge in edges}
    more = (edge for one in known.values() for edge in data_edges(one, there))
    edges |= dict.fromkeys(edge for edge in more if (edge.source, edge.target, edge.role) not in drawn_already)
    return Graph.of(_nodes(known, edges, there), edges)


def _nodes(known: Mapping[str, Trace], edges: Iterable[Edge], there: There) -> Iterator[Node]:
    ends = {ref for edge in edges for ref in (edge.source, edge.target)}
    yield from (_node(one) for ref, one in known.items() if one.partakes or ref in ends)
    elsewhere = {edge.source for edge in edges if edge.repository}
    for ref in ends - known.keys():
        found = there.get(ref)
        yield _node(found) if found is not None else _unrecorded(ref, elsewhere, there)


def _unrecorded(ref: str, elsewhere: set[str], there: There) -> Node:
    """What is named, and of which there is no record: a file perhaps."""
    named = Ref.parse(ref)
    is_file = named.kind in (CODE, DATA)
    is_there = is_file and (ref in elsewhere or "://" in named.keys[0] or there.in_git(named.keys[0]))
    return Node(ref, named.kind, derived=is_file, missing=not is_there)


def _node(one: Trace) -> Node:
    return Node(one.ref, one.kind, one.derived, origin=one.origin)


def in_git(snapshot: Snapshot) -> InGit:
    """Whether git holds a file, or files in a folder, at a path."""
    tree = snapshot.tree
    if tree.is_listed:
        folders: set[str] = set()
        for path in snapshot.entries:
            folder = path.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
        return lambda path: path in snapshot.entries or path in folders

    @cache
    def holds(path: str) -> bool:
        changed = [entry for other, entry in tree.changes.items() if other.startswith(f"{path}/")]
        if tree.file(path) is not None or any(changed):
            return True
        if tree.folder(path) is None or not changed:
            return tree.folder(path) is not None
        return any(other.startswith(f"{path}/") for other in tree.entries)

    return holds
