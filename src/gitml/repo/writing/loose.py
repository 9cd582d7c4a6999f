"""A few objects written as git's own loose ones: a process of git for them takes longer than all else in a run."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gitml.repo.writing.files import disk_failed

if TYPE_CHECKING:
    from pathlib import Path

    from gitml.repo.git.session import Session

# How git names what it is about to write there: its gc removes those that a crash has left.
_DRAFT: Final = "tmp_obj_"
_READ_ONLY: Final = 0o444
_SHARED: Final = ("config", "--get", "core.sharedRepository")


def is_ours_to_write(session: Session) -> bool:
    """Whether objects lie here as files of this user's own: git knows best how to share them with others."""
    said = session.configured(*_SHARED).out.strip().lower()
    return os.name == "posix" and said in (b"", b"false", b"umask") and (session.git.objects / "pack").is_dir()


def write(session: Session, objects: Mapping[str, bytes]) -> None:
    """Objects by id, each with git's header before its content: on disk when it returns. DiskFailed."""
    place = session.git.objects
    drafts: dict[Path, Path] = {}
    try:
        for oid, content in objects.items():
            target = place / oid[:2] / oid[2:]
            if not _touched(target):
                drafts[target] = _drafted(target, content)
        for target, draft in drafts.items():  # one that refers to others comes after them
            draft.rename(target)
    except OSError as error:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink()
        raise disk_failed(error, place) from error


def _touched(target: Path) -> bool:
    """Whether an object is there already: as young as if it were new then, so that no gc takes it for a left one."""
    try:
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


def _drafted(target: Path, content: bytes) -> Path:
    """The file of an object, flushed to the disk itself, under a name of its own."""
    draft = target.with_name(f"{_DRAFT}{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        handle = os.open(draft, flags, _READ_ONLY)
    except FileNotFoundError:
        target.parent.mkdir(exist_ok=True)
        handle = os.open(draft, flags, _READ_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(zlib.compress(content, 1))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    return draft
