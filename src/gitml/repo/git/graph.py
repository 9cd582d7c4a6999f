"""Commits as a graph that is asked many times: which came before which, and by which merge one came onto the line.

Most questions are answered by the first-parent line of the tip: what has landed on it before a commit left it came
before that commit. Only side branches are walked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitml.repo.git.history import Node

_NEVER = -1


class Graph:
    """The commits that a tip reaches, parents before children, the tip among them."""

    def __init__(self, nodes: Sequence[Node], tip: str) -> None:
        self._nodes = {node.oid: node for node in nodes}
        self._place = {node.oid: place for place, node in enumerate(nodes)}
        self._lines: dict[str, list[str]] = {}
        self._line = self._line_of(tip)
        self._number = {oid: number for number, oid in enumerate(self._line)}
        self._landed = self._landings()
        self._left = self._departures(nodes)

    def _line_of(self, oid: str) -> list[str]:
        """The first-parent line that ends at a commit, oldest first."""
        if oid not in self._lines:
            line, here = [], self._nodes.get(oid)
            while here is not None:
                line.append(here.oid)
                here = self._nodes.get(here.parents[0]) if here.parents else None
            self._lines[oid] = line[::-1]
        return self._lines[oid]

    def _landings(self) -> dict[str, int]:
        """For each commit the first of the line that holds it."""
        landed: dict[str, int] = {}
        for number, oid in enumerate(self._line):
            waiting = [oid]
            while waiting:
                here = waiting.pop()
                if here not in landed and here in self._nodes:
                    landed[here] = number
                    waiting.extend(self._nodes[here].parents)
        return landed

    def _departures(self, nodes: Sequence[Node]) -> dict[str, int]:
        """For each commit the last of the line that it holds."""
        left: dict[str, int] = {}
        for node in nodes:
            own = self._number.get(node.oid)
            left[node.oid] = (
                max((left.get(one, _NEVER) for one in node.parents), default=_NEVER) if own is None else own
            )
        return left

    def is_ancestor(self, ancestor: str, commit: str) -> bool:
        """Whether one commit is, or comes before, the other; both are among the commits."""
        wanted = self._place[ancestor]
        if ancestor == commit or wanted >= self._place[commit]:
            return ancestor == commit
        landed = self._landed[ancestor]
        if landed <= self._left[commit]:
            return True
        waiting, seen = [commit], {commit}
        while waiting:
            for parent in self._nodes[waiting.pop()].parents:
                if parent == ancestor:
                    return True
                known = self._place.get(parent, _NEVER) > wanted and parent not in seen
                # What the line holds before the ancestor lands cannot hold it.
                if known and self._landed[parent] >= landed:
                    seen.add(parent)
                    waiting.append(parent)
        return False

    def merges(self, oid: str) -> Iterator[str]:
        """The merges by which a commit came onto the line, the last one first: a branch may be merged into another."""
        line, number = self._line, self._landed[oid]
        while line[number] != oid:
            merge = line[number]
            yield merge
            side = next(one for one in self._nodes[merge].parents if one in self._nodes and self.is_ancestor(oid, one))
            line = self._line_of(side)
            number = self._first(line, oid)

    def _first(self, line: Sequence[str], oid: str) -> int:
        """The first commit of a first-parent line that holds another, which its end does."""
        low, high = 0, len(line) - 1
        while low < high:
            middle = (low + high) // 2
            if self.is_ancestor(oid, line[middle]):
                high = middle
            else:
                low = middle + 1
        return low
