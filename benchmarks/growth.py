"""How each step grows with the store: what a record costs in a large one, in time and memory, and in a small one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from million import Figure, Grown
from timing import Row

SMALL, LARGE = 1_000, 100_000
_LINEAR = 0.8  # a fifth is noise


def growth(folder: Path, small: int = SMALL, large: int = LARGE) -> Iterator[Row]:
    """A row a step for its time, and one for its memory; a ratio below one is worse than linear."""
    before = {one.step: one for one in Grown(folder, small).figures()}
    for one in Grown(folder, large).figures():
        yield _row(f"{one.step}, {large:,}: time", _micros(one), _micros(before[one.step]), "us", small)
        if one.megabytes is not None:
            memory = (1000 * each.megabytes / each.size for each in (one, before[one.step]) if each.megabytes)
            yield _row(f"{one.step}, {large:,}: memory", *memory, "KB", small)


def _row(what: str, ours: float, theirs: float, unit: str, small: int) -> Row:
    return Row(what, ours, f"a record among {small:,}", theirs, at_least=_LINEAR, unit=f"{unit}/record")


def _micros(one: Figure) -> float:
    return 1e6 * (one.cpu or one.seconds) / one.size
