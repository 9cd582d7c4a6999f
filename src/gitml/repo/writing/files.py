"""Files written whole or not at all, many at once, with the way back.

All contents are first brought to disk beside git's own data (`Drafts`), where a crash leaves nothing in the work
tree; then each file appears, changes or goes by one rename. What an `ExitStack` called `undo` collects sets
everything back if a later file, or a later step, fails.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gitml.errors import Conflict, DiskFailed

EXECUTABLE = "100755"
ABANDONED = 24 * 3600
"""Seconds after which drafts that a killed process left behind are removed."""

_UNLINKABLE = {errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_SAID = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
}

Signature = tuple[int, int, int]


def disk_failed(error: OSError, path: Path | str, deed: str = "write") -> DiskFailed:
    """What the operating system refused, as a known error that names the path."""
    said = _SAID.get(error.errno or 0, (error.strerror or str(error)).lower())
    return DiskFailed(f"{path}: cannot {deed}: {said}", hint="nothing was changed")


def signature(path: Path) -> Signature | None:
    """What changes when somebody writes the file; None where there is none."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)


@dataclass(frozen=True, slots=True)
class Draft:
    """A file about to appear, change or (content None) go; `seen` is its signature when its content was checked."""

    path: str
    target: Path
    content: bytes | None
    mode: str
    seen: Signature | None


@dataclass(frozen=True, slots=True)
class Drafts:
    """Drafts whose contents are on disk, each as `stem` with its number for a suffix."""

    stem: Path
    drafts: tuple[Draft, ...]

    def ready(self, number: int) -> Path:
        """Where the content of one is."""
        return self.stem.with_name(f"{self.stem.name}.{number}")

    def publish(self, root: Path, undo: ExitStack) -> None:
        """Let every file appear, change or go; folders that this empties below `root` go too."""
        for number, draft in enumerate(self.drafts):
            with _telling(draft.path):
                _publish(draft, self.ready(number), root, undo)


@contextmanager
def drafted(drafts: tuple[Draft, ...], scratch: Path, *, only_copy: bool, sweep: bool) -> Iterator[Drafts]:
    """Bring all contents to disk in the folder `scratch`, as files that go at the end.

    Each file is flushed to the disk itself where it is the `only_copy`; what git holds too is left to the system, as
    git leaves its own work tree (a thousand flushes cost seconds).
    """
    found = Drafts(scratch / os.urandom(8).hex(), drafts)
    with _telling(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    try:
        for number, draft in enumerate(drafts):
            if draft.content is not None:
                with _telling(draft.path):
                    _write(found.ready(number), draft, flushed=only_copy)
        yield found
    finally:
        with suppress(OSError):  # what stays does no harm, and a later sweep takes it
            _tidy(scratch, found.stem.name, sweep=sweep)


@contextmanager
def _telling(path: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_failed(error, path) from error


def _publish(draft: Draft, ready: Path, root: Path, undo: ExitStack) -> None:
    if signature(draft.target) != draft.seen:
        raise _moved(draft.path)
    if draft.seen is not None:
        _keep(draft.target, ready.with_name(f"{ready.name}.old"), undo)
    if draft.content is None:
        _remove(draft.target, root)
    else:
        _appear(ready, draft, undo)


def _moved(path: str) -> Conflict:
    return Conflict(f"{path}: somebody wrote this file just now", hint="nothing was changed; look again and repeat")


def _write(path: Path, draft: Draft, *, flushed: bool) -> None:
    """Whole, and with the permissions of the file that it replaces."""
    executable = 0o111 if draft.mode == EXECUTABLE else 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 | executable)
    with os.fdopen(handle, "wb") as file:
        file.write(draft.content or b"")
        if flushed:
            file.flush()
            os.fsync(file.fileno())
    if draft.seen is not None:
        with suppress(OSError):  # the file may have gone meanwhile; a disk without permissions loses nothing
            kept = stat.S_IMODE(draft.target.stat().st_mode)
            path.chmod(kept | (kept & 0o444) >> 2 if executable else kept & ~0o111)


def _keep(target: Path, kept: Path, undo: ExitStack) -> None:
    """A second name for the old file, so that its bytes can come back even on a full disk."""
    try:
        os.link(target, kept)
    except OSError as error:
        if error.errno not in _UNLINKABLE:
            raise
        _copy(target, kept)
    undo.callback(_restore, kept, target)


def _restore(kept: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _onto(kept, target, os.replace)


def _appear(draft: Path, wanted: Draft, undo: ExitStack) -> None:
    _make_folder(wanted.target.parent, undo)
    if wanted.seen is not None:
        _onto(draft, wanted.target, os.replace)
        return
    try:  # a link fails where a file stands; a rename would replace what another process has just put there
        _onto(draft, wanted.target, os.link)
    except FileExistsError as error:
        raise _moved(wanted.path) from error
    undo.callback(wanted.target.unlink, missing_ok=True)


def _onto(source: Path, target: Path, act: Callable[[Path, Path], None]) -> None:
    """Link or rename; by way of a copy beside the target where the two lie on different disks."""
    try:
        act(source, target)
    except OSError as error:
        if error.errno not in _UNLINKABLE:
            raise
        _by_copy(source, target, exclusive=act is os.link)


def _by_copy(source: Path, target: Path, *, exclusive: bool) -> None:
    beside = target.with_name(f".{source.name}.tmp")
    try:
        _copy(source, beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        if exclusive and os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "exists", str(target))
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _make_folder(folder: Path, undo: ExitStack) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent, undo)
        with suppress(FileExistsError):  # another process made it meanwhile
            folder.mkdir()
            undo.callback(_remove_empty, folder)


def _remove(target: Path, root: Path) -> None:
    target.unlink(missing_ok=True)
    for folder in target.parents:
        if folder == root or not _remove_empty(folder):
            return


def _remove_empty(folder: Path) -> bool:
    """Remove a folder if it is empty and nobody's current one, as git does; whether it went."""
    with suppress(OSError):
        if not folder.samefile(os.curdir):
            folder.rmdir()
            return True
    return False


def _copy(source: Path, target: Path) -> None:
    import shutil  # 4 ms, and only for disks without links

    shutil.copy2(source, target)


def _tidy(scratch: Path, stem: str, *, sweep: bool) -> None:
    """Remove our drafts, and with `sweep` those that killed processes left: by the disk's own clock, a day old."""
    own: list[Path] = []
    others: list[Path] = []
    for name in os.listdir(scratch):
        (own if name.startswith(stem) else others).append(scratch / name)
    now = os.stat(own[0]).st_mtime if sweep and own and others else 0.0
    for file in (*own, *others):
        with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
            if file in own or now - file.stat().st_mtime > ABANDONED:
                file.unlink()
