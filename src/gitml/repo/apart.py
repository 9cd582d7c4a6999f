"""Where readers begin: a tree's files but for large folders, of records mostly, in which none of them begins.

That is known by a folder's id, or by how it differs from one that is known. Else the tree is listed, and it is learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from gitml.errors import GitFailed
from gitml.repo.git.history import changes
from gitml.repo.readers import files
from gitml.repo.readers.files import begins

if TYPE_CHECKING:
    from gitml.repo.cache import Cache
    from gitml.repo.git import Git
    from gitml.repo.git.objects import Entry
    from gitml.repo.git.trees import Tree

ASKED: Final = "apart/1/"
"""How all keys begin that this version asks the cache for."""

# Smaller folders are sooner listed than looked up.
_LARGE: Final = 64


def seen(git: Git, tree: Tree, folders: Iterable[str], cache: Cache | None) -> files.Tree:
    """A tree as readers see it; of `folders` those in which none of them begins are listed once one looks there."""
    if cache is None or tree.base is None or tree.is_listed:
        return files.Tree(tree.entries)
    ids = {folder: oid for folder in folders if (oid := tree.folder(folder)) is not None}
    apart = tuple(f"{folder}/" for folder in _known(git, ids, cache))
    if apart:
        begun = {path: entry for path, entry in tree.changes.items() if entry is not None and begins(path)}
        return _Partly({**tree.without(apart), **begun}, apart, lambda: tree.entries)
    _keep({folder: ids[folder] for folder in _without_readers(tree.below, ids)}, cache)
    return files.Tree(tree.entries)


class _Partly(files.Tree):
    """A tree of which some folders are only listed once somebody looks there."""

    def __init__(
        self, near: Mapping[str, Entry], apart: tuple[str, ...], whole: Callable[[], Mapping[str, Entry]]
    ) -> None:
        super().__init__(near)
        self._apart = apart
        self._whole = whole

    def stands(self, path: str) -> str | None:
        self._look(path)
        return super().stands(path)

    def below(self, folder: str) -> Iterator[str]:
        self._look(folder)
        return super().below(folder)

    def _look(self, path: str) -> None:
        """List all of it where a file, or a folder (which ends in `/`), is or holds one of those."""
        around = path.endswith("/") and any(folder.startswith(path) for folder in self._apart)
        if around or path.startswith(self._apart):
            self.take(self._whole())
            self._apart = ()


def _known(git: Git, ids: Mapping[str, str], cache: Cache) -> list[str]:
    """The folders in which it is known that no reader begins; what a change leaves so is known from then on."""
    kept = cache.get([*map(_key, ids.values()), *map(_last, ids)])
    pairs = {
        folder: (kept[_last(folder)], oid)
        for folder, oid in ids.items()
        if _key(oid) not in kept and _last(folder) in kept
    }
    try:
        told = changes(git, pairs.values())
    except GitFailed:  # what was known is gone, with the branch that held it
        pairs, told = {}, {}
    alike = [
        folder for folder, pair in pairs.items() if not any(map(begins, told[pair].changed if pair in told else ()))
    ]
    _keep({folder: ids[folder] for folder in alike}, cache)
    return [*alike, *(folder for folder, oid in ids.items() if _key(oid) in kept)]


def _without_readers(paths: Iterable[str], folders: Iterable[str]) -> Iterator[str]:
    """The large ones of some folders in which no reader begins."""
    every = list(paths)
    starts = [path for path in every if begins(path)]
    for folder in folders:
        inside = f"{folder}/"
        begun = any(path.startswith(inside) for path in starts)
        if not begun and sum(path.startswith(inside) for path in every) >= _LARGE:
            yield folder


def _keep(found: Mapping[str, str], cache: Cache) -> None:
    cache.put({_key(oid): True for oid in found.values()} | {_last(folder): oid for folder, oid in found.items()})


def _key(oid: str) -> str:
    return f"{ASKED}{oid}"


def _last(folder: str) -> str:
    """Under which the id is kept that a folder had when it was last known."""
    return f"{ASKED}{folder}/"
