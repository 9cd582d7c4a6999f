"""The verbs that trace: `lineage`, `why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.cli.door import FINE, Door, put
from gitml.errors import BadValue
from gitml.records.ref import Ref
from gitml.render.because import why_rows, why_shape, why_text
from gitml.render.diagrams import dot, mermaid
from gitml.render.lineage import lineage_text, stale_text
from gitml.render.traced import lineage_shape
from gitml.repo.load import is_complete
from gitml.views.kinds import unread
from gitml.views.lineage.frames import edge_rows
from gitml.views.lineage.origin import origins

if TYPE_CHECKING:
    from argparse import Namespace

    from gitml.store import Store
    from gitml.views.lineage.graph import Graph


def lineage(door: Door) -> int:
    """What a record comes from, what depends on it, or the way between two."""
    args = door.args
    wanted = Ref.parse(args.ref) if args.ref else None
    with door.waiting("tracing"):
        store = door.store.at(wanted.rev) if wanted and wanted.rev else door.store
        whole = _asked(store, wanted.bare if wanted else None, args)
        graph = whole.only(whole.stale()) if args.stale else whole
        lost = unread(store.snapshot)
        told = origins(store.snapshot, graph.edges, {node.ref for node in graph.nodes if node.missing})
    if lost:
        several = len(lost) > 1
        records = f"{len(lost)} record{'s' * several} cannot be read and so {'are' if several else 'is'} not in it"
        door.tell(f"warning: {records}; git ml validate says why")
    if args.format in ("mermaid", "dot", "svg"):
        _draw(args.format, mermaid(graph, told) if args.format == "mermaid" else dot(graph, told))
        return FINE
    text = stale_text if args.stale else lineage_text  # what is stale is told in the words of all that is around it
    door.answer(
        lambda: lineage_shape(graph, store.snapshot.at, told, complete=is_complete(lost)),
        lambda: edge_rows(graph.edges, told.commit),
        lambda: text(whole, told, door.page),
    )
    return FINE


def _asked(store: Store, ref: Ref | None, args: Namespace) -> Graph:
    """The part of the graph that the arguments name."""
    if ref is None and (args.to or args.up or args.down or args.depth is not None):
        raise BadValue("the way, the direction and the depth are those from a record", hint="git ml lineage REF …")
    graph = store.lineage(None if args.to else ref)
    graph = graph if args.code else graph.without_how()
    return graph if ref is None else _part(graph, str(ref), args)


def _part(graph: Graph, ref: str, args: Namespace) -> Graph:
    if args.to:
        return graph.path(ref, str(Ref.parse(args.to)))
    if args.up and args.down:
        return graph.around(ref, args.depth)
    return graph.downstream(ref, args.depth) if args.down else graph.upstream(ref, args.depth)


def _draw(form: str, text: str) -> None:
    if form == "svg":
        from gitml.cli.drawing import svg

        text = svg(text)
    put(text)


def why(door: Door) -> int:
    """What makes two records or commits differ, upstream."""
    with door.waiting("comparing what is upstream"):
        found = door.store.why(door.args.a, door.args.b)
    door.answer(lambda: why_shape(found), lambda: why_rows(found), lambda: why_text(found, door.page))
    return FINE
