"""What another process needs to read records as a snapshot reads them: its schemas and settings, and no listing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gitml.errors import Problem
from gitml.records.schemas import FOLDER, SchemaFile
from gitml.records.settings import PATH as SETTINGS
from gitml.repo.cache import Cache
from gitml.repo.git import Git
from gitml.repo.git.objects import Entry
from gitml.repo.git.revision import At
from gitml.repo.git.trees import Tree
from gitml.repo.snapshot import Snapshot


class Seed(NamedTuple):
    """All of it as plain data."""

    git: Git
    at: At
    base: str | None
    changes: Mapping[str, Entry | None]
    contents: Mapping[str, bytes]
    prefix: str
    asker: tuple[tuple[str, str, Mapping[str, Any] | None], ...]
    problems: tuple[Problem, ...]
    cache: Path

    @classmethod
    def of(cls, snapshot: Snapshot, cache: Cache) -> Seed:
        """What grows into this snapshot, as far as its rules go."""
        rules = (snapshot.prefix + FOLDER, snapshot.prefix + SETTINGS)
        changes = {path: entry for path, entry in snapshot.tree.changes.items() if path.startswith(rules)}
        held = snapshot.contents
        contents = {entry.oid: held[entry.oid] for entry in changes.values() if entry and entry.oid in held}
        asker = tuple((one.path, one.blob, None if one.data is None else dict(one.data)) for one in snapshot.asker)
        base, problems = snapshot.tree.base, snapshot.tree_problems
        return cls(snapshot.git, snapshot.at, base, changes, contents, snapshot.prefix, asker, problems, cache.folder)

    def snapshot(self) -> Snapshot:
        """The snapshot, as far as it goes."""
        tree = Tree(self.git, self.base, self.changes)
        asker = [SchemaFile(path, blob, data) for path, blob, data in self.asker]
        return Snapshot(
            self.git,
            self.at,
            tree,
            prefix=self.prefix,
            contents=self.contents,
            asker=asker,
            cache=Cache(self.cache),
            problems=self.problems,
        )
