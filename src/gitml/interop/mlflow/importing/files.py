"""The files of an `mlruns` folder: on disk, and, where git tracks it, of every commit that it was in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gitml.errors import GitFailed, NotFound
from gitml.repo.git import Git
from gitml.repo.git.batch import Blobs
from gitml.repo.stood import last_stood

TRASH = ".trash"
ARTIFACTS = "artifacts"
_LINK, _MODULE = "120000", "160000"

Place = Path | str
"""Where a file's bytes are: on disk, or the id of a blob."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a folder by their paths in it; `past` names the commit of those that are in history alone."""

    places: Mapping[str, Place]
    past: Mapping[str, str]
    blobs: Blobs | None = None
    is_cut: bool = False

    def read(self, path: str) -> bytes:
        """The bytes of a file; raises OSError, NotFound."""
        place = self.places[path]
        if isinstance(place, Path):
            return place.read_bytes()
        found = self.blobs.get(place) if self.blobs else None
        if found is None:
            raise NotFound(f"the object {place} is not in this clone", hint="git fetch brings it")
        return found


def unit(path: str) -> str:
    """What stands and falls together: a run, a logged model, a registered model, what else is an experiment's."""
    parts = path.removeprefix(f"{TRASH}/").split("/")
    if parts[0] == "models":  # the registry; else experiment/models/<id> is a logged model, and experiment/<id> a run
        return "/".join(parts[:2])
    if len(parts) > 3 and parts[1] in ("models", "traces", "datasets"):  # noqa: PLR2004  (folder, id, file)
        return "/".join(parts[:3])
    return "/".join(parts[:2]) if len(parts) > 2 and parts[1] != "tags" else parts[0]  # noqa: PLR2004


def files(folder: Path, *, artifacts: bool = False) -> Files:
    """The files of a folder, and of its past where git tracks it; NotFound where there is, and was, none.

    Those in runs' `artifacts` folders are listed where they are wanted.
    """
    here = dict(_walked(folder, artifacts=artifacts)) if folder.is_dir() else {}
    git, inner = _tracked(folder)
    tip = git.head() if git else None
    if git is None or tip is None:
        if not folder.is_dir():
            raise NotFound(f"{folder}: no such folder", hint="name an mlruns folder, a SQLite file or a server")
        return Files(here, {})
    cut = len(inner) + 1 if inner else 0
    stood = last_stood(git, tip, inner, lambda path: unit(path[cut:]))
    if not here and not stood:
        raise NotFound(f"{folder}: no such folder, and git has never had one there")
    now = {unit(path) for path in here}
    places: dict[str, Place] = dict(here)
    past: dict[str, str] = {}
    for name, (found, commit) in stood.items():
        for path, entry in found.items() if name not in now else ():
            if entry.mode not in (_LINK, _MODULE) and (artifacts or not _is_artifact(path[cut:])):
                places[path[cut:]] = entry.oid
                past[path[cut:]] = commit or tip
    return Files(places, past, Blobs(git), git.is_shallow())


def _is_artifact(path: str) -> bool:
    parts = path.removeprefix(f"{TRASH}/").split("/")
    at = 3 if parts[1:2] == ["models"] else 2
    return parts[at : at + 1] == [ARTIFACTS]


def _walked(folder: Path, *, artifacts: bool) -> Iterator[tuple[str, Path]]:
    """Every file below a folder by its path with slashes; links to folders are not followed."""
    for root, folders, names in os.walk(folder):
        inner = Path(root).relative_to(folder).as_posix()
        before = "" if inner == "." else f"{inner}/"
        folders[:] = sorted(
            name for name in folders if name != ".git" and (artifacts or not _is_artifact(f"{before}{name}"))
        )
        for name in sorted(names):
            yield before + name, Path(root, name)


def _tracked(folder: Path) -> tuple[Git | None, str]:
    """The repository around a folder, which need not be there any more, and the folder's path from its top."""
    full = Path(os.path.normpath(folder.absolute()))
    near = next(place for place in (full, *full.parents) if place.is_dir())
    try:
        git = Git.find(near)
    except GitFailed:
        return None, ""
    if git.root is None:
        return None, ""
    top = git.root.resolve()
    place = near.resolve() / full.relative_to(near)
    inner = place.relative_to(top).as_posix() if place.is_relative_to(top) else None
    return (None, "") if inner is None else (git, "" if inner == "." else inner)
