"""Objects brought into git all at once: a few as loose ones, as `git add` makes them, many as one pack.

The pack is a stream, git's own format for sending objects, to one process of git, which computes each id anew.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from gitml.repo.git.ids import object_id
from gitml.repo.git.session import Session
from gitml.repo.writing.durable import durable
from gitml.repo.writing.loose import is_ours_to_write, write

BLOB: Final = "blob"
TREE: Final = "tree"
_TYPES: Final = {"commit": 1, TREE: 2, BLOB: 3}
# git's own transfer.unpackLimit
_FEW: Final = 100
# To flush each of so many takes no longer than a process of git, which flushes them as well.
_HANDFUL: Final = 16


class Object(NamedTuple):
    """An object to write: its type and its content."""

    type: str
    content: bytes


def store(session: Session, objects: Iterable[Object]) -> None:
    """Bring objects into git, on disk when it returns, each after those that it refers to.

    What is there already does no harm. Raises GitFailed, DiskFailed.
    """
    git, made = session.git, list(dict.fromkeys(objects))
    if made and len(made) <= _HANDFUL and is_ours_to_write(session):
        named = ((object_id(*one, git.object_format), one) for one in made)
        write(session, {oid: f"{one.type} {len(one.content)}\0".encode() + one.content for oid, one in named})
    elif made:
        way = ("unpack-objects", "-q") if len(made) < _FEW else ("index-pack", "--stdin")
        durable(git, *way, data=_pack(made, git.object_format))


def _pack(objects: Sequence[Object], object_format: str) -> bytes:
    """Git's pack format, version 2 (gitformat-pack in its manual): header, objects, the hash of all before it."""
    parts = [struct.pack(">4sII", b"PACK", 2, len(objects))]
    for one in objects:
        parts += [_header(_TYPES[one.type], len(one.content)), zlib.compress(one.content)]
    body = b"".join(parts)
    hasher = hashlib.sha256 if object_format == "sha256" else hashlib.sha1
    return body + hasher(body, usedforsecurity=False).digest()


def _header(number: int, size: int) -> bytes:
    """An object's type in three bits and its size in four, then seven and seven, the lowest first."""
    found = [number << 4 | size & 0xF]
    size >>= 4
    while size:
        found[-1] |= 0x80
        found.append(size & 0x7F)
        size >>= 7
    return bytes(found)
