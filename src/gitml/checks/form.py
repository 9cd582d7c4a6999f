"""Form: what each record says about itself must fit its schema, its place, its canonical text and its size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gitml.checks.glance import INLINE_LIMIT
from gitml.checks.scope import Scope
from gitml.errors import WARNING, Problem
from gitml.records.canonical import in_order
from gitml.records.record import Path, Record
from gitml.records.ref import Ref
from gitml.records.schema import DERIVED, Kind
from gitml.repo.load import NO_FILES, no_file, read_blob

if TYPE_CHECKING:
    from gitml.records.explain import Violation

_HASH = re.compile(r"~[0-9a-f]{8}(?=[./]|$)")
_NOT_IN_SLUGS = re.compile(r"[^a-z0-9/]+")


def readable(scope: Scope) -> Iterator[Problem]:
    """Problems of reading: YAML, place, kind; conflicts of the tree; schema files that are themselves invalid."""
    for problem in scope.snapshot.tree_problems:
        if scope.counts_old or problem.path in scope.changed:
            yield problem
    if scope.whole or any(path.startswith(f"{scope.snapshot.prefix}schemas/") for path in scope.changed):
        yield from scope.snapshot.schemas.problems
    for found in scope.doubtful():
        yield from found.problems


def settings(scope: Scope) -> Iterator[Problem]:
    """store.yaml must fit its schema."""
    path = scope.snapshot.prefix + "metadata/store.yaml"
    raw = scope.snapshot.bytes_at(path) if scope.whole or path in scope.changed else None
    kind = scope.snapshot.schemas.latest.get(scope.snapshot.settings_kind)
    if raw is None or kind is None:
        return
    mode = scope.snapshot.tree[path].mode
    if mode in NO_FILES:
        yield no_file(path, mode)
        return
    parsed = read_blob(raw)
    yield from (replace(problem, path=path) for problem in parsed.problems)
    if parsed.data is not None:
        record = Record(Ref(kind.name, ()), path, "", parsed.data)
        for found in kind.violations(parsed.data):
            yield replace(_violation(scope, record, found), ref=None)


def schema(scope: Scope) -> Iterator[Problem]:
    """Records must satisfy their own schema and, where this change touches them, that of the base."""
    for record, kind in scope.suspects():
        for found in kind.violations(record.data):
            yield _violation(scope, record, found)
    edited = _edited_kinds(scope)
    for path in scope.fresh if edited else ():
        place = scope.snapshot.place(path)
        edited_one = scope.record(path) if place and place.kind.name in edited else None
        if edited_one is not None:
            yield from _by_base(scope, edited_one, scope.kind(edited_one))


def _violation(scope: Scope, record: Record, found: Violation) -> Problem:
    on_key = found.keyword in {"additionalProperties", "unevaluatedProperties"}
    return scope.problem(record, f"schema.{found.keyword}", found.message, found.hint, at=found.path, on_key=on_key)


def _edited_kinds(scope: Scope) -> set[str]:
    """The kinds whose schema is another than the one that has landed."""
    if scope.base is None or scope.base.schemas is scope.snapshot.schemas:
        return set()
    kinds, landed = scope.snapshot.schemas.kinds, scope.base.schemas.kinds
    both = ((kind, landed[key]) for key, kind in kinds.items() if key in landed)
    return {kind.name for kind, old in both if kind.blob != old.blob and kind.schema != old.schema}


def _by_base(scope: Scope, record: Record, kind: Kind) -> Iterator[Problem]:
    """No change weakens the rule that it breaks; a field that the new schema adds is no such rule."""
    landed = scope.base.schemas.kinds.get((kind.name, kind.major)) if scope.base else None
    if landed is None:
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
    for found in scope.doubtful():
        record = found.record
        if record is None:
            continue
        kind = scope.kind(record)
        order = kind.shape.order
        if not kind.canonical or (found.canonical and in_order(dict(record.data), order)):
            continue
        if found.canonical or not _is_canonical(scope.raw(record.path), record, kind):
            yield Problem(
                "canonical.form",
                record.path,
                "is not in canonical form",
                "git ml validate --fix rewrites it",
                WARNING,
                ref=str(record.ref),
            )


def _is_canonical(raw: bytes, record: Record, kind: Kind) -> bool:
    # Rarely needed, and as slow to import as all the rest: only what is not plainly canonical comes here.
    from gitml.records.edit import is_canonical

    return is_canonical(raw, record.data, kind.shape.order)


def name_case(scope: Scope) -> Iterator[Problem]:
    """Names that are equal but for case clash on half of the world's disks, and in people's heads."""
    alike: dict[str, list[str]] = {}
    for path in _named(scope):
        alike.setdefault(_caseless(path), []).append(path)
    for paths in alike.values():
        if len(paths) > 1:
            yield from _differ_by_case(scope, paths)


def _named(scope: Scope) -> list[str]:
    """The records in the folders of the kinds in question; events are told apart by their ids."""
    snapshot = scope.snapshot
    placed = (place.kind for path in scope.present if (place := snapshot.place(path)) is not None)
    kinds = map(snapshot.schemas.kind, snapshot.schemas.names) if scope.whole else placed
    named = {kind.name for kind in kinds if kind.addressing not in {"event", DERIVED}}
    folders = {folder for kind in named for folder in snapshot.folders_of(kind)}
    return [path for path in snapshot.tree.under(folders) if snapshot.is_record_path(path)]


def _caseless(path: str) -> str:
    """A path without what case changes in it; paths of names that differ otherwise may be equal, too."""
    return _NOT_IN_SLUGS.sub("-", _HASH.sub("", path).casefold())


def _differ_by_case(scope: Scope, paths: list[str]) -> Iterator[Problem]:
    names: dict[tuple[str, ...], dict[str, str]] = {}
    for path, facts in zip(paths, scope.facts.of(paths), strict=True):
        if facts is not None:
            ref = Ref.parse(facts.ref)
            lower = (ref.kind, *(key.casefold() for key in ref.keys))
            names.setdefault(lower, {})[facts.ref] = path
    for spellings in names.values():
        for (one, path), (other, other_path) in pairwise(sorted(spellings.items())):
            name, shown = (one, path) if scope.asks(path) else (other, other_path)
            if scope.asks(shown):
                told = f"{one} and {other} differ only by case"
                yield Problem("name.case", shown, told, "rename one of them", WARNING, ref=name)


def size(scope: Scope) -> Iterator[Problem]:
    """No artifacts inside records: a value has at most 64 KB."""
    for record, _kind in scope.suspects():
        for at, length in _large(record.data):
            told = f"holds {length:,} bytes; a value has at most {INLINE_LIMIT:,}"
            yield scope.problem(record, "blob.size", told, "track it with DVC and point to it", at=at)


def _large(data: Any, at: Path = ()) -> Iterator[tuple[Path, int]]:
    """The texts and the lists of plain values (weights, pixels) that are too long; a list of mappings describes."""
    import json

    for step, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
            yield from _large(value, (*at, step))
        elif isinstance(value, str | list):
            length = len(value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value))
            if length > INLINE_LIMIT:
                yield (*at, step), length
