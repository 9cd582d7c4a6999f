"""What is compared, and the run that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.records.links import Link, links
from gitml.views.beside.parts import Subject

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.snapshot import Snapshot
    from gitml.views.lineage.makers import Makers


def subject(record: Record, snapshot: Snapshot, makers: Makers) -> Subject:
    """A record with the run that made it, where anybody knows that."""
    made = makers.of(record, snapshot)
    return Subject(record, snapshot.schemas.latest.get(record.kind), snapshot, made)


def linked(record: Record, snapshot: Snapshot) -> list[Link]:
    """The refs of a record."""
    kind = snapshot.schemas.latest.get(record.kind)
    return list(links(record, kind)) if kind else []
