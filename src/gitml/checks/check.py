"""`check`: what is allowed. Each check is a pure function of a scope; a new one is one more line in the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from gitml.checks import data, disclosure, flowing, form, integrity, landed, moved, worse
from gitml.checks.facts import FactBook, id_of, read
from gitml.checks.scope import Scope
from gitml.checks.survey import referring
from gitml.errors import ERROR, Problem
from gitml.repo.load import uncollected
from gitml.repo.snapshot import Snapshot

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.change import Change

Check = Callable[[Scope], Iterable[Problem]]

CHECKS: Sequence[Check] = (
    form.readable,
    form.settings,
    form.schema,
    form.canonical,
    form.name_case,
    form.size,
    integrity.refs,
    integrity.cycles,
    integrity.duplicate_ids,
    data.readable,
    data.pointers,
    moved.moved,
    landed.base_known,
    landed.immutable,
    landed.lifecycle,
    landed.schema_edits,
    flowing.same,
    flowing.landed,
    worse.metrics,
    disclosure.secrets,
    disclosure.personal,
)

READING: Sequence[Check] = (form.readable, data.readable)
"""Those that tell what could not be read at all."""


def check(scope: Scope, checks: Sequence[Check] = CHECKS) -> list[Problem]:
    """What is wrong in a scope, by path, line, column and code."""
    with uncollected():
        found = [problem for one in checks for problem in one(scope)]
    return sorted(dict.fromkeys(found), key=lambda problem: problem.order)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any problem is an error."""
    return any(problem.severity == ERROR for problem in problems)


def whole(snapshot: Snapshot, base: Snapshot | None) -> Scope:
    """Everything in a snapshot, judged against what has landed."""
    return Scope(snapshot, base, changed_paths(base, snapshot), whole=True)


def stepped(snapshot: Snapshot, before: Snapshot, base: Snapshot | None, paths: frozenset[str]) -> Scope:
    """Everything in a snapshot, as the records at which it may be judged otherwise than `before` was."""
    found = changed_paths(base, snapshot)
    facts = FactBook(snapshot)
    asked = {path for path in found | paths if path in snapshot.tree and snapshot.is_record_path(path)}
    looked_at = asked | _referrers(facts, before, paths)
    return Scope(snapshot, base, found, tuple(sorted(looked_at)), old=True, book=facts)


def changed(snapshot: Snapshot, before: Snapshot | None, base: Snapshot | None) -> Scope:
    """What differs from `before`, and what refers to it where that could break; what git cannot take in differs."""
    troubled = {problem.path for problem in snapshot.tree_problems}
    return _changed(snapshot, before, base, changed_paths(before, snapshot) | troubled)


def scope_of(before: Snapshot, after: Snapshot, base: Snapshot | None, changes: Iterable[Change]) -> Scope:
    """What these changes touch."""
    return _changed(after, before, base, frozenset(change.path for change in changes))


def _changed(snapshot: Snapshot, before: Snapshot | None, base: Snapshot | None, paths: frozenset[str]) -> Scope:
    records = {path for path in paths if path in snapshot.tree and snapshot.is_record_path(path)}
    facts = FactBook(snapshot)
    looked_at = records | _judged_anew(snapshot, before, paths) | _referrers(facts, before, paths)
    return Scope(snapshot, base, paths, tuple(sorted(looked_at)), book=facts)


def _judged_anew(snapshot: Snapshot, before: Snapshot | None, paths: frozenset[str]) -> set[str]:
    """The records of the kinds whose schema is another than before, gone, or has given them another place."""
    found: set[str] = set()
    for one in (snapshot, before) if before else (snapshot,):
        files = (file for file in one.own_schemas if file.path in paths)
        kinds = {file.data["$id"].partition("/")[0] for file in files if file.data}
        anew = (kind for kind in kinds if before is None or not _is_ruled_alike(snapshot, before, kind))
        found.update(path for kind in anew for path in one.paths_of(kind) if path in snapshot.tree)
    return {path for path in found if snapshot.is_record_path(path)}


def _is_ruled_alike(one: Snapshot, other: Snapshot, kind: str) -> bool:
    """Whether a kind's schemas are the same in two snapshots: so they are where those that we ship were taken in."""
    held = (one.schemas, other.schemas)
    blobs = {schemas.blobs(kind) for schemas in held}
    latest = {found.blob if (found := schemas.latest.get(kind)) else None for schemas in held}
    return len(blobs) == len(latest) == 1


def changed_paths(before: Snapshot | None, after: Snapshot) -> frozenset[str]:
    """The paths that differ between two snapshots; all of `after` where there is no before."""
    if before is None:
        return frozenset(after.entries)
    return after.tree.differs(before.tree)


def _referrers(facts: FactBook, before: Snapshot | None, paths: frozenset[str]) -> set[str]:
    """The records that refer to a record that is gone, or whose id is another: only then need they be looked at."""
    if before is None:
        return set()
    gone = [path for path in paths if path in before.tree and before.is_record_path(path)]
    facts.of(path for path in gone if path in facts.snapshot.tree)
    stood = (found.record for found in read(before, gone))
    lost = {str(record.ref) for record in stood if record is not None and _is_lost(facts, record)}
    return {path for path, _facts in referring(facts, lost)}


def _is_lost(facts: FactBook, stood: Record) -> bool:
    now = facts.at(stood.path) if stood.path in facts.snapshot.tree else None
    return now is None or now.id != id_of(stood)
