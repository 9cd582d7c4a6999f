"""A graph as rows, and as the graph of another library."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from gitml.views.lineage.parts import Edge, Node
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    import networkx as nx

_NODES = (
    *(Column("ref", "string"), Column("kind", "string"), Column("depth", "int")),
    *(Column("derived", "bool"), Column("missing", "bool")),
)
_EDGES = (
    *(Column(name, "string") for name in ("from", "to", "role", "reason", "hash", "current")),
    *(Column("stale", "bool"), Column("path", "string"), Column("commit", "string")),
)


def node_rows(nodes: Iterable[tuple[Node, int]]) -> Rows:
    """Nodes, with their depths, as rows."""
    cells = tuple({"ref": node.ref, **_of_node(node, depth)} for node, depth in nodes)
    return Rows(None, _NODES, cells, len(cells))


def edge_rows(edges: Iterable[Edge], commit: Callable[[Edge], str | None] = attrgetter("commit")) -> Rows:
    """Edges as rows; `commit` knows more of them than they do themselves, where history was asked."""
    cells = tuple(
        {"from": edge.source, "to": edge.target, **_of_edge(edge)}
        | ({"commit": known} if (known := commit(edge)) is not None else {})
        for edge in edges
    )
    return Rows(None, _EDGES, cells, len(cells))


def _of_node(node: Node, depth: int) -> dict[str, Any]:
    return {"kind": node.kind, "depth": depth, "derived": node.derived, "missing": node.missing}


def _of_edge(edge: Edge) -> dict[str, Any]:
    names = ("role", "reason", "hash", "current", "stale", "path", "commit")
    return {name: held for name in names if (held := getattr(edge, name)) is not None}


def to_networkx(nodes: Iterable[tuple[Node, int]], edges: Iterable[Edge]) -> nx.MultiDiGraph[str]:
    """A graph as a networkx.MultiDiGraph; what is not known of an edge is no attribute of it."""
    import networkx as nx

    found: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    found.add_nodes_from((node.ref, _of_node(node, depth)) for node, depth in nodes)
    found.add_edges_from((edge.source, edge.target, _of_edge(edge)) for edge in edges)
    return found
