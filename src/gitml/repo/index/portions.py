"""What somebody makes of the records of a kind, block by block: of a block that has not changed it is known already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from gitml.repo.index.belonging import files_of
from gitml.repo.index.block import Files
from gitml.repo.index.nearby import touched
from gitml.repo.index.seed import Seed
from gitml.repo.index.tables import AbsentError, Deed, Making
from gitml.repo.workers import WORTH_SPREADING, cores, spread

if TYPE_CHECKING:
    from gitml.repo.index.part import Part
    from gitml.repo.snapshot import Snapshot


class Portion(NamedTuple):
    """Some hundred neighbouring records: what the deed gave for them, and where some of them lie, by their numbers."""

    value: Any
    paths: Callable[[Sequence[int]], Sequence[str]]


def portions(snapshot: Snapshot, kind: str, deed: Deed) -> tuple[list[Portion], Files]:
    """A deed done to every block of a kind's records, and the files that lie in none that is kept.

    These are few, or changed on top of the commit; the deed is not done to them.
    """
    cache = snapshot.cache
    if cache is None or snapshot.tree.base is None:
        return [], files_of(snapshot, kind)
    making = Making(snapshot, kind, cache, (deed,))
    try:
        parts = making.commit()
        if parts is None:
            return [], files_of(snapshot, kind)
        changed = making.changes()
        marked = {part.key: part for part in touched(parts, changed)}
        kept = [part for part in parts if part.key not in marked]
        values = _values(making, deed, kept)
    except AbsentError:
        return [], files_of(snapshot, kind)
    beside = {path: entry for part in marked.values() for path, entry in making.files(part).items()}
    now = {path: entry for path, entry in changed.items() if entry is not None}
    left = {path: entry for path, entry in beside.items() if path not in changed} | snapshot.named(now)
    return [Portion(values[part.key], partial(_paths, making, part)) for part in kept], sorted(left.items())


def _paths(making: Making, part: Part, rows: Sequence[int]) -> list[str]:
    files = making.files(part)
    every = sorted(files)
    found = {every[row]: files[every[row]] for row in rows}
    making.snapshot.tree.tell(found)  # else each would be looked up, with the folders above it
    return list(found)


def _values(making: Making, deed: Deed, parts: Sequence[Part]) -> Mapping[str, Any]:
    keys = {deed.key(part.key): part for part in parts}
    kept = making.cache.get(keys)
    lacking = [(part.key, sorted(making.files(part).items())) for key, part in keys.items() if key not in kept]
    many = sum(len(files) for _key, files in lacking) >= WORTH_SPREADING and not making.snapshot.contents
    common = (Seed.of(making.snapshot, making.cache), making.kind, deed)
    count = cores() if many else 1
    found = spread(done, common, [lacking[at::count] for at in range(count)]) if lacking else []
    if None in found:
        raise AbsentError
    fresh = {key: value for share in found for key, value in share}
    return {part.key: fresh[part.key] if part.key in fresh else kept[key] for key, part in keys.items()}


def done(asked: tuple[Seed, str, Deed], share: Sequence[tuple[str, Files]]) -> list[tuple[str, Any]] | None:
    """A deed done to blocks and kept, for a process of its own; None where objects are missing."""
    seed, kind, deed = asked
    snapshot = seed.snapshot()
    if snapshot.cache is None:
        return None
    making = Making(snapshot, kind, snapshot.cache)
    try:
        found = [(key, deed.of(snapshot, making.loaded(files))) for key, files in share]
    except AbsentError:
        return None
    snapshot.cache.put({deed.key(key): value for key, value in found})
    return found
