"""What a run read, found again by its hash: in git, the work tree, DVC's cache or its remotes; and put where it lay."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlparse

from gitml.actions.get import from_dvc, inside
from gitml.errors import BadRef, BadValue, GitmlError, NotFound
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.repo.data.dvc import is_what
from gitml.repo.data.presence import SAME, YES, Asked, presence
from gitml.repo.recorded import blob_at
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.files import disk_failed

UNPINNED: Final = "unpinned"
NOWHERE: Final = "nowhere"
CHANGED: Final = "changed"
ELSEWHERE: Final = "elsewhere"


class Datum(NamedTuple):
    """One input: where its bytes are, in a word, or what is wrong with it.

    `place` is git, worktree, cache, remote, outside (a file by its address, as it was); or changed, elsewhere (an
    address that is not looked at), nowhere, unpinned.
    """

    name: str
    path: str | None
    md5: str | None
    place: str
    told: str = ""

    @property
    def share(self) -> float:
        """How much of it there is."""
        return {NOWHERE: 0.0, CHANGED: 0.0, UNPINNED: 0.0, ELSEWHERE: 0.5}.get(self.place, 1.0)


def inputs(repository: Repository, snapshot: Snapshot, run: Record, tree: str | None) -> list[Datum]:
    """Where each input of a run is now; the remotes are asked for those that are not here."""
    held = run.data.get("inputs")
    found = (
        [_found(repository, snapshot, name, one, tree) for name, one in held.items()] if isinstance(held, dict) else []
    )
    asked = [one for one in found if one.place == NOWHERE and one.path and one.md5]
    there = presence(repository.git, [Asked(str(one.path), str(one.md5), here=True) for one in asked])
    places = {one.name: _place(was) for one, was in zip(asked, there, strict=True)}
    return [
        one._replace(place=places[one.name][0], told=places[one.name][1]) if one.name in places else one
        for one in found
    ]


def _place(was: Any) -> tuple[str, str]:
    if was.worktree == SAME:
        return "worktree", ""
    if was.cache == YES:
        return "cache", ""
    return ("remote", "") if was.remote == YES else (NOWHERE, was.fault)


def _found(repository: Repository, snapshot: Snapshot, name: str, said: Any, tree: str | None) -> Datum:
    """One input; `nowhere` is still to be asked of DVC."""
    one: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    md5 = one.get("md5") if isinstance(one.get("md5"), str) else None
    uri = one.get("uri")
    if isinstance(uri, str):
        return _outside(name, uri, md5)
    path = one.get("path") if isinstance(one.get("path"), str) else _path(snapshot, one.get("ref"))
    if path is None or md5 is None:
        return Datum(name, path, md5, UNPINNED, "no hash of it was recorded" if md5 is None else "no path is known")
    try:
        inside(path)
    except GitmlError as error:
        return Datum(name, None, md5, UNPINNED, error.message)
    return Datum(name, path, md5, "git" if tree and _in_git(repository, tree, path, md5) else NOWHERE)


def _path(snapshot: Snapshot, ref: Any) -> str | None:
    """The path of what a record points to."""
    try:
        pointer = snapshot.record(Ref.parse(str(ref)).bare).data.get("pointer") if ref else None
    except (BadRef, NotFound):
        return None
    path = pointer.get("path") if isinstance(pointer, Mapping) else None
    return path if isinstance(path, str) else None


def _in_git(repository: Repository, tree: str, path: str, md5: str) -> bool:
    blob = blob_at(repository.git, tree, path)
    content = dict(repository.git.cat([blob]))[blob] if blob else None
    return content is not None and hashlib.md5(content, usedforsecurity=False).hexdigest() == md5


def _outside(name: str, uri: str, md5: str | None) -> Datum:
    """What lies outside of the repository: a file of this machine can be looked at."""
    address = urlparse(uri)
    if address.scheme != "file" or md5 is None:
        return Datum(name, None, md5, ELSEWHERE, f"{uri} is not looked at")
    file = Path(unquote(address.path))
    if not file.exists():
        return Datum(name, None, md5, CHANGED, f"{uri} is gone")
    return Datum(name, None, md5, *(("outside", "") if is_what(file, md5) else (CHANGED, f"{uri} has other bytes now")))


def put(repository: Repository, snapshot: Snapshot, data: Sequence[Datum], place: Path) -> list[str]:
    """Have the inputs lie where they lay, below another folder; what was fetched or copied. NotFound, DiskFailed."""
    return list(_put(repository, snapshot, data, place))


def _put(repository: Repository, snapshot: Snapshot, data: Sequence[Datum], place: Path) -> Iterator[str]:
    for one in data:
        if one.path is None or one.md5 is None or one.place in (UNPINNED, NOWHERE):
            continue
        target = place / one.path
        if not target.parent.resolve().is_relative_to(place.resolve()):
            raise BadValue(f"{one.path} leads out of the code by a link")
        if target.exists() and is_what(target, one.md5):
            continue
        source = from_dvc(repository, snapshot, {"md5": one.md5}, one.path)
        try:
            _replaced(source, target)
        except OSError as error:
            raise disk_failed(error, target) from error
        yield one.path


def _replaced(source: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
