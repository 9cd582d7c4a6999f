"""`revert`: records and pointers put back, by new changes; history is never rewritten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitml.actions.apply import Applied, How, Plan, apply, checked
from gitml.actions.derived import not_reverted
from gitml.actions.reverting.against import see_field
from gitml.actions.reverting.extent import Asked, Undone
from gitml.actions.reverting.nothing import listed, nothing, uncommitted
from gitml.actions.reverting.reliance import DEPENDS, needed, relying
from gitml.actions.reverting.uncommitted import LOST, lost
from gitml.actions.reverting.undo import Undoing
from gitml.actions.swept import UNCOMMITTED
from gitml.errors import ERROR, BadValue, Conflict, NotFound, Problem, Refused
from gitml.records.nearest import nearest
from gitml.records.schema import DERIVED
from gitml.repo.change import Change
from gitml.repo.diff import diff
from gitml.repo.git.index import UNMERGED
from gitml.repo.readers.dvc import OLD, STAGES, is_pointer_file
from gitml.views.diff import diff as diff_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitml.records.ref import Ref
    from gitml.repo.git.objects import Entry
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot
    from gitml.views.diff import Diff

_LESS = "a ref or --kind puts back no more than these; git rm -r ends a store"

FORCED = frozenset({"ref.missing", DEPENDS, LOST, UNCOMMITTED})
"""What `--force` lets pass, as warnings: refs that lead nowhere, deployments that rest on what goes back, bytes of the
work tree that nobody has committed, whether they go or go along."""


@dataclass(frozen=True)
class Reverted(Applied):
    """What was written, or would be; the snapshots before and after it, and the data that are checked out."""

    before: Snapshot | None = None
    after: Snapshot | None = None
    data: tuple[str, ...] = ()

    @property
    def diff(self) -> Diff:
        """What it comes to, by meaning, derived records included; its problems are also those of the checks."""
        if self.before is None or self.after is None:
            raise BadValue("nothing was asked to be undone")
        found = diff_of(self.before, self.after)
        return replace(found, problems=(*found.problems, *self.problems))


def carry_out(
    repository: Repository, today: Snapshot, asked: Asked, how: How, *, data: bool, force: bool, dry_run: bool
) -> Reverted:
    """Undo what is asked, with its data if they are wanted; Conflict, Refused, NotFound, DiskFailed.

    `force` lets pass, as warnings, what FORCED names; a dry run writes nothing.
    """
    try:
        return _carried_out(repository, today, asked, how, data=data, force=force, dry_run=dry_run)
    except (Conflict, Refused) as error:
        error.hint = "; ".join(part for part in (error.hint, *_way_out(asked, error, force=force)) if part)
        raise


def _carried_out(
    repository: Repository, today: Snapshot, asked: Asked, how: How, *, data: bool, force: bool, dry_run: bool
) -> Reverted:
    undone = revert(today, asked)
    told = replace(how, allow=how.allow | FORCED) if force else how
    plan = undone.plan
    put_back, paths = None, tuple[str, ...]()
    if data:
        from gitml.actions.reverting.restore import with_data  # DVC's part, for those who ask for it

        restoration = with_data(repository, today, undone, how)
        plan, put_back, paths = restoration.plan, restoration.put_back, restoration.paths
    plan = _with_stages(repository, today, plan)
    if not plan.changes:
        plan = replace(plan, notes=(*plan.notes, *uncommitted(repository, today, undone.touched, paths)))
    try:
        done = (checked if dry_run else apply)(repository, today, plan, told)
        if plan.then is not None and not plan.changes and not dry_run:
            plan.then()
    except BaseException as error:
        if put_back is not None:
            put_back(error)
        raise
    return Reverted(done.commit, done.changes, done.problems, done.warnings, today, today.overlay(plan.changes), paths)


def _way_out(asked: Asked, error: Conflict | Refused, *, force: bool) -> Iterator[str]:
    """What to do about a refusal: what has landed stays, and what is put back may be less."""
    codes = {one.code for one in error.problems if one.severity == ERROR}
    if "immutable.changed" in codes and asked.ref is None and asked.kind is None:
        yield "--kind alias, say, puts back no more than these"
    if force and (codes or isinstance(error, Conflict)):
        yield "--force does not cover this"
    elif codes and codes <= FORCED:
        yield "--force does it all the same"


def _with_stages(repository: Repository, today: Snapshot, plan: Plan) -> Plan:
    """The plan, and what there is to tell of the stages whose entries go back, and of pointers that go back alone."""
    if not any(map(is_pointer_file, (change.path for change in plan.changes))):
        return plan
    from gitml.actions.reverting.stages import half_restored

    after = today.overlay(plan.changes)
    alone = sorted(change.path for change in plan.changes if is_pointer_file(change.path) and change.after)
    told = (
        () if plan.then or not alone else (f"{', '.join(alone)}: the pointer alone goes back; dvc checkout, or --data",)
    )
    return replace(plan, notes=(*plan.notes, *half_restored(repository, today, after, plan.changes), *told))


def revert(today: Snapshot, asked: Asked) -> Undone:
    """The changes that undo what is asked; Conflict where somebody has changed the same since, NotFound.

    The plan's problems are the deployments that rest on what goes back.
    """
    undoing = Undoing(asked.before, asked.after, today, asked.field)
    named: tuple[str, ...] = ()
    touched: Iterable[str] = ()
    if asked.ref is not None:
        touched = named = _one_record(undoing, asked, asked.ref)
    else:
        wanted = _wanted(asked, today)
        _see_settled(today, [change.path for change in wanted])
        undoing.undo(wanted)
        touched = _every(asked, today) if asked.to else (change.path for change in wanted)
    undoing.finish()
    if undoing.conflicts:
        raise _conflict(undoing.conflicts)
    if asked.field is not None and not undoing.changes:
        see_field(asked.field, undoing.asked, today.schemas.latest, str(asked.ref or "what was changed"))
    after = today.overlay(undoing.changes)
    if orphaning := list(needed(today, after, undoing.changes)):
        raise Refused(str(orphaning[0]), orphaning, hint=f"nothing was written; {_LESS}")
    changed = [change.path for change in undoing.changes if change.after is not None]
    found = after.load(
        path for path in dict.fromkeys([*named, *changed]) if path in after.entries and after.is_record_path(path)
    )
    notes = (*asked.notes, *_notes(undoing, asked))
    problems = (*relying(today, after, undoing.changes), *(lost(today, undoing.changes) if asked.to else ()))
    plan = Plan(tuple(undoing.changes), notes, problems, asked.message, (asked.trailer,))
    return Undone(asked, plan, tuple(one.record for one in found if one.record), tuple(touched))


def _one_record(undoing: Undoing, asked: Asked, ref: Ref) -> tuple[str, ...]:
    """Undo in one record, which may have another name on one of the sides; its path today."""
    then, today = asked.before, undoing.today
    there, here = then.find(ref), today.find(ref)
    known = today.schemas.latest.get(ref.kind)
    if known is not None and known.addressing != DERIVED:
        _see_settled(today, [here or today.path(ref)])
    if there is None and here is None:
        raise _never(then, today, ref, asked.to)
    if there is not None and here is not None:
        undoing.undo([_between(undoing, here, there)] if here == there else [])
        if here != there:
            _in_place(undoing, there, here)
        return (here,)
    other = _other_name(undoing, there or here or "", past=here is not None)
    if other is None:
        path = here or today.path(ref)
        if asked.field is not None:
            raise NotFound(f"there is no {ref} {(then if there is None else today).told}",
                           hint="without --field the whole record goes back")  # fmt: skip
        undoing.undo([_between(undoing, path, there or path)])
        return (path,)
    past, now = (other, here) if here is not None else (there or "", other)
    _in_place(undoing, past, now)
    return (now,)


def _see_settled(today: Snapshot, paths: Iterable[str]) -> None:
    """Raise Conflict where files of the work tree cannot be taken as they are: a merge has left them in conflict."""
    asked = set(paths)
    held = today.load(path for path in sorted(asked) if path in today.entries and today.is_record_path(path))
    marked = [problem for one in held for problem in one.problems if problem.code == UNMERGED]
    found = [*(problem for problem in today.tree_problems if problem.path in asked), *marked]
    if found:
        count = len({problem.path for problem in found})
        told = "unmerged" if all(problem.code == UNMERGED for problem in found) else "not to be read"
        raise Conflict(f"{count} of the files that would go back {'are' if count > 1 else 'is'} {told}", found,
                       hint="nothing was written; settle that first")  # fmt: skip


def _between(undoing: Undoing, here: str, there: str) -> Change:
    return _change(here, undoing.before.entries.get(there), undoing.today.entries.get(here))


def _in_place(undoing: Undoing, past: str, here: str) -> None:
    """A record of today gets what it said in the past, and keeps its name."""
    old, now = undoing.before.load([past])[0].record, undoing.today.load([here])[0].record
    if old is None or now is None:
        raise NotFound(f"{past} cannot be read {undoing.before.told}, or {here} today", hint="git ml validate says why")
    if old.ref != now.ref:
        undoing.renamed.append((old, now))
    undoing.in_record(old, now, now)


def _other_name(undoing: Undoing, path: str, *, past: bool) -> str | None:
    """The path of the same record on the other side, where it is not a place but a thing and has been renamed."""
    pairs = undoing.renames_since
    return next((old for old, new in pairs.items() if new == path), None) if past else pairs.get(path)


def _never(then: Snapshot, today: Snapshot, ref: Ref, to: str | None) -> NotFound | BadValue:
    """Neither recorded then nor today: what it is derived from, or the nearest names of both."""
    for snapshot in (today, then):
        if (made := snapshot.derived(ref.kind).get(ref)) is not None:
            return not_reverted(made, to)
    names = {str(record.ref) for snapshot in (then, today) for record in snapshot.records(ref.kind)}
    told = f"there is no {ref} {then.told}, nor today"
    return NotFound(told, near=nearest(str(ref), names), hint=f"git ml list {ref.kind} --all-commits shows all")


def _wanted(asked: Asked, today: Snapshot) -> list[Change]:
    """What is to be undone of all that differs: records and pointers, never code; of one kind, where that is asked."""
    if asked.to is not None:
        return _of_kind(asked, today)
    changes = [change for change in diff(asked.before, asked.after) if not _is_code(change.path)]
    return [change for change in changes if asked.kind is None or _kind(asked, change.path) == asked.kind]


def _of_kind(asked: Asked, today: Snapshot) -> list[Change]:
    paths = _every(asked, today)
    sides = [[snapshot.entries.get(path) for path in paths] for snapshot in (asked.before, today)]
    return [_change(path, then, now) for path, then, now in zip(paths, *sides, strict=True) if then != now]


def _every(asked: Asked, today: Snapshot) -> list[str]:
    """The paths of all records of a kind, then and today."""
    kind = asked.kind or ""
    return sorted({*_paths(asked.before, kind), *_paths(today, kind)})


def _change(path: str, then: Entry | None, now: Entry | None) -> Change:
    there = now or then
    return Change(path, then and then.oid, now and now.oid, None, there.mode if there else "100644")


def _paths(snapshot: Snapshot, kind: str) -> list[str]:
    return snapshot.paths_of(kind) if kind in snapshot.schemas.latest else []


def _kind(asked: Asked, path: str) -> str | None:
    places = (snapshot.place(path) for snapshot in (asked.after, asked.before))
    return next((place.kind.name for place in places if place), None)


def _is_code(path: str) -> bool:
    return path.rpartition("/")[2] in (STAGES, OLD)


def _conflict(conflicts: list[Problem]) -> Conflict:
    found = sorted(conflicts, key=lambda one: one.order)
    told = f"{len(found)} conflict{'s' * (len(found) > 1)} with what has been changed since"
    return Conflict(told, found, hint="nothing was written")


def _notes(undoing: Undoing, asked: Asked) -> list[str]:
    found = [f"{old.ref} is {now.ref} today, and keeps that name" for old, now in undoing.renamed]
    if asked.to is None and asked.kind is None and asked.field is None:
        found += _code(asked)
    gone = asked.ref and [change.path for change in undoing.changes if change.after is None]
    if gone:
        found.append(f"there was no {asked.ref} {asked.before.told}: it goes")
    if not undoing.changes:
        found.append(nothing(asked, changed=asked.to is None and bool(_wanted(asked, undoing.today))))
    return found


def _code(asked: Asked) -> list[str]:
    """What else was changed, and stays: Git's own revert is for that."""
    before, after = asked.before, asked.after
    moved = {path for path, _entry in before.entries.items() ^ after.entries.items()}
    left = sorted(path for path in moved if _is_code(path) or not (before.holds(path) or after.holds(path)))
    if not left:
        return []
    return [f"left as they are: {listed(left)}; git revert undoes code"]
