"""Tables by snapshot: what is known of a folder by its tree's id, what is new by how it differs, the rest from files.

A commit's table is kept by the ids of the folders in which records of the kind lie, so that an unchanged store opens
without a listing; what is changed on top of it, in the work tree, is read and put in the place of what it replaces.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakValueDictionary

from gitml.errors import NotFound
from gitml.records.reader import VERSION
from gitml.repo.git.objects import Entry
from gitml.repo.index.belonging import all_of, files_of, is_of
from gitml.repo.index.block import FORMAT, Cells, Files, cells, cut, digest, ends
from gitml.repo.index.nearby import differing, far, nearest_first, touched
from gitml.repo.index.part import Part, alone_key, files_key, head_key, named, shared
from gitml.repo.index.seed import Seed
from gitml.repo.index.splice import Source
from gitml.repo.index.table import Block, Columns, Table, stored
from gitml.repo.load import UNREADABLE, Loaded, load_each
from gitml.repo.readers.dvc import is_pointer_file
from gitml.repo.workers import WORTH_SPREADING, cores, spread

if TYPE_CHECKING:
    from gitml.repo.cache import Cache
    from gitml.repo.git.trees import Changes
    from gitml.repo.snapshot import Snapshot

# Fewer records than this are read sooner than their columns are kept.
_WORTH_KEEPING: Final = 64
# Of so many folders the tables that were asked for last are remembered, to begin a new one with.
_REMEMBERED: Final = 8
_TABLE: Final = "table"
_AT_HAND: Final = "columns at hand"
ASKED: Final = f"table/{FORMAT}.{VERSION}/"
"""How all keys of tables begin that this version asks the cache for."""


class Deed(NamedTuple):
    """What somebody makes of the records of a block, and where it is kept: `name` and the block's key.

    `of(snapshot, loaded)` is a module's own function, and gives plain data (mappings, lists, texts, numbers).
    """

    name: str
    of: Callable[[Snapshot, Sequence[Loaded]], Any]

    def key(self, block: str) -> str:
        """What the cache knows it by."""
        return f"{self.name}/{block}"


Deeds = Sequence[Deed]


def blocks(asked: tuple[Seed, str, Deeds], share: Sequence[tuple[str, Files]]) -> list[Part] | None:
    """Blocks read and kept, for a process of its own; None where objects are missing."""
    seed, kind, deeds = asked
    snapshot = seed.snapshot()
    return Making(snapshot, kind, snapshot.cache, deeds).share(share) if snapshot.cache else None


class AbsentError(Exception):
    """Objects are missing that may come: what was made without them is not to be kept."""


def table(snapshot: Snapshot, kind: str) -> Table:
    """The records of a kind that stand in files of their own; raises NotFound for a kind that there is not."""
    found: Table | None = snapshot.worked_out.get((_TABLE, kind))
    if found is None:
        snapshot.schemas.kind(kind)
        found = snapshot.worked_out[_TABLE, kind] = _table(snapshot, kind)
    return found


def _table(snapshot: Snapshot, kind: str) -> Table:
    try:
        found = _kept(snapshot, kind, snapshot.cache) if snapshot.cache else None
    except AbsentError:
        found = None
    return found or Table([Block.of(_read(snapshot, files_of(snapshot, kind)))])


def _kept(snapshot: Snapshot, kind: str, cache: Cache) -> Table | None:
    """The table with the help of the cache; None where there is too little for it."""
    tree = snapshot.tree
    making = Making(snapshot, kind, cache)
    if tree.base is None:
        files = files_of(snapshot, kind)
        return Table(map(making.block, making.parts(files)), cache) if len(files) >= _WORTH_KEEPING else None
    near = far(making)
    parts = near.parts if near else making.commit()
    if parts is None:
        return None
    changed = {**(near.changed if near else {}), **making.changes()}
    return Table(making.changed(parts, changed) if changed else map(making.block, parts), cache)


class Making:
    """The table of one kind at one snapshot, in the making."""

    def __init__(self, snapshot: Snapshot, kind: str, cache: Cache, deeds: Deeds = ()) -> None:
        self.snapshot = snapshot
        self.kind = kind
        self.cache = cache
        self.deeds = deeds
        self.salt = _salt(snapshot, kind)
        self.folders: Sequence[str] = snapshot.folders_of(kind)
        self._lists: dict[str, tuple[list[str], str]] = {}
        self.key = f"{ASKED}{self.salt}/{kind}"
        self.at_hand: WeakValueDictionary[str, Columns] = cache.made.setdefault(_AT_HAND, WeakValueDictionary())
        self.sets: dict[tuple[str, ...], frozenset[str]] = {}  # many blocks have the same names

    def commit(self) -> list[Part] | None:
        """The parts of the commit's table; None where there is too little for it."""
        parts = self.known()
        if parts is not None:
            return parts
        there = self.listed()
        files = all_of(self.snapshot, self.kind, there)
        if len(files) < _WORTH_KEEPING:
            return None
        return self.keep(self.parts(files), alone=not any(map(is_pointer_file, there)))

    def changes(self) -> dict[str, Entry | None]:
        """What is changed of the kind's files on top of the commit."""
        changed = self.snapshot.tree.changes.items()
        return {path: entry for path, entry in changed if is_of(self.snapshot, self.kind, path)}

    def known(self) -> list[Part] | None:
        """The parts of the commit's table: kept as they are, or as those of another commit with what differs."""
        if not all(self.folders):
            return None  # records of this kind may lie anywhere
        ids = self.ids()
        if None in ids and any(self.snapshot.tree.file(folder) for folder in self.folders):
            return None  # what stands where a folder should be is for the listing to tell
        if not any(ids):
            return []
        asked = self.folder_key(ids)
        kept = self.cache.get([asked, self.key])
        if asked in kept:
            return [Part(*part) for part in kept[asked]]
        for other in nearest_first(self, kept.get(self.key, ()), ids):
            if (found := self._from_other(other, ids)) is not None:
                return found
        return None

    def listed(self) -> dict[str, Entry]:
        """All that lies in the commit's folders of the kind."""
        return {path: entry for folder in self.folders for path, entry in self.snapshot.tree.listed(folder).items()}

    def is_alone(self) -> bool:
        """Whether no file of DVC's lies among the commit's records, as far as that is known."""
        key = self.alone_key(self.ids())
        return bool(self.cache.get([key]).get(key))

    def ids(self) -> list[str | None]:
        """The ids of the folders in the commit, None for one that is not there."""
        return [self.snapshot.tree.folder(folder) for folder in self.folders]

    def folder_key(self, ids: Sequence[str | None]) -> str:
        """What the cache knows the table of these folders by."""
        return f"{self.key}/{named(ids)}"

    def alone_key(self, ids: Sequence[str | None]) -> str:
        """Under which it is kept that no file of DVC's lies in these folders."""
        return alone_key(self.folder_key(ids))

    def is_of(self, path: str) -> bool:
        """Whether what lies at a path is the kind's."""
        return is_of(self.snapshot, self.kind, path)

    def _from_other(self, other: Sequence[str | None], ids: Sequence[str | None]) -> list[Part] | None:
        """The parts, made of those that are kept of folders that were as `other` says."""
        found = differing(self, other, ids)
        parts = self.patched(found.parts, found.changed) if found else None
        return self.keep(parts, alone=found.alone) if parts and found else parts

    def keep(self, parts: Sequence[Part], *, alone: bool) -> list[Part]:
        """Keep the parts of the commit's table for others, and whether no file of DVC's lies among its records."""
        if all(self.folders):
            ids = self.ids()
            before = self.cache.get([self.key]).get(self.key, [])
            recent = [ids, *(other for other in before if other != ids)][:_REMEMBERED]
            told = {self.alone_key(ids): True} if alone else {}
            kept = {self.folder_key(ids): shared(parts), self.key: recent, **told}
            self.cache.put(kept, beside=[head_key(part.key) for part in parts])
        return list(parts)

    def parts(self, files: Files, source: Source | None = None) -> list[Part]:
        """Files as parts; blocks that nobody knows yet are read and kept, out of a `source` where there is one."""
        cuts = {digest(part, self.salt): part for part in cut(files)}
        heads = self.cache.get(map(head_key, cuts))
        fresh = self._fresh({key: part for key, part in cuts.items() if head_key(key) not in heads}, source)
        return [
            fresh[key] if key in fresh else Part(key, part[-1][0], *heads[head_key(key)]) for key, part in cuts.items()
        ]

    def _fresh(self, cuts: Mapping[str, Files], source: Source | None) -> dict[str, Part]:
        """Blocks that nobody knows yet, on all cores where they are many."""
        if source is not None and not self.deeds:
            return {key: self._spliced(key, part, source) for key, part in cuts.items()}
        held = self.snapshot.contents  # what Git does not have no other process can read
        is_held = bool(held) and any(entry.oid in held for part in cuts.values() for _path, entry in part)
        many, progress = list(cuts.items()), self.snapshot.progress
        progress.done, progress.whole = 0, sum(map(len, cuts.values()))
        if is_held or progress.whole < WORTH_SPREADING or cores() == 1:
            found = [self.share(many)]
        else:
            count = cores()
            shares = [many[at::count] for at in range(count)]
            common = (Seed.of(self.snapshot, self.cache), self.kind, tuple(self.deeds))
            found = spread(blocks, common, shares, partial(self.share, abreast=count))
        progress.whole = 0
        if None in found:
            raise AbsentError
        return {part.key: part for share in found for part in share or ()}

    def share(self, share: Sequence[tuple[str, Files]], abreast: int = 1) -> list[Part] | None:
        """Blocks read and kept; None where objects are missing. So many processes are about as far as this one."""
        found = []
        for key, files in share:
            try:
                found.append(self.made(key, files))
            except AbsentError:
                return None
            self.snapshot.progress.done += len(files) * abreast
        return found

    def made(self, key: str, files: Files) -> Part:
        """A block read and kept, with what is asked of it besides; raises AbsentError."""
        loaded = self.loaded(files)
        made = {deed.key(key): deed.of(self.snapshot, loaded) for deed in self.deeds}
        return self._kept(key, files, _cells(loaded), made)

    def _spliced(self, key: str, files: Files, source: Source) -> Part:
        return self._kept(key, files, source.spliced(files, self.loaded(source.fresh(files))), {})

    def _kept(self, key: str, files: Files, found: Cells, made: Mapping[str, Any]) -> Part:
        rare = tuple(name for name, column in found.columns.items() if column.is_rare)
        part = Part(key, files[-1][0], found.size, tuple(found.columns), rare, found.lost)
        listed = ([path for path, _entry in files], " ".join(word for _path, entry in files for word in entry))
        self.cache.put({head_key(key): tuple(part[2:]), files_key(key): listed, **stored(key, found.columns), **made})
        return part

    def loaded(self, files: Files) -> list[Loaded]:
        """What stands in the files of a block; raises AbsentError."""
        loaded = _load(self.snapshot, files)
        if any(problem.code == UNREADABLE for found in loaded if not found.record for problem in found.problems):
            raise AbsentError
        return loaded

    def patched(self, parts: Sequence[Part], changed: Changes) -> list[Part] | None:
        """The parts as they are after changes, cut anew where these fall; None where the cache has lost what it needs.

        A block ends where its last path says, so that all others stay as they are.
        """
        lasts = [part.last for part in parts[:-1]]
        falls: dict[int, dict[str, Entry | None]] = {}
        for path, entry in changed.items():
            falls.setdefault(bisect_left(lasts, path), {})[path] = entry
        found: list[Part] = []
        left: dict[str, Entry] = {}  # of a block that has lost its end, and so runs on into the next
        for at, part in enumerate(parts):
            if at not in falls and not left:
                found.append(part)
                continue
            listed = self.listing(part)
            if listed is None:
                return None
            source = None if left else self._source(part, listed)
            left = _after(left | listed, falls.get(at, {}))
            if at + 1 == len(parts) or (left and ends(max(left))):
                found += self.parts(sorted(left.items()), source)
                left = {}
        return found if parts else self.parts(sorted(_after({}, changed).items()))

    def _source(self, part: Part, files: Mapping[str, Entry]) -> Source | None:
        """A part with its columns, to make others of; None where they are lost, and so are the records."""
        table = Table([self.block(part)], self.cache)
        try:
            table.fetch(part.names)
        except NotFound:
            return None
        return Source(table.blocks[0], files)

    def fetched(self, parts: Iterable[Part]) -> bool:
        """Have what is kept of the files of some parts at hand; False where the cache has lost some of it."""
        wanted = {files_key(part.key): part.key for part in parts if part.key not in self._lists}
        kept = self.cache.get(wanted) if wanted else {}
        self._lists.update((wanted[key], listed) for key, listed in kept.items())
        return len(kept) == len(wanted)

    def listing(self, part: Part) -> dict[str, Entry] | None:
        """The files of a part, None where the cache has lost them."""
        if not self.fetched([part]):
            return None
        paths, entries = self._lists[part.key]
        words = entries.split()
        pairs = zip(words[::2], words[1::2], strict=True)
        new = tuple.__new__  # in half of the time of calling Entry
        return {path: new(Entry, pair) for path, pair in zip(paths, pairs, strict=True)}

    def files(self, part: Part) -> dict[str, Entry]:
        """The files of a part of this commit's table."""
        listed = self.listing(part)
        if listed is None:
            is_commit = self.snapshot.tree.base is not None
            every = all_of(self.snapshot, self.kind, self.listed()) if is_commit else files_of(self.snapshot, self.kind)
            listed = dict(next(one for one in cut(every) if digest(one, self.salt) == part.key))
        return listed

    def paths(self, part: Part) -> list[str]:
        """The paths of a part of this commit's table, sorted."""
        return self._lists[part.key][0] if self.fetched([part]) else sorted(self.files(part))

    def block(self, part: Part) -> Block:
        """A part as a block whose columns are still in the cache."""
        names, rare = (self.sets.setdefault(names, frozenset(names)) for names in (part.names, part.rare))
        columns = self.at_hand.setdefault(part.key, Columns())
        return Block(part.size, names, columns, part.lost, part.key, rare, partial(self._again, part))

    def _again(self, part: Part) -> Cells:
        """A part that the cache has lost some of, read and kept again."""
        files = sorted(self.files(part).items())
        found = _read(self.snapshot, files)
        if (found.size, found.lost) == (part.size, part.lost):  # else objects are missing now
            self._kept(part.key, files, found, {})
        return found

    def changed(self, parts: Sequence[Part], changed: Changes) -> Iterator[Block]:
        """The parts as blocks without the rows of what is changed, and what that is now."""
        touching = touched(parts, changed)
        self.fetched(touching)
        marked = {part.key for part in touching}
        for part in parts:
            block = self.block(part)
            if part.key in marked:
                readable = (path for path in self.paths(part) if path not in part.lost)
                rows = [row for row, path in enumerate(readable) if path not in changed]
                block = block.only(rows, (path for path in part.lost if path not in changed))
            yield block
        now = {path: entry for path, entry in changed.items() if entry is not None}
        # Who asks again finds these parsed: they are in no block that is kept.
        yield Block.of(_cells(_load(self.snapshot, sorted(self.snapshot.named(now).items()), keep=True)))


