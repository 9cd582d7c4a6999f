"""The other tools that records come from and go to, and what became of it: what was read and written, what was lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

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


class Format(NamedTuple):
    """A tool whose records are read and written: where the functions are that do it, which need its extra perhaps."""

    importing: str
    exporting: str

    def reader(self) -> Callable[..., Imported]:
        """What imports: (store, source, *, artifacts, **how)."""
        found: Callable[..., Imported] = _found(self.importing)
        return found

    def writer(self) -> Callable[..., Exported]:
        """What exports: (store, target)."""
        found: Callable[..., Exported] = _found(self.exporting)
        return found


FORMATS: Mapping[str, Format] = {
    "mlflow": Format("gitml.interop.mlflow.importing:import_mlflow", "gitml.interop.mlflow.exporting:export_mlflow"),
}
"""Every tool that `git ml import` and `git ml export` know, by the word for it."""


def _found(place: str) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)
