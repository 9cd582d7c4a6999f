"""The tools that records come from and go to: a word for each, and the functions that do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from gitml.interop.exchange import Exported, Imported


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
