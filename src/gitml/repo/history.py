"""A store over history: every record of a kind, with the first of the commits asked for that has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from gitml.errors import Problem
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.records.schema import DERIVED
from gitml.records.schemas import FOLDER
from gitml.records.settings import PATH as SETTINGS
from gitml.repo.derive import GTO, Asked
from gitml.repo.followed import Followed
from gitml.repo.git.asof import Standing
from gitml.repo.git.history import Node, Step
from gitml.repo.git.revision import At
from gitml.repo.git.trees import Tree
from gitml.repo.load import NO_FILES, load_each
from gitml.repo.over import Flowing, Tips, asked, chosen
from gitml.repo.readers import KINDS
from gitml.repo.snapshot import Snapshot

if TYPE_CHECKING:
    from gitml.records.schemas import SchemaFile, Schemas
    from gitml.repo.git import Git
    from gitml.repo.git.objects import Entry
    from gitml.repo.readers.derived import Derived
    from gitml.repo.readers.files import Content
    from gitml.repo.repository import Repository

Wanted = Callable[[Snapshot, str], bool]
"""Whether a path is asked for, in a snapshot whose schemas say what lies there."""

# Read with the first file that a reader asks for: it will ask for these.
_DVC = (".dvc", "dvc.yaml", "dvc.lock", "Dvcfile")


class Seen(NamedTuple):
    """A record, and the first of the commits that has it."""

    record: Record
    node: Node


class Held(NamedTuple):
    """What history holds of a kind: records in its order, what cannot be read, and every set of schemas that held.

    `whole` is False where readers asked for files that this clone does not have.
    """

    seen: tuple[Seen, ...]
    problems: tuple[Problem, ...]
    schemas: tuple[Schemas, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class History:
    """Some of a repository's commits, parents before children; `names` are the refs that point to each.

    `whole` is False where a shallow clone has cut history off. `asker` are the schemas of the store that asks.
    """

    repository: Repository
    nodes: tuple[Node, ...]
    names: Mapping[str, tuple[str, ...]]
    whole: bool
    asker: tuple[SchemaFile, ...] = ()

    @classmethod
    def of(
        cls,
        repository: Repository,
        over: str | Iterable[str],
        within: str | None = None,
        asker: tuple[SchemaFile, ...] = (),
        line: Flowing | None = None,
    ) -> History:
        """The commits that `over` names (repo.over), with `within` those of them that this commit reaches.

        Where events flow on a line, its commits are among them. Raises BadValue.
        """
        words, git = asked(over), repository.git
        tips = Tips.of(git)
        return cls(repository, tuple(chosen(git, tips, words, within, line)), tips.names(), not git.is_shallow(), asker)

    def held(self, kind: str, wanted: Wanted) -> Held:
        """Every record of a kind, once, and why others that are `wanted` cannot be read."""
        git, known, whole = self.repository.git, set[str](), True
        followed = Followed(self.repository.deriver, git, self.nodes)
        own, derived, walk = _Own(self, wanted), _Derived(self.repository, kind, followed), followed.walk
        for portion in walk.portions():
            ahead = Ahead(git, portion, known)
            for step in portion:
                entries = walk.tree(step)
                derived.take(step, entries, own.take(step, entries), ahead.content)
            whole = whole and not ahead.lacking
        seen, problems = own.loaded()
        told = tuple(_once([*problems, *derived.problems.values()]))
        schemas = tuple(snapshot.schemas for snapshot in reversed(own.snapshots.values()))
        return Held(self._once([*seen, *derived.seen]), told, schemas, whole)

    def _once(self, seen: Iterable[Seen]) -> tuple[Seen, ...]:
        """Each ref and blob but once, with the first commit; in the order of history."""
        place = {node.oid: number for number, node in enumerate(self.nodes)}
        first: dict[tuple[Ref, str], Seen] = {}
        for each in sorted(seen, key=lambda each: place[each.node.oid]):
            first.setdefault((each.record.ref, each.record.blob), each)
        return tuple(first.values())


def _once(problems: Iterable[Problem]) -> Iterable[Problem]:
    """Each problem but once, whatever the commit: it is told with the first."""
    first: dict[Problem, Problem] = {}
    for problem in problems:
        first.setdefault(replace(problem, commit=None), problem)
    return first.values()


class Ahead:
    """The bytes of blobs of some steps: who asks for one version of a file gets them all read, by one process.

    `known` are the files that were asked for in earlier steps: they are read with the first. `lacking` tells whether
    something was asked for that this clone does not have.
    """

    def __init__(self, git: Git, steps: Iterable[Step], known: set[str]) -> None:
        self._git = git
        self._steps = steps
        self._known = known
        self.lacking = False
        self._versions: dict[str, dict[str, None]] | None = None
        self._held: dict[str, bytes | None] = {}

    def content(self, path: str, oid: str) -> bytes | None:
        """The bytes of a file's blob; None where this clone does not have it."""
        if oid not in self._held:
            found = (each for versions in self._wanted(path) for each in versions if each not in self._held)
            self._held.update(self._git.cat(dict.fromkeys([oid, *found])))
        self.lacking = self.lacking or self._held[oid] is None
        return self._held[oid]

    def _wanted(self, path: str) -> list[Iterable[str]]:
        """The versions of a file; with the first one those of all that are likely to be asked for."""
        self._known.add(path)
        if self._versions is None:
            self._versions = _versions(self._steps)
            return [ids for file, ids in self._versions.items() if file in self._known or file.endswith(_DVC)]
        return [self._versions.get(path, ())]


