"""From blobs to records: read in bulk, each blob parsed once, everything that is wrong a problem."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

from gitml.errors import BadRef, Problem
from gitml.records.nearest import nearest
from gitml.records.reader import VERSION, Parsed, read
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.records.schemas import Place, Schemas
from gitml.records.template import OWN_FOLDER
from gitml.repo.cache import Cache
from gitml.repo.git.objects import Entry
from gitml.repo.git.trees import Tree

_LFS = b"version https://git-lfs.github.com/spec/"
ASKED: Final = f"record/{VERSION}/"
"""How all keys of records begin that this version asks the cache for."""

UNREADABLE = "path.unreadable"
NO_FILES = {"120000": "a symlink", "160000": "a submodule", "040000": "a folder"}
# Below this many blobs reading them anew is cheaper than asking the cache.
_WORTH_CACHING = 64


class Source(Protocol):
    """What reading needs to know of a snapshot: its tree, its bytes, and which kind lies where."""

    prefix: str
    cache: Cache | None

    @property
    def tree_problems(self) -> tuple[Problem, ...]:
        """What of its tree git cannot take in."""
        ...

    @property
    def tree(self) -> Tree:
        """Its files."""
        ...

    @property
    def schemas(self) -> Schemas:
        """The kinds that hold."""
        ...

    def read(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The bytes of blobs."""
        ...

    def inner(self, path: str) -> str | None:
        """A path relative to the store."""
        ...

    def place(self, path: str) -> Place | None:
        """The kind whose template a path fits."""
        ...

    def path(self, ref: Ref) -> str:
        """Where a ref's record lies."""
        ...


class Loaded(NamedTuple):
    """What stands at one record path: its blob, the record where it can be read, and the problems of its form.

    `canonical` tells that the bytes are canonical, key order apart.
    """

    path: str
    blob: str
    record: Record | None
    problems: tuple[Problem, ...] = ()
    canonical: bool = False


def load(source: Source, paths: Iterable[str]) -> list[Loaded]:
    """Read the records at paths of a source."""
    return load_each([(source, path, source.tree[path]) for path in dict.fromkeys(paths)])


def load_each(wanted: Sequence[tuple[Source, str, Entry]], *, keep: bool = True) -> list[Loaded]:
    """Read what stands at paths of several sources that share their objects; each blob is read once.

    With `keep=False` the cache is not asked to keep what was parsed.
    """
    oids = {entry.oid for _source, _path, entry in wanted if entry.mode not in NO_FILES}
    with uncollected():
        parsed = parse(wanted[0][0], oids, keep=keep) if wanted else {}
        return [_one(source, path, entry, parsed.get(entry.oid)) for source, path, entry in wanted]


