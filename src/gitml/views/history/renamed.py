"""The renames of one commit, as a diff tells them: by identity, by content, by likeness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gitml.views.changes import Difference
from gitml.views.renames import with_renames

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot
    from gitml.repo.versions import Line, Moment, Version
    from gitml.views.history.fold import Renames
    from gitml.views.history.lives import Life

    Sides = tuple["Version | None", "Version | None"]
    Found = tuple[Renames, Mapping[str, Version]]


def none(_moment: Moment, _before: Mapping[str, Life]) -> Found:
    """No renames: a derived record is what a reader calls it."""
    return {}, {}


def told(moment: Moment, before: Mapping[str, Life]) -> Found:
    """The renames among all that a commit did."""
    lives = {key: before.get(key) for key in moment.versions}
    sides = ((life.version if life else None, moment.versions[key]) for key, life in lives.items())
    return _renames(sides, moment.then)


class Sought:
    """The renames of commits of whose deeds but a part is known: each that made or removed something is looked at."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._known: dict[str, Found] = {}

    def __call__(self, moment: Moment, _before: Mapping[str, Life]) -> Found:
        """The renames of a commit."""
        oid = moment.node.oid
        if oid not in self._known:
            self._known[oid] = _renames(self._line.around(moment), moment.then)
        return self._known[oid]


def _renames(sides: Iterable[Sides], then: Snapshot) -> Found:
    pairs = {one.key: (old, new) for old, new in sides if (one := new or old) is not None}
    if not any(old for old, _new in pairs.values()):
        return {}, {}
    found = with_renames([_difference(key, *pair) for key, pair in pairs.items()], then, then)
    renamed = [(one.old_path, one.path) for one in found if one.op == "renamed" and one.old_path]
    coming = {path: old for old_path, path in renamed if (old := pairs[old_path][0])}
    going = {old_path: new for old_path, path in renamed if (new := pairs[path][1])}
    return coming, going


def _difference(key: str, old: Version | None, new: Version | None) -> Difference:
    op = "added" if old is None else "removed" if new is None else "changed"
    one = new or old
    ref, kind = (one.ref, one.kind) if one else (None, None)
    blobs = [side.blob if side else None for side in (old, new)]
    records = [side.record if side else None for side in (old, new)]
    return Difference(op, ref, kind, key, blobs[0], blobs[1], old=records[0], new=records[1])
