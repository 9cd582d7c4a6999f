"""The data that things were made of: which, by hash, and how its versions differ, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.views.beside.parts import Data
from gitml.views.beside.subject import linked
from gitml.views.beside.versions import is_data, version
from gitml.views.lineage.held import hash_of, listed
from gitml.views.lineage.makers import resolved

if TYPE_CHECKING:
    from gitml.records.record import Path, Record
    from gitml.repo.snapshot import Snapshot
    from gitml.views.beside.parts import Subject

# Refs to what goes in; `uses` and the like lead to recipes and code.
_ROLES: Final = frozenset(["input", "trained_on", "features", "derived_from", "evaluates"])
_OWN: Final = "pointer"


class _Piece(NamedTuple):
    """One piece of data of one record: its ref and hash as far as they are told, and its version's record."""

    ref: str | None
    hash: str | None
    record: Record | None


_NONE: Final = _Piece(None, None, None)


def data(subjects: Sequence[Subject]) -> Iterator[Data]:
    """The data of all records, by the names that these give it; of data sets themselves their own bytes."""
    sides = _sides(subjects)
    for name in dict.fromkeys(name for side in sides for name in side):
        pieces = [side.get(name, _NONE) for side in sides]
        versions = [
            None if one is pieces[0] or not (pieces[0].record and one.record) else
            version(pieces[0].record, one.record, subjects[0].snapshot, each.snapshot)
            for one, each in zip(pieces, subjects, strict=True)
        ]  # fmt: skip
        same = all(_is_same(pieces[0], one) for one in pieces[1:])
        refs, hashes = tuple(one.ref for one in pieces), tuple(one.hash for one in pieces)
        yield Data(name, same, refs, hashes, tuple(versions))


def _sides(subjects: Sequence[Subject]) -> list[dict[str, _Piece]]:
    """What each record names itself or, unless all do, what their runs name."""
    own = [_pieces(each.record, each.snapshot) for each in subjects]
    if all(own):
        return own
    runs = [_pieces(*each.made) if each.made else {} for each in subjects]
    # Names match only where all take them from the same place.
    if all(run for run, mine in zip(runs, own, strict=True) if not mine):
        return [run or mine for run, mine in zip(runs, own, strict=True)]
    return [mine or run for run, mine in zip(runs, own, strict=True)]


def _pieces(record: Record, snapshot: Snapshot) -> dict[str, _Piece]:
    if is_data(record, snapshot):
        return {_OWN: _Piece(str(record.ref), _hash(record.data.get(_OWN)), record)}
    found: dict[str, _Piece] = {}
    for link in linked(record, snapshot):
        if link.role in _ROLES:
            version_record = resolved(link.text, snapshot)
            held = version_record if version_record and is_data(version_record, snapshot) else None
            told = _beside(record.data, link.at) or (_hash(held.data.get(_OWN)) if held else None)
            found[_name(link.at)] = _Piece(link.text, told, held)
    return {**found, **dict(_unnamed(record, snapshot, found))}


def _name(at: Path) -> str:
    return ".".join(str(step) for step in at if step != "ref")


def _unnamed(record: Record, snapshot: Snapshot, known: Mapping[str, _Piece]) -> Iterator[tuple[str, _Piece]]:
    """Inputs by path and hash; where a version of a data set holds just these bytes, that one."""
    inputs = record.data.get("inputs")
    named = inputs.items() if isinstance(inputs, Mapping) else ()
    told = {f"inputs.{name}": hash_of(item) for name, item in named if isinstance(item, Mapping)}
    told |= {f"deps[path={one.path}]": one.hash for one in listed(record.data.get("deps"))}
    for name, held in told.items():
        if name not in known:
            found = _with_hash(held, snapshot)
            yield name, _Piece(str(found.ref) if found else None, held, found)


def _with_hash(told: str | None, snapshot: Snapshot) -> Record | None:
    """The last version of a data set that holds some bytes."""
    if told is None:
        return None
    kinds = [kind for kind in snapshot.schemas.latest.values() if kind.addressing == "version"]
    records = (record for kind in kinds for record in snapshot.records(kind.name) if is_data(record, snapshot))
    return next((record for record in records if _hash(record.data.get(_OWN)) == told), None)


def _hash(pointer: Any) -> str | None:
    return hash_of(pointer) if isinstance(pointer, Mapping) else None


def _beside(held: Any, at: Path) -> str | None:
    """The hash that stands beside a ref."""
    for step in at[:-1]:
        held = held[step]
    return hash_of(held) if at and at[-1] == "ref" and isinstance(held, Mapping) else None


def _is_same(first: _Piece, other: _Piece) -> bool:
    """By hash where both have one of a sort, else by ref."""
    if first.hash and other.hash and first.hash.partition(":")[0] == other.hash.partition(":")[0]:
        return first.hash == other.hash
    return first.ref is not None and first.ref == other.ref
