"""The three-way merge of what two records say, field by field; their texts are `merge`'s business."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gitml.records.annotations import ANY_ITEM, Pattern
from gitml.records.merging.rules import MAX, MIN, REPLACE, SET, Rules
from gitml.records.record import MISSING, Path, same, segment

Texts = Callable[[str, str, str], str | None]
"""Merges a text of several lines, from base, ours and theirs; None where it cannot."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Item(NamedTuple):
    """A step to the item of a keyed list: `[name=age]`."""

    key: str
    name: str | int


Place = tuple[str | Item, ...]


class Sides(NamedTuple):
    """A value as both sides leave it: equal where there is no conflict."""

    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Clash:
    """One field that both sides changed differently; an absent side is MISSING."""

    place: Place
    base: Any
    ours: Any
    theirs: Any

    @property
    def field(self) -> str:
        """The field as a diff names it: `columns[name=age].type`."""
        name = ""
        for step in self.place:
            dot = "." if name and isinstance(step, str) else ""
            name += f"{dot}{segment(step)}" if isinstance(step, str) else f"[{step.key}={step.name}]"
        return name


@dataclass(frozen=True, slots=True)
class Values:
    """What a merge comes to: the data with our, and with their values in the places of conflict.

    `kept` names the fields that one side removed and the other side, by hand, changed.
    """

    ours: dict[str, Any]
    theirs: dict[str, Any]
    clashes: tuple[Clash, ...] = ()
    kept: tuple[str, ...] = ()


def merge_values(
    base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any], rules: Rules, texts: Texts
) -> Values:
    """Merge what three versions say."""
    merging = _Merging(rules, texts)
    merged = merging.mapping((), (), base, ours, theirs)
    return Values(merged.ours, merged.theirs, tuple(merging.clashes), tuple(merging.kept))


def concrete(data: Any, place: Place) -> Path | None:
    """Where a place is in some data, items by their numbers; None where it is not."""
    found: list[str | int] = []
    for step in place:
        if isinstance(step, str):
            if not (isinstance(data, dict) and step in data):
                return None
            at: str | int = step
        else:
            names = list(by_key(data, step.key) or {})
            if step.name not in names:
                return None
            at = names.index(step.name)
        found.append(at)
        data = data[at]
    return tuple(found)


def by_key(items: Any, key: str) -> dict[str | int, Any] | None:
    """The items of a keyed list by their keys; None where they have none, or share one."""
    if not isinstance(items, list):
        return None
    found: dict[str | int, Any] = {}
    for item in items:
        name = item.get(key) if isinstance(item, dict) else None
        if not isinstance(name, str | int) or isinstance(name, bool):
            return None
        found[name] = item
    return found if len({str(name) for name in found}) == len(items) else None


