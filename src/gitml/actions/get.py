"""The bytes that a record points to, digest checked: in the work tree, DVC's cache or remotes, or in git."""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gitml.errors import BadValue, Conflict, DiskFailed, GitmlError, NotFound
from gitml.records.record import Record
from gitml.records.ref import VERSION, Ref
from gitml.repo.data.dvc import cache_path, dvc_root, fetch, is_what
from gitml.repo.data.listing import FOLDER, Hash, pieces
from gitml.repo.data.pointers import tracked
from gitml.repo.data.presence import bring
from gitml.repo.digests import known_digest
from gitml.repo.readers.dvc import is_pointer_file
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.files import disk_failed

_OUTPUT = "dvc-output"
_ADDRESSES = ("uri", "table", "query", "path")
_LONG = 80
_NO_REMOTE = "no remote is set up"


def get(repository: Repository, snapshot: Snapshot, ref: Ref, into: Path | None = None) -> Path:
    """Where the bytes are that a record's pointer names, or a copy of them below `into`.

    NotFound where they are nowhere in reach (it says what would bring them), BadValue for an address, Conflict where
    something else stands in the copy's way.
    """
    pointer = pointer_of(snapshot, snapshot.record(ref))
    path = str(pointer["path"])
    if pointer["type"] == "git":
        found = _from_git(repository, pointer, path)
    else:
        found = from_dvc(repository, snapshot, pointer, path)
    return found if into is None else _copy(found, into / PurePosixPath(path).name)


def pointer_of(snapshot: Snapshot, record: Record) -> Mapping[str, Any]:
    """The pointer of a record to a file or folder of this repository; what DVC tracks is its own pointer.

    NotFound for a record without one, BadValue for one that points to another place.
    """
    pointer = {**record.data, "type": "dvc"} if record.kind == _OUTPUT else record.data.get("pointer")
    if not isinstance(pointer, Mapping):
        versions = record.kind + VERSION in snapshot.schemas.latest
        hint = f"name a version: {record.ref}@1" if versions else "git ml show prints it"
        raise NotFound(f"{record.ref} points to no bytes", hint=hint)
    kind, path, other = pointer.get("type"), pointer.get("path"), pointer.get("repository")
    if kind not in ("dvc", "git") or not isinstance(path, str):
        place = next((str(pointer[name]) for name in _ADDRESSES if pointer.get(name)), "no address")
        raise BadValue(f"{record.ref} points to a {kind}: {place[:_LONG]}", hint="fetch it with its own tool")
    if other is not None and (kind == "git" or "md5" not in pointer):
        raise BadValue(f"{record.ref} points to {path} of another repository, {other}", hint="fetch it there")
    inside(path)
    return pointer


def inside(path: str) -> None:
    """A path in a record, or in a listing of DVC's, may come from anybody: it must not lead out."""
    if path.startswith("/") or "://" in path or ".." in PurePosixPath(path).parts or not PurePosixPath(path).name:
        raise BadValue(f"{path!r} is no path inside the repository")


def from_dvc(repository: Repository, snapshot: Snapshot, pointer: Mapping[str, Any], path: str) -> Path:
    """Where the bytes are that DVC tracks at a path with the md5 of a pointer; raises as `get`."""
    md5 = pointer.get("md5")
    if not isinstance(md5, str):
        told = f"{path} is not pinned by an md5, so that nothing can be checked"
        raise BadValue(told, hint="dvc repro, dvc commit or dvc update gives it one")
    if repository.git.root is not None:
        file = repository.file(path)
        if file.exists() and _has(repository, file, md5):
            return file
    if pointer.get("cache") is False:
        return _beside_code(repository, snapshot, md5, path)
    return _cached(repository, md5, path) or _fetched(repository, md5, path)


def _has(repository: Repository, file: Path, md5: str) -> bool:
    return (file.is_file() and known_digest(repository.cache, file)[0] == md5) or is_what(file, md5)


def _beside_code(repository: Repository, snapshot: Snapshot, md5: str, path: str) -> Path:
    """What DVC hashes and git keeps: `cache: false`."""
    # What the work tree has was looked at already.
    there = repository.head() if snapshot.at.kind == "worktree" else snapshot
    inside = [one for one in there.entries if one == path or one.startswith(f"{path}/")]
    place = _own(repository, md5) / PurePosixPath(path).name
    for one in inside:
        content = _content(repository, there.entries[one].oid, one)
        _written(place / one[len(path) + 1 :] if one != path else place, content)
    if not inside or not is_what(place, md5):
        told = f"{path} with md5 {md5} is neither in the work tree nor in git {there.told}"
        raise NotFound(told, hint="its cache is false: git checkout the commit that has it")
    return place


