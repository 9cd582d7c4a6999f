"""The past of a store, or of one record, as events: who changed what, when, and from what to what."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from gitml.errors import BadValue, NotFound, Problem
from gitml.records.nearest import nearest
from gitml.records.record import MISSING, column, leaves, no_list_key, segments
from gitml.repo.git.commits import DAY, bound_of, iso
from gitml.repo.git.graph import Graph
from gitml.repo.versions import Line
from gitml.views.history.events import Event, events
from gitml.views.history.flowed import every_past, once
from gitml.views.history.lives import CREATED, DELETED
from gitml.views.question import check_limit
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.records.ref import Ref
    from gitml.repo.git.revision import At
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot
    from gitml.views.history.lives import Deed
    from gitml.views.history.pasts import Told

_COLUMNS: Final = tuple(
    Column(name, "mixed" if name in {"before", "after"} else "string")
    for name in (
        *("commit", "time", "author", "event", "ref", "field", "before", "after"),
        *("summary", "pull_request", "signature", "old_ref", "problem"),
    )
)


@dataclass(frozen=True, slots=True)
class Log:
    """Events, the newest first. `ends` are the commits, each with its time, at which a shallow clone's history begins.

    `complete` is False where history or objects were missing; `problems` says what could not be read, `total` counts
    what the limit cut off, too.
    """

    at: At
    ref: str | None
    events: tuple[Event, ...]
    complete: bool
    ends: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    total: int = 0

    @property
    def rows(self) -> Rows:
        """One row an event."""
        found = tuple(dict(_cells(event)) for event in self.events)
        return Rows(None, _COLUMNS, found, self.total, self.problems, self.complete)


def _cells(event: Event) -> Iterator[tuple[str, Any]]:
    for one in _COLUMNS[:-1]:
        held = getattr(event, one.name)
        if held is not MISSING:
            yield one.name, held
    yield _COLUMNS[-1].name, "; ".join(map(str, event.problems)) or None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for: of a field (or all below it), from a time on, by an author, the newest so many."""

    field: str | None = None
    since: str | None = None
    author: str | None = None
    limit: int | None = None


def history(repository: Repository, snapshot: Snapshot, ref: Ref | None = None, wanted: Wanted | None = None) -> Log:
    """What happened up to a snapshot's commit (for what is not committed: up to HEAD), to one record or to all.

    Raises NotFound where there was never such a record, BadValue.
    """
    asked = wanted or Wanted()
    check_limit(asked.limit)
    since = _since(asked.since)
    tip = snapshot.at.commit or repository.git.resolve("HEAD")
    line = Line.of(repository, tip, snapshot.own_schemas)
    told = every_past(line, snapshot, ref)
    place = _places(line, told)
    deeds = [deed for deed in once(told, place) if place[deed.commit][1] >= since]
    found = deeds if asked.field is None else [part for deed in deeds for part in _about(deed, asked.field)]
    if not found and asked.field is not None:
        _check_field(asked.field, ref, deeds)
    found.sort(key=lambda deed: (-place[deed.commit][0], deed.version.kind, deed.version.ref))
    stamps = {name: stamp for one in told for name, stamp in one.stamps.items()}
    shown, total = events(repository, Graph(line.nodes, line.tip), found, stamps, asked.author, asked.limit)
    problems = tuple(dict.fromkeys(problem for one in told for problem in one.problems))
    ends = tuple((oid, iso(place[oid][1])) for oid in sorted(line.ends, key=place.__getitem__, reverse=True))
    complete = not ends and all(one.complete for one in told)
    return Log(snapshot.at, str(ref) if ref else None, tuple(shown), complete, ends, problems, total)


def _places(line: Line, told: Iterable[Told]) -> dict[str, tuple[float, int]]:
    """Where each commit stands in history, and its time; a tag stands behind the last commit that is as old."""
    places: dict[str, tuple[float, int]] = {
        node.oid: (float(number), node.seconds) for number, node in enumerate(line.nodes)
    }
    times = list(accumulate((node.seconds for node in line.nodes), max))
    for one in told:
        names = [node for node in one.past.line.nodes if node.oid in one.stamps]
        step = 1 / (len(names) + 1)
        for number, node in enumerate(names):
            places[node.oid] = (bisect_right(times, node.seconds) - 1 + step * (number + 1), node.seconds)
    return places


def _about(deed: Deed, field: str) -> Iterator[Deed]:
    """What a deed did to a field, or to those below it: who makes a record sets all, who deletes it removes them."""
    if deed.field is not None:
        yield from [deed] if _is_in(deed.field, field) else ()
    elif deed.event in (CREATED, DELETED):
        for name, held in _fields(deed).items():
            if _is_in(name, field):
                before, after = (MISSING, held) if deed.event == CREATED else (held, MISSING)
                yield replace(deed, field=name, before=before, after=after)


def _is_in(name: str, field: str) -> bool:
    return name == field or name.startswith((f"{field}.", f"{field}["))


def _check_field(field: str, ref: Ref | None, deeds: Sequence[Deed]) -> None:
    """Refuse a field that nothing ever had."""
    held = {name for deed in deeds for name in ([deed.field] if deed.field is not None else _fields(deed))}
    names = held | {column(*segments(name)[:depth]) for name in held if "[" not in name
                    for depth in range(1, len(segments(name)))}  # fmt: skip
    if deeds and not any(_is_in(name, field) for name in held):
        told = f"{ref} never had a field {field}" if ref else f"no record ever had a field {field}"
        raise NotFound(told, near=nearest(field, names), hint="git ml log shows the fields that changed")


def _fields(deed: Deed) -> Mapping[str, Any]:
    record = deed.version.record
    kind = deed.version.then.schemas.latest.get(record.kind) if record else None
    return leaves(record.data, kind.list_key if kind else no_list_key) if record else {}


def _since(text: str | None) -> int:
    """The first second that is asked for."""
    if text is None:
        return -(2**63)
    bound = bound_of(text)
    if bound is None:
        raise BadValue(f"{text!r} is neither a date nor a time", hint="write 2026-03-01 or 2026-03-01T12:00:00Z")
    return bound - (DAY if len(text) == len("2026-03-01") else 1)
