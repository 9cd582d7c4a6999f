"""Bytes as records name them: a place and a hash; and who gives what lies at a place."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.records.ref import Ref, decode

if TYPE_CHECKING:
    from gitml.records.record import Record

STAGE: Final = "dvc-stage"
OUTPUT: Final = "dvc-output"
CODE: Final = "code"
DATA: Final = "data"
_PIPELINE: Final = "dvc-pipeline/"
_HASHES = ("md5", "sha256", "digest", "etag", "version_id", "blob")


class Held(NamedTuple):
    """Where bytes are, and what they are: `md5:1f3a…`, None where nobody has said."""

    path: str
    hash: str | None


def held(item: Any) -> Held | None:
    """What an input, an output, a dependency or a pointer says of its bytes; None where it names no place."""
    if not isinstance(item, Mapping):
        return None
    place = item.get("path") or item.get("uri")
    return Held(place, hash_of(item)) if isinstance(place, str) else None


def hash_of(item: Mapping[str, Any]) -> str | None:
    """The first hash that stands in a mapping, with its sort."""
    return next((f"{name}:{item[name]}" for name in _HASHES if isinstance(item.get(name), str) and item[name]), None)


def listed(items: Any) -> list[Held]:
    """The bytes that a list names, as the `deps` and `outs` of a stage do."""
    return [found for item in items if (found := held(item))] if isinstance(items, list | tuple) else []


@dataclass(frozen=True, slots=True)
class Given:
    """Who gives the bytes at a path: a stage, or DVC's own tracking of it; `where` is the file that says so."""

    ref: str
    held: Held
    where: str

    @property
    def is_stage(self) -> bool:
        """Whether a stage makes it."""
        return self.ref.startswith(f"{STAGE}/")


def where(stage: Record, one: Held) -> str:
    """The file that says what a stage reads or writes: the dvc.lock, or its dvc.yaml where it has never run."""
    ref = stage.data.get("pipeline")
    if not isinstance(ref, str):
        return stage.path  # a stage of DVC's first years, which is a file by itself
    pipeline = decode(ref.removeprefix(_PIPELINE))
    return posixpath.join(posixpath.dirname(pipeline), "dvc.lock") if one.hash else pipeline


class Givers:
    """Who gives what lies at a path, as DVC sees it: by the same path, a folder around it, or what is inside."""

    def __init__(self, found: Iterable[Given]) -> None:
        self.by_path: dict[str, list[Given]] = {}
        for one in found:
            self.by_path.setdefault(one.held.path, []).append(one)
        self._paths = sorted(self.by_path)

    def at(self, path: str) -> list[Given]:
        """Who gives a path, a folder around it, or something in it."""
        return [*self.exactly(path), *self._around(path), *self._inside(path)]

    def exactly(self, path: str) -> list[Given]:
        """Who gives just this path."""
        return self.by_path.get(path, [])

    def covering(self, path: str) -> list[Given]:
        """Who gives this path or, where nobody does, a folder around it."""
        return self.exactly(path) or list(self._around(path))

    def _around(self, path: str) -> Iterator[Given]:
        while path := path.rpartition("/")[0]:
            yield from self.by_path.get(path, ())

    def _inside(self, path: str) -> Iterator[Given]:
        top = path in ("", ".")
        prefix = "" if top else f"{path}/"
        for place in range(bisect_left(self._paths, prefix), len(self._paths)):
            if not self._paths[place].startswith(prefix):
                return
            if self._paths[place] != path:
                yield from self.by_path[self._paths[place]]


@lru_cache(maxsize=1 << 12)
def output_ref(path: str) -> str:
    """The ref of what DVC tracks at a path."""
    return str(Ref(OUTPUT, (path,)))


@lru_cache(maxsize=1 << 12)
def code_ref(path: str) -> str:
    """The name of a code path, of which there is no record."""
    return str(Ref(CODE, (path,)))


@lru_cache(maxsize=1 << 12)
def data_ref(place: str) -> str:
    """The name of data that DVC does not keep, at a path or an address; of it there is no record, either."""
    return str(Ref(DATA, (place,)))
