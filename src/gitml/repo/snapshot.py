"""A snapshot: all records, schemas and pointers at one commit, staged, or in the work tree; frozen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from gitml.errors import BadRef, NotFound, Problem
from gitml.records.nearest import nearest
from gitml.records.reader import read
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.records.schema import DERIVED
from gitml.records.schemas import FOLDER, STORE, Place, SchemaFile, Schemas, is_schema_path
from gitml.records.settings import PATH as SETTINGS
from gitml.records.settings import TREE, Settings
from gitml.records.template import OWN_FOLDER, SERIES
from gitml.repo.cache import Cache
from gitml.repo.contents import Cat, Over, bytes_of
from gitml.repo.git import Git
from gitml.repo.git.objects import Entry
from gitml.repo.git.revision import At
from gitml.repo.git.trees import Tree
from gitml.repo.kinds import read_files, schemas
from gitml.repo.load import NO_FILES, Loaded, load
from gitml.repo.progress import Progress
from gitml.repo.readers import making

if TYPE_CHECKING:
    from gitml.repo.change import Change
    from gitml.repo.derive import Deriver
    from gitml.repo.readers.derived import Derived
    from gitml.repo.readers.files import Tree as Seen

Files = Mapping[str, Entry] | Tree
"""The files of a snapshot, listed or not."""

_NEAR = 2000
# What is read in small portions is asked for again by one check after the other, and each time is a process.
_FEW = 64
_MANY = 1024
_PORTION = 2000
# Of so many paths it is remembered what they stand for: some 50 MB, however large the store is.
_PLACES = 1 << 17


class Snapshot:
    """One state of a store; equal to another when what it holds is equal.

    Paths are relative to the repository's root; `prefix` is the store's folder (`""`, or `sub/`); `line` lays the
    events line over the tree. `worked_out` is for those who make something of a snapshot, and want to find it again.
    """

    def __init__(
        self,
        git: Git,
        at: At,
        entries: Files,
        *,
        prefix: str = "",
        contents: Mapping[str, bytes] | None = None,
        asker: Iterable[SchemaFile] = (),
        cache: Cache | None = None,
        problems: Iterable[Problem] = (),
        deriver: Callable[[], Deriver] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.git = git
        self.asked = at
        self.ground = entries if isinstance(entries, Tree) else Tree(git, None, entries)
        self.line: Callable[[Snapshot], Tree] | None = None
        self.prefix = prefix
        self.contents = {} if contents is None else contents
        self.cache = cache
        self._problems = tuple(problems)
        self.deriver = deriver or partial(_deriver, git)
        self.progress = progress or Progress()
        self.asker = tuple(asker)
        self._loaded: dict[str, Loaded] = {}
        self._derived: dict[str | None, Derived] = {}
        self._places: dict[str, Place | None] = {}
        self._read: dict[str, bytes] = {}
        self.worked_out: dict[tuple[str, str], Any] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Snapshot) and self.content == other.content

    def __hash__(self) -> int:
        return hash(frozenset(self.content.items()))

    def __repr__(self) -> str:
        return f"<Snapshot {self.at.kind} {(self.at.commit or '')[:12]} of {self.git.root or self.git.git_dir}>"

    @cached_property
    def tree(self) -> Tree:
        """The files: those of its own tree and, where events flow on a line, what lies there by its time."""
        return self.ground if self.line is None or self.settings.events == TREE else self.line(self)

    @cached_property
    def at(self) -> At:
        """Which state this is, with the commit of the events line."""
        return self.asked if self.tree.events is None else replace(self.asked, events=self.tree.events)

    @property
    def tree_problems(self) -> tuple[Problem, ...]:
        """What of the tree git cannot take in: unmerged, unreadable; where it is looked at path by path, so far."""
        return (*self._problems, *self.tree.problems)

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every file of the tree, the store's and others: to be asked for where a few will not do."""
        return self.tree.entries

    @cached_property
    def content(self) -> Mapping[str, Entry]:
        """The part of the tree that is the store: records, schemas, pointers, series."""
        return self.named({path: entry for path, entry in self.entries.items() if self.holds(path)})

    def holds(self, path: str) -> bool:
        """Whether a path is the store's: a record's, a schema's, a pointer's, or in the folder of these."""
        from gitml.repo.readers.dvc import is_pointer_file

        if not path.startswith(self.prefix):
            return False
        own = path.startswith((self.prefix + OWN_FOLDER, self.prefix + FOLDER))
        return own or is_pointer_file(path) or self.place(path) is not None

    def named(self, found: Mapping[str, Entry]) -> dict[str, Entry]:
        """Some entries, with the ids of changed files that nobody has asked for before (Repository.worktree)."""
        unread = [path for path, entry in found.items() if not entry.oid.strip("0") and entry.mode not in NO_FILES]
        ids = self.git.hash_paths(unread) if unread else {}
        return {**found, **{path: Entry(found[path].mode, oid) for path, oid in ids.items()}}

    def inner(self, path: str) -> str | None:
        """A path relative to the store, or None outside it."""
        return path[len(self.prefix) :] if path.startswith(self.prefix) else None

    def read(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The bytes of blobs; those that this clone does not have are left out."""
        wanted = dict.fromkeys(oids)
        found = {oid: held[oid] for oid in wanted for held in (self.contents, self._read) if oid in held}
        lacking = [oid for oid in wanted if oid not in found]
        if len(lacking) <= _FEW:
            fresh = found | {oid: raw for oid in lacking if (raw := self.ground.objects.get(oid)) is not None}
        else:
            fresh = bytes_of(self.git.cat, found, wanted)
        if len(fresh) - len(found) <= _FEW:
            if len(self._read) > _MANY:
                self._read.clear()
            self._read.update((oid, fresh[oid]) for oid in fresh.keys() - found.keys())
        return fresh

    @property
    def _cat(self) -> Cat:
        return self.ground.objects.cat

    def read_ahead(self, before: Snapshot) -> None:
        """Read the settings and the few records that differ from another snapshot, both versions, in one process."""
        changed = [path for path in self.ground.differs(before.ground) if path.endswith(".yaml")]
        if len(changed) < _FEW // 2:
            wanted = [
                (tree, path) for tree in (self.ground, before.ground) for path in (self.prefix + SETTINGS, *changed)
            ]
            found = self.read(entry.oid for tree, path in wanted if (entry := tree.file(path)) is not None)
            before._read.update(found)

    def bytes_at(self, path: str) -> bytes | None:
        """The bytes at a path, or None where nothing is (or the object is missing)."""
        entry = self.tree.file(path)
        return self.read([entry.oid]).get(entry.oid) if entry else None

    @cached_property
    def own_schemas(self) -> tuple[SchemaFile, ...]:
        """The schema files in this snapshot's `schemas/` that are gitml's."""
        folder = (self.prefix + FOLDER).rstrip("/")
        named = self.ground.known_as(folder)
        made = self.cache.made if self.cache and named else {}
        asked = ("schemas", self.prefix, named)
        if asked not in made:
            made[asked] = self._schema_files(self.ground.files(folder))
        known: tuple[SchemaFile, ...] = made[asked]
        return known

    def _schema_files(self, files: Mapping[str, Entry]) -> tuple[SchemaFile, ...]:
        blobs = {path: entry.oid for path, entry in files.items() if is_schema_path(self.inner(path) or "")}
        # Schemas outlive their snapshot: what reads them again must not hold it fast.
        held = {oid: self.contents[oid] for oid in blobs.values() if oid in self.contents}
        return read_files(blobs, partial(bytes_of, self._cat, held), self.cache)

    @cached_property
    def schemas(self) -> Schemas:
        """The kinds that hold here."""
        return schemas(self.own_schemas, self.asker, self.cache)

    @cached_property
    def settings(self) -> Settings:
        """What store.yaml says, with the defaults."""
        entry = self.ground.file(self.prefix + SETTINGS)
        return _settings(self.read([entry.oid]).get(entry.oid) if entry else None)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths where records are, or should be; sorted."""
        return tuple(sorted(path for path in self.entries if self.is_record_path(path)))

    def is_record_path(self, path: str) -> bool:
        """Whether a record belongs at a path."""
        inner = self.inner(path)
        if inner is None or inner == SETTINGS or inner.startswith(SERIES):
            return False
        if inner.startswith(OWN_FOLDER):
            return inner.endswith((".yaml", ".yml")) or ".yaml/" in inner or self._hides_records(path, inner)
        return self.schemas.place(inner) is not None or (f"{inner}/" == OWN_FOLDER and self._hides_records(path, inner))

    def _hides_records(self, path: str, inner: str) -> bool:
        """Whether a symlink or a submodule stands where a folder of records should be: nobody sees behind it."""
        entry = self.tree.file(path)
        if entry is None or entry.mode not in NO_FILES:
            return False
        return f"{inner}/" == OWN_FOLDER or inner[len(OWN_FOLDER) :].partition("/")[0] in self.schemas.folders()

    def place(self, path: str) -> Place | None:
        """The kind and names that a path stands for, by the templates alone."""
        if path not in self._places:
            if len(self._places) >= _PLACES:
                self._places.clear()
            inner = self.inner(path)
            self._places[path] = None if inner is None else self.schemas.place(inner)
        return self._places[path]

    def path(self, ref: Ref) -> str:
        """Where a ref's record lies, or would; raises BadRef or NotFound (the kind)."""
        return self.prefix + self.schemas.path(ref)

    def find(self, ref: Ref) -> str | None:
        """The path of a ref's record where there is one; nothing is parsed."""
        try:
            path = self.path(ref)
        except (BadRef, NotFound):
            return None
        return path if self.tree.file(path) is not None else None

    def load(self, paths: Iterable[str]) -> list[Loaded]:
        """What stands at record paths: each a record, or problems, or both; read in bulk and kept."""
        wanted = list(paths)
        fresh = [path for path in wanted if path not in self._loaded]
        if fresh:
            self._loaded.update({found.path: found for found in load(self, fresh)})
        return [self._loaded[path] for path in wanted]

    def stream(self, paths: Iterable[str]) -> Iterator[Loaded]:
        """Like `load`, a portion at a time, and nothing is kept: for going once through all that there is."""
        wanted = list(paths)
        for start in range(0, len(wanted), _PORTION):
            portion = wanted[start : start + _PORTION]
            fresh = load(self, (path for path in portion if path not in self._loaded))
            yield from fresh
            yield from (self._loaded[path] for path in portion if path in self._loaded)

    def records(self, kind: str | None = None) -> Iterator[Record]:
        """The records of a kind (of all kinds), by path, and after them the derived ones.

        A record hides a derived one of its name. Those that cannot be read are among `problems`.
        """
        if kind is not None:
            self.schemas.kind(kind)
        paths = self.paths if kind is None else self.paths_of(kind)
        yield from (found.record for found in self.load(paths) if found.record is not None)
        if making(self.settings.readers, kind) or kind is None:
            yield from (record for record in self.derived(kind).of(kind) if self.find(record.ref) is None)

    def derived(self, kind: str | None = None) -> Derived:
        """What the readers that make a kind (all readers) make of other tools' files, and what they could not read."""
        if kind not in self._derived:
            from gitml.repo.derive import Asked, reads_files

            readers = making(self.settings.readers, kind)
            asked = Asked(readers, kind, self.prefix, self.asked.until)
            self._derived[kind] = self.deriver().derive(self.seen if reads_files(readers) else {}, asked, self._changed)
        return self._derived[kind]

    @cached_property
    def seen(self) -> Seen:
        """The files as readers see them."""
        from gitml.repo.apart import seen

        folders = sorted({kind.template.folder for kind in self.schemas.kinds.values()} - {""})
        return seen(self.git, self.tree.ground, (self.prefix + folder for folder in folders), self.cache)

    def _changed(self, path: str, oid: str) -> bytes | None:
        """Bytes that are not Git's yet: of a change, or of the work tree's files that nobody has given an id."""
        if oid in self.contents:
            return self.contents[oid]
        return None if oid.strip("0") else self.git.unread(path)

    def paths_of(self, kind: str) -> list[str]:
        """The paths of the records of one kind; sorted."""
        known = "paths" in self.__dict__
        paths = self.paths if known else sorted(filter(self.is_record_path, self.tree.under(self.folders_of(kind))))
        return [path for path in paths if (place := self.place(path)) is not None and place.kind.name == kind]

    def folders_of(self, kind: str) -> list[str]:
        """The folders in which all records of a kind lie, by the fixed beginnings of its templates; `""` is the top."""
        kinds = self.schemas.kinds.items()
        starts = {found.template.folder for (name, _major), found in kinds if name == kind}
        return sorted(f"{self.prefix}{start}".rstrip("/") for start in starts)

    def record(self, ref: Ref) -> Record:
        """One record; raises NotFound with the nearest refs, or BadRef."""
        path = self.path(ref) if self.schemas.kind(ref.kind).addressing != DERIVED else ""
        if path in self.tree:
            found = self.load([path])[0]
            if found.record is not None:
                return found.record
            raise NotFound(f"{ref.bare} cannot be read: {found.problems[0]}", hint="git ml validate shows all problems")
        for problem in self.tree_problems:
            if problem.path == path:
                raise NotFound(f"{ref.bare} cannot be read: {problem}")
        if (made := self.derived(ref.kind).get(ref.bare)) is not None:
            return made
        near = nearest(str(ref.bare), self._names(ref.kind))
        raise NotFound(
            f"there is no {ref.bare} {self.told}", near=near, hint=f"git ml list {ref.kind} shows what is there"
        )

    @property
    def told(self) -> str:
        """The snapshot in words, for messages."""
        kinds = {"commit": f"at {(self.asked.commit or '')[:12]}", "staged": "in the staged content"}
        return kinds.get(self.asked.kind, "in the work tree")

    def _names(self, kind: str) -> list[str]:
        return [str(record.ref) for record in islice(self.records(kind), _NEAR)]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the form and place of records and schemas, and with the tree."""
        found = [problem for loaded in self.load(self.paths) for problem in loaded.problems]
        every = dict.fromkeys([*self.tree_problems, *self.schemas.problems, *found, *self.derived().problems])
        return tuple(sorted(every, key=lambda problem: problem.order))

    def overlay(self, changes: Iterable[Change]) -> Snapshot:
        """The snapshot as it would be after changes; nothing is written."""
        made = list(changes)
        entries = {one.path: None if one.after is None else Entry(one.mode, one.after) for one in made}
        contents = {one.after: one.content for one in made if one.after is not None and one.content is not None}
        after = self.with_changes(entries, contents)
        after.share(self, entries)
        return after

    def with_changes(self, entries: Mapping[str, Entry | None], contents: Mapping[str, bytes]) -> Snapshot:
        """The snapshot with other entries at some paths, and the bytes of those; both mappings may grow (Pending)."""
        return Snapshot(
            self.git, self.at, self.tree.on_top(entries), prefix=self.prefix, contents=Over(contents, self.contents),
            asker=self.asker, cache=self.cache, problems=self._problems, deriver=self.deriver,
        )  # fmt: skip

    def follow(self, before: Snapshot, changed: Collection[str]) -> None:
        """Take the place of another snapshot, with all that this one knows of what has not changed."""
        self._loaded = before._loaded
        for path in changed:
            self._loaded.pop(path, None)
        self._share(before, changed)

    def share(self, other: Snapshot, changed: Collection[str]) -> None:
        """Take over what another snapshot knows of what has not changed."""
        self._loaded = {path: found for path, found in other._loaded.items() if path not in changed}
        self._share(other, changed)

    def _share(self, other: Snapshot, changed: Iterable[str]) -> None:
        paths = {path.removeprefix(self.prefix) for path in changed}
        kept = ("own_schemas", "schemas") if not any(path.startswith(FOLDER) for path in paths) else ()
        for name in (*kept, *(() if SETTINGS in paths else ("settings",))):
            if name in other.__dict__:
                self.__dict__[name] = other.__dict__[name]

    def is_settings(self, path: str) -> bool:
        """Whether a path is the store's own store.yaml."""
        return path == self.prefix + SETTINGS

    @property
    def settings_kind(self) -> str:
        """The kind whose schema store.yaml satisfies."""
        return STORE


def _deriver(git: Git) -> Deriver:
    from gitml.repo.derive import Deriver

    return Deriver(git)


@lru_cache(maxsize=16)
def _settings(raw: bytes | None) -> Settings:
    return Settings.of(read(raw).data if raw is not None else None)
