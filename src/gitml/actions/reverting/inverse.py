"""A change undone, field by field: what went from old to new goes back, in a record that may have moved on since.

Pure: three mappings in, one out, and where somebody has changed the same field since, what stands against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gitml.errors import BadValue
from gitml.records.canonical import inline
from gitml.records.record import MISSING, ListKey, Path, is_keyed, item_name, no_list_key, same, segment

_LONGEST = 60
_ITEM = "[]"


class Clash(NamedTuple):
    """A field that was changed again since: what it was, what the undone change made of it, what it is today.

    MISSING stands for no such field; `path` leads to it as it is today.
    """

    field: str
    path: Path
    old: Any
    new: Any
    now: Any

    def __str__(self) -> str:
        return f"was {shown(self.old)}, was made {shown(self.new)}, and is {shown(self.now)} today"


@dataclass(frozen=True)
class Inverse:
    """What a record becomes, and the clashes, in which it stays as it is."""

    data: dict[str, Any]
    clashes: tuple[Clash, ...] = ()


def inverse(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    now: Mapping[str, Any],
    list_key: ListKey = no_list_key,
    *,
    within: str | None = None,
) -> Inverse:
    """What `now` becomes when the change from `old` to `new` is undone in it; `within` one field, and those below."""
    undoing = _Undoing(list_key, within)
    sides = _Sides(dict(old), dict(new), dict(now))
    found = undoing.inside(sides, _Place("", (), ()))
    return Inverse(found, tuple(undoing.clashes))


def edits(now: Any, wanted: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The smallest fields to set (or remove: MISSING) that make the one value the other; for `records.edit`."""
    if same(now, wanted):
        return
    if isinstance(now, dict) and isinstance(wanted, dict) and now and (wanted or not path):
        for key, value in wanted.items():  # what is new comes first, so that no mapping is empty on the way
            yield from edits(now.get(key, MISSING), value, (*path, key))
        yield from (((*path, key), MISSING) for key in now if key not in wanted)
    elif isinstance(now, list) and isinstance(wanted, list) and len(now) == len(wanted):
        for number, (here, there) in enumerate(zip(now, wanted, strict=True)):
            yield from edits(here, there, (*path, number))
    else:
        yield path, wanted


def shown(value: Any) -> str:
    """A value in a message: as YAML has it, and not too long."""
    if value is MISSING:
        return "absent"
    try:
        text = inline(value)
    except BadValue:
        text = _flow(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(inner)}' for key, inner in value.items())}}}"
    return f"[{', '.join(map(shown, value))}]" if isinstance(value, list) else str(value)


class _Sides(NamedTuple):
    old: Any
    new: Any
    now: Any


class _Place(NamedTuple):
    """Where in a record: its dotted name, the path in today's data, the pattern that schemas know."""

    name: str
    path: Path
    pattern: tuple[str, ...]


@dataclass
class _Undoing:
    list_key: ListKey
    within: str | None
    clashes: list[Clash] = field(default_factory=list)

    def value(self, sides: _Sides, at: _Place) -> Any:
        """What one field becomes."""
        old, new, now = sides
        if same(old, new) or not (self._is_asked(at.name) or self._is_above(at.name)):
            return now
        if self._is_asked(at.name):
            if same(now, new):
                return old
            if same(now, old):
                return now
        key = self._key(sides, at)
        if key is not None:
            return self._items(sides, at, key)
        if _are_mappings(sides, whole=at.pattern[-1:] == (_ITEM,)):
            found = self.inside(_Sides(*({} if one is MISSING else one for one in sides)), at)
            return MISSING if not found and (old is MISSING or now is MISSING) else found
        if self._is_asked(at.name) or any(isinstance(one, dict | list) for one in sides):
            # What is inside of something that is not there, or is something else now, does not go back alone.
            self.clashes.append(Clash(at.name, at.path, old, new, now))
        return now

    def inside(self, sides: _Sides, at: _Place) -> dict[str, Any]:
        """What a mapping becomes, key by key; the order is today's, then that of what comes back."""
        old, new, now = sides
        found: dict[str, Any] = {}
        for key in {**now, **old, **new}:
            name = f"{at.name}.{segment(key)}" if at.name else segment(key)
            place = _Place(name, (*at.path, key), (*at.pattern, key))
            value = self.value(_Sides(*(side.get(key, MISSING) for side in (old, new, now))), place)
            if value is not MISSING:
                found[key] = value
        return found

    def _items(self, sides: _Sides, at: _Place, key: str) -> Any:
        """What a list of records becomes, record by record; what comes back stands behind what it stood behind."""
        by_key = [{str(item[key]): item for item in side} if side is not MISSING else {} for side in sides]
        old, new, now = by_key
        numbers = {name: number for number, name in enumerate(now)}
        found: dict[str, Any] = {}
        for name in {**now, **old, **new}:
            place = _Place(
                f"{at.name}[{key}={item_name(name)}]",
                (*at.path, numbers.get(name, len(numbers))),
                (*at.pattern, _ITEM),
            )
            value = self.value(_Sides(*(side.get(name, MISSING) for side in by_key)), place)
            if value is not MISSING:
                found[name] = value
        order = _order([name for name in now if name in found], [name for name in old if name in found])
        if not order and MISSING in (sides.old, sides.now):
            return MISSING
        return [found[name] for name in order]

    def _key(self, sides: _Sides, at: _Place) -> str | None:
        """The key of a list that all sides hold as a list of records."""
        lists = [side for side in sides if isinstance(side, list)]
        key = self.list_key(at.pattern) if lists else None
        there = [side for side in sides if side is not MISSING]
        if key is None or len(lists) != len(there):
            return None
        return key if all(is_keyed(side, key) for side in lists) else None

    def _is_asked(self, name: str) -> bool:
        return self.within is None or is_below(name, self.within)

    def _is_above(self, name: str) -> bool:
        return self.within is not None and is_below(self.within, name)


def is_below(name: str, other: str) -> bool:
    """Whether a dotted name is another one, or of a field inside of it."""
    return name == other or name.startswith((f"{other}.", f"{other}["))


def _are_mappings(sides: _Sides, *, whole: bool) -> bool:
    """Whether all are mappings, of those that are there; a record of a list comes and goes as a `whole`."""
    there = [one for one in sides if one is not MISSING]
    return all(isinstance(one, dict) for one in there) and (len(there) == len(sides) or not whole)


def _order(now: Sequence[str], old: Sequence[str]) -> list[str]:
    """The names of today in their order, and each that comes back behind the one that it stood behind."""
    found = list(now)
    before: str | None = None
    for name in old:
        if name not in found:
            found.insert(found.index(before) + 1 if before is not None else 0, name)
        before = name
    return found
