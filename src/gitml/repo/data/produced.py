"""What DVC's files gave in all of history: every hash of a path, and the commit that last produced one.

Two git processes, whatever the length of history. What lies beyond a shallow clone's boundary, or is missing from a
partial clone, is not found.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from gitml.repo.data.pointers import Wdirs, leniently, wdirs_of
from gitml.repo.git import Git
from gitml.repo.readers.dvc import LOCK, OLD, STAGES, is_pointer_file

Hashed = tuple[str, str]
"""A data path from the repository's root, and the md5 that it had."""

_GONE = re.compile("0+")
_MD5 = re.compile(rb"[0-9a-fA-F]{32}(?:\.dir)?")


class Version(NamedTuple):
    """A commit's version of one of DVC's files: its blob now and in each of its parents, None for none."""

    commit: str
    path: str
    now: str | None
    before: tuple[str | None, ...]


def hashes_in_history(git: Git, *tips: str) -> Mapping[str, frozenset[str]]:
    """Every hash with which each data path was ever tracked, in all commits that lead to some tips (to HEAD).

    What lies beyond a shallow clone's boundary, or is missing from a partial clone, is not in it.
    """
    versions = _by_file(versions_in_history(git, *tips))
    blobs = dict(git.cat({oid for oids in versions.values() for oid in oids}))
    found: dict[str, set[str]] = {}
    for path, oids in versions.items():
        wdirs = all_wdirs(path, versions, blobs)
        for oid in oids:
            for pointer in leniently(path, blobs[oid], wdirs):
                found.setdefault(pointer.path, set()).add(pointer.md5)
    return {path: frozenset(hashes) for path, hashes in found.items()}


def in_history(git: Git, path: str, md5: str, tip: str = "HEAD") -> bool | None:
    """Whether `path` was ever tracked with that hash; None where it is not found and history is cut short."""
    if md5 in hashes_in_history(git, tip).get(path, ()):
        return True
    return None if git.is_shallow() or git.promisor() else False


def producers(git: Git, wanted: Iterable[Hashed], tip: str = "HEAD") -> Mapping[Hashed, str]:
    """The last commit, of those that lead to `tip`, that made a file of DVC's give each path that hash.

    A pair that no commit is known to have introduced is left out; so is one that the first commits of a shallow clone
    may have had from before.
    """
    missing = set(wanted)
    versions = versions_in_history(git, tip) if missing else []
    given = _Given(git, versions, missing)
    began = _boundary(git)
    found: dict[Hashed, str] = {}
    for commit, changed in groupby(versions, attrgetter("commit")):
        if not missing:
            break
        for pair in given.introduced(changed) & missing if commit not in began else ():
            found[pair] = commit
            missing.discard(pair)
    return found


class _Given:
    """Which of the pairs that are asked for each version of a file gives; each blob is read once, when it is needed."""

    def __init__(self, git: Git, versions: list[Version], wanted: Iterable[Hashed]) -> None:
        self._wanted = frozenset(wanted)
        self._hashes = {md5.encode() for _path, md5 in self._wanted}
        self._files = _by_file(versions)
        stages = [oid for path in self._files if path.endswith(STAGES) for oid in self._files[path]]
        others = [oid for version in versions for oid in (version.now, *version.before) if oid]
        self._stream = git.cat(dict.fromkeys([*stages, *others]))
        self._blobs: dict[str, bytes | None] = {}
        for oid in stages:
            self._blob(oid)
        self._wdirs: dict[str, Wdirs] = {}
        self._known: dict[tuple[str, str], frozenset[Hashed]] = {}
        self._cut: set[str] = set()

    def introduced(self, changed: Iterable[Version]) -> frozenset[Hashed]:
        """The pairs that one commit's files give and that none of them gave before."""
        now: set[Hashed] = set()
        before: set[Hashed] = set()
        for _commit, path, oid, parents in changed:
            self._cut.update(path for each in (oid, *parents) if each and self._blob(each) is None)
            # Beyond a version that is not here anything may have been.
            if path not in self._cut:
                now |= self._of(path, oid)
                before.update(*(self._of(path, each) for each in parents))
        return frozenset(now - before)

    def _of(self, path: str, oid: str | None) -> frozenset[Hashed]:
        if oid is None:
            return frozenset()
        if (path, oid) not in self._known:
            self._known[path, oid] = self._read(path, self._blob(oid) or b"")
        return self._known[path, oid]

    def _read(self, path: str, raw: bytes) -> frozenset[Hashed]:
        # A folder under cloud versioning lists its files, and its hash is that of the list.
        if b"relpath" not in raw and self._hashes.isdisjoint(md5.lower() for md5 in _MD5.findall(raw)):
            return frozenset()
        if path not in self._wdirs:
            self._wdirs[path] = all_wdirs(path, self._files, self._blobs)
        pointers = leniently(path, raw, self._wdirs[path])
        return self._wanted & {(pointer.path, pointer.md5) for pointer in pointers}

    def _blob(self, oid: str) -> bytes | None:
        while oid not in self._blobs:
            name, raw = next(self._stream)
            self._blobs[name] = raw
        return self._blobs[oid]


def _boundary(git: Git) -> frozenset[str]:
    """The commits at which a shallow clone ends, whose files only seem to be new."""
    if not git.is_shallow():
        return frozenset()
    return frozenset((git.common_dir / "shallow").read_text(encoding="ascii").split())


def versions_in_history(git: Git, *tips: str) -> list[Version]:
    """Every version of DVC's files in the commits that lead to some tips (to HEAD), the newest commits first.

    Of a merge only what no parent has, for the rest is told of the commits that it brings in.
    """
    known = [tip for tip in tips or ("HEAD",) if git.commit_or_none(tip)]
    if not known:
        return []
    shown = ("--raw", "-z", "-c", "--no-renames", "--no-abbrev", "--root", "--full-history", "--date-order")
    wanted = [f":(top,glob)**/{name}" for name in ("*.dvc", LOCK, STAGES, OLD)]
    items = iter(git.lines0("log", *shown, "--format=%H", "--end-of-options", *known, "--", *wanted))
    found: list[Version] = []
    commit = ""
    for item in items:
        facts = item.strip("\n")
        if not facts.startswith(":"):
            commit = facts or commit
        elif is_pointer_file(path := next(items)):
            # `:` for each parent, a mode for each, the mode now, a blob for each, the blob now, what has happened
            words = facts.lstrip(":").split(" ")
            *before, now = [None if _GONE.fullmatch(oid) else oid for oid in words[len(words) // 2 : -1]]
            found.append(Version(commit, path, now, tuple(before)))
    return found


def _by_file(versions: Iterable[Version]) -> dict[str, dict[str, None]]:
    """The blobs that each file ever was."""
    found: dict[str, dict[str, None]] = {}
    for version in versions:
        if version.now:
            found.setdefault(version.path, {})[version.now] = None
    return found


def all_wdirs(path: str, versions: Mapping[str, Iterable[str]], blobs: Mapping[str, bytes | None]) -> Wdirs:
    """Every place where the stages of a lock ever ran; nothing for another file."""
    stages = versions.get(posixpath.join(posixpath.dirname(path), STAGES), ()) if path.endswith(LOCK) else ()
    return wdirs_of([None, *(blobs.get(oid) for oid in stages)])
