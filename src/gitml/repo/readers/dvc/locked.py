"""One dependency or output with its hash, as DVC records it in `dvc.lock` and in `*.dvc`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gitml.errors import Problem
from gitml.repo.data.plain import Unreadable, line_at, load, tree_of
from gitml.repo.readers.files import folder_digest
from gitml.repo.readers.values import load_lines

if TYPE_CHECKING:
    from yaml import Node

Way = tuple[str | int, ...]
"""Keys and indices that lead to a value."""

MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|/|[A-Za-z]:[\\/]")
_COUNT = re.compile(r"[0-9]{1,18}")

# Of what an entry gives as its hash, the first that it has.
_ALGORITHMS = ("md5", "etag", "checksum")
_OWN = frozenset({"path", "relpath", "hash", "size", "nfiles", "version_id", "files", "cache", "persist", *_ALGORITHMS})
# Text by its meaning, whatever it looks like (`1e46…`, `0042`), and what people have written themselves.
_TEXT = _OWN - {"size", "nfiles", "cache", "persist", "files"} | {"url", "rev", "rev_lock", "cmd", "wdir"}
_FREE = frozenset({"params", "meta", "db", "config", "dataset", "metric", "plot"})


@dataclass(frozen=True, slots=True)
class Locked:
    """What DVC recorded of one path: `path` as written in a lock, from the repository's root in a `.dvc`.

    `hash` is text (`….dir` for a folder) of the kind that `algorithm` names: md5, etag, checksum. `legacy`: an md5 of
    DVC 2, for which line ends of text were made equal first. `files`: what a cloud-versioned folder holds, by paths
    inside it. `role` is out, metric or plot. `options`: everything else that is said, with types as written (desc,
    type, labels, meta, remote, push, cloud, isexec, fs_config, dataset, a metric's or plot's properties).
    """

    path: str
    hash: str | None = None
    algorithm: str = "md5"
    size: int | None = None
    nfiles: int | None = None
    legacy: bool = False
    version_id: str | None = None
    files: tuple[Locked, ...] = ()
    role: str = "out"
    cache: bool = True
    persist: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


class Reading:
    """One of DVC's files while it is read, and what is wrong with it."""

    def __init__(self, path: str, raw: bytes) -> None:
        """Unreadable where the file as a whole cannot be read; an empty one is an empty mapping."""
        self.path = path
        self.problems: list[Problem] = []
        self._raw = raw
        self._tree: Node | None = None
        data, self.lines = load_lines(raw)
        if not isinstance(data, dict):
            raise Unreadable("the file is not a mapping", 1)
        self.data: dict[str, Any] = _as_written(data, raw)

    def fault(self, message: str, *way: str | int) -> None:
        """Note what is wrong with the value at the end of a way."""
        self._tree = self._tree or tree_of(self._raw)
        self.problems.append(Unreadable(message, line_at(self._tree, *way)).problem("dvc", self.path))

    def mapping(self, value: Any, *way: str | int) -> dict[str, Any]:
        """A value that must be a mapping; an empty one in its place where it is none."""
        if value is None or isinstance(value, dict):
            return value or {}
        self.fault(f"{way[-1]} is not a mapping", *way)
        return {}

    def text(self, holder: Mapping[str, Any], name: str, way: Way = ()) -> str | None:
        """A field that must be text; None where nothing is said."""
        value = holder.get(name)
        if value is None or isinstance(value, str):
            return value or None
        self.fault(f"{name} is not text", *way, name)
        return None

    def entries(self, holder: Mapping[str, Any], name: str, way: Way) -> Iterator[tuple[dict[str, Any], Way]]:
        """The mappings in a list (`deps`, `outs`), and the way to each."""
        value = holder.get(name)
        if value is not None and not isinstance(value, list):
            self.fault(f"{name} is not a list", *way, name)
            return
        for number, entry in enumerate(value or ()):
            place = (*way, name, number)
            if isinstance(entry, dict):
                yield entry, place
            else:
                self.fault(f"{_THING[name]} has no path", *place)

    def all_locked(self, holder: Mapping[str, Any], name: str, way: Way, wdir: str | None = None) -> Iterator[Locked]:
        """All of `deps` or `outs` that can be read."""
        for entry, place in self.entries(holder, name, way):
            found = self.locked(entry, place, wdir)
            if found is not None:
                yield found

    def locked(self, entry: Mapping[str, Any], way: Way, wdir: str | None = None) -> Locked | None:
        """One entry of `deps` or `outs`, its path joined to a folder where one is given; None where it has no path."""
        path = entry.get("path")
        if not isinstance(path, str) or not path:
            self.fault(f"{_THING.get(str(way[-2]), 'an entry')} has no path", *way)
            return None
        files = self._files(entry, way) if "files" in entry else ()
        algorithm, found = self._hash(path, entry, way)
        if files and found is None:
            found = _listed(files)
        cloud = next((told for told in _values(entry.get("cloud")) if isinstance(told, dict)), {})
        size, nfiles = _count(entry.get("size")), _count(entry.get("nfiles"))
        return Locked(
            path if wdir is None else rooted(wdir, path),
            found,
            algorithm,
            _total(files) if files and size is None else size,
            len(files) if files and nfiles is None else nfiles,
            legacy=algorithm == "md5" and found is not None and entry.get("hash") is None,
            version_id=_text(entry.get("version_id")) or _text(cloud.get("version_id")),
            files=files,
            role="plot" if entry.get("plot") else "metric" if entry.get("metric") else "out",
            cache=entry.get("cache") is not False,
            persist=entry.get("persist") is True,
            options={name: value for name, value in entry.items() if name not in _OWN},
        )

    def _hash(self, path: str, entry: Mapping[str, Any], way: Way) -> tuple[str, str | None]:
        for name in _ALGORITHMS:
            found = entry.get(name)
            if found is None or found == "":
                continue
            if name == "md5" and not (isinstance(found, str) and MD5.fullmatch(found.lower())):
                self.fault(f"{path}: its md5 is none", *way, name)
                return name, None
            return name, (str(found) if name == "etag" else str(found).lower())
        return _ALGORITHMS[0], None

    def _files(self, entry: Mapping[str, Any], way: Way) -> tuple[Locked, ...]:
        listed = self.entries(entry, "files", way)
        more = {"hash": entry.get("hash")}
        found = [self.locked({"path": file.get("relpath"), **file, **more}, place) for file, place in listed]
        return tuple(filter(None, found))


