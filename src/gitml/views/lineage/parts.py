"""What a graph of lineage is made of: nodes and edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Node:
    """One thing: `missing` where a ref leads to nothing, `origin` where its data was imported from."""

    ref: str
    kind: str
    derived: bool = False
    missing: bool = False
    origin: Mapping[str, Any] | None = field(default=None, compare=False)


class Edge(NamedTuple):
    """Data or dependence that runs from `source` to `target`; `reason` is where that stands.

    `hash` is what the target recorded (`md5:1f3a…`), `current` what the source gives now, `path` the data's place.
    Of code `commit` is the one that holds it, and `repository` its address where that is another than this one.
    """

    source: str
    target: str
    role: str
    reason: str
    hash: str | None = None
    current: str | None = None
    path: str | None = None
    commit: str | None = None
    repository: str | None = None

    @property
    def stale(self) -> bool:
        """Whether the source has moved on since the target took something from it."""
        if self.hash is None or self.current is None or self.hash == self.current:
            return False
        return self.hash.partition(":")[0] == self.current.partition(":")[0]  # hashes of two sorts tell nothing

    @property
    def order(self) -> tuple[str, str, str, str, str]:
        """The order in which edges are shown."""
        return (self.source, self.target, self.role, self.reason, self.path or "")
