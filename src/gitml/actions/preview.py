"""The first rows of the data that a record points to; nothing personal is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gitml.actions.first_rows import FirstRows, first_rows
from gitml.actions.get import get, pointer_of
from gitml.checks.personal import MASK, hidden, looks_personal
from gitml.checks.secrets import PERSONAL, shape
from gitml.records.record import Record, segments
from gitml.records.ref import VERSION, Ref
from gitml.repo.data.listing import FOLDER
from gitml.repo.data.presence import listed
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

FOLDER_FORMAT: Final = "folder"
# Whether a column looks personal is judged by so many rows, however few are shown.
_SAMPLE = 100
_LONGEST = 1000
_OF_DATA = ("dataset-version", "feature-set-version")


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of some data: the record, the path that it points to, the format (text, folder, binary, …).

    A row lacks what is missing in it; `total` is None where nobody has counted; `masked` are the columns not shown.
    """

    ref: str
    path: str
    format: str
    names: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    total: int | None = None
    masked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def preview(repository: Repository, snapshot: Snapshot, ref: Ref, limit: int) -> Preview:
    """At most `limit` rows, or of a folder as many of its files; raises what `get` and `first_rows` do."""
    record = snapshot.record(ref)
    pointer = pointer_of(snapshot, record)
    path = str(pointer["path"])
    files = _of_folder(repository, path, pointer)
    if files is None:
        place = get(repository, snapshot, ref)
        files = _below(place) if place.is_dir() else None
    if files is not None:
        rows = tuple({"file": hidden(name), **facts} for name, facts in files[:limit])
        names = tuple(dict.fromkeys(["file", *(name for _file, facts in files[:1] for name in facts)]))
        return Preview(str(ref), path, FOLDER_FORMAT, names, rows, len(files))
    said = record.data.get("format")
    found = first_rows(place, path, max(limit, _SAMPLE), said if isinstance(said, str) else None)
    total = found.total if found.total is not None else record.data.get("rows")
    masked = tuple(_Protection(snapshot, record, path).masked(found))
    rows = tuple({name: _shown(name, value, masked) for name, value in row.items()} for row in found.rows[:limit])
    notes = tuple(f"{name} is personal, or looks so: masked" for name in masked) + found.notes
    counted = total if isinstance(total, int) else None
    return Preview(str(ref), path, found.format, found.names, rows, counted, masked, notes)


def _of_folder(
    repository: Repository, path: str, pointer: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]] | None:
    """The files of a folder by its listing alone: they need not be here."""
    md5 = str(pointer.get("md5"))
    if not md5.endswith(FOLDER) or repository.git.root is None:
        return None
    found = listed(repository.git, path, md5)
    return None if found is None else [(piece.path, {"md5": piece.hash.md5}) for piece in found]


def _below(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    files = sorted(one for one in folder.rglob("*") if one.is_file())
    return [(one.relative_to(folder).as_posix(), {"size": one.stat().st_size}) for one in files]


class _Protection:
    """What records say of the columns of data at a path: of any version, since none is told what an older one was."""

    def __init__(self, snapshot: Snapshot, record: Record, path: str) -> None:
        records = [record, *_about(snapshot, record, path)]
        self.classes = dict(_classes(records))
        self.personal = any(PERSONAL in (one.data.get("classifications") or ()) for one in records)

    def masked(self, found: FirstRows) -> Iterator[str]:
        """The columns that are not shown."""
        for name in found.names:
            said = self.classes.get(name, self.classes.get(segments(name)[0]))
            values = (row.get(name) for row in found.rows)
            if said == PERSONAL or (said is None and (self.personal or looks_personal(name, values))):
                yield name


def _about(snapshot: Snapshot, record: Record, path: str) -> Iterator[Record]:
    """The versions of data at this path, and their heads."""
    for kind in (kind for kind in _OF_DATA if kind in snapshot.schemas.latest):
        for version in snapshot.records(kind):
            pointer = version.data.get("pointer")
            if version.ref == record.ref or (isinstance(pointer, Mapping) and pointer.get("path") == path):
                yield version
                head = Ref(kind.removesuffix(VERSION), version.ref.keys[:1])
                if snapshot.find(head) is not None:
                    yield snapshot.record(head)


def _classes(records: Iterable[Record]) -> Iterator[tuple[str, str]]:
    """What each column is classified as; personal where any record says so."""
    found: dict[str, str] = {}
    for record in records:
        columns = record.data.get("columns")
        for column in columns if isinstance(columns, list) else ():
            said = column.get("classification") if isinstance(column, dict) else None
            if isinstance(said, str) and found.get(str(column.get("name"))) != PERSONAL:
                found[str(column.get("name"))] = said
    return iter(found.items())


def _shown(name: str, value: Any, masked: tuple[str, ...]) -> Any:
    """A value without what must not be seen."""
    if value is None:
        return None
    if name in masked:
        return MASK
    if isinstance(value, str):
        return MASK if shape(value) else _short(hidden(value))
    if isinstance(value, Mapping):
        return {key: MASK if looks_personal(str(key)) else _shown("", inner, ()) for key, inner in value.items()}
    return [_shown("", inner, ()) for inner in value] if isinstance(value, list) else value


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
