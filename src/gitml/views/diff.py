"""What changed between two snapshots, by meaning: records added, removed, changed and renamed, each with its fields.

Derived records take part like recorded ones. Who has only been formatted anew has not changed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, overload

from gitml.errors import Problem
from gitml.records.record import Record
from gitml.repo.diff import diff as changed_paths
from gitml.repo.load import is_complete
from gitml.repo.readers.dvc import LOCK, STAGES, is_pointer_file
from gitml.views.changes import Difference, between, describe
from gitml.views.files import by_meaning
from gitml.views.renames import with_moved_data, with_renames

if TYPE_CHECKING:
    from gitml.records.ref import Ref
    from gitml.repo.snapshot import Snapshot


@dataclass(frozen=True)
class Diff(Sequence[Difference]):
    """The changes from one snapshot to another, by kind and ref.

    `problems`: what on either side cannot be read, and how what was there before broke its schema. `complete` is False
    where this clone does not have all that would have to be compared.
    """

    before: Snapshot
    after: Snapshot
    changes: tuple[Difference, ...]
    problems: tuple[Problem, ...] = ()
    complete: bool = True

    @overload
    def __getitem__(self, index: int) -> Difference: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Difference, ...]: ...
    def __getitem__(self, index: int | slice) -> Difference | tuple[Difference, ...]:
        return self.changes[index]

    def __len__(self) -> int:
        return len(self.changes)


def diff(before: Snapshot, after: Snapshot) -> Diff:
    """What leads from one snapshot to the other."""
    clouded = _clouded(before, after)
    unknown = {problem.path for problem in clouded}
    described = [one for one in describe(changed_paths(before, after), before, after) if one.path not in unknown]
    files = [one for one in described if one.kind and not _is_form_alone(one)]
    derived, unread = _derived(before, after)
    derived = [one for one in derived if not _rests_on(one, unknown)]
    files, derived = _taken_over(files, derived, before, after)
    told = {one.path for one in derived}
    others = [one for one in described if not one.kind and not (is_pointer_file(one.path) and one.path in told)]
    records = [*with_renames(files, before, after), *with_moved_data(derived, before, after)]
    plain = [found for one in others if (found := by_meaning(one, before, after))]
    unreadable = {*clouded, *_unread(before, described), *_unread(after, described), *_broken(before, files), *unread}
    problems = tuple(sorted(unreadable, key=lambda problem: problem.order))
    changes = sorted([*plain, *records], key=lambda one: (*one.order, one.op))
    return Diff(before, after, tuple(changes), problems, is_complete(problems))


def _clouded(before: Snapshot, after: Snapshot) -> list[Problem]:
    """Why files of the store cannot be read on one side (a merge's conflict): nobody knows what has changed in them."""
    found = [_at(after, problem) for problem in after.tree_problems if after.holds(problem.path)]
    told = {problem.path for problem in found}
    others = (problem for problem in before.tree_problems if problem.path not in told and before.holds(problem.path))
    return [*found, *(_at(before, problem) for problem in others)]


def _rests_on(one: Difference, paths: set[str]) -> bool:
    """Whether a derived record is read from one of these files: from a dvc.yaml, also from the lock beside it."""
    folder, name = posixpath.split(one.path)
    return one.path in paths or (name == STAGES and posixpath.join(folder, LOCK) in paths)


def _is_form_alone(one: Difference) -> bool:
    return one.old is not None and one.new is not None and not one.fields


def _unread(snapshot: Snapshot, files: Iterable[Difference]) -> Iterator[Problem]:
    """Why records among the changes cannot be read on one side."""
    for path in {one.path for one in files}:
        if path in snapshot.tree and snapshot.is_record_path(path):
            found = snapshot.load([path])[0]
            if found.record is None:
                yield from (_at(snapshot, problem) for problem in found.problems)


def _broken(before: Snapshot, files: Iterable[Difference]) -> Iterator[Problem]:
    """How records that are no more, or are other now, broke the schema of their time: nobody can mend them."""
    for record in (one.old for one in files if one.old):
        kind = before.schemas.latest.get(record.kind)
        for found in before.schemas.major_of(record.data, kind).violations(record.data) if kind else ():
            field = ".".join(map(str, found.path)) or None
            told = (found.message, found.hint)
            yield _at(before, Problem(f"schema.{found.keyword}", record.path, *told, ref=str(record.ref), field=field))


def _at(snapshot: Snapshot, problem: Problem) -> Problem:
    return replace(problem, commit=snapshot.at.commit)


def _derived(before: Snapshot, after: Snapshot) -> tuple[list[Difference], list[Problem]]:
    """What readers make otherwise on the two sides, and what they cannot read on one of them alone."""
    olds, news = (_visible(snapshot) for snapshot in (before, after))
    found = [
        _of_records(olds.get(ref), news.get(ref), before, after)
        for ref in {**olds, **news}
        if ref not in olds or ref not in news or olds[ref].blob != news[ref].blob
    ]
    problems = [set(snapshot.derived().problems) for snapshot in (before, after)]
    both = problems[0] & problems[1]
    unread = [
        _at(snapshot, problem)
        for snapshot, told in zip((before, after), problems, strict=True)
        for problem in told - both
    ]
    return [one for one in found if not _is_form_alone(one)], unread


def _visible(snapshot: Snapshot) -> Mapping[Ref, Record]:
    """The derived records that no recorded one hides."""
    return {record.ref: record for record in snapshot.derived().of(None) if snapshot.find(record.ref) is None}


def _of_records(old: Record | None, new: Record | None, before: Snapshot, after: Snapshot) -> Difference:
    record = next(each for each in (new, old) if each)
    op = "added" if old is None else "removed" if new is None else "changed"
    blobs = (old.blob if old else None, new.blob if new else None)
    fields = between(old, new, before, after)
    return Difference(op, str(record.ref), record.kind, record.path, *blobs, fields, old=old, new=new)


def _taken_over(
    files: Sequence[Difference], derived: Sequence[Difference], before: Snapshot, after: Snapshot
) -> tuple[list[Difference], list[Difference]]:
    """What was derived and is recorded now, or the other way round, as one change of the record."""
    told = {one.ref: one for one in derived}
    both = {one.ref for one in files if one.ref in told and one.op in {"added", "removed"}}
    merged = [
        _of_records(one.old or told[one.ref].old, one.new or told[one.ref].new, before, after)
        if one.ref in both
        else one
        for one in files
    ]
    return [one for one in merged if not _is_form_alone(one)], [one for one in derived if one.ref not in both]
