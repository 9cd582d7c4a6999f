"""The bytes of blobs: those at hand, those of a change that nobody has written yet, and what git has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

Cat = Callable[[Iterable[str]], Iterable[tuple[str, bytes | None]]]
"""What reads objects."""


class Over(Mapping[str, bytes]):
    """Some bytes, and those of a mapping that may still grow."""

    def __init__(self, own: Mapping[str, bytes], below: Mapping[str, bytes]) -> None:
        self._own = own
        self._below = below

    def __getitem__(self, oid: str) -> bytes:
        return self._own[oid] if oid in self._own else self._below[oid]

    def __contains__(self, oid: object) -> bool:
        return oid in self._own or oid in self._below

    def __iter__(self) -> Iterator[str]:
        return iter({**self._own, **self._below})

    def __len__(self) -> int:
        return len({**self._own, **self._below})


def bytes_of(cat: Cat, held: Mapping[str, bytes], oids: Iterable[str]) -> dict[str, bytes]:
    """The bytes of blobs, of which some are at hand; what this clone does not have is left out."""
    found = {oid: held.get(oid) for oid in oids}
    missing = [oid for oid, raw in found.items() if raw is None]
    if missing:
        found.update(cat(missing))
    return {oid: raw for oid, raw in found.items() if raw is not None}
