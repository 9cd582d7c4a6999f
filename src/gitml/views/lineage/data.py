"""Edges from data and code: who reads at a path what another has put there, by path and hash.

Never by the hash alone: two files equal to the byte in two folders are different things.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from gitml.views.lineage import roles
from gitml.views.lineage.held import Given, Held, code_ref, data_ref, hash_of, output_ref
from gitml.views.lineage.parts import Edge

if TYPE_CHECKING:
    from gitml.views.lineage.there import There
    from gitml.views.lineage.trace import Pointed, Taken, Trace

_POINTED: Final = "pointer.md5"
# What is code though git does not hold it any more.
_SCRIPTS: Final = (".py", ".ipynb", ".R", ".r", ".jl", ".sh", ".sql", ".scala", ".java", ".rs", ".go", ".cpp", ".c")


def data_edges(one: Trace, there: There) -> Iterator[Edge]:
    """All edges of a record that no ref has drawn."""
    if one.deps or one.outs:
        yield from _of_stage(one, there)
    if one.inputs:
        yield from _of_inputs(one, there)
    if one.origin is not None:
        yield from _of_import(one, there)
    if one.outputs:
        yield from _of_outputs(one, there)
    if one.pointers:
        yield from _of_pointers(one, there)
    for code in one.codes:
        yield Edge(
            *(code_ref(code.path), one.ref, roles.CODE, code.reason, code.hash, None, code.path),
            commit=code.commit,
            repository=code.repository,
        )


def _from(giver: Given, target: str, role: str, read: Held) -> Edge:
    """An edge from who gives a path; hashes of a folder and of a file in it are not compared."""
    current = giver.held.hash if giver.held.path == read.path else None
    return Edge(giver.ref, target, role, giver.where, read.hash, current, read.path)


def _of_stage(one: Trace, there: There) -> Iterator[Edge]:
    for read in one.deps:
        found = _readers(one, read, there, there.givers.at(read.path))
        yield from found or [_unread(one, read, there, is_dvc=True)]
    for out in one.outs:
        yield Edge(one.ref, output_ref(out.path), roles.OUTPUT, out.reason, path=out.path)


def _of_inputs(one: Trace, there: There) -> Iterator[Edge]:
    own = {out.path: out.hash for out in one.outputs}
    for read in one.inputs:
        # What it has itself put there since is no news to it.
        givers = [giver for giver in there.givers.at(read.path) if own.get(giver.held.path, "") != giver.held.hash]
        found = _readers(one, read, there, givers)
        found += [_same(ref, one, roles.INPUT, read.reason, read.held) for ref in there.writers(read.held, one)]
        yield from found or [_unread(one, read, there, is_dvc=one.by_dvc)]


def _of_import(one: Trace, there: There) -> Iterator[Edge]:
    """An import of what lies in this repository; of another one its repository and revision stand on the node."""
    found = one.origin or {}
    place = found.get("url") if "path" not in found else None
    if isinstance(place, str):
        read = Held(place, hash_of(found))
        givers = (giver for giver in there.givers.at(place) if giver.ref != one.ref)
        yield from (_from(giver, one.ref, roles.INPUT, read) for giver in givers)


def _readers(one: Trace, read: Taken, there: There, givers: Iterable[Given]) -> list[Edge]:
    """Edges to what read something: from who gives it, and from the records that point to the same bytes."""
    found = [_from(giver, one.ref, roles.INPUT, read.held) for giver in givers if giver.ref != one.ref]
    pointing = there.pointing(read.held) if read.hash else ()
    return found + [_same(ref, one, roles.INPUT, _POINTED, read.held) for ref in pointing if ref != one.ref]


def _same(ref: str, one: Trace, role: str, reason: str, read: Held) -> Edge:
    """An edge from what holds just the bytes that were read."""
    return Edge(ref, one.ref, role, reason, read.hash, read.hash, read.path)


def _unread(one: Trace, read: Taken, there: There, *, is_dvc: bool) -> Edge:
    """An edge from what nobody gives: what DVC depends on in git is code; the rest is data, wherever it lies."""
    is_code = is_dvc and (there.in_git(read.path) or read.path.endswith(_SCRIPTS))
    ref, role = (code_ref(read.path), roles.CODE) if is_code else (data_ref(read.path), roles.INPUT)
    return Edge(ref, one.ref, role, read.reason, read.hash, None, read.path)


def _of_outputs(one: Trace, there: There) -> Iterator[Edge]:
    """What a recorded run wrote is what DVC tracks there now."""
    if one.by_dvc:
        return  # its stage says so
    for out in one.outputs:
        ref = output_ref(out.path)
        if out.hash and there.tracked.get(ref) == out.hash:
            yield Edge(one.ref, ref, roles.OUTPUT, out.reason, path=out.path)


def _of_pointers(one: Trace, there: There) -> Iterator[Edge]:
    has_run = any(link.role == "produced_by" for link in one.links)
    for pointer in one.pointers:
        if pointer.elsewhere:
            continue
        yield from _of_pointer(one, pointer, there)
        writers = there.writers(pointer.held, one, recorded=not has_run)
        yield from (_same(ref, one, roles.OUTPUT, _POINTED, pointer.held) for ref in writers)


def _of_pointer(one: Trace, pointer: Pointed, there: There) -> Iterator[Edge]:
    found, name = pointer.held, pointer.reason
    if not pointer.is_dvc:
        yield Edge(data_ref(found.path), one.ref, roles.POINTER, name, found.hash, None, found.path)
        return
    covering = there.givers.covering(found.path)
    yield from (_from(giver, one.ref, roles.OUTPUT, found) for giver in covering if giver.is_stage)
    places = sorted({giver.held.path for giver in covering}) or [found.path]
    for place in places:
        ref = output_ref(place)
        current = there.tracked.get(ref) if place == found.path else None
        yield Edge(ref, one.ref, roles.POINTER, name, found.hash, current, found.path)
