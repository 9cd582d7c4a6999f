"""What there is: how many records and problems of each kind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gitml.records.schema import DERIVED
from gitml.repo.index.belonging import kind_at
from gitml.repo.index.strays import strays
from gitml.repo.index.tables import table
from gitml.repo.index.underived import derived
from gitml.repo.readers import KINDS
from gitml.repo.readers.dvc import is_pointer_file
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.repo.snapshot import Snapshot

_COLUMNS = (Column("kind", "string"), Column("records", "int"), Column("problems", "int"))


def kinds(snapshot: Snapshot) -> Rows:
    """One row a kind that has records or problems, by name; last, with a null kind, the problems of no kind."""
    records = Counter(record.kind for record in snapshot.records())
    problems = Counter(kind_at(snapshot, problem.path) for problem in snapshot.problems)
    names = sorted({*records, *problems}, key=lambda name: (name is None, name or ""))
    rows = tuple({"kind": name, "records": records[name or ""], "problems": problems[name]} for name in names)
    return Rows(None, _COLUMNS, rows, len(rows))


def unread(snapshot: Snapshot, kind: str | None = None) -> tuple[Problem, ...]:
    """Why each record of a kind (of all kinds) that cannot be read cannot be: no table shows it."""
    names = [kind] if kind is not None else _recorded(snapshot)
    paths = [path for name in names for path in table(snapshot, name).lost]
    if kind is None:
        paths = sorted([*paths, *strays(snapshot)])
    lost = (found.problems[0] for found in snapshot.load(paths) if found.record is None)
    troubled = (problem for problem in snapshot.tree_problems if snapshot.is_record_path(problem.path))
    also = (problem for problem in troubled if kind is None or kind_at(snapshot, problem.path) == kind)
    return tuple({problem.path: problem for problem in reversed([*lost, *also])}.values())[::-1]


def _recorded(snapshot: Snapshot) -> list[str]:
    """The kinds of which there are records in files."""
    latest = snapshot.schemas.latest
    return [name for name in snapshot.schemas.names if latest[name].addressing != DERIVED]


def unread_by_readers(snapshot: Snapshot, kind: str | None = None) -> tuple[Problem, ...]:
    """Why readers cannot read files of other tools that may hold records of a kind (of any)."""
    troubled = [problem for problem in snapshot.tree_problems if is_pointer_file(problem.path)]
    by_dvc = troubled if kind is None or kind in KINDS["dvc"] else []
    made = snapshot.derived() if kind is None else derived(snapshot, kind)
    return (*{problem.path: problem for problem in by_dvc}.values(), *made.problems)
