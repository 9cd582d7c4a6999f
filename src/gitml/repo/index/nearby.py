"""The table of a commit out of another one's: what differs is looked at, and nothing else."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from gitml.errors import GitFailed
from gitml.repo.git.history import changes
from gitml.repo.index.nearest import nearest
from gitml.repo.index.part import Part
from gitml.repo.readers.dvc import is_pointer_file

if TYPE_CHECKING:
    from gitml.repo.cache import Cache
    from gitml.repo.git.objects import Entry
    from gitml.repo.git.trees import Changes
    from gitml.repo.snapshot import Snapshot

# A commit that differs from one that is known in more blocks, but in less than one of so many records, is that one with
# the rows that differ put over it.
_NEAR: Final = 16
_SPARSE: Final = 8

Ids = Sequence[str | None]
"""Of the folders of a kind."""


class Asking(Protocol):
    """Who makes the table of a kind at a snapshot; `key` is what the tables that were made last are kept by."""

    snapshot: Snapshot
    cache: Cache
    folders: Sequence[str]
    key: str

    def ids(self) -> Ids:
        """Those of the kind's folders in the commit."""
        ...

    def folder_key(self, ids: Ids) -> str:
        """What the cache knows a table by."""
        ...

    def alone_key(self, ids: Ids) -> str:
        """Under which it is kept that no file of DVC's lies in the folders."""
        ...

    def is_of(self, path: str) -> bool:
        """Whether what lies at a path is the kind's."""
        ...

    def fetched(self, parts: Iterable[Part]) -> bool:
        """Have what is kept of the files of some parts at hand; False where the cache has lost some of it."""
        ...


class Nearby(NamedTuple):
    """The parts of another commit's table, what differs, and whether it is known that no file of DVC's lies there."""

    parts: list[Part]
    changed: dict[str, Entry | None]
    alone: bool


def nearest_first(making: Asking, others: Sequence[Ids], ids: Ids) -> list[Ids]:
    """The folders of other commits, those first that are most like these."""
    return nearest(making.snapshot.tree.objects, making.snapshot.git.hash_size, others, ids)


def differing(making: Asking, other: Ids, ids: Ids) -> Nearby | None:
    """What is kept of folders that were as `other` says; None where it is lost."""
    asked = making.folder_key(other)
    kept = making.cache.get([asked, making.alone_key(other)])
    if asked not in kept or None in other or None in ids:
        return None
    pairs = [(str(before), str(after)) for before, after in zip(other, ids, strict=True)]
    try:
        told = changes(making.snapshot.git, pairs)
    except GitFailed:  # that tree is gone, with the branch that held it
        return None
    found: dict[str, Entry | None] = {}
    for folder, pair in zip(making.folders, pairs, strict=True):
        inside = told[pair].changed if pair in told else {}
        found |= {f"{folder}/{path}": entry for path, entry in inside.items()}
    mine = {path: entry for path, entry in found.items() if making.is_of(path)}
    alone = making.alone_key(other) in kept and not any(map(is_pointer_file, found))
    return Nearby([Part(*part) for part in kept[asked]], mine, alone)


def far(making: Asking) -> Nearby | None:
    """A commit that differs in many blocks, but in few records; None where there is none, or the table itself is known.

    To make each of those blocks anew would take longer than to read what differs, and all of it would be kept.
    """
    ids = making.ids()
    if not all(making.folders) or None in ids:
        return None
    asked = making.folder_key(ids)
    kept = making.cache.get([asked, making.key])
    others = [] if asked in kept else nearest_first(making, kept.get(making.key, ()), ids)
    found = next((near for other in others if (near := differing(making, other, ids)) is not None), None)
    if found is None:
        return None
    marked = touched(found.parts, found.changed)
    few = len(found.changed) * _SPARSE < sum(part.size for part in found.parts)
    if len(marked) <= _NEAR or not few or not making.fetched(marked):
        return None
    if found.alone:
        making.cache.put({making.alone_key(ids): True})
    return found


def touched(parts: Sequence[Part], changed: Changes) -> list[Part]:
    """The blocks in which changes fall."""
    lasts = [part.last for part in parts]
    places = {bisect_left(lasts, path) for path in changed}
    return [part for at, part in enumerate(parts) if at in places]
