"""What DVC tracks, read from its own files: `*.dvc`, `dvc.lock` (and `dvc.yaml`, for where a stage runs).

Pure but for the history at the end, which takes two git processes whatever its length.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitml.errors import Problem
from gitml.repo.data.plain import Unreadable, line_of, load
from gitml.repo.git import Git

_LOCK = "dvc.lock"
_STAGES = "dvc.yaml"
_OLD = "Dvcfile"
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_COUNT = re.compile(r"[0-9]{1,18}")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*://|/|[A-Za-z]:[\\/]")


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


def is_pointer_file(path: str) -> bool:
    """Whether `tracked` reads a file of this name."""
    name = path.rpartition("/")[2]
    return name in (_LOCK, _STAGES, _OLD) or (name.endswith(".dvc") and name != ".dvc")


def tracked(files: Mapping[str, bytes]) -> Tracked:
    """Pointers from the contents of DVC's files, by path; a malformed file is one problem and the rest is read."""
    pointers: dict[str, Pointer] = {}
    problems: list[Problem] = []
    for path in sorted(files):
        if not is_pointer_file(path) or path.rpartition("/")[2] == _STAGES:
            continue
        folder = posixpath.dirname(path)
        try:
            for pointer in _read(path, files[path], _wdirs(files.get(posixpath.join(folder, _STAGES)))):
                pointers.setdefault(pointer.path, pointer)
        except Unreadable as error:
            problems.append(error.problem("dvc", path))
    return Tracked(pointers, tuple(problems))


def hashes_in_history(git: Git, tip: str = "HEAD") -> Mapping[str, frozenset[str]]:
    """Every hash with which each data path was ever tracked, in all commits that lead to `tip`.

    What lies beyond a shallow clone's boundary, or is missing from a partial clone, is not in it.
    """
    versions: dict[str, set[str]] = {}
    for path, oid in _versions(git, tip):
        versions.setdefault(path, set()).add(oid)
    blobs = dict(git.cat({oid for oids in versions.values() for oid in oids}))
    found: dict[str, set[str]] = {}
    for path, oids in versions.items():
        stages = versions.get(posixpath.join(posixpath.dirname(path), _STAGES), ()) if path.endswith(_LOCK) else ()
        wdirs = _all_wdirs(blobs[oid] for oid in stages)
        for raw in (blobs[oid] for oid in oids):
            for pointer in _leniently(path, raw, wdirs):
                found.setdefault(pointer.path, set()).add(pointer.md5)
    return {path: frozenset(hashes) for path, hashes in found.items()}


def in_history(git: Git, path: str, md5: str, tip: str = "HEAD") -> bool | None:
    """Whether `path` was ever tracked with that hash; None where it is not found and history is cut short."""
    if md5 in hashes_in_history(git, tip).get(path, ()):
        return True
    return None if git.is_shallow() or git.promisor() else False


def _read(path: str, raw: bytes, wdirs: Mapping[str, tuple[str, ...]]) -> Iterator[Pointer]:
    folder = posixpath.dirname(path)
    data = load(raw)
    if not path.endswith(_LOCK):
        wdir = _mapping(raw, data, ()).get("wdir", ".")
        yield from _outs(path, raw, data, [posixpath.join(folder, str(wdir))], ())
        return
    # Schema 1.0 was the stages alone; 2.0 has them under `stages`.
    way = ("stages",) if isinstance(data, dict) and "schema" in data else ()
    stages = data.get("stages") if way else data
    for name, stage in _mapping(raw, stages, way).items():
        places = wdirs.get(name) or wdirs.get(name.partition("@")[0]) or (".",)
        yield from _outs(path, raw, stage, [posixpath.join(folder, wdir) for wdir in places], (*way, name))


def _outs(path: str, raw: bytes, holder: Any, folders: Iterable[str], way: tuple[str, ...]) -> Iterator[Pointer]:
    outs = _mapping(raw, holder, way).get("outs") or []
    if not isinstance(outs, list):
        raise Unreadable("outs is not a list", line_of(raw, *way, "outs"))
    for number, out in enumerate(outs):
        place: tuple[str | int, ...] = (*way, "outs", number)
        if not isinstance(out, dict) or not isinstance(out.get("path"), str):
            raise Unreadable("an output has no path", line_of(raw, *place))
        md5 = out.get("md5")
        if not md5 or _ELSEWHERE.match(out["path"]):  # not added yet, or data outside the repository
            continue
        if not isinstance(md5, str) or not _MD5.fullmatch(md5):
            raise Unreadable(f"{out['path']}: its md5 is none", line_of(raw, *place, "md5"))
        for folder in folders:
            data_path = posixpath.normpath(posixpath.join(folder, out["path"]))
            size, nfiles = _count(out.get("size")), _count(out.get("nfiles"))
            yield Pointer(data_path, md5, size, nfiles, path, legacy="hash" not in out)


def _mapping(raw: bytes, value: Any, way: tuple[str, ...]) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{'.'.join(way) or 'the file'} is not a mapping", line_of(raw, *way))
    return value


def _count(text: object) -> int | None:
    return int(text) if isinstance(text, str) and _COUNT.fullmatch(text) else None


def _wdirs(raw: bytes | None) -> Mapping[str, tuple[str, ...]]:
    """Where each stage of a dvc.yaml runs, which the paths in dvc.lock are relative to; a broken one says nothing."""
    try:
        data = load(raw) if raw else None
        stages = _mapping(b"", _mapping(b"", data, ()).get("stages"), ())
    except Unreadable:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name, stage in stages.items():
        inner = stage.get("do", stage) if isinstance(stage, dict) else {}
        wdir = inner.get("wdir") if isinstance(inner, dict) else None
        if isinstance(wdir, str) and "${" not in wdir:
            found[name] = (wdir,)
    return found


def _all_wdirs(blobs: Iterable[bytes | None]) -> Mapping[str, tuple[str, ...]]:
    """Every place where a stage ever ran: its lock may be older or younger than its dvc.yaml."""
    found: dict[str, set[str]] = {}
    for raw in blobs:
        for name, places in _wdirs(raw).items():
            found.setdefault(name, {"."}).update(places)
    return {name: tuple(sorted(places)) for name, places in found.items()}


def _leniently(path: str, raw: bytes | None, wdirs: Mapping[str, tuple[str, ...]]) -> Iterator[Pointer]:
    """The pointers of an old version; a broken one tracked nothing from its fault on."""
    try:
        yield from _read(path, raw or b"", wdirs)
    except Unreadable:
        return


def _versions(git: Git, tip: str) -> Iterator[tuple[str, str]]:
    """(path, blob) of every version of DVC's files in history, those only on merged side branches included."""
    if git.run("rev-parse", "--verify", "--quiet", f"{tip}^{{commit}}", check=False) == b"":
        return
    shown = ("--raw", "-z", "--no-renames", "--no-abbrev", "--root", "-m", "--full-history", "--format=")
    wanted = [f":(top,glob)**/{name}" for name in ("*.dvc", _LOCK, _STAGES, _OLD)]
    items = iter(git.lines0("log", *shown, "--end-of-options", tip, "--", *wanted))
    for item in items:
        facts = item.strip("\n")
        if facts.startswith(":"):
            oid = facts.split(" ")[3]
            path = next(items)
            if oid.strip("0") and is_pointer_file(path):
                yield path, oid
