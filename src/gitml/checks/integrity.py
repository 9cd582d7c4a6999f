"""Integrity: refs lead to records that are there, of the right kind, with the id that was meant, and in no circle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gitml.checks.facts import Facts
from gitml.checks.scope import Scope
from gitml.errors import BadRef, NotFound, Problem
from gitml.records.annotations import ANY_KEY
from gitml.records.links import Link
from gitml.records.nearest import nearest
from gitml.records.record import Path
from gitml.records.ref import VERSION, Ref
from gitml.repo.snapshot import Snapshot

# Made by readers from DVC's and Git's own files: no record of theirs stands in the tree.
DERIVED = frozenset(["dvc-pipeline", "dvc-stage", "dvc-output", "code"])
# In these roles the record that refers needs the other one to have been there first.
UPSTREAM = frozenset([
    "input", "derived_from", "trained_on", "features", "produced_by", "evaluates", "reproduces", "resumes",
])  # fmt: skip


def refs(scope: Scope) -> Iterator[Problem]:
    """Every ref resolves, to a kind that its field allows, and its id agrees."""
    targets = _Targets(scope.snapshot)
    found = [(path, link, targets.of(link.text)) for path, facts in scope.glances() for link in facts.links]
    scope.facts.of({target.path for _path, link, target in found if link.id is not None and target.path})
    wrong = [(path, link, told) for path, link, target in found if (told := _fault(scope, link, target))]
    scope.ready({path for path, _link, _told in wrong})
    for path, link, (code, message, hint) in wrong:
        yield scope.problem_in(path, code, message, hint, at=link.at)


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
    upstream = _upstream(scope)
    done: set[str] = set()
    for path in scope.present:
        yield from _circles(scope, path, upstream, done)


Steps = list[tuple[Path, str]]


def _upstream(scope: Scope) -> dict[str, Steps]:
    """Of every record in question and all that they were made from: where its upstream refs stand, and lead."""
    targets = _Targets(scope.snapshot)
    steps: dict[str, Steps] = {}
    wave = list(scope.present)
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
        at, there = next(trail[here], ((), ""))
        if not there:
            done.add(here)
            del trail[here]
        elif there in trail:
            circle = [*list(trail)[list(trail).index(there) :], there]
            told = f"is made from itself: {' <- '.join(facts.ref for facts in scope.facts.of(circle) if facts)}"
            yield scope.problem_in(here, "ref.cycle", told, "break the circle", at=at)
        elif there not in done:
            trail[there] = iter(upstream[there])


def duplicate_ids(scope: Scope) -> Iterator[Problem]:
    """An id names one record."""
    versions = {kind.name for kind in scope.snapshot.schemas.latest.values() if kind.addressing == "version"}
    first: dict[str, Facts] = {}
    for path, facts in scope.glances():
        if facts.kind in versions and facts.id is not None:
            other = first.setdefault(facts.id, facts)
            if other is not facts:
                told = f"the id {facts.id} is that of {other.ref}"
                yield scope.problem_in(path, "id.duplicate", told, "give it an id of its own", at=("id",))
