"""The bytes that a record points to, digest checked: in the work tree, DVC's cache or remote, or in git."""

from __future__ import annotations

import filecmp
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gitml.errors import BadValue, Conflict, DiskFailed, GitmlError, NotFound
from gitml.records.record import Record
from gitml.records.ref import VERSION
from gitml.repo.data.dvc import cache_path, dvc_root, fetch, file_digest
from gitml.repo.data.pointers import is_pointer_file, tracked
from gitml.repo.repository import Repository
from gitml.repo.writing.files import disk_failed

_FOLDER = ".dir"


def get(repository: Repository, record: Record, into: Path | None = None) -> Path:
    """Where the bytes are that a record's pointer names, or a copy of them below `into`.

    NotFound where they are nowhere in reach (it says what would bring them), BadValue for an address, Conflict where
    something else stands in the copy's way.
    """
    pointer = record.data.get("pointer")
    if not isinstance(pointer, Mapping):
        hint = f"name a version: {record.ref}@1" if _has_versions(repository, record) else "git ml show prints it"
        raise NotFound(f"{record.ref} points to no bytes", hint=hint)
    kind, path = pointer.get("type"), pointer.get("path")
    if kind not in ("dvc", "git") or not isinstance(path, str):
        told = f"{record.ref} points to a {kind}: {pointer.get('uri') or path}"
        raise BadValue(told, hint="fetch it with its own tool")
    _inside(path)
    found = _from_git(repository, pointer, path) if kind == "git" else _from_dvc(repository, pointer, path)
    return found if into is None else _copy(found, into / PurePosixPath(path).name)


def _inside(path: str) -> None:
    """A path in a record, or in a listing of DVC's, may come from anybody: it must not lead out."""
    if path.startswith("/") or ".." in PurePosixPath(path).parts or not PurePosixPath(path).name:
        raise BadValue(f"{path!r} is no path inside the repository")


def _has_versions(repository: Repository, record: Record) -> bool:
    return record.kind + VERSION in repository.here().schemas.latest


def _from_dvc(repository: Repository, pointer: Mapping[str, Any], path: str) -> Path:
    md5 = pointer.get("md5")
    if not isinstance(md5, str):
        raise BadValue(f"{path} is not pinned by an md5, so that nothing can be checked")
    if repository.git.root is not None:
        file = repository.file(path)
        if file.exists() and _has(file, md5):
            return file
    return _cached(repository, md5, path) or _fetched(repository, md5, path)


def _has(file: Path, md5: str) -> bool:
    if file.is_dir() != md5.endswith(_FOLDER):
        return False
    return file_digest(file)[0] == md5


def _cached(repository: Repository, md5: str, path: str) -> Path | None:
    """The bytes in DVC's cache; a folder is put together, for the cache holds it in pieces."""
    place = Path(path).parent
    found = cache_path(repository.git, md5, place)
    if found is None:
        return None
    if file_digest(found)[0] != md5.removesuffix(_FOLDER):
        told = f"{found}: DVC's cache holds other bytes than its name says"
        raise DiskFailed(told, hint=f"remove it, then dvc fetch {path}")
    return _assembled(repository, found, md5, place, PurePosixPath(path).name) if md5.endswith(_FOLDER) else found


def _assembled(repository: Repository, listing: Path, md5: str, place: Path, name: str) -> Path | None:
    folder = _own(repository, md5) / name
    for one in json.loads(listing.read_bytes()):
        _inside(one["relpath"])
        piece = cache_path(repository.git, one["md5"], place)
        if piece is None:
            return None
        _put(piece, folder / one["relpath"])
    if not _has(folder, md5):
        raise DiskFailed(f"{folder} does not have the digest {md5}", hint="remove it, and repeat")
    return folder


def _fetched(repository: Repository, md5: str, path: str) -> Path:
    """From DVC's remote, where what is tracked now is what is wanted."""
    git = repository.git
    missing = f"{path} with md5 {md5} is neither in the work tree nor in DVC's cache"
    if git.root is None or dvc_root(git, Path(path).parent) is None:
        raise NotFound(missing, hint="ask in a clone where DVC is set up")
    files = {one: repository.file(one).read_bytes() for one in _pointer_files(repository)}
    now = tracked(files).pointers.get(path)
    if now is None or now.md5 != md5:
        hint = f"git checkout the commit that tracked it, then dvc fetch {path} (or dvc fetch --all-commits)"
        raise NotFound(missing, hint=hint)
    try:
        fetch(git, path)
    except GitmlError as error:
        raise NotFound(f"{missing}, and no remote gave it: {error.message}", hint=f"dvc fetch {path}") from error
    found = _cached(repository, md5, path)
    if found is None:
        raise NotFound(f"{missing}, and fetching did not bring it", hint=f"dvc fetch {path}")
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
