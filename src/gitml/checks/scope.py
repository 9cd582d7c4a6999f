"""What a check looks at: a snapshot, what had landed before it, and which of its paths are in question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gitml.errors import ERROR, Problem
from gitml.records.reader import marks, value_marks
from gitml.records.record import Path, Record, segment
from gitml.records.schema import Kind
from gitml.repo.load import Loaded
from gitml.repo.snapshot import Snapshot


@dataclass(frozen=True)
class Scope:
    """The question put to the checks.

    `base` is what has landed (DESIGN.md section 5), None where that is not known; `changed` are the paths that this
    change adds, edits or removes; `paths` the record paths to look at: the changed ones and what refers to them, or all.
    """

    snapshot: Snapshot
    base: Snapshot | None
    changed: frozenset[str]
    paths: tuple[str, ...]
    whole: bool = False
    _marks: dict[str, tuple[dict[Path, tuple[int, int]], dict[Path, tuple[int, int]]]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def loaded(self) -> Iterator[Loaded]:
        """What stands at the paths in question."""
        present = [path for path in self.paths if path in self.snapshot.entries]
        return iter(self.snapshot.load(present))

    def records(self) -> Iterator[tuple[Record, Kind]]:
        """The readable records in question, each with the kind in the major that it names."""
        for found in self.loaded():
            if found.record is not None:
                yield found.record, self.kind(found.record)

    def kind(self, record: Record) -> Kind:
        """The kind of a record, in the major that it names."""
        schemas = self.snapshot.schemas
        return schemas.major_of(record.data, schemas.kind(record.kind))

    def is_new(self, path: str) -> bool:
        """Whether a path differs from what has landed."""
        if self.base is None:
            return path in self.changed
        return self.base.entries.get(path) != self.snapshot.entries.get(path)

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

    def _place(self, path: str, at: Path, *, on_key: bool) -> tuple[int | None, int | None]:
        if path not in self._marks:
            raw = self.snapshot.bytes_at(path) or b""
            self._marks[path] = (marks(raw), value_marks(raw))
        keys, values = self._marks[path]
        while at and at not in keys:
            at = at[:-1]
        return (keys if on_key or not at else values).get(at, (None, None))


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
