"""The JSON shape of `lineage`."""

from __future__ import annotations

from gitml.render.shapes import FORMAT, Shape, at_shape
from gitml.repo.git.revision import At
from gitml.views.lineage.graph import Graph
from gitml.views.lineage.origin import Origins
from gitml.views.lineage.parts import Edge, Node


def lineage_shape(graph: Graph, at: At, told: Origins, *, complete: bool = True) -> Shape:
    """The answer of `lineage`: nodes by depth and ref, edges by from, to, role and reason."""
    return {
        "format": FORMAT,
        "at": at_shape(at),
        "root": graph.root,
        "direction": graph.direction,
        "cycles": [list(cycle) for cycle in graph.cycles],
        "complete": complete and told.complete,
        "nodes": [_node(node, graph.depth(node.ref)) for node in graph.nodes],
        "edges": [_edge(edge, told) for edge in graph.edges],
    }


def _node(node: Node, depth: int) -> Shape:
    held = {"ref": node.ref, "kind": node.kind, "depth": depth, "derived": node.derived, "missing": node.missing}
    return held | ({"import": dict(node.origin)} if node.origin else {})


def _edge(edge: Edge, told: Origins) -> Shape:
    """`hash` and `current` are null where nobody has said; `commit` and `url` stand where there are some."""
    held = {
        "from": edge.source,
        "to": edge.target,
        "role": edge.role,
        "reason": edge.reason,
        "hash": edge.hash,
        "current": edge.current,
        "stale": edge.stale,
    }
    more = {"path": edge.path, "commit": told.commit(edge), "url": told.link(edge)}
    return held | {name: value for name, value in more.items() if value is not None}
