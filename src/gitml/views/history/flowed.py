"""The past of events that flow on a line of their own, beside the past of the tree that some of them came from.

A run that was copied into the tree, or moved out of it, happened but once: the first of its commits tells of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gitml.errors import NotFound
from gitml.repo.git.history import nodes
from gitml.repo.git.shallow import boundary
from gitml.repo.line import flows, folders
from gitml.repo.tagged import Stamp
from gitml.repo.versions import Line
from gitml.views.history import renamed
from gitml.views.history.fold import Past
from gitml.views.history.lives import CREATED, DELETED
from gitml.views.history.pasts import Told, chosen, record_past, whole_past

if TYPE_CHECKING:
    from gitml.records.ref import Ref
    from gitml.repo.snapshot import Snapshot
    from gitml.views.history.lives import Deed


def every_past(line: Line, snapshot: Snapshot, ref: Ref | None) -> list[Told]:
    """The past of a record (of all) in the tree, and on the events line. Raises NotFound where there never was one."""
    there = flowed(line, snapshot, ref)
    if ref is None:
        return [*whole_past(line, snapshot), *there]
    try:
        return [record_past(line, snapshot, ref), *there]
    except NotFound:
        if not there:
            raise
        return there


def flowed(line: Line, snapshot: Snapshot, ref: Ref | None = None) -> list[Told]:
    """The past of a record (of all) on the events line alone; nothing where it has none there."""
    tip = snapshot.tree.events
    if tip is None or (ref is not None and not flows(snapshot.schemas, ref.kind)):
        return []
    git = line.repository.git
    found = nodes(git, [tip], alone=True)
    ends = boundary(git) & {node.oid for node in found}
    own = Line(line.repository, tip, tuple(found), ends, line.asker)
    path = None if ref is None else snapshot.path(ref)
    places = folders(snapshot.schemas, snapshot.prefix) if path is None else ()
    past = Past(own, own.moments(None if path is None else [path], places), renamed.none)
    if not past.deeds and path not in past.lives:
        return []
    commits = git.commits(dict.fromkeys(deed.commit for deed in past.deeds))
    stamps = {one.oid: Stamp(one.oid, one.time, one.author) for one in commits}
    return [Told(past, (), not ends, path, stamps)]


def once(told: Sequence[Told], place: Mapping[str, tuple[float, int]]) -> Iterator[Deed]:
    """The deeds of several pasts; what stands in another one as it is was neither made nor removed a second time."""
    if len(told) == 1:
        yield from chosen(told[0])
        return
    made: dict[tuple[str, str], int] = {}
    deeds = [(number, deed) for number, one in enumerate(told) for deed in chosen(one)]
    for number, deed in sorted(deeds, key=lambda one: place[one[1].commit]):
        key = deed.version.key
        if deed.event == CREATED and made.setdefault((key, deed.version.blob), number) != number:
            continue
        others = (one.past.lives.get(key) for one in told if one is not told[number])
        if deed.event == DELETED and any(life is not None and life.version is not None for life in others):
            continue
        yield deed
