"""`check`: what is allowed. Each check is a pure function of a scope; a new one is one more line in the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gitml.checks import data, form, integrity, landed, secrets
from gitml.checks.scope import Scope
from gitml.errors import ERROR, Problem
from gitml.repo.change import Change
from gitml.repo.snapshot import Snapshot

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
    data.pointers,
    landed.base_known,
    landed.immutable,
    landed.lifecycle,
    landed.schema_edits,
    secrets.secrets,
    secrets.personal,
)


def check(scope: Scope, checks: Sequence[Check] = CHECKS) -> list[Problem]:
    """What is wrong in a scope, by path, line, column and code."""
    found = [problem for one in checks for problem in one(scope)]
    return sorted(dict.fromkeys(found), key=lambda problem: problem.order)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any problem is an error."""
    return any(problem.severity == ERROR for problem in problems)


def whole(snapshot: Snapshot, base: Snapshot | None) -> Scope:
    """Everything in a snapshot, judged against what has landed."""
    return Scope(snapshot, base, changed_paths(base, snapshot), snapshot.paths, whole=True)


def changed(snapshot: Snapshot, before: Snapshot | None, base: Snapshot | None) -> Scope:
    """What differs from `before`, and what refers to it where that could break."""
    return _changed(snapshot, before, base, changed_paths(before, snapshot))


def scope_of(before: Snapshot, after: Snapshot, base: Snapshot | None, changes: Iterable[Change]) -> Scope:
    """What these changes touch."""
    return _changed(after, before, base, frozenset(change.path for change in changes))


def _changed(snapshot: Snapshot, before: Snapshot | None, base: Snapshot | None, paths: frozenset[str]) -> Scope:
    records = {path for path in paths if path in snapshot.entries and snapshot.is_record_path(path)}
    kinds = {file.data["$id"].partition("/")[0] for file in snapshot.own_schemas if file.data and file.path in paths}
    judged_anew = {path for kind in kinds for path in snapshot.paths_of(kind)}
    looked_at = records | judged_anew | _referrers(snapshot, before, paths)
    return Scope(snapshot, base, paths, tuple(sorted(looked_at)))


def changed_paths(before: Snapshot | None, after: Snapshot) -> frozenset[str]:
    """The paths that differ between two snapshots; all of `after` where there is no before."""
    if before is None:
        return frozenset(after.entries)
    return frozenset(path for path, _entry in before.entries.items() ^ after.entries.items())


def _referrers(snapshot: Snapshot, before: Snapshot | None, paths: frozenset[str]) -> set[str]:
    """The records that refer to a record that is gone, or whose id is another: only then need they be looked at."""
    if before is None:
        return set()
    lost = {
        str(found.record.ref)
        for found in before.load(path for path in paths if path in before.entries and before.is_record_path(path))
        if found.record is not None and _is_lost(snapshot, found.record.path, found.record.data.get("id"))
    }
    if not lost:
        return set()
    return {
        found.path
        for found in snapshot.load(snapshot.paths)
        if found.record is not None
        for link in integrity.links(found.record, snapshot.schemas.kind(found.record.kind))
        if isinstance(link, integrity.Link) and str(link.target) in lost
    }


def _is_lost(snapshot: Snapshot, path: str, held: object) -> bool:
    if path not in snapshot.entries:
        return True
    now = snapshot.load([path])[0].record
    return now is None or now.data.get("id") != held
