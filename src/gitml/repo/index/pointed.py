"""DVC's files in a snapshot, without a listing of the folders that are known to hold none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.repo.index.tables import is_alone
from gitml.repo.readers.dvc import is_pointer_file

if TYPE_CHECKING:
    from gitml.repo.git.objects import Entry
    from gitml.repo.snapshot import Snapshot


def pointer_files(snapshot: Snapshot) -> dict[str, Entry]:
    """The files in which DVC says what it tracks, by path."""
    tree = snapshot.tree
    alone = () if tree.is_listed else tuple(f"{folder}/" for folder in _alone(snapshot))
    files = tree.without(alone) if alone else tree.entries
    found = {path: entry for path, entry in files.items() if is_pointer_file(path)}
    changed = {path: entry for path, entry in tree.changes.items() if entry is not None and is_pointer_file(path)}
    return found | changed


def _alone(snapshot: Snapshot) -> set[str]:
    """The folders of events, in which no file of DVC's lies; of other kinds there are fewer than one thinks."""
    events = [kind.name for kind in snapshot.schemas.latest.values() if kind.addressing == "event"]
    return {folder for kind in events if is_alone(snapshot, kind) for folder in snapshot.folders_of(kind)}
