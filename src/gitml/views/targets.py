"""What a snapshot points to: the pointers of its records, and all that DVC tracks in it; and what was ever live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gitml.records.annotations import find
from gitml.records.record import Record
from gitml.records.ref import VERSION, Ref
from gitml.repo.index.belonging import kind_at

if TYPE_CHECKING:
    from gitml.repo.history import History
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

OUTPUT = "dvc-output"
DVC, GIT = "dvc", "git"
_ALIAS = "alias"
_PLACES = ("path", "table", "uri", "query")
# What makes bytes those bytes; the first that a pointer has.
_IDENTITIES = ("md5", "blob", "sha256", "digest", "snapshot", "version_id", "etag", "commit")

Key = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Target:
    """Bytes that somebody points to: what holds them (dvc, git, uri, …), their path or address, their hash.

    `refs` are the records that point there, `live` the aliases that ever chose one of these. `says` is the pointer, or
    DVC's own word where it tracks just these bytes now (`tracked`): a dvc-output's fields.
    """

    type: str
    place: str
    identity: str | None
    says: Mapping[str, Any] = field(default_factory=dict)
    tracked: bool = False
    refs: tuple[str, ...] = ()
    live: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """What tells it from others: equal bytes in two places are two things."""
        return self.type, self.place, self.identity


def targets(snapshot: Snapshot) -> dict[Key, Target]:
    """All that records and DVC's files of a snapshot point to."""
    outputs = (_output(record) for record in snapshot.records(OUTPUT)) if OUTPUT in snapshot.schemas.latest else ()
    return together([*outputs, *_of_records(snapshot)])


def together(found: Iterable[Target]) -> dict[Key, Target]:
    """The same things as one each, with all who point to them."""
    known: dict[Key, Target] = {}
    for one in found:
        first = known.setdefault(one.key, one)
        if first is not one:
            says = first if first.tracked or not one.tracked else one
            known[one.key] = replace(
                says,
                refs=tuple(dict.fromkeys([*first.refs, *one.refs])),
                live=tuple(dict.fromkeys([*first.live, *one.live])),
            )
    return known


def _output(record: Record) -> Target:
    says = record.data
    return Target(DVC, str(says.get("path", record.ref.keys[0])), _identity(says), says, tracked=True)


def _of_records(snapshot: Snapshot) -> Iterator[Target]:
    for kind in snapshot.schemas.latest.values():
        if kind.shape.pointers:
            for record in snapshot.records(kind.name):
                yield from of_record(record, kind.shape.pointers)


def of_record(record: Record, patterns: Iterable[tuple[str, ...]]) -> Iterator[Target]:
    """What the pointers of a record, at the places of these patterns, point to."""
    for pattern in patterns:
        for _at, says in find(record.data, pattern):
            if isinstance(says, Mapping):
                place = next((str(says[name]) for name in _PLACES if name in says), "")
                yield Target(str(says.get("type")), place, _identity(says), says, refs=(str(record.ref),))


def _identity(says: Mapping[str, Any]) -> str | None:
    return next((str(says[name]) for name in _IDENTITIES if says.get(name) is not None), None)


def ever_live(repository: Repository, snapshot: Snapshot) -> tuple[dict[Key, Target], bool]:
    """What the versions point to that any alias ever chose, up to a snapshot; and whether history is whole."""
    from gitml.repo.history import History

    tip = snapshot.at.commit or repository.git.head()
    history = History.of(repository, "commits", tip, snapshot.own_schemas) if tip else None
    chosen: dict[Ref, set[tuple[str, str | None]]] = {}
    for alias in _records(history, snapshot, _ALIAS):
        kind, name, _slot = alias.ref.keys
        ref = Ref(kind + VERSION, (name, str(alias.data.get("version"))))
        chosen.setdefault(ref, set()).add((str(alias.ref), alias.data.get("id")))
    found = [one for kind in sorted({ref.kind for ref in chosen}) for one in _live(history, snapshot, kind, chosen)]
    return together(found), history is None or history.whole


def _live(
    history: History | None, snapshot: Snapshot, kind: str, chosen: Mapping[Ref, set[tuple[str, str | None]]]
) -> Iterator[Target]:
    if kind not in snapshot.schemas.latest:
        return
    patterns = snapshot.schemas.latest[kind].shape.pointers
    for record in _records(history, snapshot, kind):
        held = record.data.get("id")
        live = {alias for alias, wanted in chosen.get(record.ref, ()) if held is None or wanted in (None, held)}
        if live:
            yield from (replace(one, live=tuple(sorted(live))) for one in of_record(record, patterns))


def _records(history: History | None, snapshot: Snapshot, kind: str) -> Iterator[Record]:
    """The records of a kind as they are, and as they ever were."""
    if kind in snapshot.schemas.latest:
        yield from snapshot.records(kind)
    if history is not None:
        held = history.held(kind, lambda then, path: kind_at(then, path) == kind)
        yield from (one.record for one in held.seen if one.record.kind == kind)
