"""Who draws the edges around one record: found step by step, without looking at all there is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from gitml.errors import BadRef
from gitml.records.ref import Ref
from gitml.views.lineage.data import data_edges
from gitml.views.lineage.held import CODE, DATA, OUTPUT
from gitml.views.lineage.named import head_edges, ref_edges
from gitml.views.lineage.roles import AFTER, BEFORE
from gitml.views.lineage.trace import around, at, below, makes, naming, points, reads, runs, versions, writes

if TYPE_CHECKING:
    from gitml.views.lineage.parts import Edge
    from gitml.views.lineage.there import There, Traces
    from gitml.views.lineage.trace import Trace

# Who reaches so many records has all of them drawn: that costs less each.
_MANY: Final = 10_000


def owners(ref: str, traces: Traces, there: There) -> list[Trace] | None:
    """The records in which the edges stand that lead up and down from one; None where they are very many.

    Both ends of an edge are known to the record in which it stands, which is one of the two.
    """
    walk = _Walk(traces, there)
    tops = [ref, *(one.ref for one in traces.having(versions(ref)))]
    complete = walk.go([ref], walk.befores) and walk.go(tops, walk.afters)
    return list(walk.found.values()) if complete else None


def followers(refs: Collection[str], traces: Traces, there: There) -> list[Trace] | None:
    """The records in which the edges stand that lead down from some others; None where they are very many."""
    walk = _Walk(traces, there)
    tops = [one.ref for ref in refs for one in traces.having(versions(ref))]
    return list(walk.found.values()) if walk.go([*refs, *tops], walk.afters) else None


class _Walk:
    """The records that were found, and the edges that stand in them."""

    def __init__(self, traces: Traces, there: There) -> None:
        self.found: dict[str, Trace] = {}
        self._traces = traces
        self._there = there
        self._edges: dict[str, list[Edge]] = {}

    def go(self, starts: Iterable[str], further: Callable[[str], Iterable[str]]) -> bool:
        """Go on from some nodes as far as there is a way; False where that is very far."""
        met = dict.fromkeys(starts)
        waiting = list(met)
        while waiting:
            if len(self.found) > _MANY:
                return False
            more = [ref for ref in further(waiting.pop()) if ref not in met]
            met.update(dict.fromkeys(more))
            waiting += dict.fromkeys(more)
        return True

    def befores(self, ref: str) -> Iterator[str]:
        """What leads to a node."""
        return (edge.source for edge in self._around(ref, self._leading(ref)) if edge.target == ref)

    def afters(self, ref: str) -> Iterator[str]:
        """What a node leads to."""
        return (edge.target for edge in self._around(ref, self._following(ref)) if edge.source == ref)

    def _around(self, ref: str, tokens: Iterable[str]) -> Iterator[Edge]:
        own = self._there.get(ref)
        several = [] if own is None else [own]
        several += (one for token in dict.fromkeys(tokens) for one in self._traces.having(token))
        for one in several:
            yield from self._of(one)

    def _of(self, one: Trace) -> list[Edge]:
        """The edges that stand in a record."""
        if one.ref not in self._edges:
            self.found[one.ref] = one
            kinds = (ref_edges, head_edges, data_edges)
            self._edges[one.ref] = [edge for draw in kinds for edge in draw(one, self._there)]
        return self._edges[one.ref]

    def _leading(self, ref: str) -> Iterator[str]:
        """Where else edges stand that lead to a node: in what names it as coming after, in what made its bytes."""
        yield from (naming(ref, AFTER), versions(ref))
        one = self._there.get(ref)
        if one is not None and one.tracked is not None:
            yield writes(one.tracked.path, one.tracked.hash)
        yield from (makes(path) for path in _paths(ref, OUTPUT))

    def _following(self, ref: str) -> Iterator[str]:
        """Where else edges stand that lead on from a node: in what names it, or reads or points to what it gives."""
        yield naming(ref, BEFORE)
        yield versions(ref)
        yield from (versions(one.ref) for one in self._traces.having(naming(ref, BEFORE)))
        yield from (token for path in _paths(ref, CODE, DATA, OUTPUT) for token in _at(path))
        yield from (runs(path) for path in _paths(ref, CODE))
        one = self._there.get(ref)
        if one is not None:
            given = [*one.outs, *([one.tracked] if one.tracked else [])]
            yield from (token for each in given for token in _at(each.path))
            yield from (reads(each.path, each.hash) for each in one.pointers)
            yield from (token(each.path, each.hash) for each in one.outputs for token in (reads, points))


def _paths(ref: str, *kinds: str) -> Iterator[str]:
    """The path that a ref of one of these kinds names."""
    try:
        named = Ref.parse(ref)
    except BadRef:
        return
    if named.kind in kinds:
        yield named.keys[0]


def _at(path: str) -> Iterator[str]:
    """Who reads what lies at a path, something in it, or a folder around it."""
    yield from (at(path), below(path), at(""), at("."))
    yield from map(at, around(path))
