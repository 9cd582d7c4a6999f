"""`dvc.lock`: what each stage of a `dvc.yaml` read and wrote when it was last run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from gitml.errors import Problem
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.dvc.locked import Locked, Reading, Way, command_of

__all__ = ["Lock", "LockEntry", "Locked", "lock"]

_STAGES = "stages"
_ABOUT = ("schema", "datasets")  # what stands beside the stages
_HEAD = re.compile(rb"schema: ['\"]?2\.0['\"]?\nstages:\n")
_NEXT = re.compile(rb"\n  (?=[\w\"'])")
_ODD = re.compile(rb"\n ?[^ \n]")
_ANCHOR = re.compile(rb"&(?<=[\s\[{,]&)[^\s&]")
_HEX = 32
_KEPT = 1 << 12


@dataclass(frozen=True, slots=True)
class LockEntry:
    """A stage's last run. `params`: file, as written, to dotted name to value, with types as written.

    `digest` is 32 hex digits of SHA-256 over all that the entry says, whatever the order of its keys.
    """

    name: str
    command: str | tuple[str, ...]
    deps: tuple[Locked, ...]
    outs: tuple[Locked, ...]
    params: Mapping[str, Mapping[str, Any]]
    digest: str
    line: int | None = None


class Lock(NamedTuple):
    """The entries by stage's name, and what could not be read."""

    entries: Mapping[str, LockEntry]
    problems: tuple[Problem, ...] = ()


def lock(path: str, raw: bytes) -> Lock:
    """The entries of a dvc.lock (schema 1.0, 2.0 or none named); Unreadable where the file as a whole is.

    What is malformed inside is a problem, and the rest is read.
    """
    entries = _by_stage(raw)
    return Lock(entries) if entries is not None else _whole(path, raw)


def _by_stage(raw: bytes) -> dict[str, LockEntry] | None:
    """A lock as DVC writes it, stage by stage: most have stood in the version before. None for any other."""
    head = _HEAD.match(raw)
    if head is None or _ODD.search(raw, head.end() - 1) or _ANCHOR.search(raw):
        return None
    found: dict[str, LockEntry] = {}
    before, *parts = _NEXT.split(raw[head.end() - 1 :])
    line = 3 + before.count(b"\n")
    for part in parts:
        entry = _alone(part)
        if entry is None or entry.name in found:
            return None
        found[entry.name] = _moved(entry, line)
        line += part.count(b"\n") + 1
    return None if before.strip() else found


def _moved(entry: LockEntry, line: int) -> LockEntry:
    said = (entry.name, entry.command, entry.deps, entry.outs, entry.params, entry.digest)
    return entry if entry.line == line else LockEntry(*said, line)


@lru_cache(_KEPT)
def _alone(part: bytes) -> LockEntry | None:
    """The one stage in a part of a lock; None where anything is wrong with it, which the whole lock will tell."""
    try:
        reading = Reading("", part)
    except Unreadable:
        return None
    entries = list(_entries(reading, reading.data, ()))
    return entries[0] if len(entries) == 1 and not reading.problems else None


def _whole(path: str, raw: bytes) -> Lock:
    reading = Reading(path, raw)
    stages, way = _stages(reading)
    entries = {entry.name: entry for entry in _entries(reading, stages, way)}
    return Lock(entries, tuple(reading.problems))


def _stages(reading: Reading) -> tuple[dict[str, Any], Way]:
    """The stages and the way to them: schema 2.0 has them under `stages`, 1.0 was the stages alone."""
    data = reading.data
    inner = data.get(_STAGES)
    if _STAGES in data and not _is_stage(inner):
        return reading.mapping(inner, _STAGES), (_STAGES,)
    return {name: said for name, said in data.items() if name not in _ABOUT or _is_stage(said)}, ()


def _is_stage(value: Any) -> bool:
    return isinstance(value, dict) and "cmd" in value and not isinstance(value["cmd"], dict)


def _entries(reading: Reading, stages: Mapping[Any, Any], way: Way) -> Iterator[LockEntry]:
    for name, said in stages.items():
        if isinstance(said, dict):
            yield _entry(reading, said, (*way, name))
        else:
            reading.fault(f"the stage {name} is not a mapping", *way, name)


def _entry(reading: Reading, said: dict[str, Any], way: Way) -> LockEntry:
    name = str(way[-1])
    command = command_of(said.get("cmd"))
    if not command:
        reading.fault(f"the stage {name} has no cmd", *way)
    return LockEntry(
        name,
        command,
        tuple(reading.all_locked(said, "deps", way)),
        tuple(reading.all_locked(said, "outs", way)),
        dict(_params(reading, said, way)),
        digest_of(said),
        reading.lines.get(way),
    )


def _params(reading: Reading, said: Mapping[str, Any], way: Way) -> Iterator[tuple[str, dict[str, Any]]]:
    for file, values in reading.mapping(said.get("params"), *way, "params").items():
        told = reading.mapping(values, *way, "params", file)
        yield str(file), {str(name): value for name, value in told.items()}


def digest_of(said: Any) -> str:
    """32 hex digits that stand for all that an entry says, whatever the order of its keys."""
    text = json.dumps(_canonical(said), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_HEX]


def _canonical(value: Any) -> Any:
    """The value with text for keys, so that they can be put in order: `1` and `"1"` stay two."""
    if isinstance(value, dict):
        return {_key(key): _canonical(inner) for key, inner in value.items()}
    return list(map(_canonical, value)) if isinstance(value, list) else value


def _key(key: Any) -> str:
    return key if isinstance(key, str) and not key.startswith("\0") else f"\0{key!r}"
