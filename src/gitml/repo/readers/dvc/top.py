"""What stands at the top of a dvc.yaml beside its stages: params, metrics, plots, artifacts, datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from reprlib import repr as shown
from typing import Any, Protocol

from gitml.repo.readers.dvc.locked import rooted
from gitml.repo.readers.dvc.scope import Unresolved

Fill = Callable[[Any], Any]


class Fault(Protocol):
    """Notes why something cannot be resolved, and the keys that lead to it."""

    def __call__(self, error: Unresolved, *way: Any) -> None:
        """Note it."""


@dataclass(frozen=True, slots=True)
class Top:
    """The sections, with paths from the root but for those inside plots."""

    params: tuple[str, ...]
    metrics: tuple[str, ...]
    plots: Mapping[str, Any]
    artifacts: Mapping[str, Mapping[str, Any]]
    datasets: tuple[Mapping[str, Any], ...]


def top(folder: str, data: Mapping[Any, Any], fill: Fill, fault: Fault) -> Top:
    """The sections of a dvc.yaml; what cannot be resolved is told to `fault`, and left out."""
    section = _Section(data, fill, fault)
    return Top(
        tuple(rooted(folder, path) for path in section.texts("params")),
        tuple(rooted(folder, path) for path in section.texts("metrics")),
        dict(section.plots()),
        {name: said | {"path": rooted(folder, said["path"])} for name, said in section.artifacts()},
        tuple(said for said in section.items("datasets") if isinstance(said, dict)),
    )


@dataclass(frozen=True, slots=True)
class _Section:
    data: Mapping[Any, Any]
    fill: Fill
    fault: Fault

    def items(self, name: str) -> Iterator[Any]:
        """The entries of a list; of a mapping, as older files have one, a mapping of each."""
        found = self.data.get(name)
        if isinstance(found, dict):
            found = [{key: value} for key, value in found.items()]
        if not isinstance(found, list | None):
            self.fault(Unresolved(f"{name} is no list"), name)
            return
        for item in found or []:
            try:
                yield self.fill(item)
            except Unresolved as error:
                self.fault(error, name)

    def texts(self, name: str) -> Iterator[str]:
        for item in self.items(name):
            if isinstance(item, str) and item:
                yield item
            else:
                self.fault(Unresolved(f"{shown(item)} in {name} is no path"), name)

    def plots(self) -> Iterator[tuple[str, Any]]:
        for item in self.items("plots"):
            if isinstance(item, str):
                yield item, {}
            elif isinstance(item, dict):
                yield from ((str(name), {} if said is None else said) for name, said in item.items())
            else:
                self.fault(Unresolved(f"{shown(item)} in plots is no plot"), "plots")

    def artifacts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        found = self.data.get("artifacts")
        if not isinstance(found, dict | None):
            self.fault(Unresolved("artifacts is not a mapping"), "artifacts")
            return
        for key, value in (found or {}).items():
            try:
                name, said = self.fill(key), self.fill(value)
                if not isinstance(name, str) or not isinstance(said, dict) or not isinstance(said.get("path"), str):
                    raise Unresolved(f"{key} is no artifact: a name and a mapping with a path")  # noqa: TRY301
                yield name, said
            except Unresolved as error:
                self.fault(error, "artifacts", key)
