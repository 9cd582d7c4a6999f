"""Which records are one under two names: by identity, then by content, then by likeness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from gitml.views.changes import Difference, between
from gitml.views.likeness import KIN, Said, likeness
from gitml.views.lineage.held import hash_of

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.snapshot import Snapshot

# So many pairs are looked at for likeness: that is quadratic.
_PAIRS = 10_000
_TWINS = 250_000

Key = Callable[[Difference], Hashable]
Order = tuple[str, str, str]


def with_renames(changes: Iterable[Difference], before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Changes of files, what was removed and added as one record made a rename."""
    found = list(_parted(changes, after))
    removed, added = _ends(found)
    known = partial(_identity, snapshot=after)
    olds = _pairs(removed, added, (known, _content))
    gone = {one.order for one in olds.values()}
    left = [one for one in removed if one.order not in gone and known(one) is None]
    new = [one for one in added if one.order not in olds and known(one) is None]
    return _renamed(found, olds | _alike(left, new, after), before, after)


def with_moved_data(changes: Sequence[Difference], before: Snapshot, after: Snapshot) -> Iterator[Difference]:
    """Changes of derived records: the same bytes that are tracked under another path have moved, as DVC tells it."""
    return _renamed(changes, _pairs(*_ends(changes), (_bytes,)), before, after)


def _renamed(
    changes: Iterable[Difference], olds: dict[Order, Difference], before: Snapshot, after: Snapshot
) -> Iterator[Difference]:
    gone = {old.order for old in olds.values()}
    for one in changes:
        if one.op == "added" and (old := olds.get(one.order)) is not None:
            fields = between(old.old, one.new, before, after)
            yield replace(
                one, op="renamed", before=old.before, fields=fields, old_ref=old.ref, old_path=old.path, old=old.old
            )
        elif one.op != "removed" or one.order not in gone:
            yield one


def _ends(changes: Iterable[Difference]) -> tuple[list[Difference], list[Difference]]:
    """What was removed and what was added, of what can be read, by path."""
    found = sorted(changes, key=_path)
    removed = [one for one in found if one.op == "removed" and one.old]
    return removed, [one for one in found if one.op == "added" and one.new]


def _path(one: Difference) -> tuple[str, str]:
    return one.path, one.ref or ""


def _parted(changes: Iterable[Difference], after: Snapshot) -> Iterator[Difference]:
    """Where one record has made room for another, the two: else the one that has moved would be lost in the new."""
    found = list(changes)
    olds, news = [_known(one.old, after) for one in found], [_known(one.new, after) for one in found]
    for number, one in enumerate(found):
        old, new = olds[number], news[number]
        if one.op == "changed" and old is not None and new is not None and old != new and (old in news or new in olds):
            yield replace(one, op="removed", after=None, new=None, fields=between(one.old, None, after, after))
            yield replace(one, op="added", before=None, old=None, fields=between(None, one.new, after, after))
        else:
            yield one


def _pairs(removed: Sequence[Difference], added: Sequence[Difference], keys: Iterable[Key]) -> dict[Order, Difference]:
    """What was removed, by the order of what was added in its place."""
    found: dict[Order, Difference] = {}
    for key in keys:
        gone = {one.order for one in found.values()}
        olds = _grouped((one for one in removed if one.order not in gone), key)
        news = _grouped((one for one in added if one.order not in found), key)
        for name in olds.keys() & news.keys():
            if len(olds[name]) * len(news[name]) <= _TWINS:
                found.update(_chosen([Pair(1.0, old, new) for old, new in product(olds[name], news[name])]))
    return found


def _grouped(changes: Iterable[Difference], key: Key) -> dict[Hashable, list[Difference]]:
    groups: dict[Hashable, list[Difference]] = {}
    for one in changes:
        groups.setdefault(key(one), []).append(one)
    groups.pop(None, None)
    return groups


class Pair(NamedTuple):
    """What may be one record under two names: how alike the two are, from 0 to 1."""

    alike: float
    old: Difference
    new: Difference

    @property
    def kin(self) -> float:
        """How alike the names are, from 0 to 1."""
        return kinship(*(str(one.ref).rpartition("/")[2] for one in (self.old, self.new)))


def kinship(one: str, other: str) -> float:
    """How alike two names are, from 0 to 1: one is in the other, or they begin and end alike."""
    short, long = sorted((one, other), key=len)
    if short in long:
        return 0.5 + 0.5 * len(short) / max(len(long), 1)
    begin = _shared(short, long)
    end = min(_shared(short[::-1], long[::-1]), len(short) - begin)
    return (begin + end) / len(long)


def _shared(one: str, other: str) -> int:
    """How many letters two names begin with alike."""
    return next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))


def _chosen(pairs: Sequence[Pair]) -> dict[Order, Difference]:
    """The best pairs, each record in one of them. Where several could be meant the names decide, or nobody does."""
    several = Counter(key for pair in pairs for key in (("old", pair.old.order), ("new", pair.new.order)))
    ranked = []
    for number, pair in enumerate(pairs):
        kin = pair.kin
        is_only = several["old", pair.old.order] == several["new", pair.new.order] == 1
        if is_only or kin >= KIN:
            # The order knows no side, so that the way back pairs them alike.
            ranked.append((pair.alike + kin, sorted((_path(pair.old), _path(pair.new))), number))
    found: dict[Order, Difference] = {}
    gone: set[Order] = set()
    for _score, _paths, number in sorted(ranked, reverse=True):
        _alike, old, new = pairs[number]
        if old.order not in gone and new.order not in found:
            found[new.order] = old
            gone.add(old.order)
    return found


def _known(record: Record | None, snapshot: Snapshot) -> Hashable:
    """What a record is known by whatever it is called: a version's id, an event's."""
    kind = snapshot.schemas.latest.get(record.kind) if record else None
    if record is None or kind is None:
        return None
    if kind.addressing == "event":
        return kind.name, record.ref.keys[-1]
    held = record.data.get("id") if kind.addressing == "version" else None
    return (kind.name, held) if isinstance(held, str) else None


def _identity(one: Difference, snapshot: Snapshot) -> Hashable:
    return _known(one.new or one.old, snapshot)


def _content(one: Difference) -> Hashable:
    return one.kind, one.after or one.before


def _bytes(one: Difference) -> Hashable:
    record = one.new or one.old
    found = hash_of(record.data) if record else None
    return None if found is None else (one.kind, found)


def _alike(removed: Sequence[Difference], added: Sequence[Difference], after: Snapshot) -> dict[Order, Difference]:
    """Records of a kind that say mostly the same."""
    pairs = [pair for kind in sorted({one.kind or "" for one in added}) for pair in _of_kind(kind, removed, added)]
    said = {order: _said(one, after) for order, one in {one.order: one for pair in pairs for one in pair}.items()}
    likely = (Pair(0.0, old, new) for old, new in pairs)
    judged = [pair._replace(alike=likeness(said[pair.old.order], said[pair.new.order], pair.kin)) for pair in likely]
    return _chosen([pair for pair in judged if pair.alike])


def _of_kind(
    kind: str, removed: Sequence[Difference], added: Sequence[Difference]
) -> Iterable[tuple[Difference, Difference]]:
    """The pairs of a kind; of very many, none."""
    olds, news = ([one for one in side if one.kind == kind] for side in (removed, added))
    return () if len(olds) * len(news) > _PAIRS else product(olds, news)


def _said(one: Difference, snapshot: Snapshot) -> Said:
    return Said.of(one.new or one.old, snapshot.schemas.latest.get(one.kind or ""))
