"""How far something long has come, for whoever waits for it and looks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """So many records of the `whole` are read; 0 where there is nothing long."""

    done: int = 0
    whole: int = 0
