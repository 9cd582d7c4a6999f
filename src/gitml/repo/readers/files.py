"""The files of one tree as readers see them; what was looked at is noted, so that a join is known again."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from gitml.repo.git.objects import Entry
from gitml.repo.readers.dvc import is_pointer_file

Seen = tuple[tuple[str, str | None], ...]
"""What a join looked at: paths (a folder's ends in `/`) and what stood there, None for nothing."""

Content = Callable[[str, str], bytes | None]
"""The bytes of a blob, by path and id; None where they are not to be had."""

Kept = Callable[[str, str], bytes | None]
"""The bytes that DVC's cache has for a hash, by path and hash."""

_FILE = "100"
_BLOCK = 512
_PRINTED = bytes(range(32, 127)) + b"\n\r\t\f\b"


def begins(path: str) -> bool:
    """Whether a reader begins with a file of this name."""
    if not path.endswith((".yml", ".yaml")):
        return is_pointer_file(path)
    from gitml.repo.readers.model_index import is_index

    return is_pointer_file(path) or is_index(path)


class Tree:
    """The entries of a tree by path, and its folders; `starts` are those that readers begin with, where one knows."""

    def __init__(self, entries: Mapping[str, Entry], starts: Iterable[str] | None = None) -> None:
        self.entries = entries
        self._starts = starts

    @property
    def starts(self) -> Iterable[str]:
        """The paths that readers begin with."""
        return filter(begins, self.entries) if self._starts is None else self._starts

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self.entries)

    def take(self, entries: Mapping[str, Entry]) -> None:
        """Have other entries from now on."""
        self.entries = entries
        self.__dict__.pop("_paths", None)

    def below(self, folder: str) -> Iterator[str]:
        """The paths in a folder, which ends in `/`."""
        paths = self._paths
        at = bisect_left(paths, folder)
        while at < len(paths) and paths[at].startswith(folder):
            yield paths[at]
            at += 1

    def stands(self, path: str) -> str | None:
        """What stands at a path: a blob's id, of a folder a digest of all in it; None for nothing."""
        if not path.endswith("/"):
            entry = self.entries.get(path)
            return entry.oid if entry is not None and entry.mode.startswith(_FILE) else None
        found = [(inner, self.entries[inner].oid) for inner in self.below(path)]
        return hashlib.sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest() if found else None

    def shows(self, seen: Seen) -> bool:
        """Whether a join that saw these things would see the same here."""
        return all(self.stands(path) == oid for path, oid in seen)


class Files:
    """What one join reads of a tree."""

    def __init__(self, tree: Tree, content: Content, kept: Kept) -> None:
        self._tree = tree
        self._content = content
        self._kept = kept
        self._seen: dict[str, str | None] = {}
        self.missing: dict[str, str] = {}
        """The files that stand in the tree and whose objects are not to be had, by path."""

    @property
    def seen(self) -> Seen:
        """All that was looked at, in order."""
        return tuple(self._seen.items())

    def read(self, path: str) -> bytes | None:
        """The bytes at a path; None where no file is, or its object is not in this clone."""
        oid = self._seen[path] = self._tree.stands(path)
        raw = None if oid is None else self._content(path, oid)
        if oid is not None and raw is None:
            self.missing[path] = oid
        return raw

    def inside(self, path: str) -> tuple[str, ...]:
        """The files in a folder; none where it is no folder."""
        folder = f"{path}/"
        self._seen[folder] = self._tree.stands(folder)
        return tuple(self._tree.below(folder))

    def kept(self, path: str, md5: str | None) -> bytes | None:
        """The bytes that DVC's cache has for a hash that `path` had."""
        return self._kept(path, md5) if md5 else None

    def md5(self, path: str, *, legacy: bool = False) -> str | None:
        """DVC's hash of what Git has at a path, file or folder; None where nothing is."""
        raw = self.read(path)
        if raw is not None:
            return digest(raw, legacy=legacy)
        contents = {name: self.read(name) for name in self.inside(path)}
        if not contents or None in contents.values():
            return None
        start = len(path) + 1
        return folder_digest(
            {"md5": digest(content, legacy=legacy), "relpath": name[start:]}
            for name, content in contents.items()
            if content is not None
        )


def digest(raw: bytes, *, legacy: bool = False) -> str:
    """DVC's md5 of bytes; DVC 2 made the line ends of texts equal first (`legacy`)."""
    content = raw.replace(b"\r\n", b"\n") if legacy and _is_text(raw) else raw
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _is_text(raw: bytes) -> bool:
    """What DVC takes for text: in the first block no zero byte, and at most three of ten beyond printable ASCII."""
    block = raw[:_BLOCK]
    return b"\0" not in block and len(block.translate(None, _PRINTED)) * 10 <= len(block) * 3


def folder_digest(listing: Iterable[Mapping[str, str]]) -> str:
    """DVC's md5 of a folder: of the sorted JSON listing of its files (`md5`, `relpath`)."""
    ordered = sorted(listing, key=lambda entry: entry["relpath"])
    text = json.dumps(ordered, sort_keys=True).encode()
    return f"{hashlib.md5(text, usedforsecurity=False).hexdigest()}.dir"
