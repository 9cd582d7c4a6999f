"""`dvc.lock` changed by whole entries, in DVC's own text: what a stage read and wrote belongs together.

DVC takes a stage for up to date whose entry says so; one with an output of another run in it would be a lie.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gitml.errors import BadValue
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.dvc.lock import LockEntry, lock

_HEAD = re.compile(rb"\A(?:schema: ['\"]?2\.0['\"]?\nstages:(?: \{\})?\n)?")
_NEW = b"schema: '2.0'\nstages:\n"
_START = re.compile(rb"^  (?=[^ \n#])", re.MULTILINE)
_ODD = re.compile(rb"^(?! )[^\n]", re.MULTILINE)


def entries(path: str, raw: bytes | None) -> Mapping[str, LockEntry]:
    """The entries of a lock by stage, none of one that is not there; BadValue where it cannot be read."""
    if raw is None:
        return {}
    try:
        found, problems = lock(path, raw)
    except Unreadable as error:
        raise BadValue(f"{path}: {error}", hint="dvc repro writes it anew") from error
    if problems:
        raise BadValue(str(problems[0]))
    return found


def texts(path: str, raw: bytes | None) -> dict[str, bytes]:
    """The text of each entry; BadValue for a lock that is not as DVC writes it."""
    names = list(entries(path, raw))
    if raw is None:
        return {}
    head = _HEAD.match(raw)
    body = raw[head.end() :] if head else raw
    starts = [found.start() for found in _START.finditer(body)]
    plain = len(starts) == len(names) and not _ODD.search(body) and body[-1:] in (b"", b"\n")
    if not plain or (starts or [len(body)])[0] != 0:
        raise BadValue(f"{path} is not as DVC writes it, so that no entry can be taken alone", hint="dvc repro")
    ends = [*starts[1:], len(body)]
    return {name: body[start:end] for name, start, end in zip(names, starts, ends, strict=False)}


def spliced(path: str, raw: bytes | None, put: Mapping[str, bytes | None]) -> bytes | None:
    """The lock with these entries in place of its own, None to take one out; None where no entry is left.

    All others stay byte for byte; a new one comes last.
    """
    found = texts(path, raw)
    wanted = {name: text for name, text in {**found, **put}.items() if text is not None}
    head = _HEAD.match(raw or b"")
    begin = (head[0] if head and head[0] and b"{}" not in head[0] else b"") or _NEW
    return begin + b"".join(wanted.values()) if wanted else None
