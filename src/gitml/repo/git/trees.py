"""A commit's files with what is changed on top of them; git lists them only when somebody wants them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Final

from gitml.errors import Problem
from gitml.repo.git.batch import Blobs
from gitml.repo.git.command import Command, items, text
from gitml.repo.git.objects import Entry, told, tree

FOLDER: Final = "040000"
_DIFFER: Final = ("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none")
_GONE: Final = "000000"
# Who looks into more folders than this one by one has them all listed.
_MANY: Final = 1024

Changes = Mapping[str, Entry | None]
"""Files by path, None for one that is gone."""


class Tree:
    """The files of a commit (of none), changed: folder by folder, or all of them."""

    def __init__(self, command: Command, base: str | None, changes: Changes, objects: Blobs | None = None) -> None:
        self.base = base
        self._changes = changes
        self._command = command
        self.objects = objects or Blobs(command)
        self._folders: dict[str, Mapping[str, Entry]] = {}
        self._listed: dict[str, Mapping[str, Entry]] = {}
        self._told: dict[str, Entry | None] = {}

    @property
    def changes(self) -> Changes:
        """What differs from the commit."""
        return self._changes

    @property
    def ground(self) -> Tree:
        """The tree without what an events line lays over it (stack.py)."""
        return self

    @property
    def layers(self) -> tuple[Tree, ...]:
        """What it is stacked of: itself, else a tree and the line that lies over it."""
        return (self,)

    @property
    def events(self) -> str | None:
        """The commit of the events line that lies over it; None where none does."""
        return self.layers[1].base if len(self.layers) > 1 else None

    @property
    def problems(self) -> Sequence[Problem]:
        """What of it git cannot take in, as far as somebody has looked."""
        return ()

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Every file, by its path from the top."""
        if not self.changes:
            return self.below
        found = {path: entry for path, entry in self.below.items() if path not in self.changes}
        return found | {path: entry for path, entry in self.changes.items() if entry is not None}

    @cached_property
    def below(self) -> Mapping[str, Entry]:
        """Every file of the commit alone."""
        return {} if self.base is None else tree(self._command, self.base)

    def under(self, folders: Iterable[str]) -> dict[str, Entry]:
        """Every file in some folders and in folders of these, by its path from the top; `""` is the top.

        What stands where such a folder should be is told as well.
        """
        asked = list(folders)
        found = {path: entry for folder in asked for path, entry in self.listed(folder).items()}
        return over(found, self.changes, lambda path: any(is_under(path, folder) for folder in asked))

    def listed(self, folder: str) -> Mapping[str, Entry]:
        """What `under` says of one folder, in the commit alone."""
        if not folder or "below" in self.__dict__:
            return {path: entry for path, entry in self.below.items() if is_under(path, folder)}
        if folder not in self._listed:
            above, _, name = folder.rpartition("/")
            there = self.within(above).get(name)
            self._listed[folder] = self._files(folder, there) if there else {}
        return self._listed[folder]

    def _files(self, path: str, there: Entry) -> dict[str, Entry]:
        if there.mode != FOLDER:
            return {path: there}
        found = self.within(path)
        if any(entry.mode == FOLDER for entry in found.values()):
            found = tree(self._command, there.oid)
        return {f"{path}/{name}": entry for name, entry in found.items()}

    def __contains__(self, path: str) -> bool:
        return self.file(path) is not None

    def __getitem__(self, path: str) -> Entry:
        found = self.file(path)
        if found is None:
            raise KeyError(path)
        return found

    def differs(self, other: Tree) -> frozenset[str]:
        """The paths at which another tree of the repository has something else."""
        if len(other.layers) > 1:
            return other.differs(self)
        if self.base is None or other.base is None or {"below"} <= self.__dict__.keys() & other.__dict__.keys():
            return frozenset(path for path, _entry in self.entries.items() ^ other.entries.items())
        asked = {*self.changes, *other.changes}
        if self.base != other.base:
            asked.update(self._learn(other, items(told(self._command, *_DIFFER, self.base, other.base))))
        return frozenset(path for path in asked if self.file(path) != other.file(path))

    def _learn(self, other: Tree, said: list[str]) -> list[str]:
        """The paths of `:100644 100644 <before> <after> M`, path, and so on; both trees know them from now on."""
        size = self._command.hash_size
        before, after = slice(15, 15 + size), slice(16 + size, 16 + 2 * size)
        for one, path in zip(said[::2], said[1::2], strict=True):
            self._told[path] = None if one[1:7] == _GONE else Entry(one[1:7], one[before])
            other._told[path] = None if one[8:14] == _GONE else Entry(one[8:14], one[after])
        return said[1::2]

    def tell(self, files: Mapping[str, Entry]) -> None:
        """Take in what is known already of some files of the commit."""
        self._told.update(files)

    def file(self, path: str) -> Entry | None:
        """The file at a path."""
        if path in self.changes:
            return self.changes[path]
        if path in self._told:
            return self._told[path]
        if "below" in self.__dict__ or len(self._folders) > _MANY:
            return self.below.get(path)
        folder, _, name = path.rpartition("/")
        found = self.within(folder).get(name)
        return None if found is None or found.mode == FOLDER else found

    @property
    def is_listed(self) -> bool:
        """Whether all files are known already."""
        return self.base is None or "below" in self.__dict__

    def without(self, folders: tuple[str, ...]) -> Mapping[str, Entry]:
        """Every file that lies in none of some folders, which end in `/`."""
        above = {folder[:at] for folder in folders for at in range(len(folder)) if folder[at] == "/"}
        around = {folder.rpartition("/")[0] for folder in above}
        beside = {
            (f"{folder}/" if folder else "") + name: entry
            for folder in around
            for name, entry in self.within(folder).items()
        }
        found = {path: entry for path, entry in beside.items() if path not in above and entry.mode != FOLDER}
        others = [path for path, entry in beside.items() if path not in above and entry.mode == FOLDER]
        if others and self.base is not None:
            listed = self.below if len(others) > _MANY else tree(self._command, self.base, others)
            found |= {path: entry for path, entry in listed.items() if not path.startswith(folders)}
        return over(found, self.changes, lambda path: not path.startswith(folders))

    def files(self, folder: str) -> dict[str, Entry]:
        """The files that lie in a folder, not those in folders of it."""
        start = f"{folder}/" if folder else ""
        found = {start + name: entry for name, entry in self.within(folder).items() if entry.mode != FOLDER}
        return over(found, self.changes, _lies_in(folder))

    def ready(self, paths: Iterable[str]) -> None:
        """Look up some files together, where each alone would cost a process."""

    def on_top(self, changes: Changes) -> Tree:
        """The same with some files changed; what was looked up in it stays known."""
        return _OnTop(self, changes)

    def known_as(self, folder: str) -> str | None:
        """An id that names all that lies in a folder; None where none is known."""
        return None if any(is_under(path, folder) for path in self.changes) else self.folder(folder)

    def folder(self, path: str) -> str | None:
        """The id of a folder of the commit, which names all that is in it."""
        above, _, name = path.rpartition("/")
        found = self.within(above).get(name) if path else None
        return found.oid if found is not None and found.mode == FOLDER else None

    def within(self, folder: str) -> Mapping[str, Entry]:
        """What lies in a folder of the commit, by name; a folder in it is an entry of mode FOLDER."""
        if folder not in self._folders:
            self._folders[folder] = self._read(folder)
        return self._folders[folder]

    def _read(self, folder: str) -> Mapping[str, Entry]:
        oid = f"{self.base}^{{tree}}" if not folder else self.folder(folder)
        if self.base is None or oid is None:
            return {}
        raw = self.objects.get(oid)
        if raw is None:  # a partial clone has left it out: who lists the tree says so
            _ = self.below
        return _parsed(raw or b"", self._command.hash_size // 2)


class _OnTop(Tree):
    """A tree with some files changed, which asks the one below it for all others."""

    def __init__(self, below: Tree, changes: Changes) -> None:
        super().__init__(below._command, below.base, changes, below.objects)  # noqa: SLF001  (of its own class)
        self._under = below
        self._told = below._told  # noqa: SLF001

    @property
    def changes(self) -> Changes:
        return {**self._under.changes, **self._changes} if self._under.changes else self._changes

    @property
    def problems(self) -> Sequence[Problem]:
        return self._under.problems

    @property
    def is_listed(self) -> bool:
        return self._under.is_listed

    @cached_property
    def below(self) -> Mapping[str, Entry]:
        return self._under.below

    def listed(self, folder: str) -> Mapping[str, Entry]:
        return self._under.listed(folder)

    def file(self, path: str) -> Entry | None:
        return self._changes[path] if path in self._changes else self._under.file(path)

    def files(self, folder: str) -> dict[str, Entry]:
        return over(self._under.files(folder), self._changes, _lies_in(folder))

    def under(self, folders: Iterable[str]) -> dict[str, Entry]:
        asked = list(folders)
        return over(self._under.under(asked), self._changes, lambda path: any(is_under(path, one) for one in asked))

    def ready(self, paths: Iterable[str]) -> None:
        self._under.ready(path for path in paths if path not in self._changes)

    def within(self, folder: str) -> Mapping[str, Entry]:
        return self._under.within(folder)

    def known_as(self, folder: str) -> str | None:
        return None if any(is_under(path, folder) for path in self._changes) else self._under.known_as(folder)


def over(found: dict[str, Entry], changes: Changes, meant: Callable[[str], bool]) -> dict[str, Entry]:
    """Some files with those of the changes put in that are meant."""
    for path, entry in changes.items():
        if meant(path):
            found.pop(path, None)
            found |= {path: entry} if entry is not None else {}
    return found


def _lies_in(folder: str) -> Callable[[str], bool]:
    """Whether a path lies in a folder itself, not in one of it."""
    return lambda path: path.rpartition("/")[0] == folder


def folders_in(objects: Blobs, oid: str, hash_size: int) -> list[str]:
    """The ids of the folders in a tree; none where that is not here."""
    found = _parsed(objects.get(oid) or b"", hash_size // 2).values()
    return [entry.oid for entry in found if entry.mode == FOLDER]


def is_under(path: str, folder: str) -> bool:
    """Whether a path is a folder's (`""` is the top) or leads into it."""
    return not folder or path == folder or path.startswith(f"{folder}/")


@lru_cache(maxsize=16)  # two snapshots of a commit ask for the same, and a large one takes a megabyte
def _parsed(raw: bytes, size: int) -> Mapping[str, Entry]:
    """Git's tree object: `40000 name`, NUL, the id in `size` bytes, and so on."""
    found: dict[str, Entry] = {}
    at = 0
    while at < len(raw):
        end = raw.index(b"\0", at)
        mode, _, name = raw[at:end].partition(b" ")
        at = end + 1 + size
        found[text(name)] = Entry(mode.decode("ascii").zfill(6), raw[end + 1 : at].hex())
    return found
