"""The Python API: one short method per deed, over the work tree or, by `at`, over any other snapshot."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitml.records.ref import Ref
from gitml.records.settings import LINE
from gitml.repo.around import around
from gitml.repo.repository import Repository
from gitml.store.batch import Added, Gathering, New, add_all
from gitml.store.reading import Clock, as_ref, now
from gitml.store.writing import Writing

if TYPE_CHECKING:
    from gitml.actions.apply import Applied
    from gitml.actions.doctor.finding import Diagnosis
    from gitml.actions.init import Initialised
    from gitml.actions.reverting.revert import Reverted
    from gitml.actions.run import Run

__all__ = ["Clock", "Store", "init", "initialise", "now", "open", "run"]


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


def run(experiment: str, *, path: str | os.PathLike[str] = ".", clock: Clock = now, **what: Any) -> Run:
    """A run of an experiment, recorded in the store around here when its `with` block ends.

    `what`: params, tags, inputs (refs or paths by name), seeds, type ("train"), name, note; and how to write: commit,
    message, branch, author.
    """
    return Store(around(Path(path)), clock=clock).run(experiment, **what)


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
