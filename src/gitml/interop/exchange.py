"""What became of an import or an export: what was read and written, and what could not be carried over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gitml.views.changes import Difference


class Loss(NamedTuple):
    """One thing that could not be carried over: of which source, kind of thing, its id, the field of it, and why."""

    source: str
    kind: str
    id: str
    field: str
    reason: str


@dataclass
class Losses:
    """What could not be carried over from a source, each thing once, in the order in which it was met."""

    source: str
    _held: dict[Loss, None] = field(default_factory=dict)

    def add(self, kind: str, name: str, within: str, reason: str) -> None:
        """One loss more: `within` is the field, empty where the whole thing is lost."""
        told = (part.encode("utf-8", "backslashreplace").decode() for part in (self.source, kind, name, within, reason))
        self._held[Loss(*told)] = None

    @property
    def all(self) -> tuple[Loss, ...]:
        """Every loss."""
        return tuple(self._held)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: how many things of each kind the source has, the commits, what changed, what was lost."""

    source: str
    read: Mapping[str, int]
    commits: tuple[str, ...]
    changes: tuple[Difference, ...]
    losses: tuple[Loss, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to: how many things of each kind were written or stood there already, and what was lost."""

    target: str
    written: Mapping[str, int]
    standing: Mapping[str, int]
    losses: tuple[Loss, ...]
