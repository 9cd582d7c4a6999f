"""The last change of each field of a record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gitml.errors import NotFound
from gitml.records.record import MISSING, leaves, same
from gitml.repo.git.commits import iso
from gitml.repo.tagged import Stamp
from gitml.repo.versions import Line
from gitml.views.history.flowed import flowed
from gitml.views.history.pasts import Told, record_past
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitml.records.record import Record
    from gitml.records.ref import Ref
    from gitml.repo.git.revision import At
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot
    from gitml.views.history.lives import Life

_COLUMNS: Final = (
    Column("field", "string"), Column("value", "mixed"), Column("commit", "string"), Column("time", "string"),
    Column("author", "string"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Blamed:
    """A field, its value, and the commit that gave it that; `commit` None: it is not committed.

    `time` is the committer's. `boundary`: a shallow clone's history begins at that commit, so it may be an older one.
    """

    field: str
    value: Any
    commit: str | None = None
    time: str | None = None
    author: str | None = None
    boundary: bool = False


@dataclass(frozen=True, slots=True)
class Blame:
    """The fields of a record, in its own order; `complete` is False where history or objects were missing."""

    at: At
    ref: str
    fields: tuple[Blamed, ...]
    complete: bool
    ends: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> Rows:
        """One row a field."""
        names = [column.name for column in _COLUMNS]
        found = tuple({name: getattr(one, name) for name in names} for one in self.fields)
        return Rows(None, _COLUMNS, found, len(found), complete=self.complete)


def blame(repository: Repository, snapshot: Snapshot, ref: Ref) -> Blame:
    """Who gave each field of a record the value that it has in a snapshot. Raises NotFound."""
    record = snapshot.record(ref)
    kind = snapshot.schemas.kind(record.kind)
    fields = leaves(record.data, kind.list_key)
    tip = snapshot.at.commit or repository.git.head()
    if tip is None:
        return Blame(snapshot.at, str(ref), tuple(Blamed(name, held) for name, held in fields.items()), complete=True)
    line = Line.of(repository, tip, snapshot.own_schemas)
    told = _committed(repository, line, snapshot, record)
    origins = _origins(told, snapshot, fields)
    stamps = dict(told.stamps) if told else {}
    oids = [oid for oid in dict.fromkeys(origins.values()) if oid not in stamps]
    stamps |= {commit.oid: Stamp(commit.oid, commit.time, commit.author) for commit in repository.git.commits(oids)}
    found = [
        Blamed(name, held, *at, at.commit in line.ends)
        if (at := stamps.get(origins.get(name, "")))
        else Blamed(name, held)
        for name, held in fields.items()
    ]
    seconds = {node.oid: node.seconds for node in line.nodes}
    ends = tuple((oid, iso(seconds[oid])) for oid in sorted(line.ends & set(origins.values())))
    return Blame(snapshot.at, str(ref), tuple(found), not ends and (told is None or told.complete), ends)


def _committed(repository: Repository, line: Line, snapshot: Snapshot, record: Record) -> Told | None:
    """The past of what is committed of a record, under the name that it has there; None where nothing is."""
    ref = record.ref
    flowing = snapshot.tree.layers[1:]
    if any((entry := layer.file(record.path)) and entry.oid == record.blob for layer in flowing):
        return flowed(line, snapshot, ref)[0]
    if snapshot.at.commit is None and not record.derived:
        head = repository.commit(line.tip)
        if record.path not in head.tree:
            from gitml.views.diff import diff

            old = next(
                (one.old for one in diff(head, snapshot) if one.path == record.path and one.op == "renamed"), None
            )
            if old is None:
                return None
            snapshot, ref = head, old.ref
    try:
        return record_past(line, snapshot, ref)
    except NotFound:  # a derived record that nobody has committed what it is made of
        return None


def _origins(told: Told | None, snapshot: Snapshot, fields: Mapping[str, Any]) -> dict[str, str]:
    """By field the commit that it is from; those that the work tree has otherwise are left out."""
    life: Life | None = told.past.lives.get(told.key or "") if told else None
    if told is None or life is None or life.version is None:
        return {}
    committed = told.past.readings.of(life.record, snapshot)
    return {name: life.origin(name) for name, held in fields.items() if same(committed.get(name, MISSING), held)}
