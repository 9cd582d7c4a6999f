"""What a command recorded itself, in the store of the worktree that it ran in: of several runs the one meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gitml.records.record import MISSING, Record, same
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

_ABOVE: Final = 2  # an event lies in <folder of its experiment>/<shard>/


@dataclass(frozen=True, slots=True)
class Inner:
    """A run that the command recorded: its data, and the files beside it (its series, its environment) by path."""

    ref: Ref
    data: Mapping[str, Any]
    files: Mapping[str, bytes]
    warnings: tuple[str, ...] = ()

    def beside(self, snapshot: Snapshot) -> list[Change]:
        """The changes that add those of its files that a snapshot does not have."""
        git = snapshot.git
        return [Change(path, None, git.blob_id(held), held, fresh=True) for path, held in self.files.items()
                if path not in snapshot.tree]  # fmt: skip


def recorded_in(place: Path, first: Record) -> Inner | None:
    """The run that stands for another one in a worktree: of its experiment, with its params, or the only one there."""
    repository = Repository.find(place)
    here, before = repository.worktree(), repository.head()
    folder = here.path(first.ref).rsplit("/", _ABOVE)[0]  # of the experiment
    paths = [path for path in here.tree.under([folder]) if path not in before.tree and here.is_record_path(path)]
    new = [one.record for one in here.load(paths) if one.record is not None]
    found = _meant(new, first)
    if found is None:
        return None
    beside = [_path(found.data.get("series"), "path"), _environment(here, found)]
    files = {
        path: (repository.git.full(path)).read_bytes()
        for path in beside
        if path and repository.git.full(path).is_file()
    }
    lost = len(new) - 1
    told = (f"the command recorded {lost} run{'s' * (lost > 1)} more, not taken over",) if lost else ()
    return Inner(found.ref, found.data, files, told)


def _meant(new: Sequence[Record], first: Record) -> Record | None:
    params = first.data.get("params", MISSING)
    alike = [record for record in new if same(record.data.get("params", MISSING), params)]
    return next(iter([*alike, *new]), None)


def _path(mapping: Any, name: str) -> str | None:
    held = mapping.get(name) if isinstance(mapping, Mapping) else None
    return held if isinstance(held, str) else None


def _environment(snapshot: Snapshot, record: Record) -> str | None:
    ref = record.data.get("environment")
    return snapshot.path(Ref.parse(ref)) if isinstance(ref, str) else None
