"""Derived records: what readers make of other tools' files, read-only, beside what has been recorded."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitml.errors import Problem
from gitml.records.record import Record
from gitml.records.ref import Ref


@dataclass(frozen=True, slots=True)
class Unit:
    """What one file, or a few that belong together, gives: records, and what could not be read."""

    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()
    reader: str = "dvc"


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
    said = {name: value for name, value in data.items() if value is not None and value not in ({}, ())}
    blob = hashlib.sha1(marshal.dumps(said, 2), usedforsecurity=False).hexdigest()
    return Record(Ref(kind, keys), path, blob, said, derived=True)


def joined(units: Iterable[Unit]) -> Derived:
    """Units as one; of two records of one name the first stays, and the second is a problem."""
    kinds: dict[str, dict[Ref, Record]] = {}
    problems: list[Problem] = []
    for unit in units:
        problems.extend(_one_a_file(unit.problems))
        for made in unit.records:
            first = kinds.setdefault(made.kind, {}).setdefault(made.ref, made)
            if first is not made:
                problems.append(_claimed(unit.reader, first, made))
    return Derived(kinds, tuple(problems))


def _one_a_file(problems: Iterable[Problem]) -> Iterable[Problem]:
    """A malformed file is one problem: its first fault, and how many more there are."""
    by_path: dict[str, list[Problem]] = {}
    for problem in sorted(dict.fromkeys(problems), key=lambda problem: problem.order):
        by_path.setdefault(problem.path, []).append(problem)
    for first, *more in by_path.values():
        yield replace(first, message=f"{first.message} (and {len(more)} more)") if more else first


def _claimed(reader: str, first: Record, second: Record) -> Problem:
    ref = str(first.ref)
    told = f"{ref} is claimed by {_claimant(first)} and by {_claimant(second)}"
    return Problem(f"read.{reader}", second.path, told, "let one of them make it", ref=ref)


def _claimant(made: Record) -> str:
    return str(made.data.get("stage") or made.data.get("source") or made.path)
