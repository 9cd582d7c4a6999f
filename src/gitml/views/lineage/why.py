"""Why two models, runs or commits differ: the first differences upstream, the nearest first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitml.errors import BadRef, NotFound
from gitml.records.record import MISSING
from gitml.records.ref import Ref
from gitml.views.lineage.build import whole
from gitml.views.lineage.facets import CODES, DATA, MODEL, PARAMS, differing, facets
from gitml.views.lineage.held import OUTPUT, STAGE
from gitml.views.lineage.kept import traces
from gitml.views.lineage.links import Bound
from gitml.views.lineage.origin import origins
from gitml.views.lineage.parts import Edge
from gitml.views.lineage.roles import HOW
from gitml.views.lineage.roles import OUTPUT as MADE

if TYPE_CHECKING:
    from gitml.repo.git.revision import At
    from gitml.repo.snapshot import Snapshot
    from gitml.views.lineage.graph import Graph

AtCommit = Callable[[str], "Snapshot"]
_ENDS = frozenset([STAGE, "alias", "deployment"])
"""What stands for a commit: its pipelines, and what is in use; beside them data that nothing is made of."""

_WHAT = {STAGE: CODES, OUTPUT: DATA}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, `steps` upstream: what it is, of which two records, the field and both values.

    A side that has no such field, or no such record, has MISSING, or None for its ref.
    """

    what: str
    steps: int
    refs: tuple[str | None, str | None]
    field: str
    values: tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the two: a record of a snapshot, or (`ref` None) a commit as a whole."""

    snapshot: Snapshot
    ref: str | None
    name: str

    @property
    def at(self) -> At:
        """The snapshot."""
        return self.snapshot.at


@dataclass(frozen=True, slots=True)
class Why:
    """Two records or commits, and what makes them differ; `complete` is False where history was cut short."""

    sides: tuple[Asked, Asked]
    differences: tuple[Difference, ...]
    complete: bool = True


class Scene:
    """A snapshot with its records and its graph, each worked out once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._found: dict[str, Bound | None] = {}

    def find(self, ref: str) -> Bound | None:
        """A record by its ref, with its schema; None where there is none."""
        if ref not in self._found:
            is_here = traces(self.snapshot).get(ref) is not None
            self._found[ref] = Bound(self.snapshot.record(Ref.parse(ref)), self.snapshot.schemas) if is_here else None
        return self._found[ref]

    @cached_property
    def graph(self) -> Graph:
        """The lineage of all of them."""
        return whole(self.snapshot)

    @cached_property
    def _before(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.graph.edges:
            found.setdefault(edge.target, []).append(edge)
        return found

    def before(self, ref: str) -> list[Edge]:
        """The edges that lead to a node."""
        return self._before.get(ref, [])

    @property
    def ends(self) -> list[str]:
        """What nothing of its sort comes after: the last stages, the aliases and deployments."""
        refs = [node.ref for node in self.graph.nodes if node.kind in _ENDS]
        further = {edge.source for ref in refs for edge in self.before(ref)}
        return [*(ref for ref in refs if ref not in further), *self._unused]

    def given(self, ref: str) -> dict[str, Any]:
        """The hashes of what a stage's last run gave, by path; nothing of a stage that is not here."""
        bound = self.find(ref)
        return {out["path"]: out.get("md5") for out in bound.record.data.get("outs", ())} if bound else {}

    @property
    def steps(self) -> dict[str, int]:
        """How far upstream of the ends each stage stands."""
        found = dict.fromkeys(self.ends, 0)
        wave = deque(found)
        while wave:
            ref = wave.popleft()
            for source in [edge.source for edge in self.before(ref) if edge.source not in found]:
                found[source] = found[ref] + 1
                wave.append(source)
        return {ref: steps for ref, steps in found.items() if ref.partition("/")[0] == STAGE}

    @property
    def _unused(self) -> Iterator[str]:
        """Data that is tracked by itself, and that nothing is made of: all that a registry of data sets has."""
        used = {edge.source for edge in self.graph.edges}
        outputs = (node.ref for node in self.graph.nodes if node.kind == OUTPUT and node.ref not in used)
        return (ref for ref in outputs if not any(edge.role == MADE for edge in self.before(ref)))


Place = tuple[Scene, str]


def why(a: Asked, b: Asked, at_commit: AtCommit) -> Why:
    """The differences upstream of two records or commits; raises NotFound.

    `at_commit` gives the snapshot of a commit: where a producer has moved on, what it was like before lies there.
    """
    if (a.ref is None) != (b.ref is None):
        alone = a if a.ref is None else b
        raise NotFound(f"{alone.name} is a commit and the other is none", hint="name two records, or two commits")
    scenes = [Scene(a.snapshot)]
    scenes.append(scenes[0] if b.snapshot is a.snapshot else Scene(b.snapshot))
    for one, scene in zip((a, b), scenes, strict=True):
        if one.ref is not None and one.ref not in scene.graph:
            one.snapshot.record(Ref.parse(one.ref))  # raises NotFound, with the nearest names
    walk = _Walk(at_commit)
    starts = [(a.ref, b.ref, 0)] if a.ref and b.ref else _aligned(*scenes)
    places = [(_at(scenes[0], one), _at(scenes[1], other), steps) for one, other, steps in starts]
    found = list(walk.differences(places))
    return Why((a, b), tuple(sorted(found, key=lambda one: one.steps)), walk.complete)


def asked(text: str, here: Snapshot, at: Callable[[str], Snapshot]) -> Asked:
    """What a text names: a ref where its part before the first `/` is a kind, else a revision. Raises NotFound."""
    try:
        ref = Ref.parse(text)
    except BadRef:
        ref = None
    if ref is None or ref.kind not in here.schemas.latest:
        return Asked(at(text), None, text)
    return Asked(at(ref.rev) if ref.rev else here, str(ref.bare), text)


def _at(scene: Scene, ref: str | None) -> Place | None:
    return None if ref is None else (scene, ref)


def _aligned(one: Scene, other: Scene) -> list[tuple[str | None, str | None, int]]:
    """The ends of both and, as far upstream of these as they stand, the stages that give something else.

    What is an end on one side alone may still be there, with more behind it, on the other; and what comes after a stage
    that has moved on need not have been run again.
    """
    steps = dict.fromkeys(sorted({*one.ends, *other.ends}), 0)
    for scene in (one, other):
        moved = {ref: found for ref, found in scene.steps.items() if one.given(ref) != other.given(ref)}
        steps = moved | steps
    steps = dict(sorted(steps.items(), key=lambda pair: pair[1]))
    ours, theirs = traces(one.snapshot).get, traces(other.snapshot).get
    return [(ref if ours(ref) else None, ref if theirs(ref) else None, found) for ref, found in steps.items()]


class _Walk:
    """Upstream in step on both sides, as far as data differs; what is equal needs no cause."""

    def __init__(self, at_commit: AtCommit) -> None:
        self.at_commit = at_commit
        self.complete = True
        self._scenes: dict[str, Scene] = {}
        self._told: set[tuple[str, str, str]] = set()

    def differences(self, starts: Iterable[tuple[Place | None, Place | None, int]]) -> Iterator[Difference]:
        """All differences, the nearest first."""
        wave = deque(starts)
        seen = set()
        while wave:
            a, b, steps = wave.popleft()
            refs = (a[1] if a else None, b[1] if b else None)
            key = (a and (id(a[0]), a[1]), b and (id(b[0]), b[1]))
            if key in seen or a == b:
                continue
            seen.add(key)
            if a is None or b is None:
                there = refs[0] or refs[1] or ""
                what = _WHAT.get(there.partition("/")[0], MODEL)
                values = tuple(MISSING if ref is None else ref for ref in refs)
                yield Difference(what, steps, refs, "", (values[0], values[1]))
                continue
            yield from self._here(a, b, steps)
            wave.extend((one, other, steps + 1) for one, other in self._further(a, b))

    def _here(self, a: Place, b: Place, steps: int) -> Iterator[Difference]:
        """What differs between two records themselves, but for what has been told already, nearer by."""
        bound = [scene.find(ref) for scene, ref in (a, b)]
        sides = [
            facets(one, scene.find, scene.before(ref)) if one else {}
            for one, (scene, ref) in zip(bound, (a, b), strict=True)
        ]
        if not all(bound):
            return  # one of them is gone: there is nothing to compare
        for what, field, left, right in differing(*sides):
            # A model's hyperparameters are its run's params.
            name = field.partition(".")[2] if what == PARAMS else field
            told = (what, name, repr((left, right)))
            if told not in self._told:
                self._told.add(told)
                yield Difference(what, steps, (a[1], b[1]), field, (left, right))

    def _further(self, a: Place, b: Place) -> Iterator[tuple[Place, Place]]:
        """The pairs one step upstream that may differ."""
        for one, other in _matched(
            *([edge for edge in scene.before(ref) if edge.role not in HOW] for scene, ref in (a, b))
        ):
            if one.hash is not None and (one.hash, one.path) == (other.hash, other.path):
                continue
            yield (self._then(a[0], one), one.source), (self._then(b[0], other), other.source)

    def _then(self, scene: Scene, edge: Edge) -> Scene:
        """The scene in which the source of an edge was as its target knew it."""
        if not edge.stale or edge.source.partition("/")[0] not in (STAGE, OUTPUT):
            return scene
        told = origins(scene.snapshot, [edge])
        commit = told.commit(edge)
        self.complete = self.complete and told.complete
        if commit is None:
            return scene
        if commit not in self._scenes:
            self._scenes[commit] = Scene(self.at_commit(commit))
        past = self._scenes[commit]
        return past if edge.source in past.graph else scene


Sign = tuple[str | None, ...]
_KEYS: Sequence[Callable[[Edge], Sign]] = (
    lambda edge: (edge.role, edge.reason, edge.path, edge.source),
    lambda edge: (edge.role, edge.reason, edge.path),
    lambda edge: (edge.role, edge.path),
    lambda edge: (edge.role, edge.source),
    lambda edge: (edge.role, edge.reason),
    lambda edge: ("made" if edge.role in ("produced_by", MADE) else edge.role, edge.source.partition("/")[0]),
    lambda edge: ("made" if edge.role in ("produced_by", MADE) else "",),
)
"""What makes an edge here the counterpart of one there, the surest sign first."""


def _matched(left: Sequence[Edge], right: Sequence[Edge]) -> Iterator[tuple[Edge, Edge]]:
    """Edges that play the same part on both sides; where several sources could, none is taken for another."""
    for key in _KEYS:
        ours, theirs = _only(left, key), _only(right, key)
        signs = [sign for sign in ours if sign in theirs and sign != ("",)]
        yield from ((ours[sign], theirs[sign]) for sign in signs)
        left = [edge for edge in left if key(edge) not in signs]
        right = [edge for edge in right if key(edge) not in signs]


def _only(edges: Iterable[Edge], key: Callable[[Edge], Sign]) -> dict[Sign, Edge]:
    found: dict[Sign, dict[str, Edge]] = {}
    for edge in edges:
        found.setdefault(key(edge), {})[edge.source] = edge
    return {sign: next(iter(several.values())) for sign, several in found.items() if len(several) == 1}
