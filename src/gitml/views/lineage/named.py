"""Edges from refs: what a schema says is one, in the direction that its role has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitml.views.lineage.parts import Edge
from gitml.views.lineage.roles import AFTER, BEFORE, REF, VERSION_OF

if TYPE_CHECKING:
    from gitml.views.lineage.there import There
    from gitml.views.lineage.trace import Named, Trace


def ref_edges(one: Trace, there: There) -> Iterator[Edge]:
    """The edges that the refs of a record are."""
    return (_edge(one, link, there) for link in one.links)


def _edge(one: Trace, link: Named, there: There) -> Edge:
    role, reason, other, way, recorded, path = link
    if way == AFTER:
        return Edge(one.ref, other, role, reason)
    points_to = there.pointed(other)
    current = points_to.hash if points_to and recorded else None
    place = path if path is not None else points_to.path if points_to else None
    return Edge(other, one.ref, role, reason, recorded, current, place)


def head_edges(one: Trace, there: There) -> Iterator[Edge]:
    """What a head says holds for its versions: they come from where it comes from, and lead where it leads."""
    head = there.get(one.head) if one.is_version else None
    if head is None:
        return
    yield Edge(one.ref, head.ref, VERSION_OF, REF)
    own = {link.role for link in one.links}
    for link in head.links:
        if link.way == BEFORE and link.role not in own:
            yield Edge(link.other, one.ref, link.role, f"{head.ref}: {link.reason}")
