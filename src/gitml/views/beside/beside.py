"""All that stands beside the fields of a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitml.views.beside.code import code
from gitml.views.beside.data import data
from gitml.views.beside.environment import environment
from gitml.views.beside.parts import Beside
from gitml.views.beside.subject import subject
from gitml.views.beside.took import duration
from gitml.views.lineage.makers import Makers

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot


def beside(records: Iterable[tuple[Record, Snapshot]], repository: Repository) -> Beside:
    """Data, code, environment and duration of records, each as its snapshot and the run that made it tell them."""
    makers = Makers(repository)
    subjects = [subject(record, snapshot, makers) for record, snapshot in records]
    return Beside(tuple(data(subjects)), code(subjects, repository.git), environment(subjects), duration(subjects))
