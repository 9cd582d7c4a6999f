"""What can be done to a store: one short method per deed, each of which makes changes and has them written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gitml.records.ref import Ref
from gitml.store.reading import Reading, as_ref

if TYPE_CHECKING:
    from gitml.actions.again.needs import Needs
    from gitml.actions.again.reproduce import Reproduced
    from gitml.actions.apply import Applied, How, Plan
    from gitml.actions.bump import Bumped
    from gitml.actions.command import Ran
    from gitml.actions.joined import Joined
    from gitml.actions.records import Origin
    from gitml.actions.run import Run
    from gitml.actions.sync import Synced
    from gitml.repo.change import Change
    from gitml.repo.snapshot import Snapshot


class Writing(Reading):
    """The deeds that change a store; `how` of each: commit, message, branch, author."""

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

    def rm(self, ref: str | Ref, *, force: bool = False, **how: Any) -> Applied:
        """Remove a record; raises Refused where others refer to it, or it is immutable, or nobody has committed it.

        With `force` what nobody has committed goes, too, and a warning says so.
        """
        from gitml.actions import records

        return self._write(
            lambda snapshot, _how: records.remove(self.repository, snapshot, as_ref(ref), force=force), how
        )

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
        from gitml.actions.bump import Bumped, bump

        options = self.how(**how)
        snapshot = self._target(options)
        said = {**({} if reason is None else {"reason": reason}), **(fields or {})}
        found = bump(self.repository, snapshot, name, fields=said, origin=self._origin(options))
        return Bumped(self._put(snapshot, found.plan, options), found.previous, found.dependents, found.note)

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

    def run(self, experiment: str, **what: Any) -> Run | Joined:
        """A run of an experiment, or the part of this process in one, as a context manager; see `gitml.run`."""
        from gitml.actions.taking_part import begin_or_join

        return begin_or_join(self.repository, experiment, clock=self.clock, **what)

    def run_command(self, experiment: str, argv: Sequence[str], **what: Any) -> Ran:
        """Run a command and record it as a run (see `actions.command.run_command`); its exit code is in the answer."""
        from gitml.actions.command import run_command

        return run_command(self.repository, experiment, argv, clock=self.clock, **what)

    def reproduce(
        self, ref: str | Ref, *, env: str = "check", keep: bool = False, check: bool = False,
        tolerances: Mapping[str, str] | None = None, stdout: IO[Any] | int | None = None,
        first: Callable[[Needs], None] | None = None, **how: Any,
    ) -> Reproduced:  # fmt: skip
        """Run a run again in a worktree of its own, and record it (actions.again.reproduce); with `check` compare.

        Raises NotFound where what it needs is not there, GitmlError, Refused.
        """
        from gitml.actions.again.reproduce import Asked, reproduce

        heard = {} if first is None else {"first": first}
        asked = Asked(env, keep, check, tolerances or {}, stdout, **heard)
        done = reproduce(self.repository, as_ref(ref).bare, asked, self.how(**how), self.clock)
        self.refresh()
        return done

    def sync(
        self,
        spools: Iterable[str | os.PathLike[str]] = (),
        *,
        push: bool = True,
        forget: Sequence[str] = (),
        **how: Any,
    ) -> Synced:
        """Record what ran elsewhere or crashed, by the journals of this store and some spools; see `actions.sync`.

        Then the events line is pushed, and what keeps the code of runs, where there is a remote and `push` is true.
        Runs to `forget` are those whose records were removed before they were committed.
        """
        from gitml.actions.forgetting import forget as forgotten
        from gitml.actions.pushing import pushed
        from gitml.actions.sync import sync

        options = self.how(**how)
        places = list(map(Path, spools))
        gone = forgotten(self.repository, forget, places)
        done = replace(sync(self.repository, options, places), forgotten=gone)
        if push:
            done = replace(done, pushed=pushed(self.repository, options.now))
        self.refresh()
        return done

    def _origin(self, how: How) -> Origin:
        from gitml.actions.records import Origin

        return Origin(how.now, how.author or self.repository.author(), os.urandom)

    def _write(
        self, changes: Callable[[Snapshot, How], Plan | Sequence[Change]], options: Mapping[str, Any]
    ) -> Applied:
        """Make changes on the snapshot that they shall land on, and put them there."""
        how = self.how(**options)
        snapshot = self._target(how)
        return self._put(snapshot, changes(snapshot, how), how)

    def _target(self, how: How) -> Snapshot:
        return self.repository.target(how.branch)

    def _put(self, snapshot: Snapshot, changes: Plan | Sequence[Change], how: How) -> Applied:
        """Let `apply` check and write them."""
        from gitml.actions.apply import apply

        done = apply(self.repository, snapshot, changes, how)
        self.refresh()
        return done
