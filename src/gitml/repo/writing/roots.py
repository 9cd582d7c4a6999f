"""Commits that nobody wrote: the root of an events line, and a work tree as a commit, so that it stays reachable.

They are the same wherever they are made: two clones that begin a line begin the same one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gitml.repo.git.history import empty_tree
from gitml.repo.git.ids import object_id
from gitml.repo.writing.durable import durable
from gitml.repo.writing.pack import TREE, Object, store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitml.repo.git.session import Session

KEEP: Final = "refs/gitml/keep/"
_NAMED: Final = "--format=%(objectname)"
_WHO: Final = "gitml <gitml@localhost> {seconds} +0000"
# So many commits of the line are looked at for what they keep reachable; to keep it twice does no harm.
_LATELY: Final = 32


def root(session: Session) -> str:
    """The first commit of every events line: no files, no time."""
    return _made(session, empty_tree(session.git.object_format), (), 0, "gitml: events", Object(TREE, b""))


def kept_tree(session: Session, tree: str, commit: str | None) -> str:
    """A work tree on top of the commit that was checked out, as a commit; that one itself where they are the same."""
    found = session.find([commit])[0] if commit else None
    lines = found.content.decode("utf-8", "replace").split("\n\n", 1)[0].splitlines() if found else []
    if commit and f"tree {tree}" in lines:
        return commit
    told = next((line for line in lines if line.startswith("committer ")), "")
    seconds = told.rsplit(" ", 2)[1] if told else "0"
    return _made(session, tree, (commit,) if commit and found else (), int(seconds), "gitml: the work tree of a run")


def hold(session: Session, commits: Iterable[str]) -> None:
    """Keep commits by refs of their own (`refs/gitml/keep/`), where none holds them yet. GitFailed, DiskFailed."""
    lacking = [one for one in dict.fromkeys(commits) if session.commit(KEEP + one) is None]
    if lacking:
        lines = "".join(f"create {KEEP}{one} {one}\n" for one in lacking)
        durable(session.git, "update-ref", "--stdin", data=lines.encode())


def release(session: Session, tips: Iterable[str | None]) -> frozenset[str]:
    """Let go of commits that some tips keep reachable anyway; which these are. GitFailed, DiskFailed."""
    found: set[str] = set()
    for tip in filter(None, tips):
        found.update(session.git.run("for-each-ref", f"--merged={tip}", _NAMED, KEEP.rstrip("/")).decode().split())
    if found:
        lines = "".join(f"delete {KEEP}{one} {one}\n" for one in sorted(found))
        durable(session.git, "update-ref", "--stdin", data=lines.encode())
    return frozenset(found)


def held(session: Session) -> frozenset[str]:
    """The commits that refs of their own keep."""
    return frozenset(session.git.run("for-each-ref", _NAMED, KEEP.rstrip("/")).decode().split())


def _made(session: Session, tree: str, parents: tuple[str, ...], seconds: int, text: str, *more: Object) -> str:
    who = _WHO.format(seconds=seconds)
    lines = [f"tree {tree}", *(f"parent {one}" for one in parents), f"author {who}", f"committer {who}", "", text, ""]
    made = Object("commit", "\n".join(lines).encode())
    oid = object_id(*made, session.git.object_format)
    if session.commit(oid) is None:
        store(session, [*more, made])
    return oid


def lately_beside(session: Session, tip: str | None) -> frozenset[str]:
    """The commits that the last commits of a line keep reachable."""
    found: set[str] = set()
    for _step in range(_LATELY):
        one = session.find([tip])[0] if tip else None
        if one is None:
            break
        head = one.content.split(b"\n\n", 1)[0].decode("utf-8", "replace").splitlines()
        parents = [line.removeprefix("parent ") for line in head if line.startswith("parent ")]
        found.update(parents[1:])
        tip = parents[0] if parents else None
    return frozenset(found)
