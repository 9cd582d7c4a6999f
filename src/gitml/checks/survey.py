"""What the checks ask of records by the hundred: kept for each block of the index, so that few are ever looked at."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.checks.facts import FactBook, Facts, facts_of, rules
from gitml.records.links import Link
from gitml.records.record import Path
from gitml.records.schema import DERIVED

if TYPE_CHECKING:
    from gitml.repo.load import Loaded
    from gitml.repo.snapshot import Snapshot

_SURVEY: Final = "survey"
_TEXT: Final = Link._fields.index("text")


class Claims(NamedTuple):
    """Claims as plain data, each with the records that make it: of a hundred thousand most are never looked at."""

    plain: Sequence[tuple[tuple[Any, ...], bytes]]

    def every(self) -> Iterator[Link]:
        """All of them."""
        return (Link._make(one) for one, _found in self.plain)

    def made_by(self, wanted: Container[Link]) -> Iterator[bytes]:
        """Which records make some of them."""
        return (found for one, found in self.plain if Link._make(one) in wanted)

    def naming(self, texts: Container[str]) -> Iterator[bytes]:
        """Which records refer to what is named by some texts."""
        return (found for one, found in self.plain if one[_TEXT] in texts)


class Gist(NamedTuple):
    """Some records together: how many, those that somebody must look at, the refs and pointers in them, and their ids.

    A claim is a link without its place: what refers in the same way is one, and which of the records do is told by
    their numbers, in the order of their paths, 32 bits each. `ids` are those of versions, with ref.
    """

    size: int
    doubtful: tuple[str, ...]
    claims: Claims
    pointers: tuple[tuple[str, Path, Mapping[str, Any]], ...]
    ids: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, found: Iterable[tuple[str, Facts | None]], versions: frozenset[str]) -> Gist:
        """The gist of facts, by path; `versions` are the kinds whose ids name one record each."""
        told = list(found)
        readable = [(path, facts) for path, facts in told if facts is not None]
        return cls(
            len(told),
            tuple(path for path, facts in told if facts is None or not facts.sound),
            _claims(facts.links if facts else () for _path, facts in told),
            tuple((path, at, value) for path, facts in readable for at, value in facts.pointers),
            tuple((facts.id, path, facts.ref) for path, facts in readable if facts.id and facts.kind in versions),
        )


class Surveyed(NamedTuple):
    """The gist of some records, and where some of them lie, by their numbers: for where it does not tell enough."""

    gist: Gist
    paths: Callable[[Sequence[int]], Sequence[str]]

    def claiming(self, wanted: Container[Link]) -> Sequence[str]:
        """The paths of those of the records that make some claims."""
        return self._those(self.gist.claims.made_by(wanted))

    def naming(self, texts: Container[str]) -> Sequence[str]:
        """The paths of those that refer to what is named by some texts."""
        return self._those(self.gist.claims.naming(texts))

    def _those(self, held: Iterable[bytes]) -> Sequence[str]:
        rows = sorted({row for found in held for row in array("I", found)})
        return self.paths(rows) if rows else ()

    @classmethod
    def of(cls, paths: Sequence[str], facts: Iterable[Facts | None], versions: frozenset[str]) -> Surveyed:
        """Some records, of which the facts are known."""
        gist = Gist.of(zip(paths, facts, strict=True), versions)
        return cls(gist, lambda rows: [paths[row] for row in rows])


def claim(link: Link) -> Link:
    """A link without its place."""
    return link._replace(at=())


def _claims(links: Iterable[Iterable[Link]]) -> Claims:
    """The claims in the links of each record, with the numbers of those that make them."""
    found: dict[Link, array[int]] = {}
    for row, held in enumerate(links):
        for one in set(map(claim, held)):
            found.setdefault(one, array("I")).append(row)
    return Claims([(tuple(one), rows.tobytes()) for one, rows in found.items()])


def versions_of(snapshot: Snapshot) -> frozenset[str]:
    """The kinds that are versions of something."""
    return frozenset(kind.name for kind in snapshot.schemas.latest.values() if kind.addressing == "version")


def survey(book: FactBook, kinds: Iterable[str] | None = None) -> list[Surveyed]:
    """All records of a snapshot, or of some kinds."""
    snapshot = book.snapshot
    found: list[Surveyed] = []
    for kind in _kept_kinds(snapshot) if kinds is None else sorted(kinds):
        key = (_SURVEY, kind)
        if key not in snapshot.worked_out:
            snapshot.worked_out[key] = _of_kind(book, kind)
        found += snapshot.worked_out[key]
    if kinds is not None:
        return found
    from gitml.repo.index.strays import strays

    return [*found, _loose(book, strays(snapshot))]


def asked() -> str:
    """How all keys of what is kept of blocks begin that this version asks the cache for."""
    return f"gist/{rules()}/"


def _kept_kinds(snapshot: Snapshot) -> list[str]:
    schemas = snapshot.schemas
    return [name for name in schemas.names if schemas.latest[name].addressing != DERIVED]


def _of_kind(book: FactBook, kind: str) -> list[Surveyed]:
    # The index, and what it brings, is nothing that a hook on a few files needs.
    from gitml.repo.index.portions import portions
    from gitml.repo.index.tables import Deed

    there, beside = portions(book.snapshot, kind, Deed(asked().rstrip("/"), kept))
    known = [Surveyed(_known(portion.value), portion.paths) for portion in there]
    return [*known, _loose(book, [path for path, _entry in beside])]


def _loose(book: FactBook, paths: list[str]) -> Surveyed:
    return Surveyed.of(paths, book.of(paths), versions_of(book.snapshot))


def referring(book: FactBook, refs: Iterable[str]) -> Iterator[tuple[str, Facts]]:
    """The records that refer to some others, which are named by the text of their refs; with their paths."""
    wanted = frozenset(refs)
    paths = [path for one in survey(book) for path in one.naming(wanted)] if wanted else []
    return ((path, facts) for path, facts in zip(paths, book.of(paths), strict=True) if facts is not None)


def kept(snapshot: Snapshot, loaded: Sequence[Loaded]) -> Any:
    """The gist of a block, as the index keeps it."""
    gist = Gist.of(((found.path, facts_of(snapshot, found)) for found in loaded), versions_of(snapshot))
    return (*gist[:2], gist.claims.plain, *gist[3:])


def _known(value: Any) -> Gist:
    size, doubtful, claims, pointers, ids = value
    return Gist(size, doubtful, Claims(claims), pointers, ids)
