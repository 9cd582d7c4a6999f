"""The Python API: one short method per deed, over the work tree or, by `at`, over any other snapshot."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitml.records.ref import Ref
from gitml.repo.repository import Repository
from gitml.store.reading import Clock, Reading, as_ref, now

if TYPE_CHECKING:
    from gitml.actions.apply import Applied, How, Plan
    from gitml.actions.bump import Bumped
    from gitml.actions.command import Ran
    from gitml.actions.doctor.finding import Diagnosis
    from gitml.actions.init import Initialised
    from gitml.actions.records import Origin
    from gitml.actions.reverting.revert import Reverted
    from gitml.actions.run import Run
    from gitml.repo.change import Change
    from gitml.repo.snapshot import Snapshot

__all__ = ["Clock", "Store", "init", "initialise", "now", "open", "run"]


def open(path: str | os.PathLike[str] = ".", *, clock: Clock = now) -> Store:  # noqa: A001  (gitml.open, as one says it)
    """The store around a path; raises GitFailed where there is no repository."""
    return Store(Repository.find(Path(path)), clock=clock)


class Store(Reading):
    """A store: its records, comparisons and checks at one snapshot, and the deeds that change it.

    `gitml.open()` is the work tree; `store.at("v1.0")` the same store as of a commit, tag, branch or date.
    """

    def fix(self, paths: Iterable[str] | None = None) -> Applied:
        """Rewrite records in canonical form, comments kept."""
        from gitml.actions.fix import fix

        return fix(self.repository, self.snapshot, paths, self.how())

    def doctor(self, *, fix: bool = False) -> Diagnosis:
        """What would make git quicker or safer in this clone; with `fix` set it, where no file of the tree changes."""
        from gitml.actions.doctor.doctor import cure, examine

        return (cure if fix else examine)(self.repository)

    def how(
        self, *, commit: bool = False, message: str | None = None, branch: str | None = None, author: str | None = None
    ) -> How:
        """How to write: now, and as told."""
        from gitml.actions.apply import How

        return How(self.clock(), commit, message, branch, author)

    def new(self, kind: str, name: str | None = None, fields: Mapping[str, Any] | None = None, **how: Any) -> Applied:
        """A new record of a kind; `fields` by dotted name. Raises Refused, Conflict."""
        from gitml.actions import records

        return self._write(
            lambda snapshot, how: records.make(snapshot, kind, name, fields or {}, self._origin(how)), how
        )

    def new_dataset(self, name: str, path: str, fields: Mapping[str, Any] | None = None, **how: Any) -> Applied:
        """A dataset and its first version from a file: pointer, columns, types, counts."""
        from gitml.actions import dataset

        return self._write(
            lambda snapshot, how: dataset.new(self.repository, snapshot, name, path, fields or {}, self._origin(how)),
            how,
        )

    def set(self, ref: str | Ref, fields: Mapping[str, Any], **how: Any) -> Applied:
        """Set fields of a record by dotted name (MISSING removes one); its other lines stay as they are."""
        from gitml.actions import records

        return self._write(lambda snapshot, _how: records.set_named(snapshot, as_ref(ref), fields), how)

    def rm(self, ref: str | Ref, **how: Any) -> Applied:
        """Remove a record; raises Refused where others refer to it, or it is immutable, or nobody has committed it."""
        from gitml.actions import records

        return self._write(lambda snapshot, _how: records.remove(self.repository, snapshot, as_ref(ref)), how)

    def register(
        self,
        name: str,
        *,
        run: str | None = None,
        path: str | None = None,
        fields: Mapping[str, Any] | None = None,
        **how: Any,
    ) -> Applied:
        """The next version of a model (or `dataset/NAME`, `feature-set/NAME`) from a run and a file."""
        from gitml.actions import lifecycle

        return self._write(
            lambda snapshot, how: lifecycle.register(
                self.repository, snapshot, name, run=run, path=path, fields=fields or {}, origin=self._origin(how)
            ),
            how,
        )

    def bump(
        self, name: str, *, reason: str | None = None, fields: Mapping[str, Any] | None = None, **how: Any
    ) -> Bumped:
        """The next version of a dataset (or `feature-set/NAME`) whose data have changed; who rests on the last one.

        Where nothing has changed, nothing is written, and the note says so. Raises Conflict, NotFound, BadValue.
        """
        from gitml.actions.apply import apply
        from gitml.actions.bump import Bumped, bump

        options = self.how(**how)
        snapshot = self.repository.target(options.branch)
        said = {**({} if reason is None else {"reason": reason}), **(fields or {})}
        found = bump(self.repository, snapshot, name, fields=said, origin=self._origin(options))
        done = apply(self.repository, snapshot, found.plan, options)
        self.refresh()
        return Bumped(done, found.previous, found.dependents, found.note)

    def promote(self, ref: str | Ref, alias: str, *, reason: str | None = None, **how: Any) -> Applied:
        """Let an alias choose a version; raises Refused where the lifecycle forbids it."""
        from gitml.actions import lifecycle

        return self._write(
            lambda snapshot, how: lifecycle.promote(snapshot, as_ref(ref), alias, reason, self._origin(how)), how
        )

    def retire(self, ref: str | Ref, *, reason: str | None = None, status: str = "retired", **how: Any) -> Applied:
        """Give a version its final status (or deprecated, rejected); raises Refused where that is not allowed."""
        from gitml.actions import lifecycle

        return self._write(
            lambda snapshot, how: lifecycle.retire(snapshot, as_ref(ref), status, reason, self._origin(how)), how
        )

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

    def run(self, experiment: str, **what: Any) -> Run:
        """A run of an experiment, as a context manager; see `gitml.run`."""
        from gitml.actions.run import Run

        return Run(self.repository, experiment, clock=self.clock, **what)

    def run_command(self, experiment: str, argv: Sequence[str], **what: Any) -> Ran:
        """Run a command and record it as a run (see `actions.command.run_command`); its exit code is in the answer."""
        from gitml.actions.command import run_command

        return run_command(self.repository, experiment, argv, clock=self.clock, **what)

    def _origin(self, how: How) -> Origin:
        from gitml.actions.records import Origin

        return Origin(how.now, how.author or self.repository.author(), os.urandom)

    def _write(
        self, changes: Callable[[Snapshot, How], Plan | Sequence[Change]], options: Mapping[str, Any]
    ) -> Applied:
        """Make changes on the snapshot that they shall land on, and let `apply` check and write them."""
        from gitml.actions.apply import apply

        how = self.how(**options)
        snapshot = self.repository.target(how.branch)
        done = apply(self.repository, snapshot, changes(snapshot, how), how)
        self.refresh()
        return done


def run(experiment: str, *, path: str | os.PathLike[str] = ".", clock: Clock = now, **what: Any) -> Run:
    """A run of an experiment, recorded in the store around here when its `with` block ends.

    `what`: params, tags, inputs (refs or paths by name), seeds, type ("train"), name, note; and how to write: commit,
    message, branch, author.
    """
    return open(path, clock=clock).run(experiment, **what)


def init(path: str | os.PathLike[str] = ".", *, hooks: bool = False, clock: Clock = now, **how: Any) -> Store:
    """Make a folder of a git repository a store, and open it; `how`: commit, message, branch, author."""
    initialise(path, hooks=hooks, clock=clock, **how)
    return open(path, clock=clock)


def initialise(
    path: str | os.PathLike[str] = ".", *, hooks: bool = False, clock: Clock = now, **how: Any
) -> Initialised:
    """As `init`; what was written, and what to know of it."""
    from gitml.actions.apply import How
    from gitml.actions.init import init as made

    return made(Path(path), How(clock(), **how), hooks=hooks)
