"""The schemas that hold at a snapshot: its own, for kinds it lacks those of the store that asks, then the shipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitml.errors import Problem
from gitml.records.reader import VERSION, read_slowly
from gitml.records.schema import Shape
from gitml.records.schemas import META, SchemaFile, is_ours, read_schema
from gitml.repo import packaged
from gitml.repo.cache import Cache

_META_FILE = f"{META}.yaml"


def shipped(cache: Cache | None) -> tuple[SchemaFile, ...]:
    """The packaged schema files."""
    files = packaged.files()
    return read_files({f"schemas/{name}": found for name, found in files.items() if name != _META_FILE}, cache)


def read_files(files: Mapping[str, tuple[str, bytes]], cache: Cache | None) -> tuple[SchemaFile, ...]:
    """Schema files by path, each with its blob and bytes; files in `schemas/` that are not gitml's are left out."""
    meta = packaged.files()[_META_FILE][0][:16]
    ours = {path: found for path, found in files.items() if is_ours(found[1])}
    keys = {path: f"schema/{VERSION}/{meta}/{blob}" for path, (blob, _raw) in ours.items()}
    kept = cache.get(keys.values()) if cache else {}
    read = {path: _known(path, ours[path][0], kept[key]) for path, key in keys.items() if key in kept}
    fresh = _read({path: found for path, found in ours.items() if path not in read})
    if cache and fresh:
        cache.put({keys[file.path]: _plain(file) for file in fresh})
    read.update({file.path: file for file in fresh})
    return tuple(read[path] for path in sorted(read))


def _read(files: Mapping[str, tuple[str, bytes]]) -> Iterable[SchemaFile]:
    if not files:
        return ()
    meta = Shape(read_slowly(packaged.files()[_META_FILE][1]).data or {})
    return [read_schema(raw, path, blob, meta) for path, (blob, raw) in files.items()]


def _plain(file: SchemaFile) -> dict[str, Any]:
    problems = [(found.message, found.hint, found.line, found.column, found.field) for found in file.problems]
    return {"data": file.data, "problems": problems}


def _known(path: str, blob: str, kept: Mapping[str, Any]) -> SchemaFile:
    problems = tuple(
        Problem("schema.invalid", path, message, hint, line=line, column=column, field=field)
        for message, hint, line, column, field in kept["problems"]
    )
    return SchemaFile(path, blob, kept["data"], problems)
