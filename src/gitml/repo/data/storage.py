"""DVC's cache and remotes, asked for hashes by DVC's own Python API: what it reads itself, it reads as it is now.

DVC keeps an index of what it has pushed and answers from it, also where somebody has removed the data since. So its
object stores are asked, never that index; and a store that did not answer is told from one that does not have it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from gitml.errors import GitmlError
from gitml.repo.data.listing import FOLDER, Hash, Piece, pieces

_NOT_THERE = 404
_LISTING_SIZE = 1 << 30


class Objects:
    """A cache or a remote, by its name: the objects of DVC 3, and those of DVC 2 beside them."""

    def __init__(self, name: str, new: Any, old: Any) -> None:
        self.name = name
        self._new = new
        self._old = old

    def has(self, hashes: Iterable[Hash]) -> set[Hash]:
        """Those of some hashes that are there now; GitmlError where nobody answers."""
        wanted = set(hashes)
        found = self._among(self._new, {one for one in wanted if one.legacy is not True})
        return found | self._among(self._old, {one for one in wanted - found if one.legacy is not False})

    def _among(self, store: Any, hashes: set[Hash]) -> set[Hash]:
        if not hashes:
            return set()
        with self._asking():
            there = _there(store, {one.md5 for one in hashes})
        return {one for one in hashes if one.md5 in there}

    def listing(self, folder: Hash) -> tuple[Piece, ...] | None:
        """The files of a folder; None where its listing is not there, or is not what its hash says."""
        for store, legacy in ((self._new, False), (self._old, True)):
            if folder.legacy in (None, legacy):
                with self._asking():
                    raw = _read(store, folder.md5)
                if raw is not None and (found := pieces(raw, folder)) is not None:
                    return found
        return None

    def give(self, hashes: Iterable[Hash], cache: Objects) -> None:
        """Copy objects into a cache that does not have them; what is not here is left out."""
        wanted = list(hashes)
        for ours, theirs, legacy in ((self._new, cache._new, False), (self._old, cache._old, True)):
            oids = {one.md5 for one in wanted if one.legacy in (None, legacy)}
            with self._asking():
                there = sorted(_there(ours, oids))
                if there:
                    theirs.add([ours.oid_to_path(oid) for oid in there], ours.fs, there)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Every store has its own errors; all of them mean that there is no answer."""
        try:
            yield
        except GitmlError:
            raise
        except Exception as error:
            raise GitmlError(f"{self.name} does not answer: {_first_line(error)}") from error


class Storage:
    """DVC as it is set up in one folder; raises GitmlError where it cannot be opened."""

    def __init__(self, root: Path) -> None:
        _hush()
        from dvc.repo import Repo

        try:
            self._repo = Repo(str(root))
        except Exception as error:
            raise GitmlError(f"DVC in {root.name} cannot be opened: {_first_line(error)}", hint="dvc doctor") from error
        self._remotes: dict[str | None, Objects | GitmlError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._repo.close()

    @cached_property
    def cache(self) -> Objects:
        """What is on this machine."""
        return Objects("the cache", self._repo.cache.local, self._repo.cache.legacy)

    @property
    def remotes(self) -> tuple[str, ...]:
        """The names of all remotes, the default one first."""
        return tuple(dict.fromkeys([*filter(None, [self.default]), *self._repo.config["remote"]]))

    @property
    def default(self) -> str | None:
        """The name of the default remote."""
        found: str | None = self._repo.config["core"].get("remote")
        return found

    def remote(self, name: str | None = None) -> Objects:
        """A remote, by default the default one; GitmlError where there is none, or it cannot be asked by hash."""
        if name not in self._remotes:
            self._remotes[name] = self._open(name)
        found = self._remotes[name]
        if isinstance(found, GitmlError):
            raise found
        return found

    def _open(self, name: str | None) -> Objects | GitmlError:
        if name is None and self.default is None:
            known = ", ".join(self.remotes)
            how = f"dvc remote default NAME chooses one of {known}" if known else "dvc remote add -d NAME URL"
            return GitmlError("no default remote is set up" if known else "no remote is set up", hint=how)
        told = f"the remote {name or self.default}"
        try:
            found = self._repo.cloud.get_remote(name)
            if found.worktree or found.fs.version_aware:
                return GitmlError(f"{told} keeps versions of its own, which are not asked for by hash",
                                  hint="dvc data status --not-in-remote")  # fmt: skip
            return Objects(str(found.name), found.odb, found.legacy_odb)
        except Exception as error:  # noqa: BLE001  (an extra that is not installed, a wrong address, missing keys)
            return GitmlError(f"{told} cannot be opened: {_first_line(error)}")

    def digest(self, file: Path, *, legacy: bool = False) -> str | None:
        """What DVC would write down for a file or folder as it is now; None where it is not there."""
        from dvc_data.hashfile.build import build

        store, name = (self._repo.cache.legacy, "md5-dos2unix") if legacy else (self._repo.cache.local, "md5")
        try:
            _store, _meta, found = build(
                store, str(file), self._repo.fs, name, ignore=self._repo.dvcignore, dry_run=True
            )
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Exception as error:
            raise GitmlError(f"{file.name} cannot be read: {_first_line(error)}") from error
        return str(found.hash_info.value)


def _there(store: Any, oids: set[str]) -> set[str]:
    """The objects that are in a store. Of a local one DVC would check the bytes too, and remove what is wrong."""
    if store.fs.protocol == "local":
        return {oid for oid in oids if Path(store.oid_to_path(oid)).is_file()}
    found = set(store.oids_exist(oids))
    if lost := oids - found:
        _probe(store, min(lost))
    return found


def _probe(store: Any, oid: str) -> None:
    """Raise where an object seems to be missing because its server could not be asked (HTTP tells both alike)."""
    try:
        store.fs.info(store.oid_to_path(oid))
    except FileNotFoundError as error:
        cause = error.__cause__
        if cause is not None and getattr(cause, "status", None) != _NOT_THERE:
            raise cause from error


def _read(store: Any, oid: str) -> bytes | None:
    """An object's bytes, where they are what its name says."""
    try:
        with store.fs.open(store.oid_to_path(oid), "rb") as file:
            raw = bytes(file.read(_LISTING_SIZE))
    except FileNotFoundError:
        return None
    return raw if hashlib.md5(raw, usedforsecurity=False).hexdigest() == oid.removesuffix(FOLDER) else None


def _first_line(error: BaseException) -> str:
    """What an error of anybody's says, in one line."""
    told = str(error).strip() or type(error).__name__
    return told.splitlines()[0].rstrip(":.")


def _hush() -> None:
    """DVC's words go where its user has sent them, and nowhere else: Python would print its warnings."""
    for name in ("dvc", "dvc_data", "dvc_objects"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
