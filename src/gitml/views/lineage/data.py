"""Edges from data and code: who reads at a path what another has put there, by path and hash.

Never by the hash alone: two files equal to the byte in two folders are different things.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any

from gitml.records.record import segment
from gitml.views.lineage import roles
from gitml.views.lineage.held import (
    OUTPUT,
    STAGE,
    Given,
    Givers,
    Held,
    code_ref,
    data_ref,
    given,
    hash_of,
    held,
    listed,
    output_ref,
    where,
)
from gitml.views.lineage.links import Book, Bound
from gitml.views.lineage.parts import Edge

InGit = Callable[[str], bool]
_POINTED = "pointer.md5"
# What is code though git does not hold it any more.
_SCRIPTS = (".py", ".ipynb", ".R", ".r", ".jl", ".sh", ".sql", ".scala", ".java", ".rs", ".go", ".cpp", ".c")


def data_edges(book: Book, in_git: InGit) -> Iterator[Edge]:
    """All edges that no ref has drawn."""
    there = _There.of(book, in_git)
    for one in book:
        if one.record.kind == STAGE:
            yield from _of_stage(one, there)
        else:
            yield from _of_inputs(one, there)
        yield from _of_import(one, there)
        yield from _of_outputs(one, there)
        yield from _of_pointers(one, there)
        yield from _of_code(one)


class Writers:
    """Who wrote the same bytes to the same place: runs of DVC's, and recorded ones by the time that they began."""

    def __init__(self) -> None:
        self._of_dvc: list[str] = []
        self._times: list[tuple[str, str]] = []

    def add(self, one: Bound) -> None:
        """One more; the recorded ones in the order of their times."""
        if one.record.derived:
            self._of_dvc.append(one.ref)
        else:
            self._times.append((_created(one), one.ref))

    def before(self, reader: Bound, *, recorded: bool) -> Iterator[str]:
        """Whose bytes it was that were read: all of DVC's, and of the recorded ones the last before the reader."""
        yield from (ref for ref in self._of_dvc if ref != reader.ref)
        time = _created(reader)
        end = bisect_right(self._times, time, key=itemgetter(0)) if time else len(self._times)
        earlier = (ref for _time, ref in reversed(self._times[max(end - 2, 0) : end]) if ref != reader.ref)
        yield from islice(earlier if recorded else (), 1)


@dataclass(frozen=True, slots=True)
class _There:
    """What there is to read: who gives each path, which records point to bytes, and which runs wrote them."""

    givers: Givers
    in_git: InGit
    tracked: Mapping[str, str | None]
    pointing: Mapping[Held, list[str]] = field(default_factory=dict)
    wrote: Mapping[Held, Writers] = field(default_factory=dict)

    @classmethod
    def of(cls, book: Book, in_git: InGit) -> _There:
        pointing: dict[Held, list[str]] = defaultdict(list)
        wrote: dict[Held, Writers] = defaultdict(Writers)
        for one in sorted(book, key=lambda one: (_created(one), one.ref)):
            for _field, found, _item in one.pointers:
                pointing[found].append(one.ref)
            for _name, out in _named(one, "outputs"):
                if out.hash:
                    wrote[out].add(one)
        outputs = (one for one in book if one.record.kind == OUTPUT)
        tracked = {one.ref: kept.hash for one in outputs if (kept := held(one.record.data))}
        return cls(Givers(given(book.records)), in_git, tracked, pointing, wrote)

    def writers(self, read: Held, reader: Bound, *, recorded: bool = True) -> Iterator[str]:
        """Who wrote what a record has read, or points to."""
        found = self.wrote.get(read)
        return found.before(reader, recorded=recorded) if found else iter(())


def _created(one: Bound) -> str:
    found = one.record.data.get("created")
    return found if isinstance(found, str) else ""


def _named(one: Bound, name: str) -> Iterator[tuple[str, Held]]:
    """The bytes in a map of inputs or outputs, each with the name of its field."""
    items = one.record.data.get(name)
    for key, item in items.items() if isinstance(items, Mapping) else ():
        found = held(item)
        if found is not None:
            yield f"{name}.{segment(key)}", found


def _from(giver: Given, target: str, role: str, read: Held) -> Edge:
    """An edge from who gives a path; hashes of a folder and of a file in it are not compared."""
    current = giver.held.hash if giver.held.path == read.path else None
    return Edge(giver.ref, target, role, giver.where, read.hash, current, read.path)


def _of_stage(one: Bound, there: _There) -> Iterator[Edge]:
    for read in listed(one.record.data.get("deps")):
        found = _readers(one, read, there, there.givers.at(read.path))
        yield from found or [_unread(one, read, there, where(one.record, read), is_dvc=True)]
    for out in listed(one.record.data.get("outs")):
        yield Edge(one.ref, output_ref(out.path), roles.OUTPUT, where(one.record, out), path=out.path)


