"""Derived records are read from other tools' files, and say nothing of their own: those files are what changes."""

from __future__ import annotations

import posixpath

from gitml.errors import BadValue
from gitml.records.record import Record
from gitml.repo.readers.dvc import LOCK, STAGES, is_pointer_file

_TAG = "refs/tags/"


def read_only(record: Record) -> BadValue:
    """Why a derived record is not written, and what is instead."""
    name = _tag(record)
    hint = f"change that file{', by dvc' if is_pointer_file(record.path) else ''}"
    return BadValue(f"{_told(record)}, and read-only", hint="set another tag, by gto" if name else hint)


def not_reverted(record: Record, to: str | None = None) -> BadValue:
    """Why a derived record does not go back by itself, and what does: `to` is where it was to go."""
    name, rev = _tag(record), to or "REV"
    if name:
        return BadValue(f"{_told(record)}, and tags are not reverted", hint=f"set another by gto, or git tag -d {name}")
    back = f"git checkout {rev} -- {_files(record.path)}"
    if is_pointer_file(record.path):
        back += " && dvc checkout; or git ml revert COMMIT, for all that a commit did to DVC's files"
    return BadValue(f"{_told(record)}, and goes back with that file", hint=back)


def no_kind_to_revert(kind: str) -> BadValue:
    """Why `--kind` chooses none of a kind that readers alone make."""
    told = f"every {kind} is derived from DVC's files, which are of no kind"
    return BadValue(told, hint="git ml revert COMMIT, without --kind, puts back what a commit did to them")


def _told(record: Record) -> str:
    name = _tag(record)
    return f"{record.ref} is derived from {f'the tag {name}' if name else record.path}"


def _tag(record: Record) -> str:
    return record.path.removeprefix(_TAG) if record.path.startswith(_TAG) else ""


def _files(path: str) -> str:
    """The files to put back: what the stages of a dvc.yaml made stands in the lock beside it."""
    folder, name = posixpath.split(path)
    return f"{path} {posixpath.join(folder, LOCK)}" if name == STAGES else path
