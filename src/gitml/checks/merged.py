"""`validate --merge A B`: what would be wrong once B is merged into A, as the hosting site merges, without a driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitml.checks.check import check
from gitml.checks.range import at_the_gate, bases, judged, key, unreadable
from gitml.checks.validate import Validation
from gitml.errors import Problem
from gitml.records.record import MISSING, FieldChange, differences, same
from gitml.repo.git.merging import Clash, Merged, merge_tree
from gitml.repo.git.revision import At
from gitml.repo.snapshot import Snapshot

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.repository import Repository

CODE = "merge.conflict"
BASE, OURS, THEIRS = 1, 2, 3
_TOLD = 5
_APART = "merge where `git ml init` has set gitml's merge driver up, and push that"


def merge_check(repository: Repository, ours: str, theirs: str) -> Validation:
    """What is wrong in the merge of `theirs` into `ours`, both full ids. Raises NotFound, GitFailed.

    The whole store is checked, since two good changes can make a bad one. What one side alone has wrong already names
    that side's commit; what only the merge has wrong names none.
    """
    base = repository.commit(bases(repository, ours, theirs)[0])
    sides = {OURS: repository.commit(ours), THEIRS: repository.commit(theirs)}
    known = frozenset(entry.oid for side in sides.values() for entry in side.entries.values())
    merged = merge_tree(repository.git, ours, theirs, known)
    after = _snapshot(repository, merged, theirs)
    clashing = {clash.path for clash in merged.clashes}
    found = [one for one in check(at_the_gate(repository, after, sides[OURS])) if one.path not in clashing]
    before = {OURS: sides[OURS], THEIRS: base}
    judgements = {side: judged(repository, sides[side], before[side]) for side in (THEIRS, OURS)}
    alone = {key(problem): sides[side].at.commit for side in judgements for problem in judgements[side]}
    told = [replace(problem, commit=alone.get(key(problem))) for problem in found]
    told += [one for one in unreadable(judgements[OURS], sides[OURS]) if one not in told]
    conflicts = [_conflict(clash, base, sides, after) for clash in merged.clashes]
    problems = sorted([*told, *conflicts], key=lambda problem: problem.order)
    return Validation(after.at, base.at.commit, len(after.paths), tuple(problems), (ours, theirs))


def _snapshot(repository: Repository, merged: Merged, theirs: str) -> Snapshot:
    """The merged tree as a snapshot; it has no commit of its own, and is named by the one that comes in."""
    return Snapshot(
        repository.git, At("commit", theirs), merged.entries, prefix=repository.prefix, contents=merged.contents,
        cache=repository.cache, deriver=lambda: repository.deriver,
    )  # fmt: skip


def _conflict(clash: Clash, base: Snapshot, sides: Mapping[int, Snapshot], after: Snapshot) -> Problem:
    """A path that git cannot merge: what both did, and to which fields where it is a record."""
    records = {stage: _record(side, clash) for stage, side in ({BASE: base} | dict(sides)).items()}
    ref = next((str(found.ref) for found in records.values() if found), None)
    fields = _clashing(records, after) if records[OURS] and records[THEIRS] else []
    apart = sorted(clash.stages) == [BASE, OURS, THEIRS] and all(records.values()) and not fields
    told = f"{_deed(clash)}, in other fields" if apart else f"{_deed(clash)}{_named(fields)}"
    hint = _APART if apart else _hint(clash, records)
    return Problem(CODE, clash.path, told, hint, ref=ref, field=fields[0][0] if fields else None)


def _record(snapshot: Snapshot, clash: Clash) -> Record | None:
    there = clash.path in snapshot.tree and snapshot.is_record_path(clash.path)
    return snapshot.load([clash.path])[0].record if there else None


def _deed(clash: Clash) -> str:
    match sorted(clash.stages):
        case [1, 2, 3]:
            return "both sides changed it"
        case [2, 3]:
            return "both sides added it"
        case [1, 2]:
            return "one side changed it, and the side that comes in removed or renamed it"
        case [1, 3]:
            return "one side removed or renamed it, and the side that comes in changed it"
    return clash.told.partition(": ")[2].rstrip(".") or "git cannot merge it"


def _clashing(records: Mapping[int, Record | None], after: Snapshot) -> list[tuple[str, Any, Any]]:
    """The fields that both sides set, and not to the same; of lines that only lie side by side there are none."""
    ours, theirs = ({one.field: one for one in _changes(records, side, after)} for side in (OURS, THEIRS))
    return [
        (name, ours[name].after, theirs[name].after)
        for name in ours
        if name in theirs and not same(ours[name].after, theirs[name].after)
    ]


def _changes(records: Mapping[int, Record | None], side: int, after: Snapshot) -> Iterator[FieldChange]:
    base, record = records[BASE], records[side]
    if record is not None:
        kind = after.schemas.latest.get(record.kind)
        before = base.data if base else None
        yield from differences(before, record.data, kind.list_key) if kind else differences(before, record.data)


def _named(fields: list[tuple[str, Any, Any]]) -> str:
    told = [f"{name} ({_value(ours)} | {_value(theirs)})" for name, ours, theirs in fields[:_TOLD]]
    more = f" and {len(fields) - _TOLD} more" if len(fields) > _TOLD else ""
    return f": {', '.join(told)}{more}" if told else ""


def _value(value: Any) -> str:
    text = "nothing" if value is MISSING else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004


def _hint(clash: Clash, records: Mapping[int, Record | None]) -> str:
    record = records[THEIRS]
    if sorted(clash.stages) == [OURS, THEIRS] and record is not None and isinstance(record.data.get("id"), str):
        return f"give the later one another number: git ml renumber {record.ref}"
    return "merge the two by hand, and push that"