def _after(files: dict[str, Entry], changed: Changes) -> dict[str, Entry]:
    left = {path: entry for path, entry in files.items() if path not in changed}
    return left | {path: entry for path, entry in changed.items() if entry is not None}


def _read(snapshot: Snapshot, files: Files) -> Cells:
    return _cells(_load(snapshot, files))


def _load(snapshot: Snapshot, files: Files, *, keep: bool = False) -> list[Loaded]:
    return load_each([(snapshot, path, entry) for path, entry in files], keep=keep)


def _cells(loaded: Sequence[Loaded]) -> Cells:
    lost = [found.path for found in loaded if found.record is None]
    return cells((found.record for found in loaded if found.record is not None), lost)


def is_alone(snapshot: Snapshot, kind: str) -> bool:
    """Whether it is known that among the records of a kind, in the commit, lies no file of DVC's."""
    if snapshot.cache is None or snapshot.tree.base is None:
        return False
    making = Making(snapshot, kind, snapshot.cache)
    if not all(making.folders):
        return False
    return making.is_alone() or (far(making) is None and making.known() is not None and making.is_alone())


def _salt(snapshot: Snapshot, kind: str) -> str:
    """What a record is read by beside its path: the store's folder, all templates, its kind's schemas, our reader."""
    kinds = snapshot.schemas.kinds
    templates = sorted((name, major, found.template.text) for (name, major), found in kinds.items())
    schemas = snapshot.schemas.blobs(kind)
    return hashlib.sha256(repr((VERSION, snapshot.prefix, templates, schemas)).encode()).hexdigest()[:16]
