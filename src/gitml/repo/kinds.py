"""The schemas that hold at a snapshot: its own, for kinds it lacks those of the store that asks, then the shipped.

Of a schema that was read before only its head is taken from the cache, which says where its records lie; the rest comes
when somebody asks for it. A check of one record needs two or three schemas of sixty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Final

from gitml.errors import Problem
from gitml.records.annotations import WORD
from gitml.records.reader import VERSION, read_slowly
from gitml.records.schema import Shape
from gitml.records.schemas import FOLDER, META, SchemaFile, Schemas, is_ours, read_schema
from gitml.repo import packaged
from gitml.repo.cache import Cache

Bytes = Callable[[Iterable[str]], Mapping[str, bytes]]

_META_FILE: Final = f"{META}.yaml"
_HEAD: Final = ("$id", WORD)
_BODY: Final = b"\ntype: object\n"


class Schema(Mapping[str, Any]):
    """A schema's data, of which all but the head is read when it is first asked for."""

    def __init__(self, head: Mapping[str, Any], rest: Callable[[], Mapping[str, Any]]) -> None:
        self._head = head
        self._rest = rest
        self._whole: Mapping[str, Any] | None = None

    def __getitem__(self, key: str) -> Any:
        if self._whole is None and key in self._head:
            return self._head[key]
        return self.whole[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole)

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def whole(self) -> Mapping[str, Any]:
        """All of it."""
        if self._whole is None:
            self._whole = self._rest()
        return self._whole


# The shipped files do not change while a process runs.
_shipped: list[SchemaFile] = []


def schemas(own: tuple[SchemaFile, ...], asker: tuple[SchemaFile, ...], cache: Cache | None) -> Schemas:
    """The kinds that hold; snapshots of the same schema files share them, and all that is worked out from them."""
    if not _shipped:
        _shipped.extend(shipped(cache))
    return _schemas(own, asker)


@lru_cache(maxsize=16)
def _schemas(own: tuple[SchemaFile, ...], asker: tuple[SchemaFile, ...]) -> Schemas:
    return Schemas(_shipped, own, asker)


def shipped(cache: Cache | None) -> tuple[SchemaFile, ...]:
    """The packaged schema files; they are sound, and their heads come first, so that only what is asked for is read."""
    files = {name: found for name, found in packaged.files().items() if name != _META_FILE}
    keys = {name: _key(digest) for name, (digest, _raw) in files.items()}
    heads = cache.get(keys.values()) if cache else {}
    fresh = {keys[name]: _head(raw) for name, (_digest, raw) in files.items() if keys[name] not in heads}
    if cache and fresh:
        cache.put({key: {"head": head, "problems": ()} for key, head in fresh.items()})
    known = {key: kept["head"] for key, kept in heads.items()} | fresh
    return tuple(
        SchemaFile(FOLDER + name, digest, Schema(known[keys[name]], _rest(cache, keys[name], partial(_same, raw))))
        for name, (digest, raw) in sorted(files.items())
    )


def _head(raw: bytes) -> Mapping[str, Any]:
    """The fields of a shipped file that its reader needs at once: they stand before those of the records."""
    fields = read_slowly(raw.partition(_BODY)[0]).data or {}
    return {word: fields[word] for word in _HEAD}


def _same(raw: bytes) -> bytes:
    return raw


def _key(blob: str) -> str:
    """What the cache knows a schema file by."""
    return f"{asked()}{blob}"


def asked() -> str:
    """How all keys of schema files begin that this version asks the cache for."""
    return f"kind/{VERSION}/{packaged.files()[_META_FILE][0][:16]}/"


def read_files(blobs: Mapping[str, str], read: Bytes, cache: Cache | None) -> tuple[SchemaFile, ...]:
    """Schema files by path and blob, with what reads blobs; files in `schemas/` that are not gitml's are left out."""
    keys = {blob: _key(blob) for blob in blobs.values()}
    heads = cache.get(keys.values()) if cache else {}
    missing = [blob for blob, key in keys.items() if key not in heads]
    raw = read(missing) if missing else {}
    fresh = _fresh({path: (blob, raw[blob]) for path, blob in blobs.items() if blob in raw}, cache)
    if cache and raw:
        cache.put(_kept({keys[blob]: next((file for file in fresh if file.blob == blob), None) for blob in raw}))
    known = {file.path: file for file in fresh}
    for path, blob in blobs.items():
        if head := heads.get(keys[blob]):
            rest = _rest(cache, keys[blob], partial(_one, read, blob))
            known[path] = replace(_known(path, blob, head, rest), where=str(cache.folder) if cache else "")
    return tuple(known[path] for path in sorted(known))


def _fresh(files: Mapping[str, tuple[str, bytes]], cache: Cache | None) -> list[SchemaFile]:
    """Files as read and checked; a copy of one that we ship is sound, and read when it is asked for."""
    ours = {path: found for path, found in files.items() if is_ours(found[1])}
    known = {raw for _digest, raw in packaged.files().values()}
    copies = {path: found for path, found in ours.items() if found[1] in known}
    others = {path: found for path, found in ours.items() if path not in copies}
    found = [_copy(path, blob, raw, cache) for path, (blob, raw) in copies.items()]
    if others:
        meta = Shape(read_slowly(_meta()).data or {})
        found += [read_schema(raw, path, blob, meta) for path, (blob, raw) in others.items()]
    return found


def _copy(path: str, blob: str, raw: bytes, cache: Cache | None) -> SchemaFile:
    if raw == _meta():
        return SchemaFile(path, blob, None)
    return SchemaFile(path, blob, Schema(_head(raw), _rest(cache, _key(blob), partial(_same, raw))))


def _meta() -> bytes:
    return packaged.files()[_META_FILE][1]


def _kept(files: Mapping[str, SchemaFile | None]) -> dict[str, Any]:
    """What the cache holds of files: a head each, and the data behind it; an empty head of one that is not ours."""
    kept: dict[str, Any] = {}
    for key, file in files.items():
        if file is None:
            kept[key] = {}
            continue
        problems = [(found.message, found.hint, found.line, found.column, found.field) for found in file.problems]
        head = None if file.data is None else {word: file.data[word] for word in _HEAD}
        kept[key] = {"head": head, "problems": problems}
        if isinstance(file.data, dict):  # else it is read, and kept, when it is asked for
            kept[f"{key}/data"] = file.data
    return kept


def _known(path: str, blob: str, kept: Mapping[str, Any], rest: Callable[[], Mapping[str, Any]]) -> SchemaFile:
    problems = tuple(
        Problem("schema.invalid", path, message, hint, line=line, column=column, field=field)
        for message, hint, line, column, field in kept["problems"]
    )
    head = kept["head"]
    return SchemaFile(path, blob, None if head is None else Schema(head, rest), problems)


def _one(read: Bytes, blob: str) -> bytes:
    return read([blob])[blob]


def _rest(cache: Cache | None, key: str, read: Callable[[], bytes]) -> Callable[[], Mapping[str, Any]]:
    """What gives the data of a sound schema file: as it is kept, else read and kept."""
    key = f"{key}/data"

    def rest() -> Mapping[str, Any]:
        kept: Mapping[str, Any] | None = cache.get([key]).get(key) if cache else None
        if kept is not None:
            return kept
        data = read_slowly(read()).data or {}
        if cache:
            cache.put({key: data})
        return data

    return rest
