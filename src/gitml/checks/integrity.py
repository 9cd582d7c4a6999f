"""Integrity: refs lead to records that are there, of the right kind, with the id that was meant, and in no circle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final, NamedTuple

from gitml.checks.scope import Scope
from gitml.checks.survey import claim, survey, versions_of
from gitml.errors import BadRef, NotFound, Problem
from gitml.records.annotations import ANY_KEY
from gitml.records.links import Link
from gitml.records.nearest import nearest
from gitml.records.record import Path
from gitml.records.ref import VERSION, Ref
from gitml.repo.snapshot import Snapshot

_TARGETS: Final = ("targets", "")
# Made by readers from DVC's and Git's own files: no record of theirs stands in the tree.
DERIVED = frozenset(["dvc-pipeline", "dvc-stage", "dvc-output", "code"])
# In these roles the record that refers needs the other one to have been there first.
UPSTREAM = frozenset([
    "input", "derived_from", "trained_on", "features", "produced_by", "evaluates", "reproduces", "resumes",
])  # fmt: skip


def refs(scope: Scope) -> Iterator[Problem]:
    """Every ref resolves, to a kind that its field allows, and its id agrees."""
    targets = _targets(scope.snapshot)
    claims = {link: targets.of(link.text) for one in scope.surveyed for link in one.gist.claims.every()}
    scope.facts.of({target.path for link, target in claims.items() if link.id is not None and target.path})
    wrong = {link: told for link, target in claims.items() if (told := _fault(scope, link, target))}
    found = [(path, link) for path, facts in scope.claiming(wrong) for link in facts.links if claim(link) in wrong]
    scope.ready({path for path, _link in found})
    for path, link in found:
        code, message, hint = wrong[claim(link)]
        yield scope.problem_in(path, code, message, hint, at=link.at)


def _targets(snapshot: Snapshot) -> _Targets:
    """Those of a snapshot, whichever check asks."""
    found: _Targets | None = snapshot.worked_out.get(_TARGETS)
    if found is None:
        found = snapshot.worked_out[_TARGETS] = _Targets(snapshot)
    return found


class _Target(NamedTuple):
    """Where a ref's text leads: the path of a record, no record of the tree's at all, or nowhere, and why."""

    ref: Ref | None = None
    path: str = ""
    fault: tuple[str, str] | None = None


class _Targets:
    """Where texts lead, each looked up once: ten thousand runs refer to a dozen datasets."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.known: dict[str, _Target] = {}

    def of(self, text: str) -> _Target:
        found = self.known.get(text)
        if found is None:
            found = self.known[text] = self._look(text)
        return found

    def _look(self, text: str) -> _Target:
        ref = None
        try:
            ref = Ref.parse(text)
            if ref.rev is not None or ref.kind in DERIVED:
                return _Target()
            path = self.snapshot.path(ref)
        except (BadRef, NotFound) as error:
            return _Target(ref, fault=(error.message, error.hint))
        if path not in self.snapshot.tree:
            # Where it is there, and git cannot take it in, that is told of it.
            if any(problem.path == path for problem in self.snapshot.tree_problems):
                return _Target(ref)
            if self.snapshot.derived(ref.kind).get(ref) is not None:
                return _Target(ref)
            return _Target(ref, fault=(f"there is no {ref}", _nearest(self.snapshot, ref)))
        return _Target(ref, path)


def _fault(scope: Scope, link: Link, target: _Target) -> tuple[str, str, str] | None:
    """What is wrong with a link: code, message and hint; None where nothing is."""
    ref = target.ref
    if ref is not None and ANY_KEY not in link.kinds and ref.kind not in link.kinds:
        told = f"{ref} is of kind {ref.kind}; {' or '.join(link.kinds)} wanted here"
        return "ref.kind", told, "refer to another record"
    if target.fault:
        return "ref.missing", *target.fault
    there = scope.facts.at(target.path) if target.path and link.id is not None else None
    if there is not None and there.id != link.id:
        told = f"{ref} has the id {there.id}, not {link.id}"
        return "ref.id", told, "another record took that name; refer to the one that was meant"
    return None


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
    targets = _targets(scope.snapshot)
    starts = scope.present
    if scope.whole:  # what nothing is made from is in no circle
        claims = {link.text for one in scope.surveyed for link in one.gist.claims.every() if link.role in UPSTREAM}
        starts = tuple(sorted({path for text in claims if (path := targets.of(text).path)}))
    upstream = _upstream(scope, starts, targets)
    done: set[str] = set()
    for path in starts:
        yield from _circles(scope, path, upstream, done)


Steps = list[tuple[Path, str]]


def _upstream(scope: Scope, starts: Sequence[str], targets: _Targets) -> dict[str, Steps]:
    """Of some records and all that they were made from: where its upstream refs stand, and lead."""
    steps: dict[str, Steps] = {}
    wave = list(starts)
    while wave:
        for path, facts in zip(wave, scope.facts.of(wave), strict=True):
            links = [link for link in facts.links if link.role in UPSTREAM] if facts else []
            steps[path] = [(link.at, there) for link in links if (there := targets.of(link.text).path)]
        wave = list({there for path in wave for _at, there in steps[path] if there not in steps})
    return steps


def _circles(scope: Scope, start: str, upstream: dict[str, Steps], done: set[str]) -> Iterator[Problem]:
    """Walk upstream, depth first; a ref to a record on the way back is a circle. `done` were walked before."""
    trail = {} if start in done else {start: iter(upstream[start])}
    while trail:
        here = next(reversed(trail))
        _at, there = next(trail[here], ((), ""))
        if not there:
            done.add(here)
            del trail[here]
        elif there in trail:
            way = list(trail)
            yield _circle(scope, way[way.index(there) :], upstream)
        elif there not in done:
            trail[there] = iter(upstream[there])


def _circle(scope: Scope, found: list[str], upstream: dict[str, Steps]) -> Problem:
    """A circle, told of the record that refers to the first of it, wherever the walk came upon it."""
    at = found.index(min(found))
    circle = [*found[at:], *found[:at]]
    shown = scope.facts.of([*circle, circle[0]])
    told = f"is made from itself: {' <- '.join(facts.ref for facts in shown if facts)}"
    last = circle[-1]
    field = next(step for step, there in upstream[last] if there == circle[0])
    return scope.problem_in(last, "ref.cycle", told, "break the circle", at=field)


def duplicate_ids(scope: Scope) -> Iterator[Problem]:
    """An id names one record."""
    asked = [one for part in scope.surveyed for one in part.gist.ids]
    every = sorted(asked if scope.whole or not asked else _ids(scope), key=itemgetter(1))
    first: dict[str, tuple[str, str]] = {}
    for held, path, ref in every:
        other_path, other = first.setdefault(held, (path, ref))
        if other != ref and (scope.asks(path) or scope.asks(other_path)):
            is_told = scope.asks(path) or scope.counts_old
            at, namesake = (path, other) if is_told else (other_path, ref)
            hint = "give it an id of its own"
            yield scope.problem_in(at, "id.duplicate", f"the id {held} is that of {namesake}", hint, at=("id",))


def _ids(scope: Scope) -> Iterator[tuple[str, str, str]]:
    for part in survey(scope.facts, versions_of(scope.snapshot)):
        yield from part.gist.ids