def _cached(repository: Repository, md5: str, path: str) -> Path | None:
    """The bytes in DVC's cache; a folder is put together, for the cache holds it in pieces."""
    place = Path(path).parent
    found = cache_path(repository.git, md5, place)
    if found is None:
        return None
    if not is_what(found, md5.removesuffix(FOLDER)):
        told = f"{found}: DVC's cache holds other bytes than its name says"
        raise DiskFailed(told, hint=f"remove it, then dvc fetch {path}")
    return _assembled(repository, found, md5, place, PurePosixPath(path).name) if md5.endswith(FOLDER) else found


def _assembled(repository: Repository, listing: Path, md5: str, place: Path, name: str) -> Path | None:
    folder = _own(repository, md5) / name
    listed = pieces(listing.read_bytes(), Hash(md5))
    if listed is None:
        raise BadValue(f"{listing} is no listing of a folder inside the repository")
    for one in listed:
        piece = cache_path(repository.git, one.hash.md5, place)
        if piece is None:
            return None
        _put(piece, folder / one.path)
    folder.mkdir(parents=True, exist_ok=True)
    if not is_what(folder, md5):
        raise DiskFailed(f"{folder} does not have the digest {md5}", hint="remove it, and repeat")
    return folder


def _fetched(repository: Repository, md5: str, path: str) -> Path:
    """From any of DVC's remotes by the hash alone; where DVC must go elsewhere (an import), by its own command."""
    git = repository.git
    missing = f"{path} with md5 {md5} is neither in the work tree nor in DVC's cache"
    if git.root is None or dvc_root(git, Path(path).parent) is None:
        raise NotFound(missing, hint="ask in a clone where DVC is set up")
    why, hint = bring(git, path, md5), "dvc push --all-commits, in a clone that has it"
    files = {one: repository.file(one).read_bytes() for one in _pointer_files(repository)} if why else {}
    now = tracked(files).pointers.get(path)
    if now is not None and now.md5 == md5:
        hint = f"dvc fetch {path}"
        try:
            fetch(git, path)
        except GitmlError as error:
            why = error.message if why == _NO_REMOTE else f"{why}; {error.message}"
    found = _cached(repository, md5, path)
    if found is None:
        raise NotFound(f"{missing}, and no remote gave it: {why or 'it came in part'}", hint=hint)
    return found


def _pointer_files(repository: Repository) -> Iterator[str]:
    for path in repository.worktree().entries:
        if is_pointer_file(path) and repository.file(path).is_file():
            yield path


def _from_git(repository: Repository, pointer: Mapping[str, Any], path: str) -> Path:
    """A blob, or a folder as of a commit; where the work tree holds the same, that is where it is."""
    git, blob, commit = repository.git, pointer.get("blob"), pointer.get("commit")
    if isinstance(blob, str):
        if git.root is not None and git.hash_paths([path]).get(path) == blob:
            return repository.file(path)
        return _written(_own(repository, blob) / PurePosixPath(path).name, _content(repository, blob, path))
    if not isinstance(commit, str):
        raise BadValue(f"{path} is not pinned by a blob or a commit, so that nothing can be checked")
    entries = {one: entry for one, entry in git.tree(commit).items() if one == path or one.startswith(f"{path}/")}
    if not entries:
        raise NotFound(f"there is no {path} in {commit[:12]}", hint="git fetch brings what is missing")
    folder = _own(repository, commit) / PurePosixPath(path).name
    for one, entry in entries.items():
        _written(folder / one[len(path) :].lstrip("/") if one != path else folder, _content(repository, entry.oid, one))
    return folder


def _content(repository: Repository, blob: str, path: str) -> bytes:
    content = dict(repository.git.cat([blob]))[blob]
    if content is None:
        raise NotFound(f"{path}: the blob {blob[:12]} is not in this clone", hint="git fetch brings it")
    return content


def _own(repository: Repository, digest: str) -> Path:
    """A folder of ours for bytes that lie nowhere as one file: disposable, below the Git directory."""
    return repository.git.common_dir / "gitml" / "bytes" / digest


def _written(target: Path, content: bytes) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != content:
            target.write_bytes(content)
    except OSError as error:
        raise disk_failed(error, target) from error
    return target


def _copy(source: Path, target: Path) -> Path:
    """A copy of a file or folder; what stands there already must be the same."""
    pairs = [(source, target)]
    if source.is_dir():
        pairs = [(one, target / one.relative_to(source)) for one in sorted(source.rglob("*")) if not one.is_dir()]
    for one, other in pairs:
        if other.exists() and (other.is_dir() or not filecmp.cmp(one, other, shallow=False)):
            raise Conflict(f"{other} is there already, and something else", hint="name another folder, or move it away")
    for one, other in pairs:
        _put(one, other)
    return target


def _put(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copyfile(source, target)
    except OSError as error:
        raise disk_failed(error, target) from error
