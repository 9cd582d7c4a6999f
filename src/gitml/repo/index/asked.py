"""Which of what the cache keeps somebody will ask for: tables that are in use, and the blocks that they name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitml.errors import GitFailed
from gitml.repo.git.trees import Tree
from gitml.repo.index.part import Part, head_key, named
from gitml.repo.index.table import place
from gitml.repo.index.tables import ASKED

if TYPE_CHECKING:
    from gitml.repo.repository import Repository

_OF_BLOCKS = frozenset({"block", "files", "column", "shelf"})
_OF_TABLE = ASKED.count("/") + 2


class Asked:
    """What somebody will ask for, by its key.

    `others` are how the keys begin of what hangs on no table, `deeds` of what is made of a block. A table is in use
    where it is one of those that were asked for last, or where its folders are in `tips`.
    """

    def __init__(
        self,
        kept: Mapping[str, Any],
        others: tuple[str, ...],
        deeds: tuple[str, ...] = (),
        tips: Collection[str] = (),
    ) -> None:
        self._others = others
        self._deeds = deeds
        recent = {f"{key}/{named(ids)}" for key, last in kept.items() if _is_recent(key) for ids in last}
        used = (key for key in kept if is_table(key) and (key in recent or key.rpartition("/")[2] in tips))
        self._tables = {key: kept[key] for key in used}
        self._blocks = {part.key for _table, part in _parts(self._tables)}

    def __contains__(self, key: str) -> bool:
        sort, _, rest = key.partition("/")
        if sort in _OF_BLOCKS:
            return rest.partition("/")[0] in self._blocks
        if sort == "alone":
            return rest in self._tables
        if key.startswith(self._deeds):
            return key.rpartition("/")[2] in self._blocks
        return key in self._tables or _is_recent(key) or key.startswith(self._others)


def is_table(key: str) -> bool:
    """Whether this version reads that entry as a table."""
    return key.startswith(ASKED) and key.count("/") == _OF_TABLE


def _is_recent(key: str) -> bool:
    return key.startswith(ASKED) and key.count("/") < _OF_TABLE


def _parts(tables: Mapping[str, Any]) -> Iterator[tuple[str, Part]]:
    for key, parts in tables.items():
        for part in parts:
            yield key, Part(*part)


def incomplete(keys: Collection[str], kept: Mapping[str, Any]) -> dict[str, str]:
    """Tables and blocks that have lost columns, with what is wrong: without them the columns are made again."""
    tables = {key: parts for key, parts in kept.items() if is_table(key)}
    whole: dict[str, bool] = {}
    found: dict[str, str] = {}
    for table, part in _parts(tables):
        if part.key not in whole:
            whole[part.key] = all(place(part.key, name, part.rare) in keys for name in part.names)
        if not whole[part.key]:
            found[table] = "names a block that has lost columns"
            if head_key(part.key) in keys:
                found[head_key(part.key)] = "has lost columns"
    return found


def tips(repository: Repository) -> set[str]:
    """The folders of records, kind by kind as tables name them, at HEAD and the tips of branches and tags."""
    here, git = repository.here(), repository.git
    places = [folders for name, _major in here.schemas.kinds if all(folders := here.folders_of(name))]
    heads = (*git.refs("refs/heads/").values(), *git.refs("refs/tags/").values(), git.head())
    found: set[str] = set()
    for commit in dict.fromkeys(filter(None, heads)):
        tree = Tree(git, commit, {}, repository.objects)
        try:
            found.update(named(map(tree.folder, folders)) for folders in places)
        except GitFailed:
            continue  # a partial clone has left it out, so that no table was made of it
    return found
