"""A batch: deeds gathered, each seen by those after it, then checked and written together: all of them or none.

What runs have recorded is never lost: where a batch is not written, their records are kept below the Git directory.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import replace
from threading import RLock

from gitml.actions.apply import Applied, How, Plan, apply
from gitml.errors import BadValue, Conflict
from gitml.repo.change import Change
from gitml.repo.pending import Pending
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing import unsaved
from gitml.views.changes import describe

_CURRENT: ContextVar[Batch | None] = ContextVar("gitml_batch", default=None)


class BatchWarning(UserWarning):
    """What became of runs whose batch was not written."""


class Batch:
    """Deeds in a `with` block that are written when it ends; `how` says how, and is asked for the time.

    An exception in the block, or a problem at its end, and nothing is written.
    """

    def __init__(self, repository: Repository, how: Callable[[], How]) -> None:
        self.repository = repository
        self.how = how
        self.applied: Applied | None = None
        self._branch = how().branch
        self._pending = Pending(repository.target(self._branch))
        self._plans: list[Plan] = []
        self._runs: dict[str, tuple[Change, ...]] = {}
        self._then: list[Callable[[Applied], None]] = []
        self._turn = RLock()
        self._process = 0
        self._open = False
        self._outer: Batch | None = None

    @property
    def snapshot(self) -> Snapshot:
        """The store as it would be, were the batch written now."""
        return self._pending.snapshot

    @property
    def changes(self) -> tuple[Change, ...]:
        """What would be written."""
        return tuple(self._pending.changes.values())

    def start(self) -> None:
        """Begin; BadValue in the middle of another batch."""
        self._outer = _CURRENT.get()
        if self._outer is not None and self._outer.is_of(self.repository):
            raise BadValue("a batch is open already", hint="go on with that one, or end it first")
        _CURRENT.set(self)
        self._process, self._open = os.getpid(), True

    def end(self, error: BaseException | None) -> None:
        """Write what was gathered, where nothing was raised; raises Refused, Conflict, DiskFailed."""
        _CURRENT.set(self._outer)
        if os.getpid() != self._process:
            return  # a child that was forked in the block: the batch is its parent's
        self._open = False
        try:
            if error is None:
                self.applied = self._written()
                for settle in self._then:
                    settle(self.applied)
        finally:
            if self.applied is None:
                self._keep_runs()

    def is_of(self, repository: Repository) -> bool:
        """Whether what is done in a repository's store belongs to this batch."""
        own = self.repository
        return (own.git.git_dir, own.prefix) == (repository.git.git_dir, repository.prefix)

    def take(
        self, made: Plan | Iterable[Change], *, run: str | None = None, then: Callable[[Applied], None] | None = None
    ) -> Applied:
        """Add what a deed would write, of the run with the id `run` if it is one's; what it comes to.

        `then` is called with what the batch comes to, once it is written.
        """
        plan = made if isinstance(made, Plan) else Plan(tuple(made))
        if not self._open or plan.then is not None:
            told = "this batch has ended" if not self._open else "this is no deed for a batch"
            raise BadValue(told, hint="do it outside of the batch")
        with self._turn:
            if run is not None:  # what it shares with others, one of them may have brought just now
                known = self._pending.changes
                plan = replace(plan, changes=tuple(one for one in plan.changes if one.fresh or one.path not in known))
            before = self._pending.snapshot
            new = {path for path, one in self._pending.changes.items() if one.before is None} if plan.problems else ()
            self._pending.take(plan.changes)
            # What nobody has committed is not lost where this batch has made it.
            lasting = tuple(one for one in plan.problems if one.path not in new)
            self._plans.append(Plan((), plan.notes, lasting, plan.message, plan.trailers))
            if run is not None:
                self._runs[run] = plan.changes
            if then is not None:
                self._then.append(then)
            moved = [one for one in plan.changes if one.before != one.after]
            return Applied(None, tuple(describe(moved, before, self._pending.snapshot)), lasting, plan.notes)

    def _written(self) -> Applied:
        try:
            return self._apply()
        except Conflict:  # what another process has just written may be the same: runs share their environment
            return self._apply()

    def _apply(self) -> Applied:
        how = self.how()
        fresh = self.repository.target(self._branch)
        plans = self._plans
        said = {plan.message for plan in plans if plan.message}
        whole = Plan(
            tuple(self._due(fresh, how)),
            tuple(dict.fromkeys(note for plan in plans for note in plan.notes)),
            tuple(problem for plan in plans for problem in plan.problems),
            said.pop() if len(said) == 1 and len(plans) == 1 else None,
            tuple(dict.fromkeys(trailer for plan in plans for trailer in plan.trailers)),
        )
        return apply(self.repository, fresh, whole, how)

    def _due(self, fresh: Snapshot, how: How) -> Iterable[Change]:
        """The changes that are still to be made: what somebody has added meanwhile, byte for byte, is there."""
        fresh.tree.ready(one.path for one in self.changes if not one.fresh)
        for one in self.changes:
            entry = None if one.fresh or one.before is not None else fresh.tree.file(one.path)
            if entry is None or entry.oid != one.after:
                yield one
            elif how.commit and fresh.at.kind != "commit":
                yield Change(one.path, entry.oid, entry.oid, one.content, entry.mode)

    def _keep_runs(self) -> None:
        """Keep the records of the runs in a batch that was not written, and say where."""
        files = {one.path: one.content for made in self._runs.values() for one in made if one.content is not None}
        if not files:
            return
        place = unsaved.keep(self.repository.git, next(iter(self._runs)), files)
        kept = f"they are kept in {place}" if place else "no disk takes them"
        told = f"{len(self._runs)} runs were not recorded, for their batch was not written; {kept}"
        try:
            warnings.warn(told, BatchWarning, stacklevel=4)
        except BatchWarning as raised:  # why it was not written comes first
            warnings.showwarning(raised, BatchWarning, __file__, 0)


def current_batch(repository: Repository) -> Batch | None:
    """The batch of a store whose `with` block this is; None outside of one."""
    found = _CURRENT.get()
    return found if found is not None and found.is_of(repository) else None
