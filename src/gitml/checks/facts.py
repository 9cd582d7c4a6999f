"""What the checks ask of every record, worked out once for its blob, path and schema, and kept in the cache.

So a whole store is judged without being read: only records that are new, or in which something may be wrong, are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path as File
from typing import Any, NamedTuple

from gitml.checks.glance import is_large, is_plain
from gitml.checks.secrets import personal_in, secrets_in
from gitml.records import canonical
from gitml.records.annotations import find
from gitml.records.links import Link, links
from gitml.records.record import Path, Record
from gitml.records.schema import Kind
from gitml.repo.load import Loaded
from gitml.repo.snapshot import Snapshot

# Fewer than these are sooner worked out again than written down.
_WORTH_KEEPING = 16
# So many are looked at again by those who tell what has changed; more would be much to hold.
_HELD = 64


class Facts(NamedTuple):
    """A readable record at a glance: its ref, kind and id, the refs and pointers in it.

    `sound` says that nothing which stands in it alone is wrong; where it is False, somebody must look.
    """

    ref: str
    kind: str
    id: str | None
    sound: bool
    links: tuple[Link, ...]
    pointers: tuple[tuple[Path, Mapping[str, Any]], ...]


class FactBook:
    """The facts of a snapshot's records, by path; None for one that cannot be read."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._known: dict[str, Facts | None] = {}
        self._kinds: dict[str, str] = {}

    def of(self, paths: Iterable[str]) -> list[Facts | None]:
        """The facts of some paths, in bulk."""
        wanted = list(paths)
        fresh = [path for path in wanted if path not in self._known]
        if fresh:
            self._known.update(self._look_up(fresh))
        return [self._known[path] for path in wanted]

    def at(self, path: str) -> Facts | None:
        """The facts of one path."""
        return self.of([path])[0]

    def _look_up(self, paths: list[str]) -> Mapping[str, Facts | None]:
        cache = self.snapshot.cache
        keys = {path: key for path in paths if (key := self._key(path))} if cache else {}
        kept = cache.get(keys.values()) if cache else {}
        known: dict[str, Facts | None] = {path: _known(kept[key]) for path, key in keys.items() if key in kept}
        missing = [path for path in paths if path not in known]
        fresh = {found.path: facts_of(self.snapshot, found) for found in read(self.snapshot, missing)}
        if cache and len(fresh) >= _WORTH_KEEPING:  # which is looked at first: what has changed takes a look at all
            # What many refer to is asked for with each commit, what has changed in this one hardly again.
            changed = self.snapshot.tree.changes
            lasting = {path: facts for path, facts in fresh.items() if facts and path in keys and path not in changed}
            cache.put({keys[path]: _plain(facts) for path, facts in lasting.items()})
        return known | fresh

    def _key(self, path: str) -> str | None:
        """What facts hang on: the record, where it lies, its kind's schemas in all majors, and our own rules."""
        place = self.snapshot.place(path)
        if place is None:
            return None
        name = place.kind.name
        if name not in self._kinds:
            blobs = self.snapshot.schemas.blobs(name)
            self._kinds[name] = hashlib.sha256("".join(blobs).encode()).hexdigest()[:16]
        return f"{asked()}{self._kinds[name]}/{self.snapshot.tree[path].oid}/{self.snapshot.inner(path)}"


def read(snapshot: Snapshot, paths: Sequence[str]) -> Iterable[Loaded]:
    """What stands at some paths; of many nothing is kept."""
    return snapshot.load(paths) if len(paths) < _HELD else snapshot.stream(paths)


def facts_of(snapshot: Snapshot, found: Loaded) -> Facts | None:
    """The facts of what stands at a path, None where it cannot be read."""
    record = found.record
    if record is None:
        return None
    schemas = snapshot.schemas
    kind = schemas.major_of(record.data, schemas.kind(record.kind))
    pointers = tuple(
        (at, dict(value))
        for pattern in kind.shape.pointers
        for at, value in find(record.data, pattern)
        if isinstance(value, Mapping)
    )
    return Facts(
        str(record.ref), kind.name, id_of(record), _is_sound(found, kind), tuple(links(record, kind)), pointers
    )


def id_of(record: Record) -> str | None:
    """The id that a record holds."""
    held = record.data.get("id")
    return held if isinstance(held, str) else None


def _plain(facts: Facts) -> tuple[Any, ...]:
    return (*facts[:4], tuple(map(tuple, facts.links)), facts.pointers)


def _known(kept: Any) -> Facts:
    ref, kind, held, sound, refs, pointers = kept
    return Facts(ref, kind, held, sound, tuple(map(Link._make, refs)), pointers)


def _is_sound(found: Loaded, kind: Kind) -> bool:
    """Whether a record needs no second look; False says nothing yet."""
    shape = kind.shape
    data = found.record.data if found.record else {}
    if kind.canonical and not found.canonical:
        return False
    plain = is_plain(data, shape.order)
    return (
        (plain or _is_right(data, kind))
        and shape.accepts(data, all_finite=plain)
        and next(personal_in(data, shape.sensitive), None) is None
    )


def _is_right(data: Mapping[str, Any], kind: Kind) -> bool:
    """The same as `is_plain`, asked one by one: all but the finite numbers, which a record need not have."""
    in_order = not kind.canonical or canonical.in_order(dict(data), kind.shape.order)
    return in_order and not is_large(data) and next(secrets_in(data), None) is None


def asked() -> str:
    """How all keys of facts begin that this version asks the cache for."""
    return f"facts/{rules()}/"


@cache
def rules() -> str:
    """A digest of the code that judges, so that no verdict of another version is ever believed."""
    rooms = (File(canonical.__file__).parent, File(__file__).parent)
    digest = hashlib.sha256()
    for source in sorted(path for room in rooms for path in room.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
