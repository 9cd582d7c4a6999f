"""What a check looks at: a snapshot, what had landed before it, and which of its paths are in question."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gitml.checks.facts import FactBook, Facts
from gitml.checks.survey import Surveyed, survey, versions_of
from gitml.errors import ERROR, Problem
from gitml.records.links import Link
from gitml.records.marks import Mark, Marks, canonical_mark
from gitml.records.reader import all_marks
from gitml.records.record import Path, Record, segment
from gitml.records.schema import Kind
from gitml.repo.load import Loaded
from gitml.repo.snapshot import Snapshot


@dataclass(frozen=True)
class Scope:
    """The question put to the checks.

    `base` is what has landed (README, What is checked), None where that is not known; `changed` are the paths that this
    change adds, edits or removes; `paths` those of records to look at: changed ones and what refers to them. With
    `whole` it is all of them, and no `paths` are named.
    `landed` is what lies on main, where that is not the base; `gate` that somebody is about to let it in; `old` that
    what has landed and is wrong counts as well, as it does with `whole`.
    """

    snapshot: Snapshot
    base: Snapshot | None
    changed: frozenset[str]
    paths: tuple[str, ...] = ()
    whole: bool = False
    landed: Snapshot | None = None
    gate: bool = False
    old: bool = False
    book: FactBook | None = field(default=None, compare=False, repr=False)
    _raw: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    _marks: dict[str, tuple[Marks, Marks]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def facts(self) -> FactBook:
        """What is known of the snapshot's records without reading them."""
        return self.book or FactBook(self.snapshot)

    @property
    def counts_old(self) -> bool:
        """Whether what is wrong in records that have landed is told as well."""
        return self.whole or self.old

    @cached_property
    def surveyed(self) -> Sequence[Surveyed]:
        """The records in question together, by the hundred where they are all of them."""
        if self.whole:
            return survey(self.facts)
        return [Surveyed.of(self.present, self.facts.of(self.present), versions_of(self.snapshot))]

    @property
    def count(self) -> int:
        """How many records are in question."""
        return sum(one.gist.size for one in self.surveyed) if self.whole else len(self.paths)

    @cached_property
    def _asked(self) -> frozenset[str]:
        return frozenset(self.paths)

    def asks(self, path: str) -> bool:
        """Whether the record at a path is in question."""
        return self.whole or path in self._asked

    @cached_property
    def present(self) -> tuple[str, ...]:
        """The paths in question where something is, where these are not all that there are."""
        return tuple(path for path in self.paths if path in self.snapshot.tree)

    @cached_property
    def fresh(self) -> tuple[str, ...]:
        """The records in question that differ from what has landed."""
        paths = sorted(filter(self.snapshot.is_record_path, self.changed)) if self.whole else self.paths
        return tuple(path for path in paths if path in self.snapshot.tree and self.is_new(path))

    def claiming(self, claims: Container[Link]) -> Iterator[tuple[str, Facts]]:
        """The records in question that make some claims, by path."""
        paths = [path for one in self.surveyed for path in one.claiming(claims)]
        found = zip(paths, self.facts.of(paths), strict=True)
        return ((path, facts) for path, facts in found if facts is not None)

    @cached_property
    def _doubtful(self) -> tuple[str, ...]:
        return tuple(sorted(path for one in self.surveyed for path in one.gist.doubtful))

    def doubtful(self) -> list[Loaded]:
        """What cannot be read among what is in question, and what has something in it that may be wrong."""
        self.fetch(self._doubtful)
        return self.snapshot.load(self._doubtful)

    def suspects(self) -> Iterator[tuple[Record, Kind]]:
        """The readable ones of these, each with the kind in the major that it names."""
        for found in self.doubtful():
            if found.record is not None:
                yield found.record, self.kind(found.record)

    def record(self, path: str) -> Record | None:
        """The record at a path, None where there is none that can be read."""
        return self.snapshot.load([path])[0].record if path in self.snapshot.tree else None

    def kind(self, record: Record) -> Kind:
        """The kind of a record, in the major that it names."""
        schemas = self.snapshot.schemas
        return schemas.major_of(record.data, schemas.kind(record.kind))

    def fetch(self, paths: Iterable[str]) -> None:
        """Have the bytes at paths at hand, all at once: where many records are wrong, each shall not cost a process."""
        tree = self.snapshot.tree
        wanted = {path: tree[path].oid for path in paths if path not in self._raw}
        found = self.snapshot.read(wanted.values())
        self._raw.update((path, found.get(oid, b"")) for path, oid in wanted.items())

    def ready(self, paths: Iterable[str]) -> None:
        """Have the bytes and the records at paths at hand, all at once."""
        wanted = [path for path in paths if path in self.snapshot.tree]
        self.fetch(wanted)
        self.snapshot.load(wanted)

    def raw(self, path: str) -> bytes:
        """The bytes at a path."""
        self.fetch([path])
        return self._raw[path]

    def is_new(self, path: str) -> bool:
        """Whether a path differs from what has landed."""
        if self.base is None:
            return path in self.changed
        return self.base.tree.file(path) != self.snapshot.tree.file(path)

    def problem(
        self,
        record: Record,
        code: str,
        message: str,
        hint: str = "",
        *,
        at: Path = (),
        severity: str = ERROR,
        on_key: bool = False,
    ) -> Problem:
        """A problem of one field of a record, with its line and column."""
        line, column = self._place(record.path, at, on_key=on_key)
        return Problem(
            code, record.path, message, hint, severity, line, column, str(record.ref), field_name(record, at)
        )

    def problem_in(
        self, path: str, code: str, message: str, hint: str = "", *, at: Path = (), severity: str = ERROR
    ) -> Problem:
        """A problem of one field of the record at a path."""
        record = self.record(path)
        if record is None:
            return Problem(code, path, message, hint, severity)
        return self.problem(record, code, message, hint, at=at, severity=severity)

    def _place(self, path: str, at: Path, *, on_key: bool) -> tuple[int | None, int | None]:
        if path not in self._marks:
            if (alone := self._placed_alone(path, at, on_key=on_key)) is not None:
                return alone
            self._marks[path] = all_marks(self.raw(path))
        keys, values = self._marks[path]
        while at and at not in keys:
            at = at[:-1]
        return (keys if on_key or not at else values).get(at, (None, None))

    def _placed_alone(self, path: str, at: Path, *, on_key: bool) -> Mark | None:
        """One place in a canonical text: a dataset that is gone leaves thousands of records with a ref to nothing."""
        is_canonical = path in self.snapshot.tree and self.snapshot.load([path])[0].canonical
        return canonical_mark(self.raw(path).decode(), at, on_key=on_key) if is_canonical else None


def field_name(record: Record, at: Path) -> str | None:
    """A place in a record as a dotted field; items of a list by their name where they have one, else by number."""
    name = ""
    here: Any = record.data
    for step in at:
        if isinstance(step, int):
            item = here[step] if isinstance(here, list) and step < len(here) else None
            key = item.get("name") if isinstance(item, dict) else None
            name += f"[name={key}]" if isinstance(key, str) else f"[{step}]"
            here = item
        else:
            name += f".{segment(step)}" if name else segment(step)
            here = here.get(step) if isinstance(here, dict) else None
    return name or None
