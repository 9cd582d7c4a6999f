"""Runs in an order in which each comes after the one that it is part of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gitml.interop.mlflow.importing.said import Run
from gitml.interop.mlflow.words import PARENT


def parents_first(runs: Iterable[Run], is_there: Callable[[str], bool]) -> Iterator[Run]:
    """Runs as they come, but each after its parent; those whose parent never comes are last.

    `is_there` tells whether a run is in the store, or was yielded here.
    """
    waiting: dict[str, list[Run]] = {}
    for run in runs:
        due = [run]
        while due:
            one = due.pop()
            parent = one.tags.get(PARENT)
            if parent and parent != one.id and not is_there(parent):
                waiting.setdefault(parent, []).append(one)
                continue
            yield one
            due += waiting.pop(one.id, [])
    for left in waiting.values():
        yield from left