@contextmanager
def uncollected() -> Iterator[None]:
    """While mappings are made by the ten thousand, looking for dead ones among them takes as long as making them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def parse(source: Source, oids: set[str], *, keep: bool = True) -> dict[str, Parsed | None]:
    """Blobs as parsed; None for one that this clone does not have."""
    cache = source.cache if len(oids) >= _WORTH_CACHING else None
    keys = {oid: f"{ASKED}{oid}" for oid in oids}
    kept = _kept(cache, keys) if cache else {}
    raw = source.read(oid for oid in oids if oid not in kept)
    fresh: dict[str, Parsed | None] = {oid: read_blob(data) for oid, data in raw.items()}
    if cache and fresh and keep:
        cache.put({keys[oid]: _plain(found) for oid, found in fresh.items() if found is not None})
    missing: dict[str, Parsed | None] = {oid: None for oid in oids if oid not in kept and oid not in fresh}
    return {**kept, **fresh, **missing}


def read_blob(raw: bytes) -> Parsed:
    """The bytes of one record as parsed; a pointer of Git LFS is told as what it is."""
    if raw.startswith(_LFS):
        told = Problem(
            "path.lfs",
            "",
            "a Git LFS pointer stands where a record should be",
            "add `metadata/**/*.yaml text eol=lf -filter` to .gitattributes and commit the file again",
        )
        return Parsed(None, (told,))
    return read(raw)


def _kept(cache: Cache, keys: dict[str, str]) -> dict[str, Parsed | None]:
    oids = {key: oid for oid, key in keys.items()}
    return {oids[key]: _known(value) for key, value in cache.get(keys.values()).items()}


def _plain(parsed: Parsed) -> Any:
    if not parsed.problems:
        return [parsed.data, parsed.canonical]
    return [
        (found.code, found.message, found.hint, found.line, found.column, found.field) for found in parsed.problems
    ], None


def _known(kept: Any) -> Parsed:
    if isinstance(kept, list):
        return Parsed(kept[0], canonical=kept[1])
    return Parsed(
        None,
        tuple(
            Problem(code, "", message, hint, line=line, column=column, field=field)
            for code, message, hint, line, column, field in kept[0]
        ),
    )


def _one(source: Source, path: str, entry: Entry, parsed: Parsed | None) -> Loaded:
    if entry.mode in NO_FILES:
        return Loaded(path, entry.oid, None, (no_file(path, entry.mode),))
    if ".yaml/" in path[len(source.prefix) :] and path.startswith(source.prefix + OWN_FOLDER):
        told = "lies in a folder that stands where a record should be"
        return Loaded(path, entry.oid, None, (Problem("path.not-a-file", path, told, "a record is a file"),))
    if parsed is None:
        return Loaded(path, entry.oid, None, _absent(source, path, entry))
    problems = tuple(replace(found, path=path) for found in parsed.problems)
    place = source.place(path)
    if place is None:
        return Loaded(path, entry.oid, None, (_misplaced(source, path), *problems))
    if parsed.data is None:
        return Loaded(path, entry.oid, None, problems)
    return _record(source, path, entry.oid, place, parsed)


def _absent(source: Source, path: str, entry: Entry) -> tuple[Problem, ...]:
    """Why the bytes of a record are not to be had."""
    told = f"the object {entry.oid[:12]} is not in this clone"
    hint = "git fetch --refetch brings what a partial clone has left out"
    known = tuple(problem for problem in source.tree_problems if problem.path == path)
    return known or (Problem(UNREADABLE, path, told, hint),)


def is_complete(unread: Iterable[Problem]) -> bool:
    """Whether nothing is missing that this clone could have: what is there and broken is no gap in it."""
    return all(problem.code != UNREADABLE for problem in unread)


def no_file(path: str, mode: str) -> Problem:
    """What stands where a record, or a folder of records, should be, and is neither."""
    if path.endswith((".yaml", ".yml")):
        wanted, hint = "a record", "put a plain YAML file there"
    else:
        wanted, hint = "records", "put them there as plain files: gitml and git look at nothing behind it"
    return Problem("path.not-a-file", path, f"{NO_FILES[mode]} stands where {wanted} should be", hint)


def _record(source: Source, path: str, blob: str, place: Place, parsed: Parsed) -> Loaded:
    data = parsed.data or {}
    wrong = _of_another_kind(source, path, place, data)
    try:
        ref = source.schemas.ref(place, data)
    except BadRef as error:
        return Loaded(path, blob, None, (Problem("path.mismatch", path, error.message, error.hint),))
    if wrong:
        return Loaded(path, blob, None, (wrong,))
    right = source.path(ref)
    if right != path:
        told = Problem("path.mismatch", path, f"{ref} does not lie here", f"move it to {right}", ref=str(ref))
        return Loaded(path, blob, None, (told,))
    return Loaded(path, blob, Record(ref, path, blob, data), (), parsed.canonical)


def _of_another_kind(source: Source, path: str, place: Place, data: dict[str, Any]) -> Problem | None:
    """A record that says it is of another kind than its folder's."""
    tag = data.get("schema")
    if not place.kind.tagged or not isinstance(tag, str):
        return None
    name = tag.partition("/")[0]
    if name == place.kind.name:
        return None
    known = source.schemas.latest.get(name)
    if known is None:
        near = nearest(name, source.schemas.names)
        hint = f"did you mean {near[0]}?" if near else f"this folder holds {place.kind.name} records"
        return Problem("path.unknown-kind", path, f"there is no kind {name!r}", hint, line=1, column=1, field="schema")
    told = f"a {name} record lies where {place.kind.name} records lie"
    return Problem(
        "path.mismatch", path, told, f"{name} records lie at {known.template.text}", field="schema", line=1, column=1
    )


def _misplaced(source: Source, path: str) -> Problem:
    inner = source.inner(path) or path
    folder = inner[len(OWN_FOLDER) :].partition("/")[0]
    folders = source.schemas.folders()
    if inner.endswith(".yml"):
        return Problem("path.mismatch", path, "ends in .yml", "a record's file ends in .yaml")
    if folder in folders:
        template = source.schemas.kind(folders[folder]).template.text
        return Problem(
            "path.mismatch", path, f"no record of kind {folders[folder]} lies here", f"they lie at {template}"
        )
    near = nearest(folder, list(folders))
    hint = f"did you mean metadata/{near[0]}/?" if near else "a new kind is a new file in schemas/"
    return Problem("path.unknown-kind", path, f"no kind keeps its records in {OWN_FOLDER}{folder}", hint)
