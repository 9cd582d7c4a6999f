"""What can be asked of a store: at its work tree or, by `at`, at any other snapshot."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from copy import copy
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gitml.errors import NotFound
from gitml.records.ref import Ref
from gitml.repo.repository import Repository

if TYPE_CHECKING:
    import git as gitpython
    import pandas as pd

    from gitml.actions.preview import Preview
    from gitml.checks.validate import Validation
    from gitml.errors import Problem
    from gitml.records.record import Record
    from gitml.repo.history import History
    from gitml.repo.snapshot import Snapshot
    from gitml.views.board.board import Board
    from gitml.views.board.gap import Gaps
    from gitml.views.compare import Comparison, Side
    from gitml.views.curves import Curves
    from gitml.views.data import DataStatus
    from gitml.views.diff import Diff
    from gitml.views.health import Health
    from gitml.views.history.blame import Blame
    from gitml.views.history.log import Log
    from gitml.views.lineage.graph import Graph
    from gitml.views.lineage.why import Why
    from gitml.views.live.live import Live
    from gitml.views.review import Review
    from gitml.views.rows import Rows

Clock = Callable[[], datetime]


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Reading:
    """A store at one snapshot, as it can be asked: records, comparisons, history, lineage, checks."""

    def __init__(self, repository: Repository, rev: str | None = None, *, clock: Clock = now) -> None:
        self.repository = repository
        self.rev = rev
        self.clock = clock

    def at(self, rev: str) -> Self:
        """The store as of a commit, tag, branch, date, `staged` or `worktree`; raises NotFound."""
        other = copy(self)
        other.rev = rev
        other.refresh()
        _ = other.snapshot
        return other

    @cached_property
    def snapshot(self) -> Snapshot:
        """The snapshot that answers; `refresh` looks again."""
        if self.rev is None:
            return self._here()
        rules = self.repository.rules()
        return self.repository.at(self.rev, rules.settings.main, rules.own_schemas)

    def _here(self) -> Snapshot:
        return self.repository.here()

    def refresh(self) -> None:
        """Look at the repository again."""
        self.__dict__.pop("snapshot", None)

    @property
    def git(self) -> gitpython.Repo:
        """The repository as a GitPython object, for porcelain of your own."""
        return self.repository.porcelain()

    def kinds(self) -> Rows:
        """How many records and problems of each kind there are."""
        from gitml.views.kinds import kinds

        return kinds(self.snapshot)

    def rows(self, kind: str, where: str | None = None, *, over: str | Iterable[str] | None = None, **how: Any) -> Rows:
        """Records of a kind as rows (views.listing.rows: columns, sort, limit, dialect); no pandas needed.

        `over` asks history: commits, branches, tags or experiments, one or several of them (views.past.past).
        """
        if over is None:
            from gitml.views.listing import rows

            return rows(self.snapshot, kind, where, **how)
        from gitml.views.past import past

        return past(self._past(over), self.snapshot, kind, where=where, **how)

    def _past(self, over: str | Iterable[str]) -> History:
        """The commits that are meant; as of a revision, those that it reaches."""
        from gitml.repo.history import History
        from gitml.repo.over import Flowing

        asker = self.snapshot if self.rev is None else self.repository.here()
        within, events = None if self.rev is None else self.snapshot.at.commit, self.snapshot.at.events
        line = Flowing(self.snapshot.settings.events, events) if events else None
        return History.of(self.repository, over, within, asker.own_schemas, line)

    def table(self, kind: str, where: str | None = None, **how: Any) -> pd.DataFrame:
        """Records of a kind as a DataFrame: one row a record, dotted columns, nullable types; `over` as in `rows`.

        Of a large one, columns that few rows have are sparse (views.table.of).
        """
        from gitml.views.listing import view
        from gitml.views.table import of, table

        return table(self.rows(kind, where, **how)) if "over" in how else of(view(self.snapshot, kind, where, **how))

    def show(self, ref: str | Ref) -> Record:
        """One record; `rev:ref` shows it as of a revision. Raises NotFound, BadRef."""
        wanted = as_ref(ref)
        store = self.at(wanted.rev) if wanted.rev else self
        return store.snapshot.record(wanted.bare)

    def text_of(self, ref: str | Ref) -> Path | None:
        """The file of what a run that failed said last, where no texts are recorded: on this machine alone, or None."""
        from gitml.repo.journal.texts import place

        wanted = as_ref(ref)
        file = place(self.repository.git, wanted.keys[-1]) if wanted.kind == "run" else None
        return file if file is not None and file.is_file() else None

    def series(self, ref: str | Ref, metric: str | None = None) -> pd.DataFrame:
        """The points of a run, live or finished: name, step, time, value.

        With a metric its points alone: by its full name, or by the last part of it. Raises NotFound.
        """
        from gitml.actions.curves import points, wanted
        from gitml.views.table.points import frame

        found = frame(wanted(points(self.repository, self.snapshot, as_ref(ref)), metric))
        if metric is not None and found.empty:
            raise NotFound(f"{ref} has no metric {metric!r}")
        return found

    def problems(self, record: Record) -> tuple[Problem, ...]:
        """What is wrong with one record."""
        from gitml.checks import validate

        return validate.some(self.repository, self.snapshot, [record.path]).problems

    def get(self, ref: str | Ref, into: Path | None = None) -> Path:
        """The bytes that a record points to, digest checked: their place, or a copy in `into`."""
        from gitml.actions.get import get

        wanted = as_ref(ref)
        store = self.at(wanted.rev) if wanted.rev else self
        return get(self.repository, store.snapshot, wanted.bare, into)

    def preview(self, ref: str | Ref, limit: int = 10) -> Preview:
        """The first rows of the data that a record points to, personal columns masked; of a folder its files."""
        from gitml.actions.preview import preview

        wanted = as_ref(ref)
        store = self.at(wanted.rev) if wanted.rev else self
        return preview(self.repository, store.snapshot, wanted.bare, limit)

    def comparison(self, *refs: str | Ref) -> Comparison:
        """Records side by side, the first as the baseline; `rev:ref` is one as of a revision.

        Beside the fields stand data, code, environment and duration, as the records and their runs tell them.
        """
        from dataclasses import replace

        from gitml.views.beside.beside import beside

        found = self._compared(refs)
        told = [(side.record, side.snapshot) for side in found.sides if side.snapshot]
        return replace(found, beside=beside(told, self.repository))

    def _compared(self, refs: Iterable[str | Ref]) -> Comparison:
        from gitml.views.compare import compare
        from gitml.views.metrics import Metrics

        return compare([self._side(as_ref(ref)) for ref in refs], Metrics.of(self.snapshot))

    def _side(self, ref: Ref) -> Side:
        from gitml.views.compare import Side

        return Side.of(self.at(ref.rev).snapshot if ref.rev else self.snapshot, ref)

    def compare(self, *refs: str | Ref) -> pd.DataFrame:
        """Records side by side as a DataFrame: one row a field."""
        from gitml.views.table import frame

        return frame(self._compared(refs))

    def curves(self, *refs: str | Ref, metric: str) -> Curves:
        """One metric of runs over its steps; raises NotFound for a run without it, BadValue."""
        from gitml.actions.tracks import tracks

        return tracks(self.repository, self.snapshot, [as_ref(ref).bare for ref in refs], metric)

    def diff(self, a: str | None = None, b: str | None = None, *, parted: bool = False) -> Diff:
        """What changed between two snapshots, by meaning: from HEAD to this one, from `a` to this one, from `a` to `b`.

        Each is a commit, tag, branch, date, `staged` or `worktree`; with `parted` it is from where the two parted, and
        tags are as of `b`: they are nobody's change. Raises NotFound.
        """
        from gitml.views.diff import diff

        # The work tree is looked at once, for both; where neither is it, what rules in it is enough.
        is_asked = self.rev is None and (b is None or "snapshot" in self.__dict__)
        here = self.snapshot if is_asked else self.repository.rules()
        main, asker = here.settings.main, here.own_schemas
        after = self.snapshot if b is None else self.repository.at(b, main, asker)
        if parted:
            base = self.partings(a or "HEAD", b or self.rev or "HEAD")[0]
            return diff(self.repository.commit(base, asker, after.at.until), after)
        born = a is not None or self.repository.git.head() is not None
        return diff(self.repository.at(a or "HEAD", main, asker) if born else self.repository.head(), after)

    def partings(self, a: str, b: str) -> list[str]:
        """The commit at which two revisions parted, for `diff`; of `staged` and `worktree` HEAD counts.

        Several where merges have crossed, the one that git takes first. Raises NotFound where there is none in common.
        """
        here = self.repository.here()
        ats = [self.repository.git.resolve_at(text, here.settings.main) for text in (a, b)]
        commits = [at.commit or self.repository.git.resolve("HEAD") for at in ats]
        return self.repository.partings(commits[0], commits[1], (a, b))

    def log(
        self,
        ref: str | Ref | None = None,
        *,
        field: str | None = None,
        since: str | None = None,
        author: str | None = None,
        limit: int | None = None,
    ) -> Log:
        """What happened to a record (all records), the newest first: of a field, since a day, by an author.

        Renames are followed. Raises NotFound where there was never such a record, BadValue.
        """
        from gitml.views.history.log import Wanted, history

        wanted = None if ref is None else as_ref(ref)
        store = self.at(wanted.rev) if wanted and wanted.rev else self
        asked = Wanted(field, since, author, limit)
        return history(self.repository, store.snapshot, wanted.bare if wanted else None, asked)

    def history(self, ref: str | Ref | None = None, **asked: Any) -> pd.DataFrame:
        """What happened, as a DataFrame: one row an event; field, since, author and limit as in `log`."""
        from gitml.views.table import table

        return table(self.log(ref, **asked).rows)

    def blame(self, ref: str | Ref) -> Blame:
        """The last change of each field of a record; raises NotFound."""
        from gitml.views.history.blame import blame

        wanted = as_ref(ref)
        store = self.at(wanted.rev) if wanted.rev else self
        return blame(self.repository, store.snapshot, wanted.bare)

    def live(self, on: str | None = None, *, remote: bool = False) -> Live:
        """What aliases choose and deployments serve; with `on` what they did at the end of a day, by what is known now.

        `remote` asks DVC's remotes, too, whether the data exists. Raises BadValue.
        """
        from gitml.views.live.live import live

        return live(self.repository, self.snapshot, on, remote=remote)

    def lineage(self, ref: str | Ref | None = None) -> Graph:
        """What a record comes from and what depends on it; without a ref all that there is. Raises NotFound."""
        from gitml.views.lineage.build import lineage

        wanted = None if ref is None else as_ref(ref)
        store = self.at(wanted.rev) if wanted and wanted.rev else self
        return lineage(store.snapshot, wanted.bare if wanted else None)

    def why(self, a: str, b: str) -> Why:
        """The first differences upstream of two records or commits, the nearest first. Raises NotFound."""
        from gitml.views.lineage.why import asked, why

        sides = [asked(text, self.snapshot, lambda rev: self.at(rev).snapshot) for text in (a, b)]
        return why(sides[0], sides[1], self.repository.commit)

    def board(self, experiment: str, **asked: Any) -> Board:
        """The runs of an experiment by a metric, the best first (views.board.board.leaderboard); no pandas needed.

        `asked`: metric, where, by, limit, columns. Raises NotFound, BadFilter, BadValue.
        """
        from gitml.views.board.board import leaderboard

        return leaderboard(self.snapshot, experiment, **asked)

    def leaderboard(self, experiment: str, metric: str | None = None, **asked: Any) -> pd.DataFrame:
        """The same as a DataFrame: one row a run, or a value of the field `by`."""
        from gitml.views.table import table

        return table(self.board(experiment, metric=metric, **asked).rows)

    def gaps(self, board: Board) -> Gaps:
        """Of the runs that a board shows, each metric of training against the same metric of other splits."""
        from gitml.views.board.gap import gaps
        from gitml.views.metrics import Metrics

        return gaps(board, Metrics.of(self.snapshot))

    def validate(self, paths: Iterable[str] | None = None, *, staged: bool = False) -> Validation:
        """What is wrong: in everything, in some paths, or in what is staged."""
        from gitml.checks import validate

        if staged:
            return validate.staged(self.repository)
        if paths is not None:
            return validate.some(self.repository, self.snapshot, paths)
        return validate.everything(self.repository, self.snapshot)

    def validate_range(self, a: str, b: str) -> Validation:
        """What is wrong at revision `b` that was not yet wrong where it and `a` parted. Raises NotFound, BadValue."""
        from gitml.checks.range import between, commit_of

        return between(self.repository, commit_of(self.repository, a), commit_of(self.repository, b))

    def review(self, a: str | None = None, b: str | None = None, *, parted: bool = False) -> Review:
        """A diff (as `diff`) as a reviewer wants it: what is promoted, what is affected, which problems it brings.

        Of two commits those count that the one at which they parted had not. Raises NotFound.
        """
        from gitml.checks.range import brought
        from gitml.views.review import review

        found = self.diff(a, b, parted=parted)
        return review(found, brought(self.repository, found.before, found.after))

    def merge_check(self, a: str, b: str) -> Validation:
        """What would be wrong once `b` is merged into `a`, by git alone, without a driver; nothing is written.

        A problem that names a commit is wrong on that side already. Raises NotFound, BadValue, GitFailed.
        """
        from gitml.checks.merged import merge_check
        from gitml.checks.range import commit_of

        return merge_check(self.repository, commit_of(self.repository, a), commit_of(self.repository, b))

    def status(self, spools: Iterable[str | os.PathLike[str]] = ()) -> Health:
        """How the store is: records and problems by kind, the branch, what is not committed; the runs that go on.

        These may be in spools, too (GITML_SPOOL's, where none is named).
        """
        from gitml.actions.capture import spools as named
        from gitml.views.health import health

        return health(self.repository, self.snapshot, self.validate().problems, named(spools))

    def data_status(self, *, ever_live: bool = False) -> DataStatus:
        """Whether the data of each pointer are in the work tree, in DVC's cache, in its remote, which is asked itself.

        With `ever_live` also those of every version that an alias ever chose. Raises GitFailed in a bare repository.
        """
        from gitml.views.data import data

        return data(self.repository, self.snapshot, ever=ever_live)


def as_ref(ref: str | Ref) -> Ref:
    """A ref, from its text where it is one; raises BadRef."""
    return Ref.parse(ref) if isinstance(ref, str) else ref
