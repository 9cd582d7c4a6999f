"""The parts of a comparison beside its fields; all tuples are parallel to its records, the first is the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitml.records.record import FieldChange, Record
    from gitml.records.schema import Kind
    from gitml.repo.git.ranges import Touched
    from gitml.repo.snapshot import Snapshot
    from gitml.views.lineage.makers import Made


@dataclass(frozen=True, slots=True)
class Subject:
    """One of the records that are compared, and the run that made it, each with the snapshot that it is read from."""

    record: Record
    kind: Kind | None
    snapshot: Snapshot
    made: Made | None = None

    @property
    def told(self) -> tuple[Record, ...]:
        """Who tells how it was made: the record itself, then its run."""
        return (self.record,) if self.made is None else (self.record, self.made.run)


@dataclass(frozen=True, slots=True)
class Version:
    """How one version of data differs from the baseline's.

    `columns`: the fields that differ, by column, of those that were added or removed all; `figures`: numbers about the
    whole, rows among them; `profile`: numbers of the profile beside the record, where both are here.
    """

    columns: Mapping[str, tuple[FieldChange, ...]] = field(default_factory=dict)
    figures: tuple[FieldChange, ...] = ()
    profile: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Data:
    """One piece of data by the name that the records give it: refs and hashes (`md5:…`), None where a record has none.

    `versions` are None for the baseline, and where not both sides are known as versions of data.
    """

    name: str
    same: bool
    refs: tuple[str | None, ...]
    hashes: tuple[str | None, ...]
    versions: tuple[Version | None, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """What lies between the baseline's code and another's: commits that only one of them has, and files that differ.

    `ahead` and `behind` are None where one of the two commits is not here and only its tree could be compared.
    """

    ahead: int | None
    behind: int | None
    files: tuple[Touched, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """The commits that ran, None where none is told, and whether something was not committed.

    `unreachable` are those of them that this clone does not have; `shallow`: its history ends too early.
    """

    same: bool
    commits: tuple[str | None, ...]
    dirty: tuple[bool | None, ...]
    ranges: tuple[Range | None, ...]
    unreachable: tuple[str, ...] = ()
    shallow: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """The environments by ref, and how each differs from the baseline's: None where one of the two is not here."""

    same: bool
    refs: tuple[str | None, ...]
    changes: tuple[tuple[FieldChange, ...] | None, ...]
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Duration:
    """How long each took, in seconds; `delta` and `relative` as those of a field."""

    seconds: tuple[float | None, ...]
    delta: tuple[float | None, ...]
    relative: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Beside:
    """All of it; None, or nothing, where no record tells."""

    data: tuple[Data, ...] = ()
    code: Code | None = None
    environment: Environment | None = None
    duration: Duration | None = None
