"""The Python API: one short method per deed, over the work tree or, by `at`, over any other snapshot."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitml.errors import GitFailed
from gitml.records.ref import Ref
from gitml.records.settings import LINE
from gitml.repo.around import around
from gitml.repo.repository import Repository
from gitml.store.batch import Added, Gathering, New, add_all
from gitml.store.reading import Clock, as_ref, now
from gitml.store.writing import Writing

if TYPE_CHECKING:
    from gitml.actions.apply import Applied
    from gitml.actions.command import Ran
    from gitml.actions.doctor.finding import Diagnosis
    from gitml.actions.init import Initialised
    from gitml.actions.joined import Joined
    from gitml.actions.logged import Logged
    from gitml.actions.reverting.revert import Reverted
    from gitml.actions.run import Run

__all__ = ["Clock", "Store", "current_run", "init", "initialise", "now", "open", "run", "run_command"]


def open(path: str | os.PathLike[str] = ".", *, clock: Clock = now) -> Store:  # noqa: A001  (gitml.open, as one says it)
    """The store around a path; raises GitFailed where there is no repository."""
    return Store(Repository.find(Path(path)), clock=clock)


class Store(Writing):
    """A store: its records, comparisons and checks at one snapshot, and the deeds that change it.

    `gitml.open()` is the work tree; `store.at("v1.0")` the same store as of a commit, tag, branch or date.
    """

    def batch(self, **how: Any) -> Gathering:
        """Several deeds written together when a `with` block ends, all of them or none; `how` as with each of them."""
        return Gathering(self, how)

    def add_all(self, records: Iterable[New], *, portion: int = 1000, **how: Any) -> Added:
        """New records from an iterator of any length, `portion` at a time: each is a batch, and one commit."""
        return add_all(self, records, portion, how)

    def fix(self, paths: Iterable[str] | None = None) -> Applied:
        """Rewrite records in canonical form, comments kept."""
        from gitml.actions.fix import fix

        return fix(self.repository, self.snapshot, paths, self.how())

    def doctor(self, *, fix: bool = False) -> Diagnosis:
        """What would make git quicker or safer in this clone; with `fix` set it, where no file of the tree changes."""
        from gitml.actions.doctor.doctor import cure, examine

        return (cure if fix else examine)(self.repository)

    def move_events(self, to: str = LINE, **how: Any) -> Applied:
        """Let events flow on a branch, or lie in the `tree`; raises Conflict, BadValue."""
        from gitml.actions.moving import move

        done = move(self.repository, to, self.how(**how))
        self.refresh()
        return done

    def renumber(self, ref: str | Ref, *, to: int | None = None, **how: Any) -> Applied:
        """Of two versions with one number move the later, and every ref to it; in a merge that settles the conflict.

        Raises BadValue where there are no two, Conflict where the number `to` is taken, Refused.
        """
        from gitml.actions.renumber import renumber

        done = renumber(self.repository, as_ref(ref), to, self.how(**how))
        self.refresh()
        return done

    def revert(
        self,
        what: str | Ref | None = None,
        *,
        to: str | None = None,
        kind: str | None = None,
        field: str | None = None,
        data: bool = False,
        force: bool = False,
        dry_run: bool = False,
        **how: Any,
    ) -> Reverted:
        """Undo: a record (or all of a `kind`) as of the revision `to`, what a commit did, or what a range `A..B` did.

        With `field` that one alone; with `data` DVC's pointers too, and the data checked out. Raises Conflict where
        somebody has changed the same since, Refused where refs or deployments would lose what they rest on (`force`).
        """
        from gitml.actions.reverting.extent import asked
        from gitml.actions.reverting.revert import carry_out

        options = self.how(**how)
        today = self.repository.target(options.branch)
        word = None if what is None else str(what)
        extent = asked(self.repository, today, word, to=to, kind=kind, within=field)
        done = carry_out(self.repository, today, extent, options, data=data, force=force, dry_run=dry_run)
        self.refresh()
        return done


def run(
    experiment: str,
    *,
    path: str | os.PathLike[str] = ".",
    clock: Clock = now,
    spool: str | os.PathLike[str] | None = None,
    **what: Any,
) -> Run | Joined:
    """A run of an experiment, recorded in the store around here when its `with` block ends.

    `what`: params, tags, inputs (refs or paths by name), seeds, type ("train"), name, note; parent and resume (runs),
    sweep (space, objective); and how to write: commit, message, branch, author. With a `spool` (GITML_SPOOL) nothing is
    written but there, for `sync` to gather, and no repository is needed. In a script under `git ml run` of the same
    experiment the first run is that one: what it is told and logs is added to it. Processes that torchrun, srun or
    mpirun has started together are one run, unless GITML_RANKS says `apart`.
    """
    from gitml.actions.taking_part import begin_or_join

    return begin_or_join(_around(path, spool), experiment, clock=clock, spool=spool, **what)


def current_run() -> Logged | None:
    """The run whose `with` block this is, or that this process was started in by `git ml run`; None outside of any."""
    from gitml.actions.run import current_run as found

    return found()


def run_command(
    experiment: str,
    argv: Sequence[str],
    *,
    path: str | os.PathLike[str] = ".",
    clock: Clock = now,
    spool: str | os.PathLike[str] | None = None,
    **what: Any,
) -> Ran:
    """Run a command and record it as a run, as `run` does; its exit code is in the answer."""
    from gitml.actions.command import run_command

    return run_command(_around(path, spool), experiment, argv, clock=clock, spool=spool, **what)


def _around(path: str | os.PathLike[str], spool: str | os.PathLike[str] | None) -> Repository | None:
    """The repository around a path; None where there is none, and none is needed."""
    from gitml.actions import capture

    try:
        return around(Path(path))
    except GitFailed:
        if spool is None and capture.spool() is None and capture.joining() is None:
            raise
        return None


def init(
    path: str | os.PathLike[str] = ".", *, hooks: bool = False, events: str | None = None, clock: Clock = now,
    **how: Any,
) -> Store:  # fmt: skip
    """Make a folder of a git repository a store, and open it; `how`: commit, message, branch, author.

    `events` names the branch on which events shall flow; without it they lie in the tree.
    """
    initialise(path, hooks=hooks, events=events, clock=clock, **how)
    return open(path, clock=clock)


def initialise(
    path: str | os.PathLike[str] = ".",
    *,
    hooks: bool = False,
    events: str | None = None,
    clock: Clock = now,
    **how: Any,
) -> Initialised:
    """As `init`; what was written, and what to know of it."""
    from gitml.actions.apply import How
    from gitml.actions.init import init as made

    return made(Path(path), How(clock(), **how), hooks=hooks, events=events)
