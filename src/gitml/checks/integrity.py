"""Integrity: refs lead to records that are there, of the right kind, with the id that was meant, and in no circle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gitml.checks.scope import Scope
from gitml.errors import BadRef, NotFound, Problem
from gitml.records.annotations import ANY_KEY, find
from gitml.records.nearest import nearest
from gitml.records.record import Path, Record
from gitml.records.ref import VERSION, Ref
from gitml.records.schema import Kind
from gitml.repo.snapshot import Snapshot

# Made by readers from DVC's and Git's own files: no record of theirs stands in the tree.
DERIVED = frozenset(["dvc-pipeline", "dvc-stage", "dvc-output", "code"])
# In these roles the record that refers needs the other one to have been there first.
UPSTREAM = frozenset([
    "input", "derived_from", "trained_on", "features", "produced_by", "evaluates", "reproduces", "resumes",
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A ref as it stands in a record: where, to what, with which id beside it, in which role."""

    at: Path
    target: Ref
    id: str | None
    role: str


def links(record: Record, kind: Kind) -> Iterator[Link | tuple[Path, str, BadRef]]:
    """The refs of a record, those of its slot included; a text that is no ref comes with its error."""
    if kind.addressing == "slot":
        yield from _slot(record)
    for field in kind.shape.refs:
        for at, value in find(record.data, field.pattern):
            if not isinstance(value, str):
                continue
            try:
                yield Link(at, Ref.parse(value), _id_beside(record, at), field.role)
            except BadRef as error:
                yield at, value, error


def _slot(record: Record) -> Iterator[Link]:
    """An alias or a status speaks about a version: of the kind and name in its path."""
    kind, name, last = record.ref.keys
    version = record.data.get("version") if record.kind == "alias" else last
    held = record.data.get("id")
    if isinstance(version, str):
        at: Path = ("version",) if record.kind == "alias" else ()
        yield Link(at, Ref(kind + VERSION, (name, version)), held if isinstance(held, str) else None, "points_to")


def _id_beside(record: Record, at: Path) -> str | None:
    """`{ref: …, id: …}`: the id that a machine wrote beside a ref."""
    if at[-1] != "ref":
        return None
    held: object = record.data
    for step in at[:-1]:
        held = held[step] if isinstance(held, dict | list) else None  # type: ignore[index]
    found = held.get("id") if isinstance(held, dict) else None
    return found if isinstance(found, str) else None


def refs(scope: Scope) -> Iterator[Problem]:
    """Every ref resolves, to a kind that its field allows, and its id agrees."""
    for record, kind in scope.records():
        allowed = {field.pattern: field.kinds for field in kind.shape.refs}
        for link in links(record, kind):
            if isinstance(link, tuple):
                at, _value, error = link
                yield scope.problem(record, "ref.missing", error.message, error.hint, at=at)
            elif link.target.rev is None and link.target.kind not in DERIVED:
                yield from _resolves(scope, record, link, _allowed(allowed, link.at))


def _allowed(patterns: dict[tuple[str, ...], tuple[str, ...]], at: Path) -> tuple[str, ...]:
    place = tuple("[]" if isinstance(step, int) else step for step in at)
    found = patterns.get(place)
    if found is None:
        for pattern, kinds in patterns.items():
            pairs = zip(pattern, place, strict=False)
            if len(pattern) == len(place) and all(step in (ANY_KEY, key) for step, key in pairs):
                return kinds
    return found or (ANY_KEY,)


def _resolves(scope: Scope, record: Record, link: Link, kinds: tuple[str, ...]) -> Iterator[Problem]:
    snapshot = scope.snapshot
    target = link.target
    if ANY_KEY not in kinds and target.kind not in kinds:
        told = f"{target} is of kind {target.kind}; {' or '.join(kinds)} wanted here"
        yield scope.problem(record, "ref.kind", told, "refer to another record", at=link.at)
        return
    try:
        path = snapshot.path(target)
    except (BadRef, NotFound) as error:
        yield scope.problem(record, "ref.missing", error.message, error.hint, at=link.at)
        return
    if path not in snapshot.entries:
        yield scope.problem(record, "ref.missing", f"there is no {target}", _nearest(snapshot, target), at=link.at)
        return
    held = snapshot.load([path])[0].record
    there = held.data.get("id") if held is not None else None
    if link.id is not None and held is not None and there != link.id:
        told = f"{target} has the id {there}, not {link.id}"
        yield scope.problem(
            record, "ref.id", told, "another record took that name; refer to the one that was meant", at=link.at
        )


def _nearest(snapshot: Snapshot, target: Ref) -> str:
    names = [path.rpartition("/")[2].removesuffix(".yaml") for path in snapshot.paths_of(target.kind)]
    if target.kind.endswith(VERSION):
        names = [
            str(Ref(target.kind, (path.split("/")[-2], path.rpartition("/")[2].removesuffix(".yaml"))))
            for path in snapshot.paths_of(target.kind)
        ]
        near = nearest(str(target), names)
    else:
        near = nearest(target.keys[-1], names)
    return f"nearest: {', '.join(near)}" if near else f"record it first (git ml new {target.kind} …)"


def cycles(scope: Scope) -> Iterator[Problem]:
    """Nothing can have been made from itself, by however many steps."""
    done: set[str] = set()
    for record, _kind in scope.records():
        yield from _circles(scope, record, done)


@dataclass(slots=True)
class _Step:
    record: Record
    links: Iterator[Link]
    at: Path = ()


def _upstream(record: Record, kind: Kind) -> list[Link]:
    return [
        link for link in links(record, kind) if isinstance(link, Link) and link.role in UPSTREAM and not link.target.rev
    ]


def _circles(scope: Scope, start: Record, done: set[str]) -> Iterator[Problem]:
    """Walk upstream, depth first; a ref to a record on the way back is a circle. `done` were walked before."""
    if str(start.ref) in done:
        return
    trail = {str(start.ref): _Step(start, iter(_upstream(start, scope.kind(start))))}
    while trail:
        here = next(reversed(trail))
        link = next(trail[here].links, None)
        if link is None:
            done.add(here)
            del trail[here]
            continue
        trail[here].at = link.at
        name = str(link.target)
        if name in trail:
            circle = [*list(trail)[list(trail).index(name) :], name]
            told = f"is made from itself: {' <- '.join(circle)}"
            yield scope.problem(trail[here].record, "ref.cycle", told, "break the circle", at=link.at)
        elif name not in done and (path := scope.snapshot.find(link.target)):
            found = scope.snapshot.load([path])[0].record
            if found is not None:
                trail[name] = _Step(found, iter(_upstream(found, scope.kind(found))))


def duplicate_ids(scope: Scope) -> Iterator[Problem]:
    """An id names one record."""
    first: dict[str, Record] = {}
    for record, kind in scope.records():
        held = record.data.get("id")
        if kind.addressing != "version" or not isinstance(held, str):
            continue
        other = first.setdefault(held, record)
        if other is not record:
            yield scope.problem(
                record, "id.duplicate", f"the id {held} is that of {other.ref}", "give it an id of its own", at=("id",)
            )
