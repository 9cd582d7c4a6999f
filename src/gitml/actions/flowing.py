"""Where events flow on a line of their own: which changes go there, and how both parts of a deed are written as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitml.actions.keeping import kept
from gitml.checks.facts import FactBook
from gitml.errors import BadRef
from gitml.records.ref import Ref
from gitml.records.settings import TREE
from gitml.repo.change import Change
from gitml.repo.line import ENVIRONMENT, parted
from gitml.repo.writing.commit import Words
from gitml.repo.writing.flow import flow
from gitml.repo.writing.writer import Written, write

if TYPE_CHECKING:
    from gitml.actions.plan import How, Plan
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Split:
    """The changes of a deed: `here` those of the tree (or of a branch that it was told), `there` those of the line."""

    here: tuple[Change, ...]
    there: tuple[Change, ...]
    line: str

    @classmethod
    def of(cls, snapshot: Snapshot, changes: Iterable[Change], branch: str | None) -> Split:
        """Where changes on a snapshot go: events to the line, unless somebody has named another branch."""
        line = snapshot.settings.events
        made = tuple(changes)
        if line == TREE or branch not in (None, line):
            return cls(made, (), line)
        here, there = parted(snapshot, made)
        return cls(tuple(here), tuple(there), line)

    def whole(self, after: Snapshot) -> Split:
        """With what both parts must hold as well, byte for byte, for what is new in them refers to it."""
        copies = tuple(_copies(after, self.here))
        shared = tuple(_environments(after, self.there))
        return replace(self, here=(*self.here, *copies), there=(*self.there, *shared)) if copies or shared else self

    def write(
        self, repository: Repository, after: Snapshot, plan: Plan, how: How, trailers: Sequence[tuple[str, str]]
    ) -> Written:
        """Write both parts, or neither; what code runs name stays reachable from then on."""
        session, message = repository.session, how.message or plan.message
        code = kept(repository, after, self.there or self.here)
        if not self.there:
            done = write(
                session, self.here, message=message, commit=how.commit, branch=self._branch(how), now=how.now,
                author=how.author, trailers=trailers, then=plan.then,
            )  # fmt: skip
            code.hold(session)
            return replace(done, warnings=(*done.warnings, *code.notes))
        words = Words(message, how.author, how.now, tuple(trailers))
        flowed: list[Written] = []

        def both() -> None:
            if plan.then is not None:
                plan.then()
            held = bool(self.here)  # who writes to the tree has the lock
            flowed.append(flow(session, self.there, self.line, words, beside=code.commits, alone=held))

        done = Written(None, ())
        if self.here:
            done = write(session, self.here, message=message, commit=how.commit, now=how.now, author=how.author,
                         trailers=trailers, then=both)  # fmt: skip
        else:
            both()
        commit = done.commit if self.here else flowed[0].commit
        notes = self._notes(flowed[0]) if self.here else flowed[0].warnings
        return Written(commit, (*done.changes, *flowed[0].changes), (*done.warnings, *notes, *code.notes))

    def _branch(self, how: How) -> str | None:
        return None if how.branch == self.line else how.branch

    def _notes(self, flowed: Written) -> tuple[str, ...]:
        events = f"{len(self.there)} file{'s' * (len(self.there) > 1)} of events"
        told = (f"{events} committed to {self.line}: {flowed.commit[:12]}",) if flowed.commit else ()
        return (*told, *flowed.warnings)


def _copies(after: Snapshot, here: Iterable[Change]) -> Iterator[Change]:
    """The events that new records refer to, and those that these refer to, where they are on the line alone."""
    tree = after.tree
    if tree.events is None:
        return
    ground, line = tree.layers
    new = (one.path for one in here if one.after is not None and after.is_record_path(one.path))
    for path in rested_on(after, new, lambda path: path not in ground and path in line):
        yield Change(path, None, line[path].oid, after.read([line[path].oid]).get(line[path].oid), line[path].mode)


def _environments(after: Snapshot, there: Iterable[Change]) -> Iterator[Change]:
    """The environments of new events that only the tree has."""
    layers = after.tree.layers
    ground, line = layers[0], layers[1] if len(layers) > 1 else None
    new = [one.path for one in there if one.after is not None and after.is_record_path(one.path)]
    known = {one.path for one in there}

    def lacks(path: str) -> bool:
        place = after.place(path)
        is_shared = place is not None and place.kind.name == ENVIRONMENT
        return is_shared and path not in known and path in ground and (line is None or path not in line)

    for path in rested_on(after, new, lacks) if new else ():
        entry = ground[path]
        yield Change(path, None, entry.oid, after.read([entry.oid]).get(entry.oid), entry.mode)


def rested_on(snapshot: Snapshot, paths: Iterable[str], counts: Callable[[str], bool]) -> Iterator[str]:
    """The records, of those that count, that some records refer to, and that these refer to in turn."""
    book, seen, waiting = FactBook(snapshot), set[str](), list(paths)
    while waiting:
        links = {link.text for facts in book.of(waiting) if facts is not None for link in facts.links}
        named = {path for text in links if (path := _path(snapshot, text)) is not None} - seen
        seen |= named
        waiting = sorted(filter(counts, named))
        yield from waiting


def _path(snapshot: Snapshot, text: str) -> str | None:
    try:
        ref = Ref.parse(text)
    except BadRef:  # the checks say so
        return None
    return None if ref.rev else snapshot.find(ref)
