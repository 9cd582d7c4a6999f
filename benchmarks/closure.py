"""How long the closure over a large lineage takes once it is loaded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from time import process_time

import networkx as nx
from timing import Row, versus

from gitml.views.lineage.graph import Graph
from gitml.views.lineage.parts import Edge, Node

NODES, EDGES = 100_000, 300_000
REACH = 100


def drawn(nodes: int = NODES, edges: int = EDGES) -> list[tuple[str, str]]:
    """A made-up lineage: each thing comes from some of those before it, and all of them from the first."""
    dice = random.Random(7)  # noqa: S311  (the same graph each time)
    names = [f"run/wine/{number:06}" for number in range(nodes)]
    pairs = {(0, target) for target in range(1, nodes)}
    while len(pairs) < edges:
        target = dice.randrange(1, nodes)
        pairs.add((max(0, target - dice.randrange(1, REACH)), target))
    return [(names[source], names[target]) for source, target in sorted(pairs)]


def closure(rounds: int, nodes: int = NODES, edges: int = EDGES) -> Iterator[Row]:
    """All that comes from the first thing, and all that the last one comes from, against networkx."""
    pairs = drawn(nodes, edges)
    names = sorted({name for pair in pairs for name in pair})
    made = (Edge(source, target, "input", "inputs.train.ref") for source, target in pairs)
    whole, theirs = Graph.of((Node(name, "run") for name in names), made), nx.DiGraph(pairs)
    what = f"over {nodes:,} nodes, {edges:,} edges"
    for told, root, ours, peer in (
        ("downstream", names[0], whole.downstream, nx.descendants),
        ("upstream", names[-1], whole.upstream, nx.ancestors),
    ):
        mine, found, other, same = versus(partial(ours, root), partial(peer, theirs, root), rounds, clock=process_time)
        assert _refs(found) == same | {root}, "the two sides reach other nodes"
        yield Row(f"{told} {what}", mine, "CPU: networkx", other, at_least=5, at_most=100)


def _refs(found: Graph) -> set[str]:
    return {node.ref for node in found.nodes}
