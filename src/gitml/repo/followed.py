"""What readers make of commit after commit: of one that changes nothing that they look at, what they made before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gitml.repo.git.history import Walk
from gitml.repo.readers.files import Tree, begins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitml.repo.derive import Asked, Deriver
    from gitml.repo.git import Git
    from gitml.repo.git.history import Node, Step
    from gitml.repo.git.objects import Entry
    from gitml.repo.readers.derived import Derived
    from gitml.repo.readers.files import Content

_REMEMBERED: Final = 1000


class Followed:
    """Readers, going with a walk from tree to tree."""

    def __init__(self, deriver: Deriver, git: Git, nodes: Sequence[Node]) -> None:
        self.walk = Walk(git, nodes, begins)
        self._deriver = deriver
        self._made: dict[str, tuple[tuple[object, ...], Derived]] = {}

    def derive(self, step: Step, entries: Mapping[str, Entry], asked: Asked, content: Content) -> Derived:
        """What readers make of the tree that the walk has come to: the same object as long as nothing changes it."""
        question = (asked.readers, asked.kind, asked.prefix, asked.until)
        before = self._made.get(step.base or "")
        if before is not None and before[0] == question and not any(map(self._deriver.watches, step.changed)):
            found = before[1]
        else:
            found = self._deriver.derive(Tree(entries, self.walk.counting), asked, content)
        self._made[step.node.oid] = (question, found)
        if len(self._made) > _REMEMBERED:
            del self._made[next(iter(self._made))]
        return found
