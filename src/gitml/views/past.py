"""Rows over history: the records of a kind in all the commits that are asked for, each with the first that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import flatten
from gitml.repo.git.commits import iso
from gitml.repo.index.belonging import kind_at
from gitml.repo.index.table import Table
from gitml.repo.load import is_complete
from gitml.views.columns import REF, Fields
from gitml.views.listing import HEAD, Listing, answer
from gitml.views.question import Question
from gitml.views.rows import Cells, Column, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitml.records.schemas import Schemas
    from gitml.repo.history import Held, History
    from gitml.repo.snapshot import Snapshot

COMMIT: Final = "commit"
TIME: Final = "time"
REFS: Final = "refs"
PAST: Final = (*HEAD, Column(COMMIT, "string"), Column(TIME, "string"), Column(REFS, "list"))
"""What stands before a record's own fields: its ref; the first commit that has it, its time, what points to it."""


def past(history: History, asker: Snapshot, kind: str, **question: Any) -> Rows:
    """One row a distinct ref and blob, by ref and, of one ref, the oldest first; `question` as in views.rows.rows.

    `commit`, `time` and `refs` are fields like others, to filter and sort by; a record's own fields of these names
    give way. Raises BadFilter, NotFound.
    """
    asked = Question.of(**question)
    held = history.held(kind, lambda snapshot, path: kind_at(snapshot, path) == kind)
    fields = _fields([asker.schemas, *held.schemas], kind)
    if not fields.kinds:
        asker.schemas.kind(kind)  # which says that there is none
    found = answer(asked, Listing(kind, fields, Table.of_rows(_rows(history, held, kind)), PAST)).rows
    complete = history.whole and held.whole and is_complete(held.problems)
    return Rows(found.kind, found.columns, found.rows, found.total, held.problems, complete)


def _rows(history: History, held: Held, kind: str) -> Iterator[Cells]:
    for record, node in held.seen:
        if record.kind == kind:
            names = list(history.names.get(node.oid, ()))
            head = {REF: str(record.ref), COMMIT: node.oid, TIME: iso(node.seconds), REFS: names}
            yield head | flatten(record.data) | head


def _fields(schemas: Iterable[Schemas], kind: str) -> Fields:
    """What any schema of the kind says of its fields, the asking store's first."""
    found = {(each.tag, each.blob): each for held in schemas for each in Fields.of(held, kind).kinds}
    return Fields(tuple(found.values()))