def _versions(steps: Iterable[Step]) -> dict[str, dict[str, None]]:
    """The blobs of each file that some steps bring."""
    versions: dict[str, dict[str, None]] = {}
    for step in steps:
        for path, entry in step.changed.items():
            if entry is not None and entry.mode not in NO_FILES:
                versions.setdefault(path, {})[entry.oid] = None
    return versions


@dataclass(slots=True)
class _Own:
    """The store's own files over history: each path and blob is read but once for each set of schemas."""

    history: History
    wanted: Wanted
    snapshots: dict[frozenset[tuple[str, Entry]], Snapshot] = field(default_factory=dict)
    _at: dict[str, Snapshot] = field(default_factory=dict)
    _paths: dict[tuple[int, str], bool] = field(default_factory=dict)
    _firsts: dict[tuple[int, str, Entry], tuple[Snapshot, Node]] = field(default_factory=dict)

    def take(self, step: Step, entries: Mapping[str, Entry]) -> Snapshot:
        """Note what a commit has that none before it had; a snapshot whose schemas and settings are the commit's."""
        snapshot, anew = self._snapshot(step, entries)
        self._at[step.node.oid] = snapshot
        for path, entry in (entries if anew else step.changed).items():
            if entry is not None and self._is_wanted(snapshot, path):
                self._firsts.setdefault((id(snapshot), path, entry), (snapshot, step.node))
        return snapshot

    def _is_wanted(self, snapshot: Snapshot, path: str) -> bool:
        key = (id(snapshot), path)
        if key not in self._paths:
            self._paths[key] = snapshot.is_record_path(path) and self.wanted(snapshot, path)
        return self._paths[key]

    def _snapshot(self, step: Step, entries: Mapping[str, Entry]) -> tuple[Snapshot, bool]:
        """The snapshot for a step, and whether it is another than that of the step's base."""
        prefix = self.history.repository.prefix
        ruling = (prefix + FOLDER, prefix + SETTINGS)
        base = self._at.get(step.base or "")
        if base is not None and not any(path.startswith(ruling) for path in step.changed):
            return base, False
        files = {path: entry for path, entry in entries.items() if path.startswith(ruling)}
        snapshot = self.snapshots.setdefault(frozenset(files.items()), self._new(step.node, files))
        return snapshot, snapshot is not base

    def _new(self, node: Node, files: Mapping[str, Entry]) -> Snapshot:
        repository, asker = self.history.repository, self.history.asker
        at = At("commit", node.oid)
        tree = Tree(repository.git, None, files, repository.objects)
        return Snapshot(repository.git, at, tree, prefix=repository.prefix, asker=asker, cache=repository.cache)

    def loaded(self) -> tuple[list[Seen], list[Problem]]:
        """The records, all of them read together, and why the others cannot be read."""
        firsts = [(snapshot, path, entry, node) for (_, path, entry), (snapshot, node) in self._firsts.items()]
        found = load_each([(snapshot, path, entry) for snapshot, path, entry, _node in firsts])
        pairs = list(zip(found, (node for *_rest, node in firsts), strict=True))
        seen = [Seen(loaded.record, node) for loaded, node in pairs if loaded.record is not None]
        lost = [replace(loaded.problems[0], commit=node.oid) for loaded, node in pairs if loaded.record is None]
        return seen, lost


@dataclass(slots=True)
class _Derived:
    """What readers make of commits: the records of a kind, and what they cannot read, each with its first commit."""

    repository: Repository
    kind: str
    followed: Followed
    seen: list[Seen] = field(default_factory=list)
    problems: dict[Problem, Problem] = field(default_factory=dict)
    _ids: set[int] = field(default_factory=set)
    _keys: set[tuple[Ref, str]] = field(default_factory=set)
    _standing: Standing | None = None
    _noted: Derived | None = None

    def _has(self, record: Record) -> bool:
        return (record.ref, record.blob) in self._keys

    def take(self, step: Step, entries: Mapping[str, Entry], snapshot: Snapshot, content: Content) -> None:
        """Note what a commit has that none before it had; `snapshot` has its schemas and settings."""
        readers = tuple(name for name in snapshot.settings.readers if self.kind in KINDS.get(name, ()))
        if not readers:
            return
        until = self._until(step.node) if GTO in readers else None
        asked = Asked(readers, self.kind, self.repository.prefix, until, step.paths)
        derived = self.followed.derive(step, entries, asked, content)
        if derived is self._noted:
            return
        # Readers give what has not changed as the same object, a thousand times over.
        fresh = [record for record in derived.of(self.kind) if id(record) not in self._ids and not self._has(record)]
        for record in fresh:
            if not self._has(record):
                self._note(Seen(record, step.node), entries, snapshot)
        self._noted = derived if all(map(self._has, fresh)) else None
        for problem in derived.problems:
            if problem not in self.problems:
                self.problems[problem] = replace(problem, commit=step.node.oid)

    def _until(self, node: Node) -> int | None:
        if self._standing is None:
            self._standing = Standing.of(self.repository.git)
        return self._standing.until(node.oid, node.seconds)

    def _note(self, seen: Seen, entries: Mapping[str, Entry], snapshot: Snapshot) -> None:
        """Note a record, unless the commit has a recorded one of its name, which hides it."""
        record = seen.record
        if is_derived(snapshot, record.kind) or snapshot.path(record.ref) not in entries:
            self.seen.append(seen)
            self._ids.add(id(record))
            self._keys.add((record.ref, record.blob))


def is_derived(snapshot: Snapshot, kind: str) -> bool:
    """Whether no file of the store holds a record of a kind: only readers make it."""
    return snapshot.schemas.kind(kind).addressing == DERIVED