@dataclass(slots=True)
class _Merging:
    """One merge at work."""

    rules: Rules
    texts: Texts
    clashes: list[Clash] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def value(self, place: Place, at: Pattern, base: Any, ours: Any, theirs: Any) -> Sides:
        """One value; MISSING where a version does not have it."""
        if same(ours, theirs) or same(theirs, base):
            return Sides(ours, ours)
        if same(ours, base):
            return Sides(theirs, theirs)
        found = self.joined(place, at, base, ours, theirs)
        return found or self.clash(place, base, ours, theirs)

    def joined(self, place: Place, at: Pattern, base: Any, ours: Any, theirs: Any) -> Sides | None:
        """What two changes of one value come to together; None where they contradict each other."""
        rule = self.rules.rule(at)
        if rule in (MAX, MIN):
            return _both(_further(ours, theirs, rule))
        if ours is MISSING or theirs is MISSING:
            return self.curated(place, at, ours, theirs)
        if rule != REPLACE and isinstance(ours, dict) and isinstance(theirs, dict):
            return self.mapping(place, at, base if isinstance(base, dict) else {}, ours, theirs)
        if rule != REPLACE and isinstance(ours, list) and isinstance(theirs, list):
            return self.lists(place, at, base if isinstance(base, list) else [], ours, theirs)
        several = all(isinstance(each, str) for each in (base, ours, theirs)) and "\n" in ours + theirs
        return _both(self.texts(base, ours, theirs)) if several and rule != REPLACE else None

    def curated(self, place: Place, at: Pattern, ours: Any, theirs: Any) -> Sides | None:
        """A program that writes a record anew drops what it does not know: a person's word stays."""
        if not self.rules.curated(at):
            return None
        self.kept.append(Clash(place, MISSING, ours, theirs).field)
        return _both(theirs if ours is MISSING else ours)

    def clash(self, place: Place, base: Any, ours: Any, theirs: Any) -> Sides:
        """A conflict."""
        self.clashes.append(Clash(place, base, ours, theirs))
        return Sides(ours, theirs)

    def mapping(
        self, place: Place, at: Pattern, base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> Sides:
        """Two mappings, key by key."""
        keys = dict.fromkeys([*ours, *theirs])
        bound = self.rules.bound(at, frozenset([*keys, *base]))
        torn = self.torn(bound, base, ours, theirs)
        merged: dict[str, Sides] = {}
        for key in keys:
            held = (base.get(key, MISSING), ours.get(key, MISSING), theirs.get(key, MISSING))
            if key in bound and torn and not same(held[1], held[2]):
                merged[key] = self.clash((*place, key), *held)
            else:
                merged[key] = self.value((*place, key), (*at, key), *held)
        return Sides(*(dict(_side(merged, n)) for n in (0, 1)))

    def torn(
        self, bound: frozenset[str], base: Mapping[str, Any], ours: Mapping[str, Any], theirs: Mapping[str, Any]
    ) -> bool:
        """Whether both sides changed what stands or falls together, each in its own way."""
        one, two, was = ({key: side[key] for key in bound if key in side} for side in (ours, theirs, base))
        return not (same(one, two) or same(one, was) or same(two, was))

    def lists(self, place: Place, at: Pattern, base: list[Any], ours: list[Any], theirs: list[Any]) -> Sides | None:
        """Two sets, or two lists of mappings item by item; None for others, and for lists in two new orders."""
        key = self.rules.list_key(at)
        if self.rules.rule(at) == SET:
            return _both(_as_sets(base, ours, theirs))
        if key is None:
            return None
        before, one, two = by_key(base, key), by_key(ours, key), by_key(theirs, key)
        if before is None or one is None or two is None:
            return None
        order = _order(list(before), list(one), list(two))
        if order is None:
            return None
        merged: dict[Any, Sides] = {}
        for name in order:
            held = (side.get(name, MISSING) for side in (before, one, two))
            merged[name] = self.value((*place, Item(key, name)), (*at, ANY_ITEM), *held)
        return Sides(*([side for _name, side in _side(merged, n)] for n in (0, 1)))


def _both(value: Any) -> Sides | None:
    return None if value is None else Sides(value, value)


def _side(merged: Mapping[Any, Sides], number: int) -> Iterable[tuple[Any, Any]]:
    return ((key, sides[number]) for key, sides in merged.items() if sides[number] is not MISSING)


def _further(ours: Any, theirs: Any, rule: str) -> Any:
    """The larger, or the smaller, of two numbers or times; None where they are neither."""
    if not (all(map(_is_number, (ours, theirs))) or all(map(_is_time, (ours, theirs)))):
        return None
    return (max if rule == MAX else min)((ours, theirs), key=lambda each: (each, type(each).__name__))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _identity(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _as_sets(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """What is left of the base, and what either side added; one order, whichever side is ours."""
    was, one, two = ({_identity(item): item for item in items} for items in (base, ours, theirs))
    if one.keys() == two.keys():
        return min(ours, theirs, key=_identity)
    if one.keys() == was.keys():
        return theirs
    if two.keys() == was.keys():
        return ours
    kept = [item for name, item in was.items() if name in one and name in two]
    added = [item for name, item in sorted({**one, **two}.items()) if name not in was]
    ordered = all(list(names) == sorted(names) for names in (one, two))
    return sorted(kept + added, key=_identity) if ordered else kept + added


def _order(base: Sequence[Any], ours: Sequence[Any], theirs: Sequence[Any]) -> list[Any] | None:
    """One order of all keys of two lists, whichever is ours; None where both have put common ones in new orders."""
    mine, other = set(ours), set(theirs)
    spine = [name for name in base if name in mine and name in other]
    shared = set(spine)
    one, two = ([name for name in side if name in shared] for side in (ours, theirs))
    if one not in (two, spine) and two != spine:
        return None
    spine = two if one == spine else one
    behind: dict[Any, list[list[Any]]] = {}
    for side in (ours, theirs):
        for anchor, names in _runs(side, shared).items():
            behind.setdefault(anchor, []).append(names)
    order: list[Any] = []
    for anchor in (None, *spine):
        order += [] if anchor is None else [anchor]
        for names in sorted(behind.get(anchor, ()), key=lambda names: [str(name) for name in names]):
            order += [name for name in names if name not in order]
    return order


def _runs(side: Sequence[Any], shared: set[Any]) -> dict[Any, list[Any]]:
    """What one side has beside the shared keys, by the shared key that it comes behind (None: the start)."""
    runs: dict[Any, list[Any]] = {}
    anchor = None
    for name in side:
        if name in shared:
            anchor = name
        else:
            runs.setdefault(anchor, []).append(name)
    return runs
