"""The traces of a snapshot's records: kept by the index block by block, and those of a few found without the others."""

from __future__ import annotations

import marshal
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from gitml.records.schema import DERIVED
from gitml.repo.index.portions import portions
from gitml.repo.index.tables import Deed
from gitml.views.lineage.links import Bound
from gitml.views.lineage.trace import FORMAT, Code, Named, Pointed, Taken, Trace, own, traced

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.load import Loaded
    from gitml.repo.snapshot import Snapshot

ASKED: Final = f"trace/{FORMAT}/"
"""How all keys begin that this version asks the cache for."""

_TRACES: Final = ("traces", "")
# Of a trace what a record in a file can say: the rest is of what readers make.
_OF_FILES: Final = Trace._fields.index("derived")
_ALONE: Final = Trace._fields.index("links")

Block = tuple[Mapping[str, Sequence[int]], Sequence[bytes]]
"""Neighbouring records: by token the rows that it leads to, and a trace, packed, for each row."""


def traces(snapshot: Snapshot) -> KeptTraces:
    """The traces of all records of a snapshot."""
    found: KeptTraces | None = snapshot.worked_out.get(_TRACES)
    if found is None:
        found = snapshot.worked_out[_TRACES] = KeptTraces(snapshot)
    return found


class KeptTraces:
    """Traces in blocks that are only unpacked for who asks for them, and those that are in none."""

    def __init__(self, snapshot: Snapshot) -> None:
        schemas = snapshot.schemas
        deed = Deed(ASKED.rstrip("/"), packed)
        paths: list[str] = []
        self._blocks: list[Block] = []
        for kind in (name for name in schemas.names if schemas.latest[name].addressing != DERIVED):
            there, beside = portions(snapshot, kind, deed)
            self._blocks += [portion.value for portion in there]
            paths += [path for path, _entry in beside]
        self.made = [_of(record, snapshot) for record in _made(snapshot)]
        read = [_of(found.record, snapshot) for found in snapshot.load(sorted(paths)) if found.record]
        self._loose: dict[str, list[Trace]] = defaultdict(list)
        for one in (*read, *self.made):
            for token in dict.fromkeys(one.tokens()):
                self._loose[token].append(one)
        self._unpacked: dict[tuple[int, int], Trace] = {}

    def every(self) -> Iterator[Trace]:
        """All of them, what readers make last."""
        for block, (_tokens, rows) in enumerate(self._blocks):
            yield from (self._trace(block, row) for row in range(len(rows)))
        loose = {id(one): one for found in self._loose.values() for one in found}
        yield from sorted(loose.values(), key=lambda one: one.derived)

    def get(self, ref: str) -> Trace | None:
        """The trace of a record."""
        found = self.having(own(ref))
        return found[-1] if found else None

    def having(self, token: str) -> Sequence[Trace]:
        """Those that a token leads to."""
        found = [
            self._trace(block, row)
            for block, (tokens, _rows) in enumerate(self._blocks)
            for row in tokens.get(token, ())
        ]
        return found + self._loose.get(token, [])

    def _trace(self, block: int, row: int) -> Trace:
        if (block, row) not in self._unpacked:
            self._unpacked[block, row] = _unpacked(self._blocks[block][1][row])
        return self._unpacked[block, row]


def packed(snapshot: Snapshot, loaded: Sequence[Loaded]) -> Any:
    """The traces of a block, as the index keeps them."""
    found = [_of(one.record, snapshot) for one in loaded if one.record is not None]
    rows: dict[str, list[int]] = defaultdict(list)
    for row, one in enumerate(found):
        for token in dict.fromkeys(one.tokens()):
            rows[token].append(row)
    return {token: tuple(places) for token, places in rows.items()}, [marshal.dumps(_plain(one)) for one in found]


def _plain(one: Trace) -> tuple[Any, ...]:
    parts: tuple[Iterable[Iterable[Any]], ...] = one[_ALONE:_OF_FILES]  # type: ignore[assignment]  # of its own fields
    return (*one[:_ALONE], *(tuple(map(tuple, part)) for part in parts))


def _unpacked(raw: bytes) -> Trace:
    plain = marshal.loads(raw)  # noqa: S302  (of the checksummed cache)
    ref, kind, is_version, partakes, by_dvc, created, links, pointers, *taken, codes = plain
    inputs, outputs = (tuple(map(Taken._make, part)) for part in taken)
    named, pointed, ran = map(Named._make, links), map(Pointed._make, pointers), map(Code._make, codes)
    says = (tuple(named), tuple(pointed), inputs, outputs, tuple(ran))
    return Trace(ref, kind, is_version, partakes, by_dvc, created, *says)


def _of(record: Record, snapshot: Snapshot) -> Trace:
    return traced(Bound(record, snapshot.schemas))


def _made(snapshot: Snapshot) -> Iterator[Record]:
    """What readers make and no record hides."""
    return (record for record in snapshot.derived().of(None) if snapshot.find(record.ref) is None)
