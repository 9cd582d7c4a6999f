"""gitml: a Git-native metadata store for machine learning."""

from __future__ import annotations

from gitml.errors import GitmlError, Problem
from gitml.records.record import MISSING, Record
from gitml.records.ref import Ref
from gitml.store import Store, init, open, run  # noqa: A004  (gitml.open, as one says it)

__version__ = "0.1.0"
__all__ = ["MISSING", "GitmlError", "Problem", "Record", "Ref", "Store", "init", "open", "run"]
