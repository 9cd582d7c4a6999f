"""From versions to deeds: commit by commit, what each did to records that none of its parents had done.

A merge has done what no side did: it has given a field a value that none of its parents gave it, or has kept one while
dropping another that came later, or beside it. What it takes over from the side that changed last is that side's.
So whoever repeats all deeds in the order of history comes to what is there today.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from gitml.records.record import same
from gitml.repo.git.graph import Graph
from gitml.views.history.lives import CHANGED, CREATED, DELETED, RENAMED, Deed, Life, Readings, value
from gitml.views.history.states import States

if TYPE_CHECKING:
    from gitml.repo.versions import Line, Moment, Version

Lives = dict[str, Life]
Renames = Mapping[str, "Version"]
"""By the new key of a record what stood there under the old one."""
Renamer = Callable[["Moment", Mapping[str, Life]], tuple[Renames, Mapping[str, "Version"]]]
"""The renames of a commit, and by the old key of a record what stands there under the new one."""

Do = Callable[[Deed], None]


def _nothing(_deed: Deed) -> None:
    """A deed that another one covers."""


class Past:
    """What became of records along a line of commits: `deeds` in the order of history, `lives` at its tip."""

    def __init__(self, line: Line, moments: Iterable[Moment], renamer: Renamer) -> None:
        self.line = line
        self.readings = Readings()
        self.deeds: list[Deed] = []
        self.sources: dict[str, set[str]] = {}
        self._renamer = renamer
        self._numbers = count()
        self._by_field: dict[tuple[int, str], list[Deed]] = {}
        self._states = States(line.nodes, line.tip)
        self._place = {node.oid: place for place, node in enumerate(line.nodes)}
        known = {moment.node.oid: moment for moment in moments}
        for node in line.nodes:
            moment = known.get(node.oid)
            self._states.enter(node, self._lives(moment) if moment else {})

    @cached_property
    def graph(self) -> Graph:
        """The commits, to be asked which came first."""
        return Graph(self.line.nodes, self.line.tip)

    @property
    def lives(self) -> Mapping[str, Life]:
        """What stands at each key at the tip, and what has stood there."""
        return self._states.of(self.line.tip)

    def _lives(self, moment: Moment) -> Lives:
        parents = [(one, self._states.of(one)) for one in dict.fromkeys(moment.node.parents) if one in self._states]
        if len(parents) > 1:
            return dict(self._merged(moment, parents))
        return dict(self._single(moment, parents[0][1] if parents else {}))

    def _do(self, deed: Deed) -> None:
        if deed.commit not in self.line.ends:  # what a shallow clone begins with, nobody did there
            self.deeds.append(deed)
            if deed.field is not None:
                self._by_field.setdefault((deed.life, deed.field), []).append(deed)

    # ── a commit with one parent, or none ──

    def _single(self, moment: Moment, before: Mapping[str, Life]) -> Iterator[tuple[str, Life]]:
        coming, going = self._renames(moment, before)
        for key, version in moment.versions.items():
            old = before.get(key)
            if version is not None:
                source = before.get(coming[key].key) if key in coming else None
                # What stood here may have moved on in the same commit: then this is another record.
                yield key, self._written(moment, version, None if key in going else old, source)
            elif old is not None and old.version is not None:
                yield key, self._removed(moment, old, old.version, going.get(key))

    def _renames(self, moment: Moment, before: Mapping[str, Life]) -> tuple[Renames, Mapping[str, Version]]:
        def came_or_went(key: str, version: Version | None) -> bool:
            old = before.get(key)
            return (old is not None and old.version is not None) != (version is not None)

        if not moment.node.parents or not any(came_or_went(*each) for each in moment.versions.items()):
            return {}, {}
        coming, going = self._renamer(moment, before)
        for key, old in coming.items():
            if key in moment.versions:
                self.sources.setdefault(key, set()).add(old.key)
        return coming, going

    def _written(self, moment: Moment, version: Version, old: Life | None, source: Life | None) -> Life:
        if source is not None and source.version is not None:
            return self._renamed(moment, version, source, source.version)
        if old is None or old.version is None:
            return self._created(moment, version)
        return self._changed(moment, version, old)

    def _created(self, moment: Moment, version: Version, *, merged: bool = False) -> Life:
        commit, number = moment.node.oid, next(self._numbers)
        self._do(Deed(commit, CREATED, version, number, merged=merged, problem=version.problem))
        return Life(number, version, version.record, commit, commit)

    def _removed(
        self, moment: Moment, old: Life, was: Version, target: Version | None, *, merged: bool = False
    ) -> Life:
        commit = moment.node.oid
        if target is None:
            self._do(Deed(commit, DELETED, was, old.number, merged=merged))
        elif target.key not in moment.versions:  # which is not among those that are followed
            self._do(Deed(commit, RENAMED, target, old.number, None, was.ref, target.ref, was))
        return replace(self._forgotten(moment, old), moved=target is not None)

    def _renamed(self, moment: Moment, version: Version, source: Life, was: Version) -> Life:
        commit, problem = moment.node.oid, version.problem
        self._do(Deed(commit, RENAMED, version, source.number, None, was.ref, version.ref, was, problem=problem))
        told = replace(version, problem=None) if version.problem else version
        return replace(self._changed(moment, told, source), version=version)

    def _changed(self, moment: Moment, version: Version, old: Life) -> Life:
        commit = moment.node.oid
        if version.record is None:
            if version.problem is not None:
                self._do(Deed(commit, CHANGED, version, old.number, problem=version.problem))
            return replace(old, version=version, wrote=commit)
        before, after = (self.readings.of(one, moment.then) for one in (old.record, version.record))
        origins = dict(old.origins)
        differing = [name for name in {**before, **after} if not same(value(before, name), value(after, name))]
        unread = old.version is not None and old.version.record is None
        if unread and (not differing or old.record is None):
            self._do(Deed(commit, CHANGED, version, old.number))
        for name in differing:
            if old.record is not None:
                sides = value(before, name), value(after, name)
                self._do(Deed(commit, CHANGED, version, old.number, name, *sides))
            origins[name] = commit
        return Life(old.number, version, version.record, old.made, commit, origins)

    # ── a merge ──

    def _merged(self, moment: Moment, parents: Sequence[tuple[str, Lives]]) -> Iterator[tuple[str, Life]]:
        for key, version in moment.versions.items():
            sides = [(oid, self._side(key, version, moment, lives)) for oid, lives in parents]
            there = [(oid, life) for oid, life in sides if life is not None and life.version is not None]
            gone = [life for _oid, life in sides if life is not None and life.version is None]
            if version is None:
                life = self._without(moment, [life for _oid, life in there], gone)
            elif not there:
                life = self._created(moment, version, merged=True)
            else:
                restored = any(not any(self._after(life.made, one.made) for _oid, life in there) for one in gone)
                life = (
                    self._restored(moment, version, there)
                    if restored
                    else self._joined(moment, version, there, self._do)
                )
            if life is not None:
                yield key, life

    def _side(self, key: str, version: Version | None, moment: Moment, lives: Lives) -> Life | None:
        """What a side of a merge has of a record; where the other side has renamed it, under the name of before."""
        life = lives.get(key)
        if version is None or (life is not None and life.version is not None):
            return life
        for old in self.sources.get(key, ()):
            was = lives.get(old)
            if (
                was is not None
                and was.version is not None
                and moment.versions.get(old) is None
                and old in moment.versions
            ):
                return was
        return life

    def _without(self, moment: Moment, there: Sequence[Life], gone: Sequence[Life]) -> Life | None:
        """A record that is not in a merge: one side has removed it, or the merge itself has."""
        for life in there:
            # Where a clone's history begins nobody knows whether the other side had it once.
            known = life.made not in self.line.ends
            if known and life.version is not None and not any(self._has_seen(one, life) for one in gone):
                return self._removed(moment, life, life.version, None, merged=True)
        if gone:
            return gone[0]
        return self._forgotten(moment, there[0]) if there else None

    def _has_seen(self, gone: Life, life: Life) -> bool:
        """Whether who removed a record knew it as the other side has it; its new name takes later changes along.

        Who wrote it did so before a merge that restored it.
        """
        seen = {life.made} if gone.moved else {life.made, life.wrote}
        return all(self._after(gone.made, one) for one in seen)

    def _forgotten(self, moment: Moment, life: Life) -> Life:
        """A record that is not there any more, for all that is known since this commit."""
        commit = moment.node.oid
        return Life(life.number, None, None, commit, commit, dict.fromkeys(life.origins, commit))

    def _restored(self, moment: Moment, version: Version, sides: Sequence[tuple[str, Life]]) -> Life:
        """A record that one side has removed, and the merge has all the same: that is one event, whatever it says."""
        commit = moment.node.oid
        self._do(Deed(commit, CREATED, version, sides[0][1].number, merged=True, problem=version.problem))
        return replace(self._joined(moment, version, sides, do=_nothing), made=commit)

    def _joined(self, moment: Moment, version: Version, sides: Sequence[tuple[str, Life]], do: Do) -> Life:
        lives = [life for _oid, life in sides]
        for life in lives:
            if life.version is not None and life.version.blob == version.blob and all(
                one is life or (one.version and one.version.blob == version.blob) or self._after(life.wrote, one.wrote)
                for one in lives
            ):  # fmt: skip
                return life if life.version.key == version.key else replace(life, version=version)
        if version.record is None:
            if all(life.version is None or life.version.blob != version.blob for life in lives):
                do(Deed(moment.node.oid, CHANGED, version, lives[0].number, merged=True, problem=version.problem))
            return replace(lives[0], version=version, wrote=moment.node.oid)
        return self._field_by_field(moment, version, sides, do)

    def _field_by_field(self, moment: Moment, version: Version, sides: Sequence[tuple[str, Life]], do: Do) -> Life:
        commit, first = moment.node.oid, sides[0][1]
        after = self.readings.of(version.record, moment.then)
        befores = [self.readings.of(life.record, moment.then) for _oid, life in sides]
        origins: dict[str, str] = {}
        for name in {name: None for fields in (*befores, after) for name in fields}:
            now = value(after, name)
            like = [place for place, fields in enumerate(befores) if same(value(fields, name), now)]
            others = [place for place in range(len(sides)) if place not in like]
            lost = next((one for one in others if not self._gave_way(name, like, one, sides, befores)), None)
            late = next((one for one in others if self._came_late(name, like, one, sides, befores)), lost)
            if late is not None:
                deed = Deed(commit, CHANGED, version, first.number, name, value(befores[late], name), now, merged=True)
                do(deed)
            origins[name] = commit if lost is not None else sides[like[0]][1].origin(name)
        return Life(first.number, version, version.record, first.made, commit, origins)

    def _gave_way(
        self,
        name: str,
        like: Sequence[int],
        other: int,
        sides: Sequence[tuple[str, Life]],
        befores: Sequence[Mapping[str, Any]],
    ) -> bool:
        """Whether a side's value of a field is one that those who have the merge's value have left behind."""
        oid, lost = sides[other]
        for place in like:
            winner = sides[place][1]
            origin, left = winner.origin(name), lost.origin(name)
            if (origin != left and self._after(origin, left)) or not self.line.ends.isdisjoint((origin, left)):
                return True
            # The same change may have been made on both sides: then it was left behind by who went on from it.
            if any(
                same(deed.before, value(befores[other], name))
                and self._after(origin, deed.commit)
                and not self._after(oid, deed.commit)
                for deed in self._by_field.get((winner.number, name), ())
            ):
                return True
        return False

    def _came_late(
        self,
        name: str,
        like: Sequence[int],
        other: int,
        sides: Sequence[tuple[str, Life]],
        befores: Sequence[Mapping[str, Any]],
    ) -> bool:
        """Whether a side came back to a value after the merge's own was made elsewhere: it is the last told before it.

        Who made the merge's value stays who made it.
        """
        oid, lost = sides[other]
        left, known = lost.origin(name), value(befores[other], name)
        for winner in (sides[place][1] for place in like):
            origin = winner.origin(name)
            if self._place[origin] >= self._place[left] or not self.line.ends.isdisjoint((origin, left)):
                return False
            deeds = self._by_field.get((winner.number, name), ())
            # A change that was made on both sides is no news where it was made again.
            if any(same(one.after, known) and self._after(origin, one.commit) and not self._after(oid, one.commit)
                   for one in deeds):  # fmt: skip
                return False
        return bool(like)

    def _after(self, commit: str, other: str) -> bool:
        """Whether a commit comes after another, or is it."""
        return self.graph.is_ancestor(other, commit)
