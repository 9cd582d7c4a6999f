"""What slots and deployments said on a day, by what is known today: the statements of history, the last one first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitml.errors import BadValue, Problem
from gitml.repo.derive import GTO, Asked
from gitml.repo.git.commits import bound_of
from gitml.repo.index.belonging import kind_at
from gitml.repo.load import is_complete
from gitml.repo.readers import KINDS as MADE_BY
from gitml.repo.versions import Line
from gitml.views.history.fold import Past
from gitml.views.history.renamed import none
from gitml.views.live.statements import KINDS, Story, is_move

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.records.ref import Ref
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot
    from gitml.views.live.statements import Statement


@dataclass(frozen=True, slots=True)
class Slots:
    """By ref all that was ever said of aliases, statuses and deployments, as history has it, and what is said now.

    `complete` is False where history or objects were missing; `ends` is where a shallow clone's history begins.
    """

    stories: Mapping[str, Story]
    complete: bool = True
    ends: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    def at(self, ref: str, seconds: int | None) -> Statement | None:
        """What held of a ref at a time (None: now); None where nothing did."""
        story = self.stories.get(ref)
        found = story.at(seconds) if story else None
        return found if found is not None and found.record is not None else None


def moment_of(on: str | None) -> int | None:
    """The last second of a day, or a time, in seconds since 1970; raises BadValue."""
    if on is None:
        return None
    bound = bound_of(on)
    if bound is None:
        raise BadValue(f"{on!r} is neither a date nor a time", hint="write 2026-03-01 or 2026-03-01T12:00:00Z")
    return bound - 1


def slots(repository: Repository, snapshot: Snapshot, seconds: int | None) -> Slots:
    """All that was said up to a snapshot; of what tags say, what they said at a time (None: now)."""
    tip = snapshot.at.commit or repository.git.head()
    line = Line.of(repository, tip, snapshot.own_schemas) if tip else None
    stories: dict[str, Story] = defaultdict(Story)
    problems = _from_history(line, snapshot, stories) if line else []
    _from_here(snapshot, stories)
    for record in _by_tags(repository, snapshot, seconds):
        stories[str(record.ref)].keep(record, _tagged(record))
    if line is None or seconds is None:  # what holds now the snapshot says, however much of history there is
        return Slots(dict(stories))
    return Slots(dict(stories), not line.ends and is_complete(problems), line.ends, tuple(problems))


def _known(snapshot: Snapshot) -> Iterable[str]:
    return [kind for kind in KINDS if kind in snapshot.schemas.latest]


def _from_history(line: Line, snapshot: Snapshot, stories: dict[str, Story]) -> list[Problem]:
    """Tell what each commit said; what could not be read of it."""
    templates = [snapshot.schemas.latest[kind].template.text for kind in _known(snapshot)]
    folders = sorted({snapshot.prefix + text.partition("{")[0].rstrip("/") for text in templates})
    moments = line.moments(folders=folders) if all(folders) else line.moments()
    moved = {
        (deed.commit, deed.version.key): deed.version.ref
        for deed in Past(line, moments, none).deeds
        if deed.version.kind in KINDS and is_move(deed.version.kind, deed.field)
    }
    problems = []
    for node, versions, then in moments:
        begins = node.oid in line.ends  # of what stands there nobody knows who said it, or when
        commit = None if begins else node.oid
        for key, version in versions.items():
            if kind_at(then, key) not in KINDS:
                continue
            ref = version.ref if version else moved.get((node.oid, key))
            if version is not None and version.record is None:
                problems += [replace(version.problem, commit=node.oid)] if version.problem else []
            elif ref is not None and (begins or (node.oid, key) in moved):
                stories[ref].say(version.record if version else None, node.seconds, commit)
            elif version is not None and version.record is not None:
                stories[version.ref].amend(version.record, node.seconds, commit)
    return problems


def _from_here(snapshot: Snapshot, stories: dict[str, Story]) -> None:
    """What a snapshot says is the last word; of the work tree perhaps what no commit says."""
    records = (record for kind in _known(snapshot) for record in snapshot.records(kind) if not record.derived)
    here = {str(record.ref): record for record in records}
    for ref in {**stories, **here}:
        stories[ref].end_with(here.get(ref))


def _by_tags(repository: Repository, snapshot: Snapshot, seconds: int | None) -> Iterator[Record]:
    """GTO's registry is tags: what they said at a time is what those say that were set by then."""
    if GTO not in snapshot.settings.readers:
        return
    until = min((one for one in (seconds, snapshot.at.until) if one is not None), default=None)
    for kind in MADE_BY[GTO]:
        if kind in _known(snapshot):
            asked = Asked((GTO,), kind, snapshot.prefix, until)
            told = snapshot.derived(kind) if seconds is None else repository.deriver.derive(snapshot.entries, asked)
            yield from (record for record in told.of(kind) if snapshot.find(record.ref) is None)


def _tagged(record: Record) -> str | None:
    """The commit that has the tag which says so."""
    custom = record.data.get("custom")
    gto = custom.get("gto") if isinstance(custom, Mapping) else None
    commit = gto.get("commit") if isinstance(gto, Mapping) else None
    return commit if isinstance(commit, str) else None


def version_of(ref: Ref, record: Record) -> str | None:
    """The version that an alias chooses, as a ref."""
    from gitml.records.ref import VERSION
    from gitml.records.ref import Ref as Named

    version = record.data.get("version")
    return str(Named(ref.keys[0] + VERSION, (ref.keys[1], version))) if isinstance(version, str) else None
