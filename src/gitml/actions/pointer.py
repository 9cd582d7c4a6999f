"""Where bytes are and what they are: the pointer to a file or folder of the work tree, tracked by DVC or by git."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitml.checks.data import tracked_in
from gitml.errors import BadValue, Conflict, NotFound
from gitml.records.nearest import nearest
from gitml.repo.change import Change
from gitml.repo.data.dvc import add, dvc_root, file_digest, legacy_digest
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing import graft

if TYPE_CHECKING:
    from gitml.repo.data.pointers import Pointer

_FILES = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Pointed:
    """The pointer to a file, the changes that must land with it (DVC's own files), and what to tell."""

    file: Path
    pointer: Mapping[str, Any]
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def locate(repository: Repository, path: str | os.PathLike[str]) -> Path:
    """The file or folder that a path means, from here, else from the store, else from the root; NotFound."""
    given = Path(path)
    root = repository.file("")
    for place in (Path.cwd(), root / repository.prefix, root):
        found = Path(os.path.normpath(place / given))
        if os.path.lexists(found):
            # A link to a folder on the way is followed; the file itself may be DVC's link into its cache.
            return found.parent.resolve() / found.name
    beside = Path(os.path.normpath(root / repository.prefix / given)).parent
    names = [one.name for one in beside.iterdir()] if beside.is_dir() else []
    raise NotFound(f"{given}: no such file or folder", near=nearest(given.name, names))


@lru_cache(maxsize=8)
def _resolved(root: Path) -> Path:
    return root.resolve()


def rooted(repository: Repository, file: Path) -> str | None:
    """A file's path as records name it, from the root of the repository; None for one outside of it."""
    root = _resolved(repository.file(""))
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else None


def point(repository: Repository, snapshot: Snapshot, path: str | os.PathLike[str]) -> Pointed:
    """The pointer to a file or folder. What nobody tracks yet is given to DVC, where it is set up.

    NotFound, BadValue where it cannot be pointed to, Conflict where it is not what DVC or git has.
    """
    file = _missing_but_tracked(repository, snapshot, path) or locate(repository, path)
    full = rooted(repository, file)
    if full is None:
        raise BadValue(
            f"{path} lies outside of the repository", hint="move it there, or record an address (pointer.uri)"
        )
    here = snapshot if snapshot.at.kind == "worktree" else repository.worktree()
    known = tracked_in(here).pointers
    if full in known:
        return _by_dvc(repository, snapshot, file, known[full])
    holder = next((one for one in known if full.startswith(f"{one}/")), None)
    if holder:
        raise BadValue(f"{full} lies in {holder}, which DVC tracks as a whole", hint=f"record {holder}")
    staged = repository.git.lines0("ls-files", "-s", "-z", "--", full, env={"GIT_LITERAL_PATHSPECS": "1"})
    if staged:
        return _by_git(repository, snapshot, file, full, staged)
    if dvc_root(repository.git, file.parent) is None:
        raise BadValue(f"neither DVC nor git tracks {full}", hint=f"dvc init && dvc add {full}, or git add {full}")
    return _added(repository, snapshot, file)


def _missing_but_tracked(repository: Repository, snapshot: Snapshot, path: str | os.PathLike[str]) -> Path | None:
    """A file that is not here although DVC tracks it: its pointer is known all the same."""
    root = repository.file("").resolve()
    for place in (Path.cwd(), root / repository.prefix, root):
        file = Path(os.path.normpath(place / path))
        if os.path.lexists(file):
            return None
        if (full := rooted(repository, file)) and full in tracked_in(snapshot).pointers:
            return file
    return None


def _by_dvc(repository: Repository, snapshot: Snapshot, file: Path, tracked: Pointer) -> Pointed:
    if file.exists():
        md5, _size = file_digest(file)
        if md5 != tracked.md5 and not (tracked.legacy and legacy_digest(file) == tracked.md5):
            how = f"dvc add {tracked.path}" if tracked.source.endswith(".dvc") else "dvc repro, or dvc commit"
            told = f"{tracked.path} is not what DVC tracks: {tracked.source} says {tracked.md5}, the file is {md5}"
            raise Conflict(told, hint=f"{how}, then repeat; or dvc checkout {tracked.path}")
    changes, notes = _landing(repository, snapshot, tracked)
    return Pointed(file, _fields(tracked), changes, notes)


def _fields(tracked: Pointer) -> dict[str, Any]:
    found = {"type": "dvc", "path": tracked.path, "md5": tracked.md5, "size": tracked.size}
    return {key: value for key, value in {**found, "files": tracked.nfiles}.items() if value is not None}


def _added(repository: Repository, snapshot: Snapshot, file: Path) -> Pointed:
    """`dvc add`, for what nobody tracks."""
    pointer = add(repository.git, file)
    changes, notes = _landing(repository, snapshot, pointer)
    return Pointed(file, _fields(pointer), changes,
                   (f"dvc add {pointer.path}: DVC tracks it now, by {pointer.source}", *notes))  # fmt: skip


def _landing(
    repository: Repository, snapshot: Snapshot, tracked: Pointer
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """DVC's files that must land with a record that rests on them: the pointer, and the line in .gitignore."""
    folder, _slash, name = tracked.path.rpartition("/")
    ignore = posixpath.join(folder, ".gitignore")
    landed = _landed(repository, snapshot, [tracked.source, ignore])
    raw = _on_disk(repository, tracked.source)
    if raw is None:
        return (), ()
    oid = repository.git.blob_id(raw)
    if landed[tracked.source] == oid:
        return (), ()
    if not tracked.source.endswith(".dvc") and landed[tracked.source] is not None:
        return (), (f"{tracked.source} has changes that are not committed: commit it with this record",)
    changes = [_change(snapshot, tracked.source, landed[tracked.source], raw, oid)]
    ignored = _on_disk(repository, ignore)
    before = landed[ignore] and next(iter(dict(repository.git.cat([landed[ignore] or ""])).values()))
    if ignored is not None and tracked.source.endswith(".dvc") and _only_adds(before or b"", ignored, f"/{name}"):
        changes.append(_change(snapshot, ignore, landed[ignore], ignored, repository.git.blob_id(ignored)))
    return tuple(changes), ()


def _only_adds(before: bytes, after: bytes, line: str) -> bool:
    """Whether a .gitignore has been given just this line."""
    wanted = before if not before or before.endswith(b"\n") else before + b"\n"
    return after != before and after == wanted + line.encode("utf-8", "surrogateescape") + b"\n"


def _landed(repository: Repository, snapshot: Snapshot, paths: list[str]) -> dict[str, str | None]:
    """The blobs that the commit to build on holds at these paths."""
    if snapshot.at.kind == "commit":
        return {path: found.oid if (found := snapshot.tree.file(path)) else None for path in paths}
    trees = graft.read(repository.session, repository.session.commit("HEAD"), paths)
    return {path: found.oid if (found := trees.entry(path)) else None for path in paths}


def _change(snapshot: Snapshot, path: str, landed: str | None, raw: bytes, oid: str) -> Change:
    """A file that stands on the disk, to be committed as it is; on another branch, to be written there."""
    before = landed if snapshot.at.kind == "commit" else oid
    return Change(path, before, oid, raw)


def _on_disk(repository: Repository, path: str) -> bytes | None:
    place = repository.file(path)
    return place.read_bytes() if place.is_file() else None


def _by_git(repository: Repository, snapshot: Snapshot, file: Path, full: str, staged: list[str]) -> Pointed:
    """A file that git itself tracks: by its blob; a folder by the commit."""
    if file.is_dir():
        return _folder_by_git(repository, file, full, len(staged))
    mode, oid = staged[0].split(" ")[:2]
    if mode not in _FILES:
        raise BadValue(f"{full} is a link or a submodule in git", hint="record the file that it leads to")
    now = repository.git.hash_paths([full]).get(full)
    if now != oid:
        raise Conflict(f"{full} is not what git has", hint=f"git add {full}, then repeat")
    pointer = {"type": "git", "path": full, "blob": oid, "size": file.stat().st_size}
    landed = _landed(repository, snapshot, [full])[full]
    before = landed if snapshot.at.kind == "commit" else oid
    missing = (Change(full, before, oid, None, mode),) if landed != oid else ()
    return Pointed(file, pointer, missing)


def _folder_by_git(repository: Repository, file: Path, full: str, count: int) -> Pointed:
    head = repository.git.head()
    changed = [one for one in repository.git.status() if one.path == full or one.path.startswith(f"{full}/")]
    if head is None or changed:
        raise Conflict(f"{full} is not what git has committed", hint=f"git add {full} && git commit, then repeat")
    return Pointed(file, {"type": "git", "path": full, "commit": head, "files": count})
