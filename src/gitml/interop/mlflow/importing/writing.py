"""What was read becomes changes: records added, or set where they say otherwise; each portion is one commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitml.actions import series
from gitml.actions.apply import Applied, How, Plan
from gitml.actions.landing import land
from gitml.actions.records import adding, set_fields
from gitml.actions.series_file import beside
from gitml.errors import ERROR, Conflict, GitmlError, Refused
from gitml.interop.exchange import Losses
from gitml.interop.mlflow.words import CUSTOM
from gitml.records.record import MISSING, Path, same
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.git.objects import Entry
from gitml.repo.journal.lines import Point
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.views.changes import Difference
from gitml.views.metrics import Metrics

_PORTION = 1000
_NESTED: Mapping[str, tuple[str, ...]] = {"custom": (CUSTOM,), "code": ("commit",)}
"""Fields of which only one is the source's to say."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record as the source has it; `owned` are the fields that it has a say in, the others are left alone.

    `points` are a run's metrics, `merged` names the maps of which entries that the source does not know are kept.
    """

    ref: Ref
    data: Mapping[str, Any]
    owned: tuple[str, ...]
    points: tuple[Point, ...] = ()
    merged: tuple[str, ...] = ()
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """Records that are written together or not at all: of which kind of thing in the source, and its id."""

    kind: str
    id: str
    drafts: tuple[Draft, ...]


@dataclass
class Portions:
    """Units on their way into the store; what the checks refuse is left out, and told."""

    repository: Repository
    how: How
    losses: Losses
    commits: list[str] = field(default_factory=list)
    changes: list[Difference] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)
    _units: list[Unit] = field(default_factory=list)
    _left: set[int] = field(default_factory=set)

    def put(self, unit: Unit) -> None:
        """Take a unit, and write all that are due when they are many."""
        if len(self._units) >= _PORTION:
            self.flush()
        self._units.append(unit)

    def flush(self) -> None:
        """Write what is due."""
        self._left = set()
        repeated = False
        while self._units:
            try:
                self._told(land(self.repository, self._plan, self.how))
            except Refused as error:
                if not self._drop(error):
                    raise
            except Conflict:  # somebody has written meanwhile: once more, on what stands there now
                if repeated:
                    raise
                repeated = True
            else:
                self._units = []

    def _told(self, done: Applied) -> None:
        self.commits += [done.commit] if done.commit else []
        self.changes += done.changes
        self.warnings |= dict.fromkeys(done.warnings)

    def _plan(self, snapshot: Snapshot) -> Plan:
        making = Making(self.repository, snapshot, self.repository.stood_on(snapshot), self.how)
        making.ready(draft for unit in self._units for draft in unit.drafts)
        self._made = {}
        for number, unit in enumerate(self._units):
            if number not in self._left:
                try:
                    self._made[number] = [one for draft in unit.drafts for one in making.changes(draft)]
                except GitmlError as error:
                    self._lost(number, str(error))
        whole = {change.path: change for made in self._made.values() for change in made}
        counted = sum(1 for made in self._made.values() if any(one.before != one.after for one in made))
        return Plan(tuple(whole.values()), message=f"gitml: import {counted} from mlflow")

    _made: dict[int, list[Change]] = field(default_factory=dict)

    def _drop(self, error: Refused) -> bool:
        """Leave out the units with which the checks find errors; whether there is one."""
        faults = {one.path: str(one) for one in error.problems if one.severity == ERROR}
        bad = {number: faults[one.path] for number, made in self._made.items() for one in made if one.path in faults}
        for number, told in bad.items():
            self._lost(number, told)
        return bool(bad)

    def _lost(self, number: int, reason: str) -> None:
        unit = self._units[number]
        self._left.add(number)
        self.losses.add(unit.kind, unit.id, "", reason)


@dataclass(frozen=True, slots=True)
class Making:
    """What makes the changes of drafts on a snapshot; `stood` is the commit that this one stands on."""

    repository: Repository
    snapshot: Snapshot
    stood: Snapshot
    how: How

    def ready(self, drafts: Iterable[Draft]) -> None:
        """Have all paths looked at together."""
        paths = [self.snapshot.path(draft.ref) for draft in drafts]
        self.snapshot.tree.ready(paths)
        self.stood.tree.ready(paths)

    def changes(self, draft: Draft) -> list[Change]:
        """What brings a record to what a draft says: nothing, where it says so already and that is committed."""
        data = dict(draft.data)
        bulk = self._series(draft, data) if draft.points else ()
        path = self.snapshot.path(draft.ref)
        if path not in self.snapshot.tree:
            made = [adding(self.snapshot, draft.ref, self._named(draft.ref) | data)]
        elif draft.fixed:
            made = []
        else:
            made = set_fields(self.snapshot, draft.ref, self._fields(draft, data))
        settled = [self._settled(change) for change in bulk]
        found = [*(made or self._standing(path)), *(one for one in settled if one is not None)]
        return [*found, *self._gone(draft, data)]

    def _named(self, ref: Ref) -> dict[str, Any]:
        """What a new record says of its own name."""
        kind = self.snapshot.schemas.kind(ref.kind)
        told: dict[str, Any] = {"schema": kind.tag} if kind.tagged else {}
        keys = zip(kind.template.keys, ref.keys, strict=True)
        return told | {key: name for key, name in keys if kind.template.hides(key, name)}

    def _fields(self, draft: Draft, data: Mapping[str, Any]) -> dict[Path, Any]:
        """The fields of the record that differ from what the source says."""
        before = self.snapshot.record(draft.ref).data
        found: dict[Path, Any] = {}
        for key in draft.owned:
            way = (key, *_NESTED.get(key, ()))
            old, new = _at(before, way), _at(data, way)
            if key in draft.merged and isinstance(old, Mapping):
                new = {**_others(old), **(new if isinstance(new, Mapping) else {})} or MISSING
            if not same(old, new):
                found[way] = new
        return found

    def _series(self, draft: Draft, data: dict[str, Any]) -> tuple[Change, ...]:
        """The file of a run's points, named in its data."""
        tallies = series.tallied(draft.points)
        told, bulk = beside(self.repository, self.snapshot, draft.ref, lambda: iter(draft.points))
        data["series"] = {
            **told, "points": len(draft.points), "summary": series.summary(tallies, Metrics.of(self.snapshot)),
        }  # fmt: skip
        return bulk

    def _gone(self, draft: Draft, data: Mapping[str, Any]) -> list[Change]:
        """The series of before, where the one of now has another name, or there is none."""
        if "series" not in draft.owned or self.snapshot.path(draft.ref) not in self.snapshot.tree:
            return []
        old = _at(self.snapshot.record(draft.ref).data, ("series", "path"))
        if old == _at(data, ("series", "path")) or not isinstance(old, str):
            return []
        entry = self._there(old)
        return [Change(old, entry.oid, None, None, entry.mode)] if entry else []

    def _settled(self, change: Change) -> Change | None:
        """A change that adds a file, as one of what stands there; None where that is the same and committed."""
        entry = self._there(change.path)
        if entry is None:
            return replace(change, fresh=False)
        if entry.oid != change.after:
            return replace(change, before=entry.oid, fresh=False)
        return next(iter(self._standing(change.path)), None)

    def _there(self, path: str) -> Entry | None:
        """The file at a path; of one that is no record, and changed, nobody has worked out the id."""
        entry = self.snapshot.tree.file(path)
        if entry is None or entry.oid.strip("0"):
            return entry
        return Entry(entry.mode, self.snapshot.git.blob_id(self.repository.file(path).read_bytes()))

    def _standing(self, path: str) -> list[Change]:
        """A file that stands in the work tree as it should, to be in the commit that is made."""
        entry = self._there(path)
        if not self.how.commit or self.snapshot.at.kind == "commit" or entry is None:
            return []
        committed = self.stood.tree.file(path)
        if committed is not None and committed.oid == entry.oid:
            return []
        content = self.snapshot.bytes_at(path) or self.repository.file(path).read_bytes()
        return [Change(path, entry.oid, entry.oid, content, entry.mode)]


def _at(data: Mapping[str, Any], way: tuple[str, ...]) -> Any:
    found: Any = data
    for key in way:
        found = found.get(key, MISSING) if isinstance(found, Mapping) else MISSING
    return found


def _others(held: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a map that are files of this repository: they were copied, or a person has named them."""
    return {name: one for name, one in held.items() if isinstance(one, Mapping) and "path" in one}