def _of_inputs(one: Bound, there: _There) -> Iterator[Edge]:
    own = {out.path: out.hash for _name, out in _named(one, "outputs")}
    is_dvc = one.record.data.get("origin") == "dvc"
    for name, read in _named(one, "inputs"):
        # What it has itself put there since is no news to it.
        givers = [giver for giver in there.givers.at(read.path) if own.get(giver.held.path, "") != giver.held.hash]
        found = _readers(one, read, there, givers)
        found += [_same(ref, one, roles.INPUT, name, read) for ref in there.writers(read, one)]
        yield from found or [_unread(one, read, there, name, is_dvc=is_dvc)]


def _of_import(one: Bound, there: _There) -> Iterator[Edge]:
    """An import of what lies in this repository; of another one its repository and revision stand on the node."""
    found = one.record.data.get("import") if one.record.kind == OUTPUT else None
    place = found.get("url") if isinstance(found, Mapping) and "path" not in found else None
    if isinstance(place, str) and isinstance(found, Mapping):
        read = Held(place, hash_of(found))
        givers = (giver for giver in there.givers.at(place) if giver.ref != one.ref)
        yield from (_from(giver, one.ref, roles.INPUT, read) for giver in givers)


def _readers(one: Bound, read: Held, there: _There, givers: Iterable[Given]) -> list[Edge]:
    """Edges to what read something: from who gives it, and from the records that point to the same bytes."""
    found = [_from(giver, one.ref, roles.INPUT, read) for giver in givers if giver.ref != one.ref]
    pointing = there.pointing.get(read, ()) if read.hash else ()
    return found + [_same(ref, one, roles.INPUT, _POINTED, read) for ref in pointing if ref != one.ref]


def _same(ref: str, one: Bound, role: str, reason: str, read: Held) -> Edge:
    """An edge from what holds just the bytes that were read."""
    return Edge(ref, one.ref, role, reason, read.hash, read.hash, read.path)


def _unread(one: Bound, read: Held, there: _There, reason: str, *, is_dvc: bool) -> Edge:
    """An edge from what nobody gives: what DVC depends on in git is code; the rest is data, wherever it lies."""
    is_code = is_dvc and (there.in_git(read.path) or read.path.endswith(_SCRIPTS))
    ref, role = (code_ref(read.path), roles.CODE) if is_code else (data_ref(read.path), roles.INPUT)
    return Edge(ref, one.ref, role, reason, read.hash, None, read.path)


def _of_outputs(one: Bound, there: _There) -> Iterator[Edge]:
    """What a recorded run wrote is what DVC tracks there now."""
    if one.record.data.get("origin") == "dvc":
        return  # its stage says so
    for name, out in _named(one, "outputs"):
        ref = output_ref(out.path)
        if out.hash and there.tracked.get(ref) == out.hash:
            yield Edge(one.ref, ref, roles.OUTPUT, name, path=out.path)


def _of_pointers(one: Bound, there: _There) -> Iterator[Edge]:
    has_run = "produced_by" in one.roles()
    for name, found, item in one.pointers:
        if item.get("repository"):
            continue
        yield from _of_pointer(one, name, found, there, is_dvc=item.get("type") == "dvc")
        writers = there.writers(found, one, recorded=not has_run)
        yield from (_same(ref, one, roles.OUTPUT, _POINTED, found) for ref in writers)


def _of_pointer(one: Bound, name: str, found: Held, there: _There, *, is_dvc: bool) -> Iterator[Edge]:
    if not is_dvc:
        yield Edge(data_ref(found.path), one.ref, roles.POINTER, name, found.hash, None, found.path)
        return
    covering = there.givers.covering(found.path)
    yield from (_from(giver, one.ref, roles.OUTPUT, found) for giver in covering if giver.is_stage)
    places = sorted({giver.held.path for giver in covering}) or [found.path]
    for place in places:
        ref = output_ref(place)
        current = there.tracked.get(ref) if place == found.path else None
        yield Edge(ref, one.ref, roles.POINTER, name, found.hash, current, found.path)


def _of_code(one: Bound) -> Iterator[Edge]:
    code = one.record.data.get("code")
    if isinstance(code, Mapping):
        yield from _code(one, code, code, "code")
        yield from _code(one, code.get("notebook"), code, "code.notebook")
    steps = one.record.data.get("preprocessing")
    for number, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        inner = step.get("code") if isinstance(step, Mapping) else None
        yield from _code(one, inner, inner, f"preprocessing[{number}].code")


def _code(one: Bound, item: Any, code: Any, name: str) -> Iterator[Edge]:
    """A code path at the commit that the record names."""
    path = item.get("path") if isinstance(item, Mapping) else None
    if not isinstance(path, str):
        return
    commit, blob, elsewhere = (code.get(key) for key in ("commit", "blob", "repository"))
    hashed = f"git:{blob}" if isinstance(blob, str) and item is code else None
    yield Edge(
        *(code_ref(path), one.ref, roles.CODE, f"{name}.path", hashed, None, path),
        commit=commit if isinstance(commit, str) else None,
        repository=elsewhere if isinstance(elsewhere, str) else None,
    )
