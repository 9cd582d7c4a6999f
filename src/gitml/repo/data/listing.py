"""The listing that DVC keeps of a folder: a JSON list of paths and hashes, whose own md5 is the folder's."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any, NamedTuple

FOLDER = ".dir"


class Hash(NamedTuple):
    """A hash as DVC writes it, of a folder ending in `.dir`; `legacy` for DVC 2's, None where nobody says."""

    md5: str
    legacy: bool | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is the hash of a folder's listing."""
        return self.md5.endswith(FOLDER)


class Piece(NamedTuple):
    """One file of a folder: its path below the folder, and its hash."""

    path: str
    hash: Hash


def pieces(raw: bytes, folder: Hash) -> tuple[Piece, ...] | None:
    """What a listing says; None for a text that is none, or that leads out of its folder: it may come from anybody."""
    try:
        entries = json.loads(raw)
        return tuple(Piece(_inside(entry["relpath"]), Hash(_hash(entry), folder.legacy)) for entry in entries)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _inside(path: Any) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.name:
        raise ValueError(path)
    return str(path)


def _hash(entry: Any) -> str:
    found = entry["md5"] if "md5" in entry else entry["md5-dos2unix"]
    if not isinstance(found, str):
        raise TypeError(found)
    return found
