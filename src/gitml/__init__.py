"""gitml: a Git-native metadata store for machine learning."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from gitml.errors import GitmlError, Problem

if TYPE_CHECKING:
    from gitml.records.record import MISSING, Record
    from gitml.records.ref import Ref
    from gitml.store import Store, current_run, init, open, run  # noqa: A004  (gitml.open, as one says it)

__version__ = "0.1.0"
__all__ = ["MISSING", "GitmlError", "Problem", "Record", "Ref", "Store", "current_run", "init", "open", "run"]

_LATER = {
    **dict.fromkeys(["MISSING", "Record"], "gitml.records.record"),
    "Ref": "gitml.records.ref",
    **dict.fromkeys(["Store", "current_run", "init", "open", "run"], "gitml.store"),
}


def __getattr__(name: str) -> Any:
    """The rest comes when it is first asked for: a hook checks one file, and pays for what checks it alone."""
    if name not in _LATER:
        raise AttributeError(f"module 'gitml' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext gitml` does in a notebook: `%gitml list run` says in a cell what `git ml list run` would."""
    shell.alias_manager.define_alias("gitml", f'"{sys.executable}" -m gitml %l')


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
