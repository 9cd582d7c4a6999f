"""`validate --fix`: records rewritten in canonical form, comments kept; what they say does not change."""

from __future__ import annotations

from collections.abc import Iterable

from gitml.actions.apply import Applied, How
from gitml.records.edit import fix as fixed
from gitml.records.reader import read
from gitml.repo.change import Change
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.writer import write
from gitml.views.changes import describe


def fix(repository: Repository, snapshot: Snapshot, paths: Iterable[str] | None, how: How) -> Applied:
    """Rewrite the records at some paths, or below some folders (None: all), that can be read and are not canonical.

    Only their form changes, so nothing that is wrong with their content keeps it from being written.
    """
    wanted = None if paths is None else tuple(paths)
    chosen = [path for path in snapshot.paths if wanted is None or _is_in(path, wanted)]
    changes = [change for path in chosen if (change := _change(snapshot, path))]
    after = snapshot.overlay(changes)
    written = write(repository.git, changes, message=how.message or "gitml: canonical form", commit=how.commit,
                    branch=how.branch, now=how.now, author=how.author)  # fmt: skip
    return Applied(written.commit, tuple(describe(changes, snapshot, after)), (), written.warnings)


def _is_in(path: str, wanted: tuple[str, ...]) -> bool:
    return any(path == one or path.startswith(f"{one.rstrip('/')}/") for one in wanted)


def _change(snapshot: Snapshot, path: str) -> Change | None:
    place, raw = snapshot.place(path), snapshot.bytes_at(path)
    if place is None or raw is None or not place.kind.canonical:
        return None
    entry = snapshot.entries[path]
    data = read(raw).data or {}
    content = fixed(raw, snapshot.schemas.major_of(data, place.kind).shape.order)
    if content == raw or read(content).data is None or entry.mode not in ("100644", "100755"):
        return None
    return Change(path, entry.oid, snapshot.git.blob_id(content), content, entry.mode)
