"""Where the bytes of pointers are: in the work tree, in DVC's cache, in its remotes; asked for all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gitml.errors import GitmlError
from gitml.repo.data.dvc import dvc_root
from gitml.repo.data.listing import Hash, Piece
from gitml.repo.git import Git

if TYPE_CHECKING:
    from gitml.repo.data.storage import Objects, Storage

YES, NO, PARTLY = "yes", "no", "partly"
SAME, CHANGED, MISSING = "same", "changed", "missing"


class Asked(NamedTuple):
    """Bytes that are asked for: DVC's hash of them, and the path in whose DVC they are kept.

    `remote` is one of its own (None: the default one); `pushed` False for what no remote shall have; `here` says
    whether the work tree should hold just these bytes.
    """

    path: str
    md5: str
    legacy: bool | None = None
    remote: str | None = None
    pushed: bool = True
    here: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """Where bytes are: yes, no or partly in `cache` and `remote`, same, changed or missing in `worktree`.

    None is for what was not asked for, or not answered: `fault` then says why, `hint` what to do. `lacking` counts the
    files that a folder lacks in the remote, of `files`; `listed` says that its listing is there all the same.
    """

    worktree: str | None = None
    cache: str | None = None
    remote: str | None = None
    remote_name: str | None = None
    lacking: int = 0
    files: int = 1
    listed: bool = False
    fault: str = ""
    hint: str = ""


def presence(git: Git, asked: Sequence[Asked]) -> list[Presence]:
    """Where each of these is; what cannot be asked says so, and the others are answered. Needs a work tree."""
    groups: dict[Path | None, list[Asked]] = {}
    for one in asked:
        groups.setdefault(dvc_root(git, Path(one.path).parent), []).append(one)
    found: dict[Asked, Presence] = {}
    for root, group in groups.items():
        found.update(zip(group, _unknown(group, "DVC is not set up here", "dvc init") if root is None else
                         _in(git, root, group), strict=True))  # fmt: skip
    return [found[one] for one in asked]


def _unknown(group: Sequence[Asked], told: str, hint: str) -> list[Presence]:
    return [Presence(fault=told, hint=hint) for _one in group]


def _in(git: Git, root: Path, group: Sequence[Asked]) -> list[Presence]:
    from gitml.repo.data.storage import Storage

    try:
        storage = Storage(root)
    except GitmlError as error:
        return _unknown(group, error.message, error.hint)
    with storage:
        cached = list(_cached(storage, group))
        return [_with_worktree(git, storage, one, each) for one, each in
                zip(group, _with_remotes(storage, group, cached), strict=True)]  # fmt: skip


class _Held(NamedTuple):
    """A hash with the files of its folder, where they are known."""

    hash: Hash
    pieces: tuple[Piece, ...] | None


def _cached(storage: Storage, group: Sequence[Asked]) -> Iterator[tuple[_Held, Presence]]:
    hashes = [Hash(one.md5, one.legacy) for one in group]
    listings = {one: storage.cache.listing(one) for one in dict.fromkeys(hashes) if one.is_folder}
    held = [_Held(one, listings.get(one)) for one in hashes]
    there = storage.cache.has(_all(held))
    for one in held:
        state, _lacking = _state(one, there)
        yield one, Presence(cache=state)


def _all(held: Iterable[_Held]) -> set[Hash]:
    return {one for each in held for one in (each.hash, *(piece.hash for piece in each.pieces or ()))}


def _state(held: _Held, there: set[Hash]) -> tuple[str, int]:
    """Whether a store has it, and how many of its files are lacking; a folder's listing counts as none of them."""
    if held.pieces is None:
        return (YES, 0) if held.hash in there and not held.hash.is_folder else (NO, 1)
    lacking = sum(piece.hash not in there for piece in held.pieces)
    if held.hash in there and not lacking:
        return YES, 0
    anything = held.hash in there or lacking < len(held.pieces)
    return (PARTLY if anything else NO), lacking


def _with_remotes(storage: Storage, group: Sequence[Asked], cached: Sequence[tuple[_Held, Presence]]) -> list[Presence]:
    """The same, each with what its remote answers."""
    found = [each for _held, each in cached]
    places: dict[str | None, list[int]] = {}
    for place, one in enumerate(group):
        if one.pushed:
            places.setdefault(one.remote, []).append(place)
    for name, numbers in places.items():
        answers = _asked(storage, name, [cached[number][0] for number in numbers])
        for number, answer in zip(numbers, answers, strict=True):
            found[number] = replace(answer, cache=found[number].cache)
    return found


