"""What each commit did to the records of a store: every version of each, in the order of history.

One process names the commits, one compares each with all its parents, one reads the blobs. A merge tells of every path
in which it differs from any parent; which of these are its own doing is for views.history to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gitml.errors import BadRef, Problem
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.records.schemas import FOLDER
from gitml.records.settings import PATH as SETTINGS
from gitml.repo.git.history import Node, changes, empty_tree, nodes
from gitml.repo.git.revision import At
from gitml.repo.git.shallow import boundary
from gitml.repo.git.trees import Tree
from gitml.repo.load import load_each
from gitml.repo.snapshot import Snapshot

if TYPE_CHECKING:
    from gitml.records.schemas import SchemaFile
    from gitml.repo.git.objects import Entry
    from gitml.repo.repository import Repository

_PORTION = 2000


@dataclass(frozen=True, slots=True)
class Version:
    """What stands at a key in some commits: `key` is a record's path, of a derived record its ref.

    `record` is None where it cannot be read; `problem` then says why. `then` has the schemas that held.
    """

    key: str
    ref: str
    kind: str
    blob: str
    record: Record | None
    problem: Problem | None
    then: Snapshot = field(compare=False, repr=False)


Versions = Mapping[str, Version | None]


class Moment(NamedTuple):
    """A commit, and what stands where it differs from any of its parents; None for nothing."""

    node: Node
    versions: Versions
    then: Snapshot


@dataclass(frozen=True, slots=True)
class Line:
    """All commits that a tip reaches, parents before children; `ends` are those whose parents this clone lacks."""

    repository: Repository
    tip: str
    nodes: tuple[Node, ...]
    ends: frozenset[str]
    asker: tuple[SchemaFile, ...] = ()

    @classmethod
    def of(cls, repository: Repository, tip: str, asker: tuple[SchemaFile, ...] = ()) -> Line:
        """The commits that a tip reaches; `asker` are the schemas of the store that asks."""
        found = nodes(repository.git, [tip])
        return cls(repository, tip, tuple(found), boundary(repository.git) & {node.oid for node in found}, asker)

    def moments(self, paths: Iterable[str] | None = None, folders: Iterable[str] = ()) -> list[Moment]:
        """What each commit did to the records at some paths, in some folders, or to all, where neither is named.

        Commits that did nothing are left out.
        """
        walk = _Walk(self, None if paths is None else frozenset(paths), tuple(folders))
        steps = [step for step in walk.steps() if step.changed]
        wanted = {
            (id(then), path, entry): (then, path, entry)
            for _node, changed, then in steps
            for path, entry in changed.items()
            if entry is not None
        }
        held = dict(zip(wanted, _versions(list(wanted.values())), strict=True))
        return [
            Moment(node, {path: held[id(then), path, one] if one else None for path, one in changed.items()}, then)
            for node, changed, then in steps
        ]

    def around(self, moment: Moment) -> list[tuple[Version | None, Version | None]]:
        """What stood before and stands after a commit at all paths of records that it changes, by its first parent."""
        node, then, git = moment.node, moment.then, self.repository.git
        base = next((one.tree for one in self.nodes if one.oid in node.parents[:1]), None)
        if base is None:
            return []
        prefix = [self.repository.prefix] if self.repository.prefix else []
        pairs = [(node.tree, base), (base, node.tree)]
        told = changes(git, pairs, under=prefix)
        sides = [told[pair].changed if pair in told else {} for pair in pairs]
        paths = [path for path in sides[1] if then.is_record_path(path)]
        if all(sides[0].get(path) is None for path in paths):
            return []  # nothing but new records: nothing that one of them could have been
        held = []
        for side in sides:
            there = [(then, path, entry) for path in paths if (entry := side.get(path)) is not None]
            held.append({found.key: found for found in _versions(there)})
        return [(held[0].get(path), held[1].get(path)) for path in paths]


def _versions(wanted: Sequence[tuple[Snapshot, str, Entry]]) -> list[Version]:
    found = load_each(wanted)
    return [
        _version(then, path, loaded.blob, loaded.record, loaded.problems)
        for (then, path, _entry), loaded in zip(wanted, found, strict=True)
    ]


def ruled(line: Line, commit: str, entries: Mapping[str, Entry]) -> Snapshot:
    """A snapshot whose schemas and settings are a commit's; it holds nothing else."""
    repository = line.repository
    at = At("commit", commit)
    tree = Tree(repository.git, None, entries, repository.objects)
    return Snapshot(repository.git, at, tree, prefix=repository.prefix, asker=line.asker, cache=repository.cache)


