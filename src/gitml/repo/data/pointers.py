"""What DVC tracks: the paths and hashes that `*.dvc` and `dvc.lock` give (and `dvc.yaml`, for where a stage runs)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gitml.errors import Problem
from gitml.repo.data.plain import Unreadable, load
from gitml.repo.readers.dvc import LOCK, STAGES, is_pointer_file
from gitml.repo.readers.dvc.dotdvc import dot_dvc
from gitml.repo.readers.dvc.lock import lock
from gitml.repo.readers.dvc.locked import Locked, is_elsewhere, rooted


@dataclass(frozen=True, slots=True)
class Pointer:
    """One file or folder that DVC tracks: `path` from the repository's root, `source` the file that says so.

    `md5` ends in `.dir` for a folder. `legacy`: DVC 2's hash, for which line ends of text were normalised.
    """

    path: str
    md5: str
    size: int | None
    nfiles: int | None
    source: str
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Tracked:
    """All pointers by data path, and what could not be read."""

    pointers: Mapping[str, Pointer] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def tracked(files: Mapping[str, bytes]) -> Tracked:
    """Pointers from the contents of DVC's files, by path; what is malformed is a problem and the rest is read."""
    pointers: dict[str, Pointer] = {}
    problems: list[Problem] = []
    for path in sorted(files):
        if not is_pointer_file(path) or path.rpartition("/")[2] == STAGES:
            continue
        wdirs = wdirs_of([files.get(posixpath.join(posixpath.dirname(path), STAGES))])
        try:
            found, faults = read_pointers(path, files[path], wdirs)
        except Unreadable as error:
            problems.append(error.problem("dvc", path))
            continue
        problems.extend(faults)
        for pointer in found:
            pointers.setdefault(pointer.path, pointer)
    return Tracked(pointers, tuple(problems))


Wdirs = Mapping[str, tuple[str, ...]]
"""The folders where stages run, by stage's name and from the folder of their dvc.yaml."""


class Read(NamedTuple):
    """What one file tracks, and what could not be read of it."""

    pointers: tuple[Pointer, ...]
    problems: tuple[Problem, ...]


def read_pointers(path: str, raw: bytes, wdirs: Wdirs) -> Read:
    """The pointers in a `.dvc` file or a `dvc.lock`, whose paths are relative to where its stages run; Unreadable."""
    if not path.endswith(LOCK):
        said = dot_dvc(path, raw)
        return Read(tuple(_pointers(path, said.outs, None)), said.problems)
    folder = posixpath.dirname(path)
    entries, problems = lock(path, raw)
    found: list[Pointer] = []
    for name, entry in entries.items():
        for wdir in wdirs.get(name) or wdirs.get(name.partition("@")[0]) or (".",):
            found.extend(_pointers(path, entry.outs, rooted(folder, wdir)))
    return Read(tuple(found), problems)


def _pointers(source: str, outs: Iterable[Locked], wdir: str | None) -> Iterator[Pointer]:
    for out in outs:
        path = out.path if wdir is None else rooted(wdir, out.path)
        # Without a hash it is not added yet; what lies outside the repository is somebody else's.
        inside = path and not is_elsewhere(path) and path.partition("/")[0] != ".."
        if inside and out.hash and out.algorithm == "md5":
            yield Pointer(path, out.hash, out.size, out.nfiles, source, out.legacy)


def wdirs_of(blobs: Iterable[bytes | None]) -> Wdirs:
    """Where each stage runs by some versions of a dvc.yaml; a broken one says nothing, nor does a template over params.

    Of several versions each counts, and so does the file's own folder: the lock may be older or younger than they.
    """
    given = list(blobs)
    found: dict[str, dict[str, None]] = {}
    for raw in given:
        for name, wdir in _wdirs(raw or b""):
            found.setdefault(name, {} if len(given) == 1 else {".": None})[wdir] = None
    return {name: tuple(sorted(wdirs)) for name, wdirs in found.items()}


def _wdirs(raw: bytes) -> Iterator[tuple[str, str]]:
    try:
        data = load(raw) if b"wdir" in raw else None
        stages = data.get("stages") if isinstance(data, dict) else None
        written = [*_written(stages)] if isinstance(stages, dict) else []
        if any("${" in wdir for _name, wdir in written):
            written = _resolved(raw)
    except Unreadable:
        return
    yield from written


def _written(stages: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, stage in stages.items():
        inner: Any = stage.get("do", stage) if isinstance(stage, dict) else {}
        wdir = inner.get("wdir") if isinstance(inner, dict) else None
        if isinstance(wdir, str):
            yield name, wdir


def _resolved(raw: bytes) -> list[tuple[str, str]]:
    from gitml.repo.readers.dvc.stages import pipeline

    return [(stage.name, stage.wdir or ".") for stage in pipeline(STAGES, raw, lambda _path: None).stages]


def leniently(path: str, raw: bytes | None, wdirs: Wdirs) -> tuple[Pointer, ...]:
    """The pointers of an old version; a broken one tracked nothing."""
    if raw is None or path.endswith(STAGES):
        return ()
    try:
        return read_pointers(path, raw, wdirs).pointers
    except Unreadable:
        return ()
