"""What each commit did to derived records: what readers make of a commit against what they make of its parents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from gitml.records.schema import DERIVED
from gitml.records.schemas import FOLDER
from gitml.records.settings import PATH as SETTINGS
from gitml.repo.derive import Asked
from gitml.repo.followed import Followed
from gitml.repo.history import Ahead
from gitml.repo.load import UNREADABLE
from gitml.repo.readers import KINDS
from gitml.repo.tagged import READER as TAGS
from gitml.repo.versions import Line, Moment, Version, ruled

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.records.record import Record
    from gitml.records.ref import Ref
    from gitml.repo.git.history import Step
    from gitml.repo.git.objects import Entry
    from gitml.repo.readers.derived import Derived
    from gitml.repo.snapshot import Snapshot

Made = dict[str, Version]
Derive = Callable[["Step", "Mapping[str, Entry]", Asked], "Derived"]


@dataclass(slots=True)
class _Told:
    """What readers make of some commits; `recorded` are the paths where a record would hide one, by its key."""

    derived: Derived
    then: Snapshot
    versions: Made
    recorded: Mapping[str, str]
    unknown: bool

    def made(self, entries: Mapping[str, Entry]) -> Made:
        """What of it no record of a commit hides."""
        hidden = {key for key, path in self.recorded.items() if path in entries}
        return {key: one for key, one in self.versions.items() if key not in hidden} if hidden else self.versions


@dataclass(slots=True)
class Derivations:
    """The derived records of a line of commits: of one ref, or all, but for those that tags make (repo.tagged).

    After `moments`, `problems` says what could not be read, each with its first commit, and `whole` whether this clone
    has all that readers asked for. `unknown` are the commits of which it does not: nothing is told of them.
    """

    line: Line
    ref: Ref | None = None
    problems: dict[Problem, Problem] = field(default_factory=dict)
    whole: bool = True
    unknown: set[str] = field(default_factory=set)
    _made: dict[str, Made] = field(default_factory=dict)
    _thens: dict[str, Snapshot] = field(default_factory=dict)
    _known: dict[int, tuple[Record, Version]] = field(default_factory=dict)
    _last: _Told | None = None

    def moments(self) -> list[Moment]:
        """What each commit did; those that did nothing are left out."""
        return list(self._moments())

    def _moments(self) -> Iterator[Moment]:
        git, nodes, known = self.line.repository.git, self.line.nodes, set[str]()
        children = Counter(parent for node in nodes for parent in dict.fromkeys(node.parents))
        followed = Followed(self.line.repository.deriver, git, nodes)
        walk = followed.walk
        for portion in walk.portions():
            ahead = Ahead(git, portion, known)
            for step in portion:
                entries = walk.tree(step)
                then = self._then(step, entries)
                made = self._records(step, entries, then, partial(followed.derive, content=ahead.content))
                if step.node.oid in self.unknown:
                    made = next((self._made[one] for one in step.node.parents if one in self._made), {})
                changed = self._changed(step, made)
                if changed:
                    yield Moment(step.node, changed, then)
                self._let_go(step, children)
            self.whole = self.whole and not ahead.lacking

    def _then(self, step: Step, entries: Mapping[str, Entry]) -> Snapshot:
        prefix = self.line.repository.prefix
        ruling = (prefix + FOLDER, prefix + SETTINGS)
        base = self._thens.get(step.base or "")
        if base is None or any(path.startswith(ruling) for path in step.changed):
            files = {path: entry for path, entry in entries.items() if path.startswith(ruling)}
            base = ruled(self.line, step.node.oid, files)
        self._thens[step.node.oid] = base
        return base

    def _records(self, step: Step, entries: Mapping[str, Entry], then: Snapshot, derive: Derive) -> Made:
        kind = self.ref.kind if self.ref else None
        readers = tuple(
            name for name in then.settings.readers if name != TAGS and (kind is None or kind in KINDS.get(name, ()))
        )
        if not readers:
            return {}
        derived = derive(step, entries, Asked(readers, kind, self.line.repository.prefix, paths=step.paths))
        if self._last is None or self._last.derived is not derived or self._last.then is not then:
            self._last = self._told(derived, then)
            for problem in derived.problems:
                self.problems.setdefault(problem, replace(problem, commit=step.node.oid))
        if self._last.unknown:
            self.unknown.add(step.node.oid)
        return self._last.made(entries)

    def _told(self, derived: Derived, then: Snapshot) -> _Told:
        one = derived.get(self.ref) if self.ref else None
        records = derived.of(None) if self.ref is None else [one] if one else []
        versions = {version.key: version for version in (self._version(record, then) for record in records)}
        recorded = ((version.key, then.path(record.ref)) for version in versions.values()
                    if (record := version.record) and _may_be_recorded(record, then))  # fmt: skip
        unknown = any(problem.code == UNREADABLE for problem in derived.problems)
        return _Told(derived, then, versions, dict(recorded), unknown)

    def _version(self, record: Record, then: Snapshot) -> Version:
        # Readers give what has not changed as the same object; its ref as text is worked out once.
        known = self._known.get(id(record))
        if known is None:
            ref = str(record.ref)
            known = self._known[id(record)] = (record, Version(ref, ref, record.kind, record.blob, record, None, then))
        return known[1]

    def _changed(self, step: Step, made: Made) -> dict[str, Version | None]:
        parents = [self._made[one] for one in step.node.parents if one in self._made] or [{}]
        same = next((one for one in parents if one is made or _is_same(one, made)), made)
        self._made[step.node.oid] = same
        return {
            key: made.get(key)
            for parent in parents
            if parent is not same
            for key in {**parent, **made}
            if _blob(parent.get(key)) != _blob(made.get(key))
        }

    def _let_go(self, step: Step, children: Counter[str]) -> None:
        """What no later commit is compared with is not kept."""
        for parent in dict.fromkeys(step.node.parents):
            children[parent] -= 1
            if not children[parent]:
                self._made.pop(parent, None)


def _blob(version: Version | None) -> str | None:
    return version.blob if version else None


def _is_same(one: Made, other: Made) -> bool:
    return one.keys() == other.keys() and all(one[key] is other[key] for key in one)


def _may_be_recorded(record: Record, then: Snapshot) -> bool:
    """Whether a commit may have a recorded one of this name, which then hides it."""
    kind = then.schemas.latest.get(record.kind)
    return kind is not None and kind.addressing != DERIVED
