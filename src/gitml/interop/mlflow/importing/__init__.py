"""`git ml import mlflow`: what a store of MLflow's holds becomes experiments, runs, models, versions and aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitml.interop.exchange import Imported
from gitml.interop.mlflow.importing.sources import source_of
from gitml.interop.mlflow.importing.work import Work

if TYPE_CHECKING:
    from gitml.store import Store

__all__ = ["import_mlflow"]


def import_mlflow(store: Store, source: str, *, artifacts: bool = False, **how: Any) -> Imported:
    """Import an mlruns folder, a SQLite file or a running server; done twice, it changes nothing.

    With `artifacts` the files of runs are copied too, where they are at hand. Raises NotFound, BadValue where there is
    no such source; what in it cannot be carried over is among the losses. `how`: commit, message, branch, author.
    """
    found = source_of(source, artifacts=artifacts)
    work = Work(store.repository, found, store.how(**how), artifacts=artifacts)
    work.do()
    store.refresh()
    portions = work.portions
    commits, changes, warnings = tuple(portions.commits), tuple(portions.changes), tuple(portions.warnings)
    return Imported(found.losses.source, work.read, commits, changes, found.losses.all, warnings)
