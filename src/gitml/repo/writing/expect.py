"""What a write stands on: each path may be written, and holds the blob that its change expects."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitml.errors import BadValue, Conflict, NotFound, Refused
from gitml.repo.change import Change
from gitml.repo.git import Git
from gitml.repo.git.session import Session
from gitml.repo.writing.files import Draft, disk_failed, signature
from gitml.repo.writing.graft import Trees

_FEW = 50
_MODES = ("100644", "100755")
_IGNORED = ("check-ignore", "-z", "--stdin")
_AGAIN = "nothing was written; look at it (git ml diff) and repeat"


@dataclass(frozen=True, slots=True)
class Listed:
    """A path in the index; `skipped` is outside a sparse checkout, `unmerged` in conflict."""

    mode: str
    oid: str
    skipped: bool = False
    unmerged: bool = False


def complete(git: Git, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes with the bytes of every blob that they write, each path allowed and named once."""
    if len({change.path for change in changes}) != len(changes):
        raise BadValue("two changes of one write name the same path")
    for change in changes:
        _allowed(change)
    stored = dict(git.cat([c.after for c in changes if c.after is not None and c.content is None]))
    return tuple(_with_content(git, change, stored) for change in changes)


def _allowed(change: Change) -> None:
    parts = change.path.split("/")
    if {"", ".", ".."} & set(parts) or "\0" in change.path or (os.sep != "/" and os.sep in change.path):
        raise Refused(f"{change.path!r} is no path inside the repository")
    if any(_is_git(part) for part in parts):
        raise Refused(f"{change.path}: this is git's own folder")
    if change.mode not in _MODES:
        raise Refused(f"{change.path}: only plain files are written, not mode {change.mode}")


def _is_git(part: str) -> bool:
    """Whether some file system takes this name for `.git`: by case, trailing dots, streams, or invisible letters."""
    seen = "".join(char for char in part if char.isprintable()).casefold()
    return seen.partition(":")[0].rstrip(". ") in {".git", "git~1"}


def _with_content(git: Git, change: Change, stored: Mapping[str, bytes | None]) -> Change:
    if change.after is None:
        return replace(change, content=None)
    content = stored[change.after] if change.content is None else change.content
    if content is None:
        raise NotFound(f"{change.path}: the blob {change.after[:12]} is not in this clone", hint="git fetch it first")
    if git.blob_id(content) != change.after:
        raise BadValue(f"{change.path}: the content is not that of blob {change.after[:12]}")
    return replace(change, content=content)


def listed(git: Git, paths: Sequence[str]) -> dict[str, Listed]:
    """What the index holds at these paths."""
    if not paths:
        return {}
    few = paths if len(paths) <= _FEW else []  # many pathspecs cost more than the whole listing
    wanted = set(paths)
    found: dict[str, Listed] = {}
    for item in git.lines0("--literal-pathspecs", "ls-files", "-t", "-s", "-z", "--full-name", "--", *few):
        facts, path = item.split("\t", 1)
        if path in wanted:
            tag, mode, oid, stage = facts.split(" ")
            found[path] = Listed(mode, oid, tag == "S", stage != "0")
    return found


def drafts(git: Git, root: Path, changes: Sequence[Change], index: Mapping[str, Listed]) -> tuple[Draft, ...]:
    """The files to write; Conflict where one of them no longer is what its change expects."""
    _ways_clear(root, changes)
    seen = {change.path: signature(root / change.path) for change in changes}
    found = _standing(git, root, changes, index)
    _raise_moved([_said(root, change, found[change.path]) for change in changes if found[change.path] != change.before])
    return tuple(
        Draft(change.path, root / change.path, change.content, change.mode, seen[change.path])
        for change in changes
        if change.after != change.before or seen[change.path] is None
    )


def staged_as_expected(git: Git, changes: Sequence[Change], index: Mapping[str, Listed], trees: Trees) -> None:
    """Conflict where the index holds what is neither committed nor the change's own blob."""
    empty = git.blob_id(b"")  # also what `git add -N` lists: a path that is announced, with nothing staged
    clashes = []
    for change in changes:
        entry = index.get(change.path)
        committed = trees.entry(change.path)
        allowed = (committed and committed.oid, change.before, change.after)
        if entry and entry.unmerged:
            clashes.append(f"{change.path}: its merge conflict is not resolved")
        elif (entry and entry.oid) not in allowed and not (entry and entry.oid == empty and None in allowed):
            clashes.append(f"{change.path}: staged differently")
    _raise_moved(clashes, "nothing was written; commit it, or take it back with git restore --staged")


