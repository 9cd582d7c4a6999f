"""What has landed: versions do not change, slots move as the lifecycle allows, edits of schemas are pointed out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitml.checks.scope import Scope
from gitml.errors import WARNING, Problem
from gitml.records.record import Record, same
from gitml.records.ref import VERSION, Ref
from gitml.records.schemas import is_schema_path
from gitml.repo.snapshot import Snapshot

NO_STATUS = "none"


def base_known(scope: Scope) -> Iterator[Problem]:
    """Where the base is not known, what hangs on it was not checked, and that is said."""
    if scope.base is None:
        main = scope.snapshot.settings.main
        yield Problem(
            "base.unknown",
            "",
            f"what has landed on {main} is not known here: immutability was not checked",
            f"git fetch --unshallow origin {main}",
            WARNING,
        )


def immutable(scope: Scope) -> Iterator[Problem]:
    """A version that has landed is retired, never changed, removed or reused."""
    base = scope.landed or scope.base
    if base is None:
        return
    paths = sorted(base.tree.differs(scope.snapshot.tree) if scope.whole else scope.changed)
    gone = [path for path in paths if path in base.tree and base.tree[path] != scope.snapshot.tree.file(path)]
    # What git cannot take in (a merge's conflict) is not gone; that it is in conflict is said already.
    troubled = {problem.path for problem in scope.snapshot.tree_problems}
    for found in base.load(path for path in gone if path not in troubled and base.is_record_path(path)):
        record = found.record
        if record is None or not _is_immutable(scope, base, record):
            continue
        if record.path not in scope.snapshot.tree:
            yield Problem(
                "immutable.changed",
                record.path,
                f"{record.ref} has landed and is removed here",
                "retire it instead: git ml retire",
                ref=str(record.ref),
            )
            continue
        now = scope.snapshot.load([record.path])[0].record
        if now is not None and not same(dict(now.data), dict(record.data)):
            yield scope.problem(
                now,
                "immutable.changed",
                f"{record.ref} has landed and is changed here",
                "register the next version instead, or restore it: git checkout HEAD -- " + record.path,
            )


def _is_immutable(scope: Scope, base: Snapshot, record: Record) -> bool:
    own = scope.snapshot.schemas.latest.get(record.kind)
    return base.schemas.kind(record.kind).immutable or (own is not None and own.immutable)


def lifecycle(scope: Scope) -> Iterator[Problem]:
    """A status moves, and an alias is given, as the version's kind allows."""
    for path in sorted(scope.changed):
        found = scope.snapshot.load([path])[0].record if path in scope.snapshot.tree and _is_slot(scope, path) else None
        if found is None:
            continue
        fault = alias_fault(scope.snapshot, found) if found.kind == "alias" else _status_fault(scope, found)
        if fault:
            yield scope.problem(
                found, "lifecycle.move", *fault, at=("version",) if found.kind == "alias" else ("status",)
            )


def _is_slot(scope: Scope, path: str) -> bool:
    place = scope.snapshot.place(path) if scope.snapshot.is_record_path(path) else None
    return place is not None and place.kind.name in {"alias", "status"}


def rules(snapshot: Snapshot, kind: str) -> Mapping[str, Any]:
    """The lifecycle of a head's versions (`model`, `dataset`, …); empty where its schema names none."""
    found = snapshot.schemas.latest.get(kind + VERSION)
    return found.lifecycle if found else {}


def status_of(snapshot: Snapshot, kind: str, name: str, version: str) -> str:
    """The status of a version, `none` where nobody has given one."""
    path = snapshot.find(Ref("status", (kind, name, version)))
    found = snapshot.load([path])[0].record if path else None
    return str(found.data.get("status", NO_STATUS)) if found else NO_STATUS


def alias_fault(snapshot: Snapshot, alias: Record) -> tuple[str, str] | None:
    """Why the lifecycle forbids what an alias chooses, and what it allows."""
    kind, name, slot = alias.ref.keys
    lifecycle = rules(snapshot, kind)
    slots = lifecycle.get("aliases")
    if isinstance(slots, list) and slot not in slots:
        return f"{slot!r} is no slot of a {kind}", f"use one of: {', '.join(map(str, slots))}"
    version = str(alias.data.get("version"))
    status = status_of(snapshot, kind, name, version)
    allowed = lifecycle.get("promotable")
    if isinstance(allowed, list) and status not in allowed:
        told = f"{Ref(kind + VERSION, (name, version))} is {status}, so {slot} may not point to it"
        return told, f"allowed are versions whose status is {' or '.join(map(str, allowed))}"
    return None


def _status_fault(scope: Scope, record: Record) -> tuple[str, str] | None:
    kind, name, version = record.ref.keys
    after = str(record.data.get("status"))
    before = status_of(scope.base, kind, name, version) if scope.base else NO_STATUS
    moves = rules(scope.snapshot, kind).get("statuses")
    if isinstance(moves, Mapping) and before != after:
        allowed = [str(word) for word in moves.get(before) or []]
        if after not in allowed:
            told = f"{Ref(kind + VERSION, (name, version))} may not move from {before} to {after}"
            return told, f"allowed: {', '.join(allowed)}" if allowed else f"{before} is final"
    held = aliases_of(scope.snapshot, kind, name, version)
    allowed_status = rules(scope.snapshot, kind).get("promotable")
    if held and isinstance(allowed_status, list) and after not in allowed_status:
        return (
            f"{held[0]} still points to {Ref(kind + VERSION, (name, version))}",
            "promote another version there first",
        )
    return None


def aliases_of(snapshot: Snapshot, kind: str, name: str, version: str) -> list[Ref]:
    """The aliases that choose a version."""
    held = snapshot.schemas.latest.get("alias")
    if held is None:
        return []
    folder = snapshot.path(Ref("alias", (kind, name, "x"))).rpartition("/")[0]
    loaded = snapshot.load(sorted(snapshot.tree.files(folder)))
    found = [one.record for one in loaded if one.record is not None]
    return [record.ref for record in found if record.data.get("version") == version]


def schema_edits(scope: Scope) -> Iterator[Problem]:
    """An edited schema changes what every record may say: reviewers should see it."""
    base = scope.base
    if base is None:
        return
    edited = [path for path in sorted(scope.changed) if is_schema_path(scope.snapshot.inner(path) or "")]
    ours = {file.path for file in base.own_schemas} if edited else set()
    unmerged = {problem.path for problem in scope.snapshot.tree_problems}
    for path in edited:
        if path in ours and path not in unmerged:
            done = "removed" if path not in scope.snapshot.tree else "edited"
            yield Problem(
                "schema.edited",
                path,
                f"the schema is {done} here",
                "records that have landed are still judged by the old one until this lands",
                WARNING,
            )
