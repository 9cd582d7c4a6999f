"""What stands at each commit while history is gone through, kept as long as a later commit asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitml.repo.git.history import Node
    from gitml.views.history.lives import Life

    Lives = dict[str, Life]


class States:
    """The lives at each commit as long as a later one asks for them; changed in place where nobody else will."""

    def __init__(self, nodes: Sequence[Node], tip: str) -> None:
        self._children = Counter(parent for node in nodes for parent in dict.fromkeys(node.parents))
        self._children[tip] += 1
        self._held: dict[str, Lives] = {}
        self._owners: Counter[int] = Counter()

    def __contains__(self, commit: str) -> bool:
        return commit in self._held

    def of(self, commit: str) -> Lives:
        """The lives at a commit."""
        return self._held[commit]

    def enter(self, node: Node, changed: Mapping[str, Life]) -> None:
        """What a commit has made of its first parent's lives."""
        parents = [one for one in dict.fromkeys(node.parents) if one in self._held]
        lives = self._held[parents[0]] if parents else {}
        for parent in parents:
            self._children[parent] -= 1
            if not self._children[parent]:
                self._owners[id(self._held.pop(parent))] -= 1
        if changed and self._owners[id(lives)]:
            lives = dict(lives)
        lives.update(changed)
        self._held[node.oid] = lives
        self._owners[id(lives)] += 1
