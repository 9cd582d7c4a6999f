"""The graph in numbers: nodes by their place, what comes before and after each; and the walks over it.

Nothing here calls itself: lineage may be as long as it likes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

Ends = Sequence[Sequence[int]]


class HasRef(Protocol):
    """What a node must have."""

    @property
    def ref(self) -> str:
        """Its name."""


class HasEnds(Protocol):
    """What an edge must have."""

    @property
    def source(self) -> str:
        """The name of the node that it leaves."""

    @property
    def target(self) -> str:
        """The name of the node that it comes to."""


N = TypeVar("N", bound=HasRef)
E = TypeVar("E", bound=HasEnds)


class Web(Generic[N, E]):
    """Sorted nodes and edges, and for each node the places of those before and after it."""

    def __init__(self, nodes: Sequence[N], edges: Sequence[E]) -> None:
        self.nodes = tuple(nodes)
        self.edges = tuple(edges)
        self.places: Mapping[str, int] = {node.ref: place for place, node in enumerate(self.nodes)}
        befores: list[list[int]] = [[] for _node in self.nodes]
        afters: list[list[int]] = [[] for _node in self.nodes]
        places = self.places
        for edge in self.edges:
            source, target = places[edge.source], places[edge.target]
            afters[source].append(target)
            befores[target].append(source)
        self.befores: Ends = befores
        self.afters: Ends = afters

    @cached_property
    def _starts(self) -> Sequence[int]:
        """Where the edges of each node begin, and where the last of them end: they are sorted by their source."""
        starts = [0]
        for after in self.afters:
            starts.append(starts[-1] + len(after))
        return starts

    def within(self, places: Iterable[int]) -> Iterator[E]:
        """The edges between some of the nodes."""
        inside = set(places)
        for source in sorted(inside):
            start = self._starts[source]
            for number, target in enumerate(self.afters[source]):
                if target in inside:
                    yield self.edges[start + number]

    def thinned(self, way: Sequence[int]) -> Web[N, E]:
        """The same nodes, with the edges alone that lie on a way, whichever way it goes."""
        steps = {pair for one, other in pairwise(way) for pair in ((one, other), (other, one))}
        places = self.places
        kept = [edge for edge in self.within(way) if (places[edge.source], places[edge.target]) in steps]
        return Web(self.nodes, kept)


def reach(starts: Iterable[int], ends: Ends, depth: int | None = None) -> dict[int, int]:
    """All that can be come to in at most `depth` steps, the starts included, with the least number of steps."""
    far = dict.fromkeys(starts, 0)
    wave = set(far)
    steps = 0
    while wave and len(far) < len(ends) and (depth is None or steps < depth):
        steps += 1
        # One step of all at once: sets go through three hundred thousand edges in C.
        wave = set().union(*map(ends.__getitem__, wave)).difference(far)
        far.update(dict.fromkeys(wave, steps))
    return far


def shortest(start: int, end: int, ends: Ends) -> list[int]:
    """The shortest way between two places, of several the first by name; empty where there is none."""
    came: dict[int, int] = {start: start}
    wave = [start]
    while wave and end not in came:
        found = []
        for place in wave:
            for other in ends[place]:
                if other not in came:
                    came[other] = place
                    found.append(other)
        wave = found
    if end not in came:
        return []
    way = [end]
    while way[-1] != start:
        way.append(came[way[-1]])
    return way[::-1]


def circles(ends: Ends) -> list[list[int]]:
    """Groups of places that lead to one another (Tarjan, 1972), a place that leads to itself among them."""
    walk = _Circles(ends)
    for place in range(len(ends)):
        if place not in walk.numbers:
            walk.start(place)
    return walk.found


class _Circles:
    """Tarjan's walk, with a trail of its own in place of calls."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.numbers: dict[int, int] = {}
        self.lows: dict[int, int] = {}
        self.open: dict[int, None] = {}  # a stack that knows what is in it
        self.found: list[list[int]] = []

    def start(self, place: int) -> None:
        """Walk all that can be come to from a place."""
        trail = [(place, self._enter(place))]
        while trail:
            here, rest = trail[-1]
            for end in rest:
                if end not in self.numbers:
                    trail.append((end, self._enter(end)))
                    break
                if end in self.open:
                    self.lows[here] = min(self.lows[here], self.numbers[end])
            else:
                trail.pop()
                if trail:
                    above = trail[-1][0]
                    self.lows[above] = min(self.lows[above], self.lows[here])
                self._leave(here)

    def _enter(self, place: int) -> Iterator[int]:
        self.numbers[place] = self.lows[place] = len(self.numbers)
        self.open[place] = None
        return iter(self.ends[place])

    def _leave(self, place: int) -> None:
        if self.lows[place] != self.numbers[place]:
            return
        group: list[int] = []
        while not group or group[-1] != place:
            group.append(self.open.popitem()[0])
        if len(group) > 1 or place in self.ends[place]:
            self.found.append(group)
