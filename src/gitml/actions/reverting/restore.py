"""The data of what is reverted: DVC's pointers put back, and the bytes checked out.

First everything is seen to be at hand: the bytes that are wanted lie in the cache or come into it, and those that the
work tree holds are known to it too. Only then are pointers written, and the data checked out; where that fails the
pointers go back, and the data as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from gitml.actions.apply import How, Plan
from gitml.actions.reverting.at_hand import at_hand, holds
from gitml.actions.reverting.recall import Recall, decided
from gitml.actions.reverting.stages import is_lock
from gitml.actions.reverting.uncommitted import LOST, lost
from gitml.checks.data import tracked_in
from gitml.errors import BadValue, GitmlError, Problem
from gitml.repo.data.dvc import checkout
from gitml.repo.data.lockfile import entries
from gitml.repo.readers.dvc import is_pointer_file

if TYPE_CHECKING:
    from gitml.actions.reverting.extent import Undone
    from gitml.repo.change import Change
    from gitml.repo.data.pointers import Pointer
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_OUTPUT = "dvc-output"


@dataclass
class Restoration:
    """A plan with the pointers in it, and the way back for the data where checking them out fails.

    `paths` are those of the data, `before` today's pointers of them.
    """

    repository: Repository
    plan: Plan
    paths: tuple[str, ...] = ()
    before: Mapping[str, Pointer] = field(default_factory=dict)
    begun: bool = False

    def check_out(self, data: Sequence[Pointer]) -> None:
        """Have DVC check out what the pointers say, and see that it did; GitmlError."""
        self.begun = True
        checkout(self.repository.git, [pointer.path for pointer in data])
        for pointer in data:
            if not holds(self.repository, pointer.path, pointer.md5):
                raise GitmlError(f"dvc checkout {pointer.path}: it is not what its pointer says")

    def put_back(self, error: BaseException) -> None:
        """Once the pointers are as before: the data as well; where that fails, the error says what would do it."""
        if not self.begun or not self.before:
            return
        try:
            checkout(self.repository.git, list(self.before))
        except GitmlError:
            if isinstance(error, GitmlError):
                hint = f"the pointers are as before; dvc checkout {' '.join(self.before)} puts the data back"
                error.hint = f"{error.hint}; {hint}" if error.hint else hint


def with_data(repository: Repository, today: Snapshot, undone: Undone, how: How) -> Restoration:
    """The plan with the pointers of what goes back; the data are at hand then. NotFound, Conflict, GitmlError."""
    _work_tree(repository, how)
    found = Recall(repository, today, undone)
    changes = (*undone.plan.changes, *found.changes())
    after = today.overlay(changes)
    data = [one for one in decided(today, after, found.paths) if one.path not in _kept_by_git(after)]
    before = tracked_in(today).pointers
    at_hand(repository, data, before)
    problems = (*undone.plan.problems, *_unsaved(repository, today, found.changes()))
    notes = (*undone.plan.notes, *_left(before, after, changes))
    if not data and not found.wanted:
        notes = (*notes, "nothing that goes back points to data under DVC")
    plan = replace(undone.plan, changes=changes, problems=problems, notes=notes)
    ours = {one.path: before[one.path] for one in data if one.path in before}
    done = Restoration(repository, plan, tuple(one.path for one in data), ours)
    done.plan = replace(plan, then=partial(done.check_out, data)) if data else plan
    return done


def _work_tree(repository: Repository, how: How) -> None:
    repository.file("")
    if how.branch is not None and how.branch != repository.git.branch():
        raise BadValue(f"data are checked out here, and {how.branch} is not", hint=f"git switch {how.branch} first")


def _kept_by_git(after: Snapshot) -> set[str]:
    """The outputs that DVC leaves to Git (`cache: false`)."""
    return {record.ref.keys[0] for record in after.derived(_OUTPUT).of(_OUTPUT) if record.data.get("cache") is False}


def _unsaved(repository: Repository, today: Snapshot, changes: Iterable[Change]) -> Iterator[Problem]:
    """Pointers of today, and entries of a lock, that are in no commit, and would be lost."""
    files = [replace(change, content=None) for change in changes if is_pointer_file(change.path)]
    yield from lost(today, (change for change in files if not is_lock(change.path)))
    for change in files:
        if is_lock(change.path) and change.after is not None:
            yield from _unsaved_entries(repository, today, next(one for one in changes if one.path == change.path))


def _unsaved_entries(repository: Repository, today: Snapshot, change: Change) -> Iterator[Problem]:
    sides = (repository.head().bytes_at(change.path), today.bytes_at(change.path), change.content)
    landed, here, then = (
        {name: one.digest for name, one in entries(change.path, raw).items()} for raw in sides
    )  # fmt: skip
    for name, digest in here.items():
        if then.get(name) != digest != landed.get(name):
            yield Problem(LOST, change.path, f"the entry of {name} is in no commit, and would be lost",
                          "commit it first, or --force", field=name)  # fmt: skip


def _left(before: Mapping[str, Pointer], after: Snapshot, changes: Iterable[Change]) -> Iterator[str]:
    """Data whose pointer goes: they stay where they are."""
    if any(change.after is None and is_pointer_file(change.path) for change in changes):
        now = tracked_in(after).pointers
        for path in before:
            if path not in now:
                yield f"{path}: DVC does not track it any more; the data stay where they are"
