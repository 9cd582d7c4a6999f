"""Which folders a work tree needs: all but those in which events lie, which nobody edits by hand."""

from __future__ import annotations

from collections.abc import Iterator

from gitml.repo.git.trees import FOLDER, Tree
from gitml.repo.snapshot import Snapshot

_EVENT = "event"


def cone(snapshot: Snapshot) -> list[str]:
    """The folders of a commit without those of events; each as large as can be."""
    kinds = snapshot.schemas.latest.values()
    without = {f"{snapshot.prefix}{kind.template.folder}" for kind in kinds if kind.addressing == _EVENT}
    return sorted(_beside("", without, snapshot.tree))


def _beside(folder: str, without: set[str], tree: Tree) -> Iterator[str]:
    for name, entry in tree.within(folder).items():
        path = f"{folder}/{name}" if folder else name
        if entry.mode != FOLDER or path in without:
            continue
        if any(one.startswith(f"{path}/") for one in without):
            yield from _beside(path, without, tree)
        else:
            yield path
