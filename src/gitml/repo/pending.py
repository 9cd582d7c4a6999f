"""Changes that wait to be written together: each is made on a snapshot that shows those before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gitml.errors import Conflict
from gitml.repo.change import Change
from gitml.repo.git.objects import Entry
from gitml.repo.snapshot import Snapshot


class Pending:
    """Changes by path, each from what stands now to what shall stand in the end; `snapshot` shows them done.

    What the last snapshot knows the next one takes over: a change costs the same, however many wait already.
    """

    def __init__(self, below: Snapshot) -> None:
        self.below = below
        self.changes: dict[str, Change] = {}
        self._entries: dict[str, Entry | None] = {}
        self._contents: dict[str, bytes] = {}
        self.snapshot = below.with_changes(self._entries, self._contents)
        self.snapshot.share(below, ())

    def take(self, changes: Iterable[Change]) -> None:
        """Add changes that were made on `snapshot`; Conflict where another has come in between."""
        made = list(changes)
        for one in made:
            stood = self.changes.get(one.path)
            if stood is not None and one.before != stood.after:
                raise Conflict(f"{one.path}: it was changed in this batch just now", hint="look again and repeat")
        for one in made:
            self._take(one)
        after = self.below.with_changes(self._entries, self._contents)
        after.follow(self.snapshot, [one.path for one in made])
        self.snapshot = after

    def _take(self, change: Change) -> None:
        stood = self.changes.pop(change.path, None)
        merged = change if stood is None else _merged(stood, change)
        if stood is not None and merged.before == merged.after and stood.before != stood.after:
            del self._entries[change.path]  # as if nothing had been
            return
        self.changes[change.path] = merged
        self._entries[change.path] = None if merged.after is None else Entry(merged.mode, merged.after)
        if merged.after is not None and merged.content is not None:
            self._contents[merged.after] = merged.content


def _merged(stood: Change, change: Change) -> Change:
    content = stood.content if change.content is None and change.after == stood.after else change.content
    return replace(change, before=stood.before, content=content, old_mode=stood.old_mode, fresh=stood.fresh)
