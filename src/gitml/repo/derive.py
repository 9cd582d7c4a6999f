"""From trees to derived records: each join is done once for all trees that show it the same files."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from gitml.errors import GitmlError, Problem
from gitml.repo.git.batch import Blobs
from gitml.repo.git.objects import Entry
from gitml.repo.load import UNREADABLE
from gitml.repo.readers.derived import Derived, Unit, joined, record
from gitml.repo.readers.dvc import LOCK, STAGES, is_pointer_file
from gitml.repo.readers.files import Files, Seen, Tree, begins
from gitml.repo.registry import Registry

if TYPE_CHECKING:
    from gitml.repo.git import Git

GTO: Final = "gto"

Join = Callable[[Files, str | None], Unit]
"""What makes the records of a kind, or all, of some files."""
Changed = Callable[[str, str], bytes | None]
"""Bytes that are no object of Git's, by path and id: of the work tree, of a change that is not written yet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to derive: by which readers, of which kind (None: all), and until when (None: now) tags count.

    Trees that share `paths` have the same files that readers begin with.
    """

    readers: tuple[str, ...]
    kind: str | None = None
    prefix: str = ""
    until: int | None = None
    paths: str | None = None


_MANY = 8
_HELD = 1 << 14
_LARGE = 1 << 20


def reads_files(readers: Iterable[str]) -> bool:
    """Whether some of the readers look at a tree's files, and not at tags alone."""
    return any(reader in _JOINS for reader in readers)


class Deriver:
    """Derives records from any number of trees of one repository."""

    def __init__(self, git: Git, objects: Blobs | None = None) -> None:
        self._git = git
        self._blobs = objects or Blobs(git)
        self._held: dict[str, bytes] = {}
        self._kept: dict[tuple[str, str], bytes | None] = {}
        self._registry = Registry(git, self._blobs)
        self._known: dict[tuple[str, str | None], _Known] = {}
        self._watched: set[str] = set()
        self._joins: dict[tuple[str, tuple[str, ...], str], dict[str, Join]] = {}

    def derive(self, seen: Mapping[str, Entry] | Tree, asked: Asked, changed: Changed | None = None) -> Derived:
        """What readers make of a tree's files, and of tags that were set by then."""
        tree = seen if isinstance(seen, Tree) else Tree(seen)
        joins = self._all_joins(tree, asked)
        if asked.paths is None:  # who goes through history brings the contents along
            self._read_ahead(tree.entries, joins)
        units = [self._unit(name, join, tree, asked.kind, changed) for name, join in joins.items()]
        tagged = [self._registry.unit(asked.until)] if GTO in asked.readers else []
        return joined([*units, *tagged])

    def watches(self, path: str) -> bool:
        """Whether what stands at a path may change what readers make: they begin with it, or have looked there."""
        if path in self._watched or begins(path):
            return True
        return any(path[: at + 1] in self._watched for at, letter in enumerate(path) if letter == "/")

    def _all_joins(self, tree: Tree, asked: Asked) -> dict[str, Join]:
        """The joins that a tree calls for, found once for all trees of the same paths."""
        key = (asked.paths or "", asked.readers, asked.prefix)
        joins = self._joins.get(key)
        if joins is None:
            inside = [path for path in tree.starts if path.startswith(asked.prefix)]
            found = (pair for reader in asked.readers if reader in _JOINS for pair in _JOINS[reader](inside))
            joins = dict(sorted(found, key=itemgetter(0)))
            if asked.paths:
                self._joins[key] = joins
        return joins

    def _unit(self, name: str, join: Join, tree: Tree, kind: str | None, changed: Changed | None) -> Unit:
        known = self._known.setdefault((name, kind), _Known())
        unit = known.find(tree)
        if unit is None:
            files = Files(tree, partial(self._content, changed), self._from_cache)
            unit = join(files, kind)
            self._watched.update(path for path, _oid in files.seen)
            if files.missing:
                return replace(unit, problems=(*unit.problems, *map(_absent, files.missing)))
            # What is not Git's has no id that would tell one state from the next.
            if all(oid is None or oid.strip("0") for _path, oid in files.seen):
                known.keep(files.seen, unit)
        return unit

    def _content(self, changed: Changed | None, path: str, oid: str) -> bytes | None:
        if changed is not None and (raw := changed(path, oid)) is not None:
            return raw
        if oid not in self._held:
            raw = self._blobs.get(oid)
            if raw is None or len(raw) > _LARGE:
                return raw
            if len(self._held) > _HELD:
                self._held.clear()
            self._held[oid] = raw
        return self._held[oid]

    def _read_ahead(self, entries: Mapping[str, Entry], units: Mapping[str, Join]) -> None:
        """Read the files that units begin with in one process, where there are many."""
        names = [name for unit in units for name in (unit, _beside(unit)) if name in entries]
        wanted = {entries[name].oid for name in names} - self._held.keys()
        if len(wanted) > _MANY:
            found = self._git.cat(oid for oid in wanted if oid.strip("0"))
            self._held.update((oid, raw) for oid, raw in found if raw is not None)

    @cached_property
    def _has_dvc(self) -> bool:
        from gitml.repo.data.dvc import is_dvc

        return is_dvc(self._git)

    def _from_cache(self, path: str, md5: str) -> bytes | None:
        """What DVC's cache has for a hash; metrics are small, and a large file is none."""
        if (path, md5) not in self._kept:
            self._kept[path, md5] = self._cached(md5) if self._has_dvc else None
        return self._kept[path, md5]

    def _cached(self, md5: str) -> bytes | None:
        from gitml.repo.data.dvc import cache_path

        try:
            found = cache_path(self._git, md5)
            return found.read_bytes() if found and found.stat().st_size <= _LARGE else None
        except (GitmlError, OSError):  # a configuration or a cache that is damaged: `status --data` tells of them
            return None


