"""What records say of a stage, its last run and its outputs, whichever file of DVC's tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.repo.readers.derived import record
from gitml.repo.readers.dvc.lock import LockEntry
from gitml.repo.readers.dvc.locked import Locked, rooted
from gitml.repo.readers.dvc.values import together

READER: Final = "dvc"
PIPELINE: Final = "dvc-pipeline"
STAGE: Final = "dvc-stage"
OUTPUT: Final = "dvc-output"
RUN: Final = "run"

Command = str | tuple[str, ...]


def run(address: str, path: str, entry: LockEntry, wdir: str, results: Mapping[str, Any]) -> Record:
    """The run that an entry of a lock tells of; equal entries are one run, wherever they stand."""
    data = {
        "origin": READER,
        "status": "finished",
        "stage": address,
        "code": {"command": line(entry.command)} if entry.command else None,
        "inputs": {place: {"path": place} | hashes(found) for place, found in by_path(wdir, entry.deps).items()},
        "outputs": {place: {"path": place} | hashes(found) for place, found in by_path(wdir, entry.outs).items()},
        "params": together(entry.params),
        **results,
    }
    return record(RUN, run_ref(address, entry).keys, path, data)


def run_ref(address: str, entry: LockEntry) -> Ref:
    """The run of an entry: its id is the entry's digest."""
    return Ref(RUN, (address, entry.digest))


def by_path(wdir: str, found: Iterable[Locked]) -> dict[str, Locked]:
    """What a lock says of paths, by path from the repository's root."""
    return {rooted(wdir, one.path): one for one in found}


def hashes(found: Locked | None) -> dict[str, Any]:
    """What is known of bytes: hash by its algorithm, size, number of files."""
    if found is None:
        return {}
    told = {
        found.algorithm: found.hash,
        "legacy": found.legacy or None,
        "size": found.size,
        "nfiles": found.nfiles,
        "version_id": found.version_id,
    }
    return {name: value for name, value in told.items() if value is not None}


def line(command: Command) -> str:
    """A command as one text; several stand on a line each."""
    return command if isinstance(command, str) else "\n".join(command)


def plain(command: Command) -> str | list[str] | None:
    """A command as a record holds it; None where there is none."""
    return (command if isinstance(command, str) else list(command)) or None
