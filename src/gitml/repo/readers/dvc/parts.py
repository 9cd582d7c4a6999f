"""The parts of a stage: what it reads, what it writes, the parameters that it depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from reprlib import repr as shown
from typing import Any

from gitml.repo.readers.dvc.context import PARAMS
from gitml.repo.readers.dvc.locked import rooted
from gitml.repo.readers.dvc.scope import Unresolved

OUT, METRIC, PLOT = "out", "metric", "plot"
_ROLES = {"outs": OUT, "metrics": METRIC, "plots": PLOT}
_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Dep:
    """A file or folder that a stage reads: from the root, and as written (from where the stage runs)."""

    path: str
    written: str


@dataclass(frozen=True, slots=True)
class Out:
    """A file or folder that a stage writes; `role` is out, metric or plot.

    `options`: all else that is said of it (desc, type, labels, meta, remote, push, a plot's x, y, template …).
    """

    path: str
    written: str
    role: str = OUT
    cache: bool = True
    persist: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


def deps_of(stage: Mapping[str, Any], wdir: str) -> tuple[Dep, ...]:
    """What a resolved stage reads, parameters apart. Unresolved."""
    found = [_path(item, "deps") for item in _list(stage, "deps")]
    return tuple(Dep(rooted(wdir, written), written) for written in found)


def outs_of(stage: Mapping[str, Any], wdir: str) -> tuple[Out, ...]:
    """What a resolved stage writes; one that is named twice under a role has the options of both. Unresolved."""
    return tuple(
        _out(written, options, role, wdir)
        for name, role in _ROLES.items()
        for written, options in _options(_list(stage, name), name).items()
    )


def params_of(stage: Mapping[str, Any], wdir: str) -> Mapping[str, tuple[str, ...]]:
    """The dotted keys that a resolved stage depends on, by file from the root; no keys: the whole file. Unresolved."""
    found: dict[str, list[str]] = {}
    whole: set[str] = set()
    for written, keys in _params(stage):
        path = rooted(wdir, written)
        found.setdefault(path, []).extend(keys or ())
        if not keys:
            whole.add(path)
    return {path: () if path in whole else tuple(dict.fromkeys(keys)) for path, keys in found.items()}


def param_values(data: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    """The tracked keys of a params file by dotted key, or all at its top; missing ones are left out."""
    if not keys:
        return {str(name): value for name, value in data.items()} if isinstance(data, dict) else {}
    found = {key: list(_values(data, key.lstrip(".").split("."))) for key in keys}
    return {key: values[0] for key, values in found.items() if len(values) == 1}


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    """What a dotted key leads to: as with DVC a step may be an index, or a pattern that fits just one name."""
    if not steps:
        yield value
        return
    for inner in _step(value, steps[0]):
        yield from _values(inner, steps[1:])


def _step(value: Any, step: str) -> list[Any]:
    if isinstance(value, dict):
        if _GLOB.isdisjoint(step):
            return [value[name] for name in _names(step) if name in value][:1]
        return [inner for name, inner in value.items() if fnmatchcase(str(name), step)]
    if isinstance(value, list):
        if not _GLOB.isdisjoint(step):
            return [inner for number, inner in enumerate(value) if fnmatchcase(str(number), step)]
        at = _index(step)
        return [value[at]] if at is not None and -len(value) <= at < len(value) else []
    return []


def _names(step: str) -> Iterator[Any]:
    yield step
    if (number := _index(step)) is not None:
        yield number


def _index(step: str) -> int | None:
    try:
        return int(step)
    except ValueError:
        return None


def _list(stage: Mapping[str, Any], name: str) -> list[Any]:
    found = stage.get(name)
    if not isinstance(found, list | None):
        raise Unresolved(f"{name} is no list")
    return found or []


def _path(item: Any, name: str) -> str:
    if not isinstance(item, str) or not item:
        raise Unresolved(f"{shown(item)} in {name} is no path")
    return item


def _options(items: list[Any], name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        for written, options in item.items() if isinstance(item, dict) else [(item, {})]:
            if not isinstance(options, dict):
                raise Unresolved(f"the options of {written} in {name} are no mapping")
            found.setdefault(_path(written, name), {}).update(options)
    return found


def _out(written: str, options: Mapping[str, Any], role: str, wdir: str) -> Out:
    rest = {name: value for name, value in options.items() if name not in {"cache", "persist"}}
    cache, persist = options.get("cache") is not False, options.get("persist") is True
    return Out(rooted(wdir, written), written, role, cache, persist, rest)


def _params(stage: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Files as written, and their keys; none: the whole file."""
    for item in _list(stage, "params"):
        if isinstance(item, str):
            yield PARAMS, [item]
        elif isinstance(item, dict):
            for written, keys in item.items():
                if not isinstance(keys, list | None):
                    raise Unresolved(f"the keys of {written} in params are no list")
                yield _path(written, "params"), [str(key) for key in keys or ()]
        else:
            raise Unresolved(f"{shown(item)} in params is neither a key nor a file")
