"""Which files are a kind's: by the templates and, for one that is misplaced, by its folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gitml.records.ref import VERSION as OF_VERSIONS
from gitml.records.template import OWN_FOLDER
from gitml.repo.git.objects import Entry
from gitml.repo.index.block import Files

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot


def files_of(snapshot: Snapshot, kind: str) -> Files:
    """The files of a kind's records."""
    return all_of(snapshot, kind, snapshot.tree.under(snapshot.folders_of(kind)))


def all_of(snapshot: Snapshot, kind: str, entries: Mapping[str, Entry]) -> Files:
    """Those of some files that are a kind's, sorted."""
    found = {path: entry for path, entry in entries.items() if is_of(snapshot, kind, path)}
    return sorted(snapshot.named(found).items())


def is_of(snapshot: Snapshot, kind: str, path: str) -> bool:
    """Whether what lies at a path is a kind's."""
    return snapshot.is_record_path(path) and kind_at(snapshot, path) == kind


def kind_at(snapshot: Snapshot, path: str) -> str | None:
    """The kind of what lies at a path; for a file that is misplaced, that of its folder."""
    place = snapshot.place(path)
    if place is not None:
        return place.kind.name
    inner = snapshot.inner(path) or ""
    if not inner.startswith(OWN_FOLDER):
        return None
    folder = inner[len(OWN_FOLDER) :].partition("/")[0]
    name = snapshot.schemas.folders().get(folder)
    return name.removesuffix(OF_VERSIONS) if name else None  # head and versions share a folder
