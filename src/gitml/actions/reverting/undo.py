"""Changes between two snapshots undone in a third: files as wholes where nobody has touched them since, else by field.

Where a file still is what the change made of it, the bytes before come back exactly. Where it has moved on, only the
fields of the change go back, and a field that was changed again is a conflict, which is told and not overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from gitml.actions.reverting.against import AGAIN, CONFLICT, clashing, in_hashes, unread_side, which_fields
from gitml.actions.reverting.inverse import edits, inverse
from gitml.actions.reverting.stages import conflict, is_lock, undo_lock
from gitml.errors import Problem
from gitml.records.edit import edit
from gitml.records.record import no_list_key, same
from gitml.repo.change import Change
from gitml.repo.diff import diff
from gitml.repo.git.objects import Entry
from gitml.views.changes import Difference, describe
from gitml.views.renames import with_renames

if TYPE_CHECKING:
    from gitml.records.record import ListKey, Record
    from gitml.records.schema import Kind
    from gitml.repo.snapshot import Snapshot

_SLOT = "slot"


@dataclass
class Undoing:
    """What went from `before` to `after`, undone in the snapshot of today; `within` one field alone.

    `changes` and `conflicts` are what has come of it so far, `renamed` the records that are found under another name.
    """

    before: Snapshot
    after: Snapshot
    today: Snapshot
    within: str | None = None
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Problem] = field(default_factory=list)
    renamed: list[tuple[Record, Record]] = field(default_factory=list)
    asked: list[Record] = field(default_factory=list)
    """The records in which the one field was looked for."""

    def undo(self, changes: Iterable[Change]) -> None:
        """Undo these: what leads from `before` to `after`, or a part of it."""
        wanted = [change for change in changes if change.before != change.after]
        paths = {change.path for change in wanted if self.within is None and self._is_as_left(change)}
        renames = [
            one
            for one in with_renames(describe(wanted, self.before, self.after), self.before, self.after)
            if one.op == "renamed" and one.path not in paths and not self._is_slot(one.new)
        ]
        joint = {path for one in renames for path in (one.path, one.old_path)}
        self.changes += [self._back(change) for change in wanted if change.path in paths - joint]
        rest = [change for change in wanted if change.path not in paths | joint]
        for one in describe(rest, self.before, self.after):
            self._one(one)
        for one in renames:
            self._rename(one)

    def finish(self) -> None:
        """See whether what comes back has a place to stand."""
        gone = {change.path for change in self.changes if change.after is None}
        added = [change.path for change in self.changes if change.before is None]
        folders = {folder for path in self.today.entries.keys() - gone for folder in _above(path)} if added else set()
        for path in added:
            if path in folders:
                self._clash(path, "was a file, and is a folder today", hint="move the folder away first")
            for folder in _above(path):
                if folder in self.today.entries and folder not in gone:
                    told = f"cannot come back: {folder} is a file today"
                    self._clash(path, told, hint="move that file away first")

    def in_record(self, old: Record, new: Record, now: Record) -> None:
        """Undo in a record of today what went from one record to another; their names stay out of it."""
        kind = self.today.schemas.latest.get(now.kind)
        fixed = kind.template.keys if kind and now.path not in (old.path, new.path) else ()
        was, made, here = ({key: value for key, value in record.data.items() if key not in fixed or key not in now.data}
                           for record in (old, new, now))  # fmt: skip
        kept = {key: value for key, value in now.data.items() if key in fixed}
        self.asked += [old, new, now]
        found = inverse(was, made, here, _list_key(kind), within=self.within)
        self.conflicts += [clashing(now, clash, self.today.bytes_at(now.path) or b"") for clash in found.clashes]
        if not found.clashes:
            self._write(now, kind, {**kept, **found.data})

    def _write(self, now: Record, kind: Kind | None, data: Mapping[str, object], path: str | None = None) -> None:
        raw = self.today.bytes_at(now.path) or b""
        order = kind.shape.order if kind else None
        content = edit(raw, dict(edits(dict(now.data), dict(data))), order)
        if path is None and content == raw:
            return
        mode = self.today.entries[now.path].mode
        oid = self.today.git.blob_id(content)
        if path is None:
            self.changes.append(Change(now.path, now.blob, oid, content, mode))
        else:
            self.changes += [Change(now.path, now.blob, None, None, mode), Change(path, None, oid, content, mode)]

    def _now(self, path: str) -> Entry | None:
        if path not in self._named and path in self.today.entries:
            self._named.update(self.today.named({path: self.today.entries[path]}))
        return self._named.get(path)

    @cached_property
    def _named(self) -> dict[str, Entry]:
        return {}

    def _is_as_left(self, change: Change) -> bool:
        """Whether a path is today what the change made of it."""
        now = self._now(change.path)
        return (now and now.oid) == change.after

    def _back(self, change: Change) -> Change:
        """The way back, whole; the file's mode stays as it is."""
        now, then = self._now(change.path), self.before.entries.get(change.path)
        mode = now.mode if now else then.mode if then else change.mode
        # What was staged, or stands in the work tree, git may not have.
        content = self.before.contents.get(change.before or "")
        return Change(change.path, change.after, change.before, content, mode)

    def _one(self, one: Difference) -> None:
        """Undo one change of a file that is not as the change has left it."""
        now = self._now(one.path)
        if (now and now.oid) == one.before or (self.within is not None and (one.old is None or one.new is None)):
            return
        if is_lock(one.path) and now is not None:
            self._entries(one)
        elif one.before is None:
            self._added(one)
        elif one.after is None:
            self._removed(one)
        else:
            self._changed(one)

    def _entries(self, one: Difference) -> None:
        """Undo in DVC's lock, which holds the entries of all stages."""
        raw = [snapshot.bytes_at(one.path) for snapshot in (self.before, self.after, self.today)]
        content, moved_on = undo_lock(one.path, *raw)
        self.conflicts += conflict(one.path, moved_on, CONFLICT)
        if content != raw[2]:
            entry = self.today.entries[one.path]
            oid = None if content is None else self.today.git.blob_id(content)
            self.changes.append(Change(one.path, entry.oid, oid, content, entry.mode))

    def _added(self, one: Difference) -> None:
        now = self._record(one.path) if self._now(one.path) else self._followed(one.new)
        if now is None and self._now(one.path) is None:
            return
        if now is None or one.new is None:
            self._clash(one.path, "was added, and has changed since", one.ref, hint="remove it by hand")
        elif same(dict(now.data), dict(one.new.data)):
            self.changes.append(Change(now.path, now.blob, None, None, self.today.entries[now.path].mode))
        else:
            told = f"was added, and has changed since: {which_fields(one.new, now)}"
            self._clash(now.path, told, str(now.ref), hint=f"git ml rm {now.ref} removes it all the same")

    def _removed(self, one: Difference) -> None:
        now = self._record(one.path)
        if now is None or one.old is None or not same(dict(now.data), dict(one.old.data)):
            told = "was removed, and another one stands there today"
            self._clash(one.path, told, one.ref, hint="remove that one first, or leave it out (--kind)")

    def _changed(self, one: Difference) -> None:
        gone = self._now(one.path) is None
        now = self._followed(one.new) if gone else self._record(one.path)
        if gone and now is None:
            hint = f"git ml revert {one.ref} --to {self._rev} brings it back whole" if one.ref else ""
            self._clash(one.path, "was changed, and has been removed since", one.ref, hint=hint)
        elif now is None or one.old is None or one.new is None:
            self._clash(one.path, self._differing(one), one.ref, hint="undo it by hand")
        else:
            self.in_record(one.old, one.new, now)

    def _rename(self, one: Difference) -> None:
        """A record gets its old name back, with what has been changed in it since."""
        now = self._record(one.path)
        old_path = one.old_path or ""
        if self._now(old_path) is not None:
            self._clash(old_path, f"was renamed to {one.ref}, and another one stands there today", one.old_ref)
        elif now is None or one.old is None or one.new is None:
            told = f"was renamed to {one.ref}, which {'cannot be read' if self._now(one.path) else 'is gone'} today"
            self._clash(old_path, told, one.old_ref)
        elif self.within is not None:
            self.in_record(one.old, one.new, now)
        else:
            kind = self.today.schemas.latest.get(now.kind)
            found = inverse(one.old.data, one.new.data, now.data, _list_key(kind))
            self.conflicts += [clashing(now, clash, self.today.bytes_at(now.path) or b"") for clash in found.clashes]
            if not found.clashes:
                self._write(now, kind, found.data, old_path)

    def _followed(self, record: Record | None) -> Record | None:
        """A record that is not where it was: under its name elsewhere, or under another name."""
        if record is None:
            return None
        path = self.today.find(record.ref) or self.renames_since.get(record.path)
        found = self._record(path) if path else None
        if found is not None and found.ref != record.ref:
            self.renamed.append((record, found))
        return found

    @cached_property
    def renames_since(self) -> dict[str, str]:
        """Where records are today that had another name; a slot is no thing but a place.

        Since `after`, or where that is today, since `before`.
        """
        then = self.before if self.after is self.today else self.after
        found = with_renames(describe(diff(then, self.today), then, self.today), then, self.today)
        return {one.old_path: one.path for one in found if one.old_path and not self._is_slot(one.new)}

    def _is_slot(self, record: Record | None) -> bool:
        kind = self.today.schemas.latest.get(record.kind) if record else None
        return kind is not None and kind.addressing == _SLOT

    def _record(self, path: str) -> Record | None:
        if path not in self.today.entries or not self.today.is_record_path(path):
            return None
        return self.today.load([path])[0].record

    @property
    def _rev(self) -> str:
        return (self.after.at.commit or self.after.at.kind)[:12]

    def _differing(self, one: Difference) -> str:
        """Why a file as a whole cannot be undone; of a pointer with the hashes."""
        sides = (self.before, self.after, self.today)
        if self.today.is_record_path(one.path):
            return f"{AGAIN}: it cannot be read {unread_side(one)}, so its fields cannot be told apart"
        return in_hashes(one.path, [snapshot.bytes_at(one.path) for snapshot in sides])

    def _clash(self, path: str, told: str, ref: str | None = None, *, hint: str = "") -> None:
        self.conflicts.append(Problem(CONFLICT, path, told, hint, ref=ref))


def _list_key(kind: Kind | None) -> ListKey:
    return kind.list_key if kind else no_list_key


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))