def _absent(path: str) -> Problem:
    """A file that this clone has left out."""
    hint = "git fetch --refetch brings what a partial clone has left out"
    return Problem(UNREADABLE, path, "its object is not in this clone", hint)


@dataclass(slots=True)
class _Known:
    """What one join gave so far, by what it saw: a join sees files in an order that only their contents change."""

    unit: Unit | None = None
    path: str = ""
    then: dict[str | None, _Known] = field(default_factory=dict)

    def find(self, tree: Tree) -> Unit | None:
        """What the join gave for a tree that showed it the same."""
        here: _Known | None = self
        while here is not None and here.unit is None and here.then:
            here = here.then.get(tree.stands(here.path))
        return here.unit if here is not None else None

    def keep(self, seen: Seen, unit: Unit) -> None:
        """Keep what the join gave."""
        here = self
        for path, oid in seen:
            here.path = path
            here = here.then.setdefault(oid, _Known())
        here.unit = unit


def _of_dvc(paths: Iterable[str]) -> Iterator[tuple[str, Join]]:
    """The joins that DVC's files call for, by the file that each begins with."""
    for path in filter(is_pointer_file, paths):
        if path.rpartition("/")[2] in (STAGES, LOCK):
            folder = posixpath.dirname(path)
            yield posixpath.join(folder, STAGES), partial(_pipeline, folder)
        else:
            yield path, partial(_dot_dvc, path)


def _beside(path: str) -> str:
    return posixpath.join(posixpath.dirname(path), LOCK) if path.rpartition("/")[2] == STAGES else path


def _pipeline(folder: str, files: Files, kind: str | None) -> Unit:
    from gitml.repo.readers.dvc.pipeline import join

    return join(folder, files, kind)


def _dot_dvc(path: str, files: Files, _kind: str | None) -> Unit:
    from gitml.repo.readers.dvc.tracked import join

    return join(path, files)


def _of_models(paths: Iterable[str]) -> Iterator[tuple[str, Join]]:
    """The joins that model indexes call for."""
    from gitml.repo.readers.model_index import is_index

    yield from ((path, partial(_models, path)) for path in paths if is_index(path))


def _models(path: str, files: Files, _kind: str | None) -> Unit:
    from gitml.repo.readers.model_index import model_index
    from gitml.repo.readers.model_records import records

    raw = files.read(path)
    if raw is None:
        return Unit()
    found = model_index(path, raw)
    return Unit(
        tuple(record(ref.kind, ref.keys, path, data) for ref, data in records(found)), found.problems, "model-index"
    )


_JOINS: Mapping[str, Callable[[Iterable[str]], Iterator[tuple[str, Join]]]] = {
    "dvc": _of_dvc,
    "model-index": _of_models,
}
