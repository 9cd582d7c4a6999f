"""Which of several commits' folders is most like another's: what is kept of that one is soonest made into the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gitml.repo.git.batch import Blobs
from gitml.repo.git.trees import folders_in

Ids = Sequence[str | None]
"""The ids of the folders of a kind, None for one that is not there."""

# So much in common is as near as makes no difference: the others are not looked at.
_NEAR: Final = 0.9


def nearest(objects: Blobs, size: int, others: Sequence[Ids], ids: Ids) -> list[Ids]:
    """The others, the one first that has most folders (two levels down) in common; equals in their order.

    What is stored by experiment and shard is all different at the first level and nearly all the same at the second.
    """
    if len(others) < 2:  # noqa: PLR2004  (there is nothing to choose)
        return list(others)
    mine = frozenset(_inside(objects, size, ids))
    shared: list[int] = []
    for at, other in enumerate(others):
        shared.append(len(mine.intersection(_inside(objects, size, other))))
        if shared[at] >= _NEAR * len(mine):
            return [other, *others[:at], *others[at + 1 :]]
    order = sorted(range(len(others)), key=lambda at: -shared[at])
    return [others[at] for at in order]


def _inside(objects: Blobs, size: int, ids: Ids) -> Iterator[str]:
    for oid in filter(None, ids):
        for inner in folders_in(objects, oid, size):
            yield inner
            yield from folders_in(objects, inner, size)
