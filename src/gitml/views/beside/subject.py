"""What is compared, and the run that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitml.errors import BadRef, NotFound
from gitml.records.links import Link, links
from gitml.records.ref import Ref
from gitml.views.beside.parts import Subject

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.snapshot import Snapshot

_MAKERS = frozenset(["produced_by", "executes"])


def subject(record: Record, snapshot: Snapshot) -> Subject:
    """A record with the run that made it, where its snapshot has that."""
    kind = snapshot.schemas.latest.get(record.kind)
    makers = (link for link in linked(record, snapshot) if link.role in _MAKERS)
    maker = next((found for link in makers if (found := resolved(link.text, snapshot))), None)
    return Subject(record, kind, snapshot, maker)


def linked(record: Record, snapshot: Snapshot) -> list[Link]:
    """The refs of a record."""
    kind = snapshot.schemas.latest.get(record.kind)
    return list(links(record, kind)) if kind else []


def resolved(text: Any, snapshot: Snapshot) -> Record | None:
    """The record that a ref names; None where it is not here, or the text is no ref."""
    try:
        return snapshot.record(Ref.parse(text).bare) if isinstance(text, str) else None
    except (BadRef, NotFound):
        return None
