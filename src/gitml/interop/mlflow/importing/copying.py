"""The files that a run has logged, copied to where the store has those of its runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gitml.actions import artifacts
from gitml.errors import GitmlError
from gitml.interop.exchange import Losses
from gitml.interop.mlflow.importing.said import Run
from gitml.records.ref import Ref
from gitml.repo.repository import Repository

Read = Callable[[], bytes]


def copied(repository: Repository, ref: Ref, run: Run, losses: Losses) -> tuple[dict[str, Any], bool]:
    """What the record says of a run's files once they are copied, and whether all were; raises DiskFailed."""
    found: dict[str, Any] = {}
    root = repository.file(repository.prefix)
    inner, is_whole = artifacts.place(ref), True
    for name, read in _files(run).items():
        try:
            place = artifacts.named(name)
            content = read()
        except (GitmlError, OSError) as error:
            losses.add("run", run.id, f"artifacts.{name}", str(error))
            is_whole = False
            continue
        artifacts.ignore(root)
        told = artifacts.written(root, f"{inner}/{place}", _writing(content))
        found[place] = {"path": f"{repository.prefix}{inner}/{place}", **told}
    return found, is_whole


def _files(run: Run) -> Mapping[str, Read]:
    """A run's files: those of its source, else those where it says that they are, if that is on this machine."""
    if run.files or not run.artifact_uri:
        return run.files
    parts = urlsplit(run.artifact_uri)
    place = Path(unquote(parts.path) if parts.scheme == "file" else run.artifact_uri)
    if parts.scheme not in ("", "file") or not place.is_absolute() or not place.is_dir():
        return {}
    return {file.relative_to(place).as_posix(): file.read_bytes for file in _below(place)}


def _below(place: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(place):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _writing(content: bytes) -> Callable[[Path], None]:
    def write(target: Path) -> None:
        target.write_bytes(content)

    return write
