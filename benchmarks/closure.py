"""How long the closure over a large lineage takes once it is loaded: `python benchmarks/closure.py`."""

from __future__ import annotations

import random
import time

from gitml.views.lineage.graph import Graph
from gitml.views.lineage.parts import Edge, Node

NODES, EDGES = 100_000, 300_000


def graph(nodes: int = NODES, edges: int = EDGES) -> Graph:
    """A made-up lineage: each thing comes from up to three of those before it, so that the last leads back to most."""
    dice = random.Random(7)  # noqa: S311  (the same graph each time)
    names = [f"run/wine/{number:06}" for number in range(nodes)]
    drawn = {(0, target) for target in range(1, nodes)}  # all come from the first
    while len(drawn) < edges:
        target = dice.randrange(1, nodes)
        drawn.add((max(0, target - dice.randrange(1, 100)), target))
    made = [Edge(names[source], names[target], "input", "inputs.train.ref") for source, target in drawn]
    return Graph.of((Node(name, "run") for name in names), made)


def closure(whole: Graph, *, down: bool) -> tuple[float, int]:
    """Milliseconds of CPU time that a closure takes, and how many nodes are in it."""
    root = "run/wine/000000" if down else f"run/wine/{len(whole) - 1:06}"
    start = time.process_time()
    found = whole.downstream(root) if down else whole.upstream(root)
    return (time.process_time() - start) * 1000, len(found)


def main() -> None:
    """Print the figures."""
    start = time.process_time()
    whole = graph()
    print(f"loading {len(whole)} nodes, {len(whole.edges)} edges: {(time.process_time() - start) * 1000:.0f} ms")
    for down in (True, False):
        found = [closure(whole, down=down) for _again in range(5)]
        told = "downstream" if down else "upstream"
        print(f"{told} closure: {min(found)[0]:.0f} ms, {found[0][1]} nodes")
    start = time.process_time()
    print(f"{len(whole.cycles)} cycles: {(time.process_time() - start) * 1000:.0f} ms")
    start = time.process_time()
    part = whole.downstream("run/wine/000000")
    print(f"{len(part.nodes)} nodes and {len(part.edges)} edges listed: {(time.process_time() - start) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
