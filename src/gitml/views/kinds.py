"""What there is: how many records and problems of each kind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gitml.records.ref import VERSION
from gitml.records.template import OWN_FOLDER
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.repo.snapshot import Snapshot

_COLUMNS = (Column("kind", "string"), Column("records", "int"), Column("problems", "int"))


def kinds(snapshot: Snapshot) -> Rows:
    """One row a kind that has records or problems, by name; last, with a null kind, the problems of no kind."""
    records = Counter(record.kind for record in snapshot.records())
    problems = Counter(_kind(snapshot, problem) for problem in snapshot.problems)
    names = sorted({*records, *problems}, key=lambda name: (name is None, name or ""))
    rows = tuple({"kind": name, "records": records[name or ""], "problems": problems[name]} for name in names)
    return Rows(None, _COLUMNS, rows, len(rows))


def _kind(snapshot: Snapshot, problem: Problem) -> str | None:
    """The kind of what lies where the problem is; for a file that is misplaced, that of its folder."""
    place = snapshot.place(problem.path)
    if place is not None:
        return place.kind.name
    inner = snapshot.inner(problem.path) or ""
    if not inner.startswith(OWN_FOLDER):
        return None
    folder = inner[len(OWN_FOLDER) :].partition("/")[0]
    name = snapshot.schemas.folders().get(folder)
    return name.removesuffix(VERSION) if name else None  # head and versions share a folder
