"""What `git add -A` would stage, found without writing to the repository: no object, no index, no lock.

Most changed files are read once and keep their bytes: git, asked for their ids, comes to the same ones. Where it does
not (line ends, filters, `$Id$`), and for all that is no plain file or that nobody wants to read, git stages them on
trial (staging.py).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gitml.errors import BadValue, Problem
from gitml.repo.git.command import Command
from gitml.repo.git.index import unmerged
from gitml.repo.git.objects import Entry, blob_id, hash_paths
from gitml.repo.git.staging import trial
from gitml.repo.git.status import UNMERGED, UNTRACKED, Status, status_on_head
from gitml.repo.git.trees import Tree

if TYPE_CHECKING:
    from gitml.repo.git.batch import Blobs

# A file larger than this is no record: git hashes it, and its content is not held.
LARGEST = 16 * 1024 * 1024

# Never through a link, and never waiting for the writer of a pipe, that stands there since git looked.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

Wanted = Callable[[str], bool]


class Worktree(NamedTuple):
    """The work tree as git would stage it: `contents` holds what is changed and wanted, by blob id."""

    tree: Tree
    contents: dict[str, bytes]
    problems: list[Problem]

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Every file that git would have."""
        return self.tree.entries


def everything(_path: str) -> bool:
    """Every path is wanted."""
    return True


def worktree(
    command: Command,
    wanted: Wanted = everything,
    objects: Blobs | None = None,
    *,
    hashed: bool = True,
    under: Sequence[str] = (),
) -> Worktree:
    """The work tree: HEAD's files, and on top of them what differs, as `git add -A` would make it.

    Contents are kept, and problems told, for `wanted` paths. With `hashed=False` changed files that nobody wants are
    not read: their id is zeros, as in `git diff-files --raw`. With `under` git looks only there.
    """
    if command.root is None:
        message = "this repository has no work tree"
        raise BadValue(message, hint="name a commit, a branch or a tag")
    head, different = status_on_head(command, under)
    reading = _Reading(command, wanted)
    for found in different:
        reading.take(found)
    reading.confirm()
    if not hashed:
        reading.leave_unread()
    reading.ask_git()
    return Worktree(Tree(command, head, reading.changes, objects), reading.contents, reading.problems)


@dataclass(slots=True)
class _Reading:
    """The answer as it grows, and what must still be looked at."""

    command: Command
    wanted: Wanted
    changes: dict[str, Entry | None] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    guessed: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # mode and bytes, not yet confirmed
    special: list[str] = field(default_factory=list)  # wanted, but git's to clean
    unread: dict[str, str] = field(default_factory=dict)  # too large or not wanted; with git's mode if it said one
    large: set[str] = field(default_factory=set)

    def take(self, found: Status) -> None:
        """One path that differs from HEAD or from the index."""
        path = found.path.removesuffix("/")  # a repository inside the repository is listed as a folder
        if found.staged not in (".", UNTRACKED):
            self.changes[path] = found.entry
        if found.unstaged == UNMERGED:
            self.changes[path] = None
            if self.wanted(path):
                self.problems += self.conflicts(path, found.stages)
        elif found.unstaged == "D":
            self.changes[path] = None
        elif found.unstaged != ".":
            if self.wanted(path):
                self.read(path, found)
            else:
                self.unread[path] = found.mode

    def conflicts(self, path: str, stages: Sequence[int]) -> Sequence[Problem]:
        """What a merge has left at a path: each conflict that is marked in the file, else that it is not settled."""
        from gitml.records.merging.conflict import problems

        held = content(self.command.full(path))
        return (problems(held, path) if held else ()) or (unmerged(path, stages),)

    def read(self, path: str, found: Status) -> None:
        """A wanted path: its bytes if it is as simple as it looks, else it is left to git."""
        full = self.command.full(path)
        try:
            seen = full.lstat()
            mode = "100644" if found.unstaged == UNTRACKED else found.mode
            if stat.S_ISLNK(seen.st_mode):
                target = os.readlink(full)  # a Path would be tidied, and this is content
                self.keep(path, "120000", os.fsencode(target))
            elif not stat.S_ISREG(seen.st_mode) or mode not in ("100644", "100755"):
                self.special.append(path)
            elif seen.st_size > LARGEST:
                self.large.add(path)
                self.unread[path] = found.mode
            elif found.unstaged == UNTRACKED and seen.st_mode & stat.S_IXUSR:
                self.special.append(path)  # core.fileMode decides
            else:
                with os.fdopen(os.open(full, _FLAGS), "rb") as file:
                    self.guessed[path] = (mode, file.read())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            self.changes[path] = None  # gone since git listed it
        except OSError as error:
            self.trouble(path, "path.unreadable", f"cannot be read: {error.strerror}")

    def confirm(self) -> None:
        """Keep what git hashes as we did; leave the rest to it."""
        if not self.guessed:
            return
        cleaned = hash_paths(self.command, self.guessed)
        for path, (mode, content) in self.guessed.items():
            if cleaned.get(path) == blob_id(content, self.command.object_format):
                self.keep(path, mode, content)
            else:
                self.special.append(path)

    def leave_unread(self) -> None:
        """Entries without an id for what nobody wants."""
        for path in [path for path in self.unread if path not in self.large]:
            mode = self.unread.pop(path) or _mode(self.command.full(path))
            self.changes[path] = Entry(mode, "0" * self.command.hash_size)

    def ask_git(self) -> None:
        """Have git stage on trial whatever is left."""
        left = [*self.special, *self.unread]
        if not left:
            return
        tried = trial(self.command, self.special, list(self.unread))
        self.changes |= dict.fromkeys(left) | tried.entries
        self.contents |= tried.contents
        for path, told in tried.refused.items():
            self.refused(path, told)
        for path in sorted(self.large & tried.entries.keys()):
            told, hint = f"larger than {LARGEST >> 20} MiB: not read", "keep bulk data in DVC and point to it"
            self.problems.append(Problem("yaml.size", path, told, hint))

    def refused(self, path: str, told: str) -> None:
        """A path that git would not stage."""
        full = self.command.full(path)
        if full.is_file():
            self.trouble(path, "path.unreadable", f"git cannot stage it: {told}")
        elif full.exists() and (not full.is_dir() or (full / ".git").exists()):  # else gone, with a folder in its place
            self.trouble(path, "path.not-a-file", f"git cannot stage it: {told}", "move it away")

    def keep(self, path: str, mode: str, content: bytes) -> None:
        """A file whose staged content is known."""
        oid = blob_id(content, self.command.object_format)
        self.changes[path] = Entry(mode, oid)
        self.contents[oid] = content

    def trouble(self, path: str, code: str, message: str, hint: str = "") -> None:
        """A path that has no entry; told where somebody wants it."""
        self.changes[path] = None
        if self.wanted(path):
            self.problems.append(Problem(code, path, message, hint))


def _mode(full: Path) -> str:
    """Git's mode of an untracked thing."""
    try:
        seen = full.lstat().st_mode
    except OSError:
        return "100644"  # gone since git listed it, like its content
    if stat.S_ISDIR(seen):
        return "160000"
    if stat.S_ISLNK(seen):
        return "120000"
    return "100755" if seen & stat.S_IXUSR else "100644"


def content(full: Path) -> bytes | None:
    """The bytes of a file; None where none can be read (it went since git listed it), or it is larger than a record."""
    try:
        return full.read_bytes() if full.stat().st_size <= LARGEST else None
    except OSError:
        return None
