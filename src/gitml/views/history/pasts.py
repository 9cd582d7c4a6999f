"""The past of one record, under all names that it has had, or of all records, recorded and derived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gitml.errors import NotFound, Problem
from gitml.records.nearest import nearest
from gitml.records.ref import Ref
from gitml.records.schema import DERIVED
from gitml.repo.load import is_complete
from gitml.repo.readers import KINDS
from gitml.repo.tagged import READER, tagged, tells_of
from gitml.views.history import renamed
from gitml.views.history.fold import Past
from gitml.views.history.lives import DELETED, Deed

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot
    from gitml.repo.tagged import Stamp
    from gitml.repo.versions import Line


@dataclass(frozen=True, slots=True)
class Told:
    """The past of some records, and what there is to know of how it was read.

    `key` is that of the one record that it is about; `stamps` has who did what was done by no commit.
    """

    past: Past
    problems: tuple[Problem, ...]
    complete: bool
    key: str | None = None
    stamps: Mapping[str, Stamp] = field(default_factory=dict)


def record_past(line: Line, snapshot: Snapshot, ref: Ref) -> Told:
    """The past of one record, under all names that it has had; raises NotFound where there never was one."""
    kind = snapshot.schemas.kind(ref.kind)
    if kind.addressing != DERIVED:
        path = snapshot.path(ref)
        past = _followed(line, path)
        if past.deeds or path in past.lives:
            return _read(past, path)
    readers = [name for name, kinds in KINDS.items() if ref.kind in kinds and name != READER]
    made = ([_derived(line, ref)] if readers else []) + _by_tags(line, snapshot, ref)
    for told in made:
        if told.past.deeds or told.key in told.past.lives:
            return told
    raise _never(line, snapshot, ref)


def _followed(line: Line, path: str) -> Past:
    """The past of what lies at a path, and of what it was before it lay there."""
    sought = renamed.Sought(line)
    paths = {path}
    while True:
        past = Past(line, line.moments(paths), sought)
        more = {source for known in paths for source in past.sources.get(known, ())} - paths
        if not more:
            return past
        paths |= more


def whole_past(line: Line, snapshot: Snapshot) -> list[Told]:
    """The past of all records: of those in files, and of those that readers make."""
    return [_read(Past(line, line.moments(), renamed.told)), _derived(line), *_by_tags(line, snapshot)]


def _read(past: Past, key: str | None = None) -> Told:
    """Files that could not be read are told of with their events; what this clone lacks makes it incomplete."""
    problems = [replace(deed.problem, commit=deed.commit) for deed in past.deeds if deed.problem]
    return Told(past, (), is_complete(problems), key)


def _derived(line: Line, ref: Ref | None = None) -> Told:
    from gitml.repo.derivations import Derivations

    made = Derivations(line, ref)
    past = Past(line, made.moments(), renamed.none)
    # What a commit has that comes after one of which nothing is known may be that one's doing.
    doubtful = {node.oid for node in line.nodes if not made.unknown.isdisjoint(node.parents)} | made.unknown
    past.deeds = [deed for deed in past.deeds if deed.commit not in doubtful]
    problems = tuple(made.problems.values())
    return Told(past, problems, made.whole and is_complete(problems), str(ref) if ref else None)


def _by_tags(line: Line, snapshot: Snapshot, ref: Ref | None = None) -> list[Told]:
    """The past of a registry that is tags."""
    if not tells_of(snapshot, ref) or not line.repository.git.refs("refs/tags/"):
        return []
    found = tagged(line, snapshot, ref)
    if not found.moments:
        return []
    past = Past(found.line, found.moments, renamed.none)
    return [Told(past, (), complete=True, key=str(ref) if ref else None, stamps=found.stamps)]


def _never(line: Line, snapshot: Snapshot, ref: Ref) -> NotFound:
    from gitml.repo.derivations import Derivations

    moments = line.moments() if snapshot.schemas.kind(ref.kind).addressing != DERIVED else Derivations(line).moments()
    names = {version.ref for moment in moments for version in moment.versions.values() if version}
    names |= {str(record.ref) for record in snapshot.records(ref.kind)}
    same_kind = [name for name in names if Ref.parse(name).kind == ref.kind] if names else []
    near = nearest(str(ref), same_kind or names)
    cut = "; this clone is shallow: git fetch --unshallow brings the rest" if line.ends else ""
    raise NotFound(
        f"there is no {ref}, and there never was one up to {line.tip[:12]}", near=near,
        hint=f"git ml log shows what there was{cut}",
    )  # fmt: skip


def chosen(told: Told) -> Iterator[Deed]:
    """The deeds that are asked for; an event that a reader tells of stays what happened once the next has come."""
    if told.key is None:
        yield from (deed for deed in told.past.deeds if not _is_bygone(deed))
        return
    keys = _names(told.past.sources, told.key)
    own = {deed.life for deed in told.past.deeds if told.key in _keys(deed)}
    if (life := told.past.lives.get(told.key)) is not None:
        own.add(life.number)
    for deed in told.past.deeds:
        if (told.key in _keys(deed) or (deed.version.key in keys and deed.life in own)) and not _is_bygone(deed):
            yield deed


def _keys(deed: Deed) -> tuple[str, ...]:
    return (deed.version.key, deed.old.key) if deed.old else (deed.version.key,)


def _names(sources: Mapping[str, set[str]], key: str) -> set[str]:
    """A key, and those that its record had before."""
    names, waiting = {key}, [key]
    while waiting:
        more = sources.get(waiting.pop(), set()) - names
        names |= more
        waiting.extend(more)
    return names


def _is_bygone(deed: Deed) -> bool:
    version = deed.version
    kind = version.then.schemas.latest.get(version.kind)
    derived = version.record is not None and version.record.derived
    return deed.event == DELETED and derived and kind is not None and kind.addressing == "event"
