"""A graph of lineage: what there is, what leads to what, and the parts of it that one asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from gitml.errors import BadValue, NotFound
from gitml.records.nearest import nearest
from gitml.records.ref import VERSION
from gitml.views.lineage.parts import Edge, Node
from gitml.views.lineage.roles import HOW
from gitml.views.lineage.web import Web, circles, reach, shortest

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd

    from gitml.views.rows import Rows

UP, DOWN, BOTH = "up", "down", "both"
_NEAR = 2000  # names to look through for one that may have been meant


class Graph:
    """Nodes and edges, all of them or those around a root; a part of a graph is a graph.

    With a root the nodes stand by depth, the number of edges between them and the root, then by ref.
    """

    def __init__(
        self,
        web: Web[Node, Edge],
        depths: Mapping[int, int] | None = None,
        root: str | None = None,
        direction: str = BOTH,
    ) -> None:
        self._whole = web
        self._depths = depths
        self.root = root
        self.direction = direction

    @classmethod
    def of(cls, nodes: Iterable[Node], edges: Iterable[Edge], root: str | None = None) -> Graph:
        """A graph of its nodes and edges; both ends of an edge must be among the nodes."""
        return cls(_web(nodes, edges), None, root)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """What is in it."""
        if self._depths is None:
            return self._whole.nodes
        depths, nodes = self._depths, self._whole.nodes
        return tuple(nodes[place] for place in sorted(depths, key=lambda place: (depths[place], place)))

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """What leads to what, by source, target, role, reason and path."""
        return self._whole.edges if self._depths is None else tuple(self._whole.within(self._depths))

    @property
    def refs(self) -> tuple[str, ...]:
        """The refs of the nodes."""
        return tuple(node.ref for node in self.nodes)

    def __len__(self) -> int:
        return len(self._whole.nodes) if self._depths is None else len(self._depths)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __contains__(self, ref: object) -> bool:
        place = self._whole.places.get(ref)  # type: ignore[call-overload]  # anything at all may be asked for
        return place is not None and (self._depths is None or place in self._depths)

    def __getitem__(self, ref: str) -> Node:
        return self._own.nodes[self._place(ref)]

    def __repr__(self) -> str:
        around = f" {self.direction} from {self.root}" if self.root else ""
        return f"<Graph of {len(self)} nodes, {len(self.edges)} edges{around}>"

    def depth(self, ref: str) -> int:
        """How many edges a node lies from the root; 0 in a graph that has none."""
        return 0 if self._depths is None else self._depths[self._whole.places[ref]]

    @cached_property
    def _own(self) -> Web[Node, Edge]:
        return self._whole if self._depths is None else _web(self.nodes, self.edges)

    def _place(self, ref: str | None) -> int:
        wanted = self.root if ref is None else ref
        if wanted is None:
            raise BadValue("this graph has no root", hint="say from which ref: graph.upstream('model/wine@3')")
        place = self._own.places.get(wanted)
        if place is None:
            alike = (ref for ref in self._own.places if ref.startswith(f"{wanted.partition('/')[0]}/"))
            near = nearest(wanted, islice(alike, _NEAR))
            raise NotFound(f"{wanted} is not in this lineage", near=near, hint="git ml lineage shows what is")
        return place

    def upstream(self, ref: str | None = None, depth: int | None = None) -> Graph:
        """All that a node (the root) comes from, in at most `depth` steps; raises NotFound."""
        place = self._place(ref)
        return self._part(place, reach([place], self._own.befores, depth), UP)

    def downstream(self, ref: str | None = None, depth: int | None = None) -> Graph:
        """All that depends on a node (the root), in at most `depth` steps; raises NotFound."""
        place = self._place(ref)
        return self._part(place, self._after(place, depth), DOWN)

    def around(self, ref: str | None = None, depth: int | None = None) -> Graph:
        """What a node (the root) comes from, and what depends on it; raises NotFound."""
        place = self._place(ref)
        before, after = reach([place], self._own.befores, depth), self._after(place, depth)
        both = {**before, **after}
        return self._part(place, {one: min(before.get(one, far), far) for one, far in both.items()}, BOTH)

    def _after(self, place: int, depth: int | None) -> dict[int, int]:
        """What depends on a node. A head stands for its versions, and is only shown behind one where it leads on."""
        own = self._own
        found = reach([place], own.afters, depth)
        versions = [before for before in own.befores[place] if self._is_version(before, place)]
        if versions and depth != 0:
            behind = reach(versions, own.afters, None if depth is None else depth - 1)
            found = {**{one: far + 1 for one, far in behind.items()}, **found}
        heads, nodes, afters = self._heads, own.nodes, own.afters
        last = (one for one in found if not afters[one] and nodes[one].kind in heads) if heads else ()
        idle = {one for one in last if one != place and self._is_head(one)}
        return {one: far for one, far in found.items() if one not in idle} if idle else found

    @cached_property
    def _heads(self) -> frozenset[str]:
        """The kinds of which there are versions."""
        kinds = {node.kind for node in self._own.nodes}
        return frozenset(kind for kind in kinds if kind + VERSION in kinds)

    def _is_head(self, place: int) -> bool:
        return any(self._is_version(before, place) for before in self._own.befores[place])

    def _is_version(self, place: int, head: int) -> bool:
        nodes = self._own.nodes
        return nodes[place].kind == nodes[head].kind + VERSION

    def _part(self, root: int, depths: Mapping[int, int], direction: str) -> Graph:
        return Graph(self._own, depths, self._own.nodes[root].ref, direction)

    def path(self, a: str, b: str) -> Graph:
        """The shortest way from one node down to another, else up to it; empty where neither leads to the other."""
        start, end = self._place(a), self._place(b)
        own = self._own
        for ends, direction in ((own.afters, DOWN), (own.befores, UP)):
            way = shortest(start, end, ends)
            if way:
                return Graph(own.thinned(way), {place: far for far, place in enumerate(way)}, a, direction)
        return Graph(own, {}, a, BOTH)

    def stale(self) -> tuple[Edge, ...]:
        """The edges whose source has moved on."""
        return tuple(edge for edge in self.edges if edge.stale)

    def only(self, edges: Iterable[Edge]) -> Graph:
        """Some of its edges, and the nodes at their ends; the depths stay."""
        kept = tuple(edges)
        ends = {ref for edge in kept for ref in (edge.source, edge.target)}
        web = _web((node for node in self.nodes if node.ref in ends), kept)
        depths = {place: self.depth(node.ref) for place, node in enumerate(web.nodes)} if self.root else None
        return Graph(web, depths, self.root, self.direction)

    def without_how(self) -> Graph:
        """The same without code paths and environments, which say how things were made and not of what."""
        kept = [edge for edge in self.edges if edge.role not in HOW or edge.source == self.root]
        ends = {self.root, *(ref for edge in kept for ref in (edge.source, edge.target))}
        beside = {edge.source for edge in self.edges if edge.role in HOW} - ends
        return Graph(_web((node for node in self.nodes if node.ref not in beside), kept), None, self.root)

    @cached_property
    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Groups of nodes that come from one another, by whatever way round; refs sorted."""
        found = circles(self._own.afters)
        return tuple(sorted(tuple(sorted(self._own.nodes[place].ref for place in group)) for group in found))

    def node_rows(self) -> Rows:
        """The nodes as rows."""
        from gitml.views.lineage.frames import node_rows

        return node_rows(self._deep())

    def edge_rows(self) -> Rows:
        """The edges as rows."""
        from gitml.views.lineage.frames import edge_rows

        return edge_rows(self.edges)

    def node_table(self) -> pd.DataFrame:
        """The nodes as a DataFrame: ref, kind, depth, derived, missing."""
        from gitml.views.table import table

        return table(self.node_rows())

    def edge_table(self) -> pd.DataFrame:
        """The edges as a DataFrame: from, to, role, reason, hash, current, stale, path, commit."""
        from gitml.views.table import table

        return table(self.edge_rows())

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """The same as a networkx graph, with what is known of nodes and edges as attributes."""
        from gitml.views.lineage.frames import to_networkx

        return to_networkx(self._deep(), self.edges)

    def _deep(self) -> list[tuple[Node, int]]:
        return [(node, self.depth(node.ref)) for node in self.nodes]


def _web(nodes: Iterable[Node], edges: Iterable[Edge]) -> Web[Node, Edge]:
    return Web(sorted(nodes, key=lambda node: node.ref), sorted(edges, key=lambda edge: edge.order))
