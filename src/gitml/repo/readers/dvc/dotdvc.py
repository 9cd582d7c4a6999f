"""`*.dvc` and `Dvcfile`: data tracked by itself or imported, and the stages of DVC before 1.0."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gitml.errors import Problem
from gitml.repo.readers.dvc.locked import Locked, Reading, Way, command_of, rooted

__all__ = ["DotDvc", "Locked", "Origin", "dot_dvc"]

_PARAMS_FILE = "params.yaml"
# What `dvc add` writes, mostly: a hash and a path that are text to every reader of YAML who asks for text.
_ADDED = re.compile(
    rb"outs:\n- md5: ([0-9a-f]{32}(?:\.dir)?)\n  size: (\d{1,18})\n(?:  nfiles: (\d{1,18})\n)?(?:  (hash): md5\n)?"
    rb"  path: (?!(?i:null)\n)([A-Za-z0-9_](?:[\w./-]*\w)?)\n"
)
_REPO = ("url", "rev", "rev_lock")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where imported data came from.

    `kind` is repo (`path` is inside the repository at `url`), url (`path` is the URL, or a path from the root), or db.
    `hash` is the source's own when it was imported (etag, checksum, md5: `algorithm`). `options`: what else is said
    (a repository's config and remote, a database's query, table, connection).
    """

    kind: str
    path: str
    url: str | None = None
    rev: str | None = None
    rev_lock: str | None = None
    hash: str | None = None
    algorithm: str = "md5"
    size: int | None = None
    version_id: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DotDvc:
    """What one such file says; all paths from the repository's root, URLs and absolute paths as written.

    `command` is None but in a stage of old. `params`: file to dotted name to value as of its last run; `param_names`:
    file to the names that it depends on, none for the whole file. What is in another repository or a database is in
    `origin` and not in `deps`.
    """

    path: str
    wdir: str = ""
    command: str | tuple[str, ...] | None = None
    deps: tuple[Locked, ...] = ()
    outs: tuple[Locked, ...] = ()
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    param_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origin: Origin | None = None
    frozen: bool = False
    always_changed: bool = False
    desc: str | None = None
    meta: Any = None
    md5: str | None = None
    problems: tuple[Problem, ...] = ()


def dot_dvc(path: str, raw: bytes) -> DotDvc:
    """What a `.dvc` file says; Unreadable where the file as a whole is. An empty one says nothing."""
    if added := _ADDED.fullmatch(raw):
        return _added(path, added)
    reading = Reading(path, raw)
    data = reading.data
    wdir = rooted(posixpath.dirname(path), reading.text(data, "wdir") or ".")
    command = command_of(data.get("cmd")) or None
    outs = tuple(reading.all_locked(data, "outs", (), wdir))
    deps = _Deps(reading, wdir)
    deps.read(is_import=command is None and len(outs) == 1)
    return DotDvc(
        path,
        wdir,
        command,
        tuple(deps.locked),
        outs,
        deps.params,
        deps.param_names,
        deps.origin,
        frozen=True in (data.get("frozen"), data.get("locked")),
        always_changed=data.get("always_changed") is True,
        desc=reading.text(data, "desc"),
        meta=data.get("meta"),
        md5=reading.text(data, "md5"),
        problems=tuple(reading.problems),
    )


def _added(path: str, said: re.Match[bytes]) -> DotDvc:
    md5, size, nfiles, hashed, name = said.groups()
    wdir = posixpath.dirname(path)
    count = None if nfiles is None else int(nfiles)
    out = Locked(rooted(wdir, name.decode()), md5.decode(), "md5", int(size), count, legacy=hashed is None)
    return DotDvc(path, wdir, outs=(out,))


class _Deps:
    """The dependencies of one file, told apart."""

    def __init__(self, reading: Reading, wdir: str) -> None:
        self._reading = reading
        self._wdir = wdir
        self.locked: list[Locked] = []
        self.params: dict[str, dict[str, Any]] = {}
        self.param_names: dict[str, tuple[str, ...]] = {}
        self.origin: Origin | None = None

    def read(self, *, is_import: bool) -> None:
        """All of them; the only one of an import is its origin, whatever it is."""
        found = list(self._reading.entries(self._reading.data, "deps", ()))
        for entry, way in found:
            if entry.get("params"):
                self._params(entry, way)
            elif "db" in entry:
                self.origin = Origin("db", "", options=self._reading.mapping(entry["db"], *way, "db"))
            elif entry.get("repo"):
                self._repo(entry, way)
            elif (one := self._reading.locked(entry, way, self._wdir)) is not None:
                self.locked.append(one)
                if is_import and len(found) == 1:
                    self.origin = _of_url(one)

    def _params(self, entry: Mapping[str, Any], way: Way) -> None:
        # Without a path it is the file at the root, wherever the stage runs.
        written = self._reading.text(entry, "path", way)
        file = rooted(self._wdir, written) if written else _PARAMS_FILE
        values = entry["params"]
        if isinstance(values, list):  # not run yet
            self.param_names[file] = tuple(map(str, values))
            return
        told = self._reading.mapping(values, *way, "params")
        self.params[file] = {str(name): value for name, value in told.items()}
        self.param_names[file] = tuple(self.params[file])

    def _repo(self, entry: Mapping[str, Any], way: Way) -> None:
        repo = self._reading.mapping(entry["repo"], *way, "repo")
        one = self._reading.locked(entry, way, "")
        url, rev, rev_lock = (self._reading.text(repo, name, (*way, "repo")) for name in _REPO)
        if one is None:
            return
        if url is None:
            self._reading.fault(f"{one.path}: its repo has no url", *way, "repo")
            return
        options = {name: value for name, value in repo.items() if name not in _REPO}
        self.origin = Origin("repo", one.path, url, rev, rev_lock, *_identity(one), options=options)


def _of_url(one: Locked) -> Origin:
    return Origin("url", one.path, None, None, None, *_identity(one), options=one.options)


def _identity(one: Locked) -> tuple[str | None, str, int | None, str | None]:
    return one.hash, one.algorithm, one.size, one.version_id
