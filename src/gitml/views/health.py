"""How a store is: what is in it, what is wrong with it, what nobody has committed yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gitml.errors import ERROR, Problem
from gitml.records.settings import TREE
from gitml.records.template import OWN_FOLDER
from gitml.repo.change import Change
from gitml.repo.git.index import UNMERGED
from gitml.repo.readers.dvc import is_pointer_file
from gitml.repo.writing.push import parted, unpushed
from gitml.views.changes import Difference, describe
from gitml.views.kinds import kinds
from gitml.views.rows import Column, Rows
from gitml.views.underway import Underway, underway

if TYPE_CHECKING:
    from pathlib import Path

    from gitml.repo.git.revision import At
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_COLUMNS = (Column("fact", "string"), Column("value", "mixed"))


@dataclass(frozen=True, slots=True)
class Health:
    """A store at a snapshot: the branch (None: none is checked out), HEAD (None: no commit yet), the store's folder.

    `uncommitted` is how records, settings and pointers differ from HEAD, `unmerged` what a merge has left in conflict;
    `underway` are the runs that go on and that wait for `sync`, `unpushed` the commits of the events line that `origin`
    did not have when it was last asked, `parted` those of its line that ours, which has others, does not have.
    """

    at: At
    branch: str | None
    head: str | None
    folder: str
    kinds: Rows
    errors: int
    warnings: int
    uncommitted: tuple[Difference, ...] = ()
    unmerged: tuple[str, ...] = ()
    underway: Underway = field(default_factory=Underway)
    unpushed: int = 0
    parted: int = 0

    @property
    def rows(self) -> Rows:
        """It as facts, a line each."""
        counts = {f"records.{row['kind']}": row["records"] for row in self.kinds.rows if row["kind"] is not None}
        facts: dict[str, Any] = {
            "at": self.at.kind, "commit": self.at.commit or self.head, "branch": self.branch,
            "folder": self.folder or ".", "errors": self.errors, "warnings": self.warnings,
            "uncommitted": len(self.uncommitted), "unmerged": len(self.unmerged) or None,
            "running": len(self.underway.running), "unsynced": self.underway.unsynced,
            "unpushed": self.unpushed or None, "parted": self.parted or None, **counts,
        }  # fmt: skip
        rows = tuple({"fact": name, "value": value} for name, value in facts.items() if value is not None)
        return Rows(None, _COLUMNS, rows, len(rows))


def health(
    repository: Repository, snapshot: Snapshot, problems: Iterable[Problem], spools: Iterable[Path] = ()
) -> Health:
    """How a store is, of which these problems are known; runs may be in some spools, too."""
    found = list(problems)
    errors = sum(problem.severity == ERROR for problem in found)
    git = repository.git
    return Health(
        snapshot.at,
        git.branch(),
        git.head(),
        snapshot.prefix,
        kinds(snapshot),
        errors,
        len(found) - errors,
        tuple(_uncommitted(repository, snapshot)),
        tuple(
            sorted({one.path for one in snapshot.tree_problems if one.code == UNMERGED and snapshot.holds(one.path)})
        ),
        Underway() if snapshot.at.kind == "commit" else underway(repository, spools),
        *(_flowed(repository, snapshot.settings.events) if snapshot.at.kind != "commit" else ()),
    )


def _flowed(repository: Repository, line: str) -> tuple[int, int]:
    """What the events line has and origin's has not, and the other way round where both have their own."""
    return (
        (0, 0)
        if line == TREE
        else (unpushed(repository.session, line, "origin"), parted(repository.session, line, "origin"))
    )


def _uncommitted(repository: Repository, snapshot: Snapshot) -> list[Difference]:
    if snapshot.at.kind == "commit":
        return []
    head, folder = repository.head(), snapshot.prefix + OWN_FOLDER
    before, after = (
        {path: one.oid for path, one in tree.entries.items() if path.startswith(folder) or is_pointer_file(path)}
        for tree in (head, snapshot)
    )
    troubled = {problem.path for problem in snapshot.tree_problems}
    changed = sorted(
        path for path in {**before, **after} if before.get(path) != after.get(path) and path not in troubled
    )
    return describe([Change(path, before.get(path), after.get(path), None) for path in changed], head, snapshot)
