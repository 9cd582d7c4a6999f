"""What leads from one snapshot to another, as changes; and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitml.repo.change import Change
from gitml.repo.git.objects import Entry
from gitml.repo.snapshot import Snapshot


def diff(before: Snapshot, after: Snapshot) -> list[Change]:
    """What leads from one snapshot to the other, by path; contents come along where only `after` has them."""
    moved = before.tree.differs(after.tree)
    # What belongs to one of them counts on both sides: a schema that comes brings its files along.
    paths = sorted(path for path in moved if before.holds(path) or after.holds(path))
    old, new = (_entries(snapshot, paths) for snapshot in (before, after))
    return [
        _change(path, old.get(path), new.get(path), after.contents) for path in paths if old.get(path) != new.get(path)
    ]


def _entries(snapshot: Snapshot, paths: Iterable[str]) -> Mapping[str, Entry]:
    return snapshot.named({path: entry for path in paths if (entry := snapshot.tree.file(path)) is not None})


def _change(path: str, old: Entry | None, new: Entry | None, contents: Mapping[str, bytes]) -> Change:
    there = new or old or Entry("100644", "")
    after = new.oid if new else None
    old_mode = old.mode if old and old.mode != there.mode else None
    return Change(path, old.oid if old else None, after, contents.get(after or ""), there.mode, old_mode)


def invert(changes: Iterable[Change]) -> list[Change]:
    """The changes that undo these; git must have the old blobs."""
    return [_inverse(change) for change in changes]


def _inverse(change: Change) -> Change:
    mode = change.old_mode or change.mode
    return Change(change.path, change.after, change.before, None, mode, change.mode if change.old_mode else None)
