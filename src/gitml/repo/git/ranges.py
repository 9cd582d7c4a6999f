"""What lies between two commits: how many commits each has that the other has not, and which files differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gitml.errors import BadValue
from gitml.repo.git.batch import READING
from gitml.repo.git.command import Command, failure, items


class Touched(NamedTuple):
    """A file that differs: its lines added and removed; None where it is no text, or its bytes are not here."""

    path: str
    added: int | None
    removed: int | None


def apart(command: Command, a: str, b: str) -> tuple[int, int]:
    """How many commits `a` has that `b` has not, and the other way round; both by their full ids."""
    args = ("rev-list", "--left-right", "--count", f"{_id(a)}...{_id(b)}", "--")
    done = command.call(*args, env=READING)
    if done.code:
        raise failure(args, done)
    left, right = done.out.split()
    return int(left), int(right)


def touched(command: Command, a: str, b: str) -> tuple[Touched, ...]:
    """The files that differ between two commits or trees, by path; a rename is both its ends."""
    options = ("-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv")
    done = command.call("diff-tree", *options, "--numstat", _id(a), _id(b), env=READING)
    if done.code == 0:
        return tuple(_counted(items(done.out)))
    # A partial clone may lack the bytes to count lines of: which files differ its trees tell.
    args = ("diff-tree", *options, "--name-only", _id(a), _id(b))
    done = command.call(*args, env=READING)
    if done.code:
        raise failure(args, done)
    return tuple(Touched(path, None, None) for path in items(done.out))


def _counted(told: list[str]) -> Iterator[Touched]:
    for item in told:
        added, removed, path = item.split("\t", 2)
        is_text = added != "-"
        yield Touched(path, int(added) if is_text else None, int(removed) if is_text else None)


def _id(oid: str) -> str:
    if not oid.isalnum():
        message = f"{oid!r} is no object id"
        raise BadValue(message)
    return oid
