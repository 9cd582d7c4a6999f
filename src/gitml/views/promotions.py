"""Promotions: which alias, or which deployment, chooses another version than before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gitml.errors import BadRef, NotFound
from gitml.records.links import links
from gitml.records.ref import VERSION, Ref

if TYPE_CHECKING:
    from gitml.records.record import Path, Record
    from gitml.repo.snapshot import Snapshot
    from gitml.views.changes import Difference

# The roles of refs that choose: an alias chooses a version, a deployment serves one, or what an alias chooses.
_CHOOSING: Final = frozenset(["points_to", "deploys"])
_ALIAS: Final = "alias"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A record that chose the version `old` and chooses `new` now; None where there is none. `at` is where it says so.

    `record` is the one that chooses, as it is now, or as it was where it is gone.
    """

    record: Record
    at: Path
    old: Ref | None
    new: Ref | None

    @property
    def is_alias(self) -> bool:
        """Whether a slot chooses, and not a deployment."""
        return self.record.kind == _ALIAS


def promotions(changes: Iterable[Difference], before: Snapshot, after: Snapshot) -> Iterator[Promotion]:
    """The promotions among some changes."""
    for change in changes:
        found = promotion(change.old, change.new, before, after)
        if found is not None:
            yield found


def promotion(old: Record | None, new: Record | None, before: Snapshot, after: Snapshot) -> Promotion | None:
    """How the choice of a record differs between two snapshots; None where it does not, or it chooses nothing."""
    was, now = _choice(old, before), _choice(new, after)
    record, chosen = (new, now) if now else (old, was)
    if record is None or chosen is None or (was and now and was[1] == now[1]):
        return None
    return Promotion(record, chosen[0], was[1] if was else None, now[1] if now else None)


def _choice(record: Record | None, snapshot: Snapshot) -> tuple[Path, Ref] | None:
    """Where a record says which version it chooses, and which that is."""
    kind = snapshot.schemas.latest.get(record.kind) if record else None
    if record is None or kind is None:
        return None
    for link in links(record, snapshot.schemas.major_of(record.data, kind)):
        if link.at and link.role in _CHOOSING:
            chosen = _version(link.text, snapshot)
            if chosen is not None:
                return link.at, chosen
    return None


def _version(text: str, snapshot: Snapshot) -> Ref | None:
    """The version that a ref means, of an alias the one that it chooses."""
    try:
        ref = Ref.parse(text)
        if ref.kind != _ALIAS:
            return ref if ref.kind.endswith(VERSION) else None
        kind, name, _slot = ref.keys
        return Ref(kind + VERSION, (name, str(snapshot.record(ref).data.get("version"))))
    except (BadRef, NotFound, ValueError):  # what leads nowhere is the business of another check
        return None
