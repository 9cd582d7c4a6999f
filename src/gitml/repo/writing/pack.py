"""Objects brought into git all at once: one stream, one process.

The stream is a pack, git's own format for sending objects. Git computes each object's id anew from what it reads; few
objects become loose ones, as `git add` makes them, many stay one pack.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from gitml.repo.git import Git
from gitml.repo.writing.durable import durable

BLOB: Final = "blob"
TREE: Final = "tree"
_TYPES: Final = {"commit": 1, TREE: 2, BLOB: 3}
# git's own transfer.unpackLimit
_FEW: Final = 100


class Object(NamedTuple):
    """An object to write: its type and its content."""

    type: str
    content: bytes


def store(git: Git, objects: Iterable[Object]) -> None:
    """Bring objects into git, on disk when it returns; what is there already does no harm. GitFailed, DiskFailed."""
    made = list(dict.fromkeys(objects))
    if made:
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
