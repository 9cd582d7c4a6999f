"""Derived records: what readers make of other tools' files, read-only, beside what has been recorded."""

from __future__ import annotations

import hashlib
import marshal
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitml.errors import Problem
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.plain_values import plain

_CONFLICT = re.compile(rb"^<<<<<<< ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unit:
    """What one file, or a few that belong together, gives: records, and what could not be read.

    `lines` is where in their file stages stand, by ref.
    """

    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()
    reader: str = "dvc"
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Derived:
    """All derived records of a tree by kind and ref, and what could not be read."""

    kinds: Mapping[str, Mapping[Ref, Record]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def of(self, kind: str | None) -> Iterable[Record]:
        """The records of a kind, or of all."""
        chosen = self.kinds.values() if kind is None else [self.kinds.get(kind, {})]
        return (record for records in chosen for record in records.values())

    def get(self, ref: Ref) -> Record | None:
        """One record, where there is one."""
        return self.kinds.get(ref.kind, {}).get(ref)


def record(kind: str, keys: tuple[str, ...], path: str, data: Mapping[str, Any]) -> Record:
    """A derived record; `path` is the file that it was read from, `blob` the digest of what it says."""
    said = {name: plain(value) for name, value in data.items() if value is not None and value not in ({}, ())}
    blob = hashlib.sha1(marshal.dumps(said, 2), usedforsecurity=False).hexdigest()
    return Record(Ref(kind, tuple(map(plain, keys))), path, blob, said, derived=True)


def joined(units: Iterable[Unit]) -> Derived:
    """Units as one; of two records of one name the first stays, and the second is a problem."""
    kinds: dict[str, dict[Ref, Record]] = {}
    problems: list[Problem] = []
    for unit in units:
        problems.extend(_one_a_file(unit.problems))
        for made in unit.records:
            first = kinds.setdefault(made.kind, {}).setdefault(made.ref, made)
            if first is not made:
                problems.append(_claimed(unit, first, made))
    return Derived(kinds, tuple(problems))


def unreadable(error: Unreadable, reader: str, path: str, raw: bytes) -> Problem:
    """Why a file cannot be read; where a merge was left half done, that is why."""
    mark = _CONFLICT.search(raw)
    if mark is None:
        return error.problem(reader, path)
    told, hint = "a merge has left its conflict here", "choose a side, and take out the marks <<<<<<<, =======, >>>>>>>"
    return Problem(f"read.{reader}", path, told, hint, line=raw.count(b"\n", 0, mark.start()) + 1)


def _one_a_file(problems: Iterable[Problem]) -> Iterable[Problem]:
    """A malformed file is one problem: its first fault, and how many more there are."""
    by_path: dict[str, list[Problem]] = {}
    for problem in sorted(dict.fromkeys(problems), key=lambda problem: problem.order):
        by_path.setdefault(problem.path, []).append(problem)
    for first, *more in by_path.values():
        yield replace(first, message=f"{first.message} (and {len(more)} more)") if more else first


def _claimed(unit: Unit, first: Record, second: Record) -> Problem:
    ref = str(first.ref)
    told = f"{ref} is claimed by {_claimant(first)} and by {_claimant(second)}"
    line = unit.lines.get(_claimant(second), 1)
    return Problem(f"read.{unit.reader}", second.path, told, "let one of them make it", line=line, ref=ref)


def _claimant(made: Record) -> str:
    return str(made.data.get("stage") or made.data.get("source") or made.path)
