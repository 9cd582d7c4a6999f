"""What leads from one snapshot to another, as changes; and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitml.repo.change import Change
from gitml.repo.objects import Entry
from gitml.repo.snapshot import Snapshot


def diff(before: Snapshot, after: Snapshot) -> list[Change]:
    """What leads from one snapshot to the other, by path; contents come along where only `after` has them."""
    old, new = before.content, after.content
    paths = sorted({path for path, _entry in old.items() ^ new.items()})
    return [_change(path, old.get(path), new.get(path), after.contents) for path in paths]


def _change(path: str, old: Entry | None, new: Entry | None, contents: Mapping[str, bytes]) -> Change:
    mode = new.mode if new else old.mode if old else "100644"
    after = new.oid if new else None
    return Change(path, old.oid if old else None, after, contents.get(after or ""), mode)


def invert(changes: Iterable[Change]) -> list[Change]:
    """The changes that undo these; git must have the old blobs."""
    return [Change(change.path, change.after, change.before, None, change.mode) for change in changes]
