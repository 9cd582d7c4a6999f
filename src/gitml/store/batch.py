"""Many deeds written at once: in a `with` block, or as a stream of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from gitml.errors import BadValue
from gitml.store.writing import Writing

if TYPE_CHECKING:
    from gitml.actions.apply import Applied, How, Plan
    from gitml.actions.batch import Batch
    from gitml.actions.run import Run
    from gitml.repo.change import Change
    from gitml.repo.snapshot import Snapshot

New = tuple[str, str | None, Mapping[str, Any]]
"""A record to add: its kind, its name (None for an event that gets a new id), its fields by dotted name."""


class Added(NamedTuple):
    """What a stream of records came to: how many were written, in which commits, and what to know."""

    records: int
    commits: tuple[str, ...]
    warnings: tuple[str, ...]


class Gathering(Writing):
    """A store in a `with` block: what is done to it is seen at once, and written when the block ends.

    After that `applied` tells what was written. Where the block raises, or a check refuses, nothing is.
    """

    def __init__(self, store: Writing, how: Mapping[str, Any]) -> None:
        super().__init__(store.repository, store.rev, clock=store.clock)
        self._store = store
        self._how = {**how}
        self._batch: Batch | None = None

    def __enter__(self) -> Self:
        from gitml.actions.batch import Batch

        self._batch = Batch(self.repository, lambda: super(Gathering, self).how(**self._how))
        self._batch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gathered.end(error)
        self.refresh()
        self._store.refresh()

    @property
    def applied(self) -> Applied | None:
        """What was written; None before the end, and where nothing was."""
        return self._batch.applied if self._batch else None

    @property
    def gathered(self) -> Batch:
        """The batch at work; raises BadValue before the block."""
        if self._batch is None:
            raise BadValue("the batch has not begun", hint="write: with store.batch(…) as batch:")
        return self._batch

    def how(self, **options: Any) -> How:
        """As the batch was told; BadValue where a deed in it is told otherwise."""
        if options:
            raise BadValue("the batch says how its deeds are written", hint="tell it to store.batch(…)")
        return self.gathered.how()

    def run(self, experiment: str, **what: Any) -> Run:
        """A run that is written with the batch, from whatever thread; each process has its own."""
        from gitml.actions.run import Run

        return Run(self.repository, experiment, clock=self.clock, batch=self.gathered, **what)

    def _here(self) -> Snapshot:
        return self.gathered.snapshot

    def _target(self, _how: How) -> Snapshot:
        return self.gathered.snapshot

    def _put(self, _snapshot: Snapshot, changes: Plan | Sequence[Change], _how: How) -> Applied:
        done = self.gathered.take(changes)
        self.refresh()
        return done


def add_all(store: Writing, records: Iterable[New], portion: int, how: Mapping[str, Any]) -> Added:
    """Records from an iterator, a portion at a time; what is written stays where a later portion is refused."""
    if portion < 1:
        raise BadValue(f"a portion of {portion} records", hint="1 at least")
    count = 0
    commits: list[str] = []
    warnings: list[str] = []
    for part in _portions(iter(records), portion):
        with Gathering(store, how) as batch:
            for kind, name, fields in part:
                batch.new(kind, name, fields)
                count += 1
        if batch.applied is not None:
            commits += [batch.applied.commit] if batch.applied.commit else []
            warnings += batch.applied.warnings
    return Added(count, tuple(commits), tuple(dict.fromkeys(warnings)))


def _portions(records: Iterator[New], size: int) -> Iterator[Iterator[New]]:
    """The iterator in portions; each must be used up before the next."""
    for first in records:
        yield _after(first, islice(records, size - 1))


def _after(first: New, others: Iterator[New]) -> Iterator[New]:
    yield first
    yield from others