_THING = {"deps": "a dependency", "outs": "an output", "files": "a file"}


def rooted(wdir: str, path: str) -> str:
    """A path from the repository's root; a URL or an absolute path stays as written."""
    if is_elsewhere(path):
        return path
    found = posixpath.normpath(posixpath.join(wdir, path))
    return "" if found == "." else found


def is_elsewhere(path: str) -> bool:
    """Whether a path is a URL, or absolute on any system."""
    return _ELSEWHERE.match(path) is not None


def command_of(value: Any) -> str | tuple[str, ...]:
    """What a stage runs: a line, or several; an empty text where nothing is said."""
    if isinstance(value, list):
        return tuple(map(str, value))
    return "" if value is None else str(value)


def _as_written(data: dict[str, Any], raw: bytes) -> dict[str, Any]:
    """The data with the text that was written wherever a field is text by its meaning and looks like a number."""
    wrong = list(_untextual(data, ()))
    if wrong:
        text = load(raw)
        for way in wrong:
            there, written = data, text
            for step in way[:-1]:
                there, written = there[step], _at(written, step)  # type: ignore[index]
            there[way[-1]] = _at(written, way[-1])  # type: ignore[index]
    return data


def _untextual(value: Any, way: Way) -> Iterator[Way]:
    """The ways to all that should be text and is not."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                if name not in _FREE:
                    yield from _untextual(inner, (*way, name))
            elif name in _TEXT and inner is not None and not isinstance(inner, str):
                yield (*way, name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _untextual(inner, (*way, number))


def _at(value: Any, step: str | int) -> Any:
    """What a tree of text has at a step; None where a merge key or a number for a key hides it."""
    if isinstance(value, dict):
        return value.get(str(step))
    return value[step] if isinstance(value, list) and isinstance(step, int) else None


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    if isinstance(value, str) and _COUNT.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _total(files: tuple[Locked, ...]) -> int:
    return sum(file.size or 0 for file in files)


def _listed(files: tuple[Locked, ...]) -> str | None:
    """The hash of a folder whose files are all listed: DVC's own, were it in the cache."""
    if any(file.algorithm != "md5" or file.hash is None for file in files):
        return None
    return folder_digest({"md5": file.hash or "", "relpath": file.path} for file in files)