def _version(then: Snapshot, path: str, blob: str, record: Record | None, problems: Sequence[Problem]) -> Version:
    if record is not None:
        return Version(path, str(record.ref), record.kind, blob, record, None, then)
    place = then.place(path)
    if place is None:
        return Version(path, path, "", blob, None, problems[0], then)
    try:
        ref = str(then.schemas.ref(place, {}))
    except BadRef:  # the exact name stands in the record, which cannot be read
        ref = str(Ref(place.kind.name, tuple(place.names[key] for key in place.kind.template.keys)))
    return Version(path, ref, place.kind.name, blob, None, problems[0], then)


class _Step(NamedTuple):
    node: Node
    changed: dict[str, Entry | None]
    then: Snapshot


class _Walk:
    """The commits of a line, each with the paths of records in which it differs from any parent."""

    def __init__(self, line: Line, paths: frozenset[str] | None, folders: tuple[str, ...] = ()) -> None:
        prefix = line.repository.prefix
        self._line = line
        self._paths = paths
        self._ruling = (prefix + FOLDER, prefix + SETTINGS)
        self._under = [prefix] if prefix else []
        if paths is not None or folders:
            self._under = [*sorted(paths or ()), *folders, *self._ruling]
        self._thens: dict[str, Snapshot] = {}
        self._rules: dict[frozenset[tuple[str, Entry]], Snapshot] = {}
        self._records: dict[tuple[int, str], bool] = {}

    def steps(self) -> Iterator[_Step]:
        known = {node.oid: node.tree for node in self._line.nodes}
        command = self._line.repository.git
        empty = empty_tree(command.object_format)
        for start in range(0, len(self._line.nodes), _PORTION):
            portion = self._line.nodes[start : start + _PORTION]
            bases = {node.oid: [known[one] for one in node.parents if one in known] or [empty] for node in portion}
            told = changes(
                command, ((base, node.tree) for node in portion for base in bases[node.oid]), under=self._under
            )
            for node in portion:
                pairs = [told[pair].changed for base in bases[node.oid] if (pair := (base, node.tree)) in told]
                first = told.get((bases[node.oid][0], node.tree))
                then = self._then(node, first.changed if first else {})
                yield _Step(node, self._wanted(then, pairs), then)

    def _wanted(self, then: Snapshot, pairs: Iterable[Mapping[str, Entry | None]]) -> dict[str, Entry | None]:
        return {path: entry for changed in pairs for path, entry in changed.items() if self._is_record(then, path)}

    def _is_record(self, then: Snapshot, path: str) -> bool:
        if self._paths is not None:
            return path in self._paths
        key = (id(then), path)
        if key not in self._records:
            self._records[key] = then.is_record_path(path)
        return self._records[key]

    def _then(self, node: Node, changed: Mapping[str, Entry | None]) -> Snapshot:
        """The schemas and settings of a commit: its first parent's, unless it changes them."""
        base = next((self._thens[one] for one in node.parents if one in self._thens), None)
        if base is not None and not any(path.startswith(self._ruling) for path in changed):
            self._thens[node.oid] = base
            return base
        files = dict(base.entries) if base is not None else {}
        for path, entry in changed.items():
            if path.startswith(self._ruling):
                files.pop(path, None)
                files |= {} if entry is None else {path: entry}
        key = frozenset(files.items())
        if key not in self._rules:
            self._rules[key] = ruled(self._line, node.oid, files)
        self._thens[node.oid] = self._rules[key]
        return self._rules[key]
