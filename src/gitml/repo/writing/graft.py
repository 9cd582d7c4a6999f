"""A commit's tree with some entries replaced, by reading and writing only the folders on the way to them.

A temporary index would read and write the whole tree (150 ms at 100,000 files); this costs the same at any size. Tree
ids are computed here, so that all new trees go to git at once, with the blobs in them (pack.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from gitml.errors import Conflict, GitFailed
from gitml.repo.git import Git
from gitml.repo.git.batch import HANDFUL
from gitml.repo.git.ids import object_id
from gitml.repo.git.objects import Entry
from gitml.repo.git.session import Session
from gitml.repo.writing.pack import Object

TREE = "40000"

Entries = dict[str, Entry]
"""Of one folder, by name."""

_Tree = tuple[str, Entries]


@dataclass(frozen=True, slots=True)
class Trees:
    """The folders of one commit that lie on the way to some paths; `root` is the id of the whole tree."""

    root: str | None
    folders: Mapping[str, Entries]

    def entry(self, path: str) -> Entry | None:
        """A file's entry; Conflict where a folder, or a file on the way to it, stands there."""
        folder, name = split(path)
        for above in _above(folder):
            place, part = split(above)
            blocking = self.folders.get(place, {}).get(part) if above else None
            if blocking and blocking.mode != TREE:
                raise Conflict(f"{path}: {above} is a file in the last commit", hint="nothing was written")
        found = self.folders.get(folder, {}).get(name)
        if found and found.mode == TREE:
            raise Conflict(f"{path}: this is a folder in the last commit", hint="nothing was written")
        return found


def split(path: str) -> tuple[str, str]:
    """Folder ("" at the top) and name."""
    folder, _, name = path.rpartition("/")
    return folder, name


def read(session: Session, commit: str | None, paths: Iterable[str]) -> Trees:
    """The folders of `commit` (None: no commit yet) on the way to `paths`."""
    wanted = sorted({"", *(above for path in paths for above in _above(split(path)[0]))})
    if commit is None:
        return Trees(None, {folder: {} for folder in wanted})
    found = _trees(session, commit, wanted) if len(wanted) <= HANDFUL else _listed(session, commit, wanted)
    folders = {folder: tree[1] if tree else {} for folder, tree in zip(wanted, found, strict=True)}
    for folder, tree in zip(wanted, found, strict=True):
        place, name = split(folder)
        if tree is None and (not folder or folders[place].get(name, Entry("", "")).mode == TREE):
            raise GitFailed(f"{folder or 'the root'} of {commit[:12]} is not in this clone", hint="git fetch it first")
    top = found[wanted.index("")]
    return Trees(top[0] if top else None, folders)


def graft(git: Git, trees: Trees, edits: Mapping[str, Entry | None]) -> tuple[str, list[Object]]:
    """The id of the tree that has `edits` (path to mode and blob, None to leave it out) in place, and the new trees."""
    folders = {folder: dict(entries) for folder, entries in trees.folders.items()}
    for path, entry in edits.items():
        folder, name = split(path)
        _put(folders[folder], name, entry)
    made = []
    oid = ""
    for folder in sorted(folders, key=lambda folder: (folder.count("/") + bool(folder), folder), reverse=True):
        entries = folders[folder]
        one = Object("tree", _content(entries))
        oid = object_id(*one, git.object_format)
        place, name = split(folder)
        if folder:
            _put(folders[place], name, Entry(TREE, oid) if entries else None)
        if entries != trees.folders[folder] and (entries or not folder):
            made.append(one)
    return oid, made


def _above(folder: str) -> list[str]:
    """The folder itself and every folder above it, the top ("") last."""
    if not folder:
        return [""]
    parents = [str(parent) for parent in PurePosixPath(folder).parents]
    return [folder, *parents[:-1], ""]


def _put(entries: Entries, name: str, entry: Entry | None) -> None:
    if entry:
        entries[name] = entry
    else:
        entries.pop(name, None)


def _listed(session: Session, commit: str, folders: list[str]) -> list[_Tree | None]:
    """Each folder of a commit as (oid, entries), asked for together; None where there is none, or something else."""
    size = session.git.hash_size // 2
    found = session.find([f"{commit}:{folder}" for folder in folders])
    return [(one.oid, _entries(one.content, size)) if one and one.type == "tree" else None for one in found]


def _trees(session: Session, commit: str, folders: list[str]) -> list[_Tree | None]:
    """The same, one after the other from the top: what this process has written or read of late costs nothing."""
    known: dict[str, _Tree | None] = {}
    for folder in folders:
        place, name = split(folder)
        above = known.get(place) if folder else None
        entry = above[1].get(name) if above else None
        oid = entry.oid if entry and entry.mode == TREE else None if folder else f"{commit}^{{tree}}"
        found = session.objects.find(oid) if oid else None
        known[folder] = (found.oid, _entries(found.content, session.git.hash_size // 2)) if found else None
    return list(known.values())


def _entries(raw: bytes, size: int) -> Entries:
    entries: Entries = {}
    place = 0
    while place < len(raw):
        end = raw.index(b"\0", place)
        mode, name = raw[place:end].split(b" ", 1)
        place = end + 1 + size
        entries[name.decode("utf-8", "surrogateescape")] = Entry(mode.decode(), raw[end + 1 : place].hex())
    return entries


def _content(entries: Entries) -> bytes:
    """A tree as git stores it; in its order a folder's name counts as if it ended in a slash."""
    named = [(name.encode("utf-8", "surrogateescape"), mode, oid) for name, (mode, oid) in entries.items()]
    named.sort(key=lambda item: item[0] + b"/" if item[1] == TREE else item[0])
    return b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for name, mode, oid in named)