def _asked(storage: Storage, name: str | None, held: Sequence[_Held]) -> list[Presence]:
    try:
        remote = storage.remote(name)
        complete, there = _answer(remote, held)
    except GitmlError as error:
        return [Presence(remote_name=name, fault=error.message, hint=error.hint) for _one in held]
    return [_in_remote(remote.name, one, there) for one in complete]


def _in_remote(name: str, one: _Held, there: set[Hash]) -> Presence:
    state, lacking = _state(one, there)
    files, listed = len(one.pieces or (one,)), one.hash in there
    return Presence(remote=state, remote_name=name, lacking=lacking, files=files, listed=listed)


def _answer(remote: Objects, held: Sequence[_Held]) -> tuple[list[_Held], set[Hash]]:
    """What a remote has; a folder whose listing nobody had yet is asked for by the one that lies there."""
    there = remote.has(_all(held))
    unknown = dict.fromkeys(one.hash for one in held if one.pieces is None and one.hash.is_folder and one.hash in there)
    listings: Mapping[Hash, tuple[Piece, ...] | None] = {one: remote.listing(one) for one in unknown}
    complete = [_Held(one.hash, one.pieces if one.pieces is not None else listings.get(one.hash)) for one in held]
    return complete, there | remote.has(_all(complete) - _all(held))


def _with_worktree(git: Git, storage: Storage, one: Asked, found: Presence) -> Presence:
    if not one.here or git.root is None:
        return found
    try:
        now = storage.digest(git.root / one.path, legacy=bool(one.legacy))
    except GitmlError as error:
        return replace(found, fault=found.fault or error.message)
    return replace(found, worktree=MISSING if now is None else SAME if now == one.md5 else CHANGED)


def bring(git: Git, path: str, md5: str) -> str:
    """Bring bytes, whichever version of `path` they are, from any remote into DVC's cache; "", or why none gave them.

    GitmlError where DVC is not set up. Look into the cache afterwards: a folder may have come in part.
    """
    root = dvc_root(git, Path(path).parent)
    if root is None:
        raise GitmlError("DVC is not set up here", hint="dvc init")
    from gitml.repo.data.storage import Storage

    with Storage(root) as storage:
        told = [_brought(storage, name, Hash(md5)) for name in storage.remotes]
    return "" if "" in told else "; ".join(told) or "no remote is set up"


def send(git: Git, md5s: Iterable[str]) -> str:
    """Copy what DVC's cache holds of some hashes to its default remote; "", or why that took none of it.

    Where no remote is the default one nothing is sent, and nothing said: DVC's data stay here, then.
    """
    root, hashes = dvc_root(git), [Hash(one) for one in md5s]
    if root is None or not hashes:
        return ""
    from gitml.repo.data.storage import Storage

    try:
        with Storage(root) as storage:
            if storage.default is not None:
                remote = storage.remote()
                storage.cache.give(set(hashes) - remote.has(hashes), remote)
    except GitmlError as error:
        return error.message
    return ""


def _brought(storage: Storage, name: str, wanted: Hash) -> str:
    """Why a remote did not give something; empty where it did."""
    try:
        remote = storage.remote(name)
        if wanted not in remote.has([wanted]):
            return f"{remote.name} does not have it"
        listing = (remote.listing(wanted) or ()) if wanted.is_folder else ()
        # The listing last: where it is, DVC takes the folder for complete.
        remote.give([piece.hash for piece in listing], storage.cache)
        remote.give([wanted], storage.cache)
    except GitmlError as error:
        return error.message
    return ""


def listed(git: Git, path: str, md5: str) -> tuple[Piece, ...] | None:
    """The files of a folder by its hash, from DVC's cache or a remote; None where nobody has the listing."""
    root = dvc_root(git, Path(path).parent)
    if root is None:
        return None
    from gitml.repo.data.storage import Storage

    with Storage(root) as storage:
        wanted = Hash(md5)
        for name in (None, *storage.remotes):
            try:
                found = (storage.remote(name) if name else storage.cache).listing(wanted)
            except GitmlError:  # another remote may answer
                continue
            if found is not None:
                return found
    return None
