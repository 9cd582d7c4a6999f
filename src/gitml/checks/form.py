"""Form: what each record says about itself must fit its schema, its place, its canonical text and its size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from gitml.checks.scope import Scope
from gitml.errors import WARNING, Problem
from gitml.records.canonical import in_order
from gitml.records.edit import is_canonical
from gitml.records.explain import Violation
from gitml.records.reader import read
from gitml.records.record import Record, flatten
from gitml.records.ref import Ref
from gitml.records.schema import Kind

INLINE_LIMIT = 64 * 1024


def readable(scope: Scope) -> Iterator[Problem]:
    """Problems of reading: YAML, place, kind; conflicts of the tree; schema files that are themselves invalid."""
    yield from scope.snapshot.tree_problems
    if scope.whole or any(path.startswith(f"{scope.snapshot.prefix}schemas/") for path in scope.changed):
        yield from scope.snapshot.schemas.problems
    for found in scope.loaded():
        yield from found.problems


def settings(scope: Scope) -> Iterator[Problem]:
    """store.yaml must fit its schema."""
    path = scope.snapshot.prefix + "metadata/store.yaml"
    raw = scope.snapshot.bytes_at(path) if scope.whole or path in scope.changed else None
    kind = scope.snapshot.schemas.latest.get(scope.snapshot.settings_kind)
    if raw is None or kind is None:
        return
    parsed = read(raw, path)
    yield from parsed.problems
    if parsed.data is not None:
        record = Record(Ref(kind.name, ()), path, "", parsed.data)
        for found in kind.violations(parsed.data):
            yield replace(_violation(scope, record, found), ref=None)


def schema(scope: Scope) -> Iterator[Problem]:
    """Records must satisfy their own schema and, where this change touches them, that of the base."""
    for record, kind in scope.records():
        for found in kind.violations(record.data):
            yield _violation(scope, record, found)
        yield from _by_base(scope, record, kind)


def _violation(scope: Scope, record: Record, found: Violation) -> Problem:
    on_key = found.keyword in {"additionalProperties", "unevaluatedProperties"}
    return scope.problem(record, f"schema.{found.keyword}", found.message, found.hint, at=found.path, on_key=on_key)


def _by_base(scope: Scope, record: Record, kind: Kind) -> Iterator[Problem]:
    """No change weakens the rule that it breaks; a field that the new schema adds is no such rule."""
    if scope.base is None or not scope.is_new(record.path):
        return
    landed = scope.base.schemas.kinds.get((kind.name, kind.major))
    if landed is None or landed.blob == kind.blob or landed.schema == kind.schema:
        return
    own = {(found.path, found.keyword) for found in kind.violations(record.data)}
    for found in landed.violations(record.data):
        if (found.path, found.keyword) not in own and found.keyword != "additionalProperties":
            told = f"{found.message} (by the schema that has landed; this change edits it)"
            yield _violation(
                scope, record, replace(found, message=told, hint="land the schema's edit first, or keep its rule")
            )


def canonical(scope: Scope) -> Iterator[Problem]:
    """Records of our own have one text form, comments apart."""
    for found in scope.loaded():
        record = found.record
        if record is None:
            continue
        kind = scope.kind(record)
        order = kind.shape.order
        if not kind.canonical or (found.canonical and in_order(record.data, order)):
            continue
        raw = scope.snapshot.bytes_at(record.path) or b""
        if found.canonical or not is_canonical(raw, record.data, order):
            yield Problem(
                "canonical.form",
                record.path,
                "is not in canonical form",
                "git ml validate --fix rewrites it",
                WARNING,
                ref=str(record.ref),
            )


def name_case(scope: Scope) -> Iterator[Problem]:
    """Names that are equal but for case clash on half of the world's disks, and in people's heads."""
    folders: dict[tuple[str, ...], dict[str, list[str]]] = {}
    named = [found.record for found in scope.snapshot.load(_same_folders(scope)) if found.record is not None]
    for record in named:
        lower = tuple(key.casefold() for key in record.ref.keys)
        folders.setdefault((record.kind, *lower), {}).setdefault(str(record.ref), []).append(record.path)
    for spellings in folders.values():
        for (one, paths), (other, others) in pairwise(sorted(spellings.items())):
            path = paths[0] if paths[0] in scope.paths else others[0]
            told = f"{one} and {other} differ only by case"
            yield Problem(
                "name.case", path, told, "rename one of them", WARNING, ref=one if path == paths[0] else other
            )


def _same_folders(scope: Scope) -> list[str]:
    """Only a hashed file name can differ from another by case alone: plain names have no capitals."""
    snapshot = scope.snapshot
    hashed = {path for path in scope.paths if "~" in path and path in snapshot.entries}
    folders = {path.partition("~")[0].rpartition("/")[0] + "/" for path in hashed}
    plain = {path for path in scope.paths if path in scope.changed and "~" not in path} if not scope.whole else set()
    folders |= {path.rpartition("/")[0] + "/" for path in plain if _has_hashed_sibling(snapshot.entries, path)}
    return [path for path in snapshot.entries if path.startswith(tuple(folders)) and snapshot.is_record_path(path)]


def _has_hashed_sibling(entries: object, path: str) -> bool:
    start = path.removesuffix(".yaml") + "~"
    return isinstance(entries, dict) and any(other.startswith(start) for other in entries)


def size(scope: Scope) -> Iterator[Problem]:
    """No artifacts inside records: a value has at most 64 KB."""
    for found in scope.loaded():
        record = found.record
        if record is None:
            continue
        raw = scope.snapshot.bytes_at(record.path) if scope.whole is False or found.path in scope.changed else None
        if raw is not None and len(raw) <= INLINE_LIMIT:
            continue
        for name, value in flatten(record.data).items():
            length = _length(value)
            if length > INLINE_LIMIT:
                told = f"holds {length:,} bytes; a value has at most {INLINE_LIMIT:,}"
                at = tuple(name.split("."))
                yield scope.problem(record, "blob.size", told, "track it with DVC and point to it", at=at)


def _length(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace"))
    return len(json.dumps(value)) if isinstance(value, list) else 0
