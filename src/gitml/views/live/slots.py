"""What slots and deployments said on a day, by what is known today: the statements of history, the last one first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from gitml.errors import BadValue
from gitml.repo.derive import Asked
from gitml.repo.git.commits import bound_of
from gitml.repo.index.tables import kind_at
from gitml.repo.readers import KINDS
from gitml.repo.versions import Line
from gitml.views.kinds import is_complete

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.records.record import Record
    from gitml.records.ref import Ref
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

ALIAS: Final = "alias"
STATUS: Final = "status"
DEPLOYMENT: Final = "deployment"
_KINDS: Final = (ALIAS, STATUS, DEPLOYMENT)
_GTO: Final = "gto"
_ALWAYS: Final = 2**62


class Statement(NamedTuple):
    """What was said of a slot (None: it is gone), from when on (seconds since 1970), by which commit (None: none)."""

    record: Record | None
    since: int
    commit: str | None


@dataclass(frozen=True, slots=True)
class Slots:
    """By ref all that was ever said of aliases, statuses and deployments, as history has it, and what is said now.

    `complete` is False where history or objects were missing; `ends` is where a shallow clone's history begins.
    """

    statements: Mapping[str, list[Statement]]
    complete: bool = True
    ends: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    def at(self, ref: str, seconds: int | None) -> Statement | None:
        """What held of a ref at a time (None: now): of what is known the last word that was true by then."""
        told = self.statements.get(ref, ())
        found = next((one for one in reversed(told) if seconds is None or one.since <= seconds), None)
        return found if found is not None and found.record is not None else None


def moment_of(on: str | None) -> int | None:
    """The last second of a day, or a time, in seconds since 1970; raises BadValue."""
    if on is None:
        return None
    bound = bound_of(on)
    if bound is None:
        raise BadValue(f"{on!r} is neither a date nor a time", hint="write 2026-03-01 or 2026-03-01T12:00:00Z")
    return bound - 1


def now(snapshot: Snapshot) -> Slots:
    """What a snapshot says, history not asked."""
    found = {str(record.ref): [Statement(record, -_ALWAYS, None)] for kind in _known(snapshot)
             for record in snapshot.records(kind)}  # fmt: skip
    return Slots(found)


def ever(repository: Repository, snapshot: Snapshot, seconds: int) -> Slots:
    """All that was said up to a snapshot; of what tags say, what they said at a time."""
    tip = snapshot.at.commit or repository.git.head()
    line = Line.of(repository, tip, snapshot.own_schemas) if tip else None
    statements: dict[str, list[Statement]] = {}
    problems: list[Problem] = []
    if line is not None:
        _from_history(line, snapshot, statements, problems)
    if snapshot.at.commit is None:
        _from_here(snapshot, statements)
    _from_tags(repository, snapshot, seconds, statements)
    ends = line.ends if line else frozenset()
    return Slots(statements, not ends and is_complete(problems), ends, tuple(problems))


def _known(snapshot: Snapshot) -> Iterable[str]:
    return [kind for kind in _KINDS if kind in snapshot.schemas.latest]


def _from_history(
    line: Line, snapshot: Snapshot, statements: dict[str, list[Statement]], problems: list[Problem]
) -> None:
    templates = [snapshot.schemas.latest[kind].template.text for kind in _known(snapshot)]
    folders = sorted({snapshot.prefix + text.partition("{")[0].rstrip("/") for text in templates})
    refs: dict[str, str] = {}
    for moment in line.moments(folders=[folder for folder in folders if folder]) if all(folders) else line.moments():
        node = moment.node
        for key, version in moment.versions.items():
            if kind_at(moment.then, key) not in _KINDS:
                continue
            if version is not None and version.record is None:
                if version.problem is not None:
                    problems.append(replace(version.problem, commit=node.oid))
                continue
            ref = refs.get(key) if version is None else version.ref
            if ref is None:
                continue
            refs[key] = ref
            record = version.record if version else None
            statements.setdefault(ref, []).append(Statement(record, _since(record, node.seconds), node.oid))


def _from_here(snapshot: Snapshot, statements: dict[str, list[Statement]]) -> None:
    """What is not committed is the last word."""
    records = (record for kind in _known(snapshot) for record in snapshot.records(kind) if not record.derived)
    here = {str(record.ref): record for record in records}
    for ref in {**statements, **here}:
        record, told = here.get(ref), statements.setdefault(ref, [])
        last = told[-1].record if told else None
        if (record.blob if record else None) != (last.blob if last else None):
            told.append(Statement(record, _since(record, _ALWAYS), None))


def _from_tags(
    repository: Repository, snapshot: Snapshot, seconds: int, statements: dict[str, list[Statement]]
) -> None:
    """GTO's registry is tags: what they said at a time is what those say that were set by then."""
    if _GTO not in snapshot.settings.readers:
        return
    for kind in KINDS[_GTO]:
        if kind in _KINDS and kind in snapshot.schemas.latest:
            # No commit: then those count that were set by this second.
            asked = Asked((_GTO,), kind, snapshot.prefix, "", seconds)
            for record in repository.deriver.derive(snapshot.entries, asked).of(kind):
                if snapshot.find(record.ref) is None:
                    statements.setdefault(str(record.ref), []).append(Statement(record, -_ALWAYS, None))


def _since(record: Record | None, otherwise: int) -> int:
    """From when on a record holds: what it says of itself, else when it was committed."""
    said = record.data.get("since") if record else None
    return seconds_of(said, otherwise)


def seconds_of(said: object, otherwise: int) -> int:
    """A time in a record in seconds since 1970; what is none counts as `otherwise`."""
    if not isinstance(said, str):
        return otherwise
    try:
        bound = bound_of(said)
    except BadValue:
        return otherwise
    if bound is None:
        return otherwise
    return bound - (24 * 60 * 60 if len(said) == len("2026-03-01") else 1)


def version_of(ref: Ref, record: Record) -> str | None:
    """The version that an alias chooses, as a ref."""
    from gitml.records.ref import VERSION
    from gitml.records.ref import Ref as Named

    version = record.data.get("version")
    return str(Named(ref.keys[0] + VERSION, (ref.keys[1], version))) if isinstance(version, str) else None