def committed_as_expected(changes: Sequence[Change], trees: Trees, where: str) -> None:
    """Conflict where a branch's tree does not hold what the changes expect."""
    clashes = []
    for change in changes:
        entry = trees.entry(change.path)
        if (entry and entry.oid) != change.before:
            clashes.append(f"{change.path}: {_differs(change.before, entry and entry.oid)} on {where}")
    _raise_moved(clashes)


def ignored(session: Session, changes: Sequence[Change]) -> list[str]:
    """The new paths that .gitignore or its like would keep out; of one that is in the index git ignores nothing."""
    found = session.ignoring.of([change.path for change in changes if change.before is None and change.fresh])
    new = "".join(f"{change.path}\0" for change in changes if change.before is None and not change.fresh)
    asked = new.encode("utf-8", "surrogateescape")
    return [*found, *(session.git.lines0(*_IGNORED, input=asked, check=False) if new else ())]


def _ways_clear(root: Path, changes: Iterable[Change]) -> None:
    """Refuse where the way to a path leads through a symlink, a file or another repository, or ends in no file."""
    seen: set[str] = set()
    for change in changes:
        parts = change.path.split("/")
        for folder in ("/".join(parts[:depth]) for depth in range(1, len(parts))):
            if folder not in seen:
                seen.add(folder)
                _passable(f"{root}/{folder}", change.path)
        mode = _mode(root / change.path)
        if mode is not None and not stat.S_ISREG(mode):
            what = "a symlink" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "no plain file"
            raise Refused(f"{change.path}: {what} stands here", hint="nothing was written; move it away")


def _passable(folder: str, path: str) -> None:
    mode = _mode(folder)
    if mode is None:
        return
    if stat.S_ISLNK(mode):
        raise Refused(f"{path}: {posixpath.basename(folder)} is a symlink, and records are written through none")
    if not stat.S_ISDIR(mode):
        raise Refused(f"{path}: {posixpath.basename(folder)} is a file where a folder must be")
    if _mode(f"{folder}/.git") is not None:
        raise Refused(f"{path}: {posixpath.basename(folder)} is another git repository")


def _mode(path: Path | str) -> int | None:
    try:
        return os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise disk_failed(error, path, "read") from error


def _standing(git: Git, root: Path, changes: Sequence[Change], index: Mapping[str, Listed]) -> dict[str, str | None]:
    """The blob that each path holds in the work tree, as git would store it."""
    found: dict[str, str | None] = {}
    for change in changes:
        content = _content(root / change.path)
        entry = index.get(change.path)
        absent = entry.oid if entry and entry.skipped else None
        found[change.path] = absent if content is None else git.blob_id(content)
    # Filters and line endings make the file differ from its blob: only where it seems to differ git is asked.
    unlike = [c.path for c in changes if c.before is not None and found[c.path] not in (None, c.before)]
    found.update(git.hash_paths(unlike) if unlike else {})
    return found


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise disk_failed(error, path, "read") from error


def _said(root: Path, change: Change, found: str | None) -> str:
    if change.before is None:
        target = root / change.path
        names = os.listdir(target.parent) if target.parent.is_dir() else []
        alike = [name for name in names if name.casefold() == target.name.casefold()]
        as_named = "" if target.name in names or not alike else f" as {alike[0]}"
        return f"{change.path}: exists already{as_named}"
    return f"{change.path}: {_differs(change.before, found)}"


def _differs(before: str | None, found: str | None) -> str:
    if before is None:
        return "exists already"
    return f"was expected to be {before[:7]} and {f'is {found[:7]}' if found else 'is gone'}"


def _raise_moved(clashes: Sequence[str], hint: str = _AGAIN) -> None:
    if clashes:
        more = f" (and {len(clashes) - 1} more)" if len(clashes) > 1 else ""
        raise Conflict(f"{clashes[0]}{more}", hint=hint)
