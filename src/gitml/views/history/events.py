"""Events: what a commit did to a record, with who, when, by which pull request, and whether it is signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gitml.errors import Problem
from gitml.records.record import Path, column
from gitml.repo.git.signatures import NONE, signatures
from gitml.repo.pulls import pull_request
from gitml.repo.tagged import Stamp
from gitml.views.history.lives import DELETED, RENAMED, Deed
from gitml.views.history.wording import summary

if TYPE_CHECKING:
    from gitml.repo.git.commits import Commit
    from gitml.repo.git.graph import Graph
    from gitml.repo.repository import Repository


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a record (`field` None), or to one field of it.

    `commit` did it, or has the tag that did; `time` is the committer's or the tagger's. `event` is created, changed,
    renamed or deleted; an absent side of a field is MISSING. `pull_request` is `#12` or GitLab's `!12`; `signature` is
    none, good, bad or unknown; `merged` tells that a merge did it itself. `problems` is what was wrong with what the
    commit wrote.
    """

    commit: str
    time: str
    author: str
    event: str
    summary: str
    ref: str
    kind: str
    field: str | None
    before: Any
    after: Any
    pull_request: str | None
    signature: str
    old_ref: str | None
    merged: bool
    problems: tuple[Problem, ...] = ()


def events(
    repository: Repository,
    graph: Graph,
    deeds: Sequence[Deed],
    stamps: Mapping[str, Stamp],
    author: str | None = None,
    limit: int | None = None,
) -> tuple[list[Event], int]:
    """The first so many deeds, of an author, as events, and how many there are without a limit.

    Of those that nobody sees no signature is checked.

    `stamps` has who did it where that was no commit, but a tag.
    """
    commits = _Commits(repository)
    if author is not None:
        commits.read(deed.commit for deed in deeds if deed.commit not in stamps)
        name = author.casefold()
        deeds = [deed for deed in deeds if name in (stamps.get(deed.commit) or commits[deed.commit]).author.casefold()]
    shown = deeds if limit is None else deeds[:limit]
    oids = dict.fromkeys(deed.commit for deed in shown if deed.commit not in stamps)
    landings = {oid: list(graph.merges(oid)) for oid in oids}
    commits.read([*oids, *(merge for merges in landings.values() for merge in merges)])
    flowed = [deed.commit for deed in shown if deed.commit in stamps and stamps[deed.commit].commit == deed.commit]
    commits.read(flowed)
    states = signatures(repository.git, (oid for oid in (*oids, *dict.fromkeys(flowed)) if commits[oid].signed))
    known = dict(stamps)
    known |= {oid: Stamp(oid, commits[oid].time, commits[oid].author) for oid in oids}
    pulls = {oid: commits.pull_request([oid, *reversed(landings[oid])]) for oid in oids}
    told = [_event(deed, known[deed.commit], pulls.get(deed.commit), states.get(deed.commit, NONE)) for deed in shown]
    return told, len(deeds)


class _Commits:
    """Commits, read once each, many by one process."""

    def __init__(self, repository: Repository) -> None:
        self._git = repository.git
        self._held: dict[str, Commit] = {}

    def __getitem__(self, oid: str) -> Commit:
        return self._held[oid]

    def read(self, oids: Iterable[str]) -> None:
        """Read some at once."""
        wanted = [oid for oid in dict.fromkeys(oids) if oid not in self._held]
        self._held.update((commit.oid, commit) for commit in self._git.commits(wanted))

    def pull_request(self, oids: Iterable[str]) -> str | None:
        """That of the first commit that names one: its own, then the nearest merge that brought it in."""
        found = (pull_request(self[oid].subject, self[oid].message) for oid in oids)
        return next((one for one in found if one is not None), None)


def _event(deed: Deed, stamp: Stamp, pull: str | None, signature: str) -> Event:
    old = deed.old.ref if deed.event == RENAMED and deed.old else None
    return Event(
        stamp.commit, stamp.time, stamp.author, deed.event, summary(deed), deed.version.ref, deed.version.kind,
        deed.field, deed.before, deed.after, pull, signature, old, deed.merged, _problems(deed),
    )  # fmt: skip


def _problems(deed: Deed) -> tuple[Problem, ...]:
    """What was wrong with a version then: why it could not be read, or where it broke the schema of its time."""
    record = deed.version.record
    if record is None:
        found = [deed.problem] if deed.problem else []
    else:
        found = [] if record.derived or deed.event == DELETED else _violations(deed)
    return tuple(replace(problem, commit=deed.commit) for problem in found)


def _violations(deed: Deed) -> list[Problem]:
    """Where a version broke its schema: in the field that the deed is about, of a new one anywhere."""
    version, record = deed.version, deed.version.record
    place = version.then.schemas.latest.get(version.kind)
    if place is None or record is None:
        return []
    named = [
        (_field(found.path), found)
        for found in version.then.schemas.major_of(record.data, place).violations(record.data)
    ]
    return [
        Problem(f"schema.{found.keyword}", version.key, found.message, found.hint, ref=version.ref, field=name)
        for name, found in named
        if deed.field is None or (name is not None and _touches(deed.field, name))
    ]


def _field(at: Path) -> str | None:
    """A place in a record as a dotted field; inside a list the field that holds it."""
    names = []
    for step in at:
        if not isinstance(step, str):
            break
        names.append(step)
    return column(*names) if names else None


def _touches(field: str, other: str) -> bool:
    """Whether two fields are one, or one is inside the other."""
    return any(one == two or one.startswith((f"{two}.", f"{two}[")) for one, two in ((field, other), (other, field)))
