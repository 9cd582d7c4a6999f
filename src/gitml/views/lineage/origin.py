"""What history adds to a lineage: the commit that gave stale data last, and where code stands to be read."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gitml.views.lineage.roles import CODE

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot
    from gitml.views.lineage.parts import Edge

_MD5 = "md5:"


@dataclass(frozen=True, slots=True)
class Origins:
    """`produced` is the last commit that gave a path a hash that it has no longer; `here` is where code stands now.

    `gone` is what does not stand there any more.
    `complete` is False where a commit was looked for in a history that is cut short.
    """

    produced: Mapping[tuple[str, str], str] = field(default_factory=dict)
    here: str | None = None
    gone: Container[str] = ()
    remote: str | None = None
    complete: bool = True

    def commit(self, edge: Edge) -> str | None:
        """The commit that holds the code of an edge, or gave what the target had and the source gives no longer."""
        if edge.role == CODE:
            return edge.commit or (None if edge.repository or edge.source in self.gone else self.here)
        return self.produced.get(_what(edge))

    def link(self, edge: Edge) -> str | None:
        """Where the code of an edge is shown, on GitHub or GitLab."""
        from gitml.repo.forge import link

        commit = self.commit(edge)
        if edge.role != CODE or commit is None or edge.path is None:
            return None
        return link(edge.repository or self.remote, commit, edge.path)


def origins(snapshot: Snapshot, edges: Iterable[Edge], missing: Container[str] = ()) -> Origins:
    """What history says of some edges; it is read only where one is stale, or comes from a node that is missing."""
    shown = tuple(edges)
    gone = (edge for edge in shown if edge.stale or (edge.role != CODE and edge.source in missing))
    wanted = sorted({_what(edge) for edge in gone if edge.path and edge.hash and edge.hash.startswith(_MD5)})
    produced = _produced(snapshot, wanted) if wanted else {}
    cut = len(produced) < len(wanted) and (snapshot.git.is_shallow() or bool(snapshot.git.promisor()))
    if not any(edge.role == CODE for edge in shown):
        return Origins(produced, complete=not cut)
    from gitml.repo.forge import remote_address

    here = snapshot.at.commit or snapshot.git.head()
    return Origins(produced, here, missing, remote_address(snapshot.git), complete=not cut)


def _what(edge: Edge) -> tuple[str, str]:
    return edge.path or "", (edge.hash or "").removeprefix(_MD5)


def _produced(snapshot: Snapshot, wanted: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    from gitml.repo.data.produced import producers

    return producers(snapshot.git, wanted, snapshot.at.commit or "HEAD")
