"""The events line and a remote's: ours go on top of what others have pushed, and are pushed, until nobody is quicker.

Each event has a path of its own, so that two lines have nothing to tell each other but what both have as it is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from gitml.errors import Conflict, GitFailed
from gitml.records.ref import encode
from gitml.repo.change import Change
from gitml.repo.git.command import complaint
from gitml.repo.git.history import changes, empty_tree
from gitml.repo.writing.commit import Tip, Words, build, move
from gitml.repo.writing.graft import read
from gitml.repo.writing.lock import exclusive
from gitml.repo.writing.roots import KEEP, held

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitml.repo.git.session import Session

_HEADS, _REMOTES = "refs/heads/", "refs/remotes/"
_LOCK: Final = 5.0
_WAIT: Final = 300.0
_PLAIN: Final = "100644"
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Pushed:
    """What came of it: the line's tip (None: there is none), how many of its commits are new there, what to know.

    `fault` says why nothing was pushed, where that was wanted.
    """

    tip: str | None
    commits: int = 0
    warnings: tuple[str, ...] = ()
    fault: str = ""


def push_line(session: Session, branch: str, remote: str, now: datetime) -> Pushed:
    """Push an events line, on top of what is there; what others push meanwhile is no fault, but a second attempt.

    Raises Conflict where both tell an event otherwise, or nobody gets through; GitFailed, DiskFailed.
    """
    local, there = _HEADS + branch, f"{_REMOTES}{remote}/{branch}"
    deadline = time.monotonic() + _WAIT
    while True:
        tip = _joined(session, local, there, now)
        known = session.commit(there)
        if tip is None or tip == known:
            return Pushed(tip)
        count = unpushed(session, branch, remote)
        args = ("push", "--quiet", "--no-verify", "--porcelain", remote, f"{tip}:{local}")
        done = session.git.call(*args)
        if done.code == 0:
            session.git.run("update-ref", there, tip)
            return Pushed(tip, count)
        if not _fetched(session, branch, remote) and session.commit(there) == known:
            raise GitFailed(f"git push {remote} {branch}: {complaint(done)}", hint="what is here stays; push it later")
        if time.monotonic() > deadline:
            raise Conflict(f"{branch}: others kept pushing to {remote}", hint="what is here stays; push it later")


def push_kept(session: Session, remote: str, gone: Collection[str] = ()) -> tuple[str, ...]:
    """Push the refs that keep the code of runs reachable, and take away there those that are `gone`.

    A remote is asked only where there is something to tell it; what to know where it takes none.
    """
    noted = session.git.common_dir / "gitml" / "kept" / encode(remote)
    address = session.git.run("config", "--get", f"remote.{remote}.url", check=False).decode().strip()
    try:
        where, *known = noted.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        where, known = "", []
    there, here = set(known if where == address else ()), held(session)
    words = [
        *(f"{KEEP}{one}:{KEEP}{one}" for one in sorted(here - there)),
        *(f":{KEEP}{one}" for one in gone if one in there),
    ]
    for start in range(0, len(words), _AT_ONCE):
        done = session.git.call("push", "--quiet", "--no-verify", remote, *words[start : start + _AT_ONCE])
        if done.code:
            return (f"the code of runs was not pushed to {remote}: {complaint(done)}",)
    if words:
        noted.parent.mkdir(parents=True, exist_ok=True)
        noted.write_text("\n".join([address, *sorted(here)]), encoding="utf-8")
    return ()


def _fetched(session: Session, branch: str, remote: str) -> bool:
    """Whether a fetch has found the remote's line gone on."""
    there = f"{_REMOTES}{remote}/{branch}"
    before = session.commit(there)
    done = session.git.call("fetch", "--quiet", "--no-tags", remote, f"+{_HEADS}{branch}:{there}")
    return done.code == 0 and session.commit(there) != before


def unpushed(session: Session, branch: str, remote: str) -> int:
    """How many commits of an events line a remote did not have when it was last asked; its root is none."""
    tip, known = session.commit(_HEADS + branch), session.commit(f"{_REMOTES}{remote}/{branch}")
    if tip is None:
        return 0
    args = ("rev-list", "--count", "--first-parent", "--min-parents=1", tip, *([f"^{known}"] if known else []), "--")
    return int(session.git.run(*args))


def parted(session: Session, branch: str, remote: str) -> int:
    """How many commits a remote's line has that ours lacks; 0 where one goes on from the other."""
    tip, known = session.commit(_HEADS + branch), session.commit(f"{_REMOTES}{remote}/{branch}")
    if tip is None or known is None or session.git.is_ancestor(tip, known):
        return 0
    return int(session.git.run("rev-list", "--count", "--first-parent", known, f"^{tip}", "--"))


def unpushed_files(session: Session, branch: str, remote: str) -> dict[str, str]:
    """The files of an events line that a remote did not have when it was last asked, by path, and their blobs."""
    tip, known = session.commit(_HEADS + branch), session.commit(f"{_REMOTES}{remote}/{branch}")
    if tip is None or tip == known:
        return {}
    (now,) = session.find([f"{tip}^{{tree}}"])
    return {one.path: one.after for one in _changes(session, known, now.oid if now else "") if one.after}


def _joined(session: Session, local: str, there: str, now: datetime) -> str | None:
    """The local line with what the remote's has, ours on top of theirs; where it stands then."""
    with exclusive(session.git.common_dir / "gitml" / "lock", _LOCK):
        while True:
            ours, theirs = session.commit(local), session.commit(there)
            if theirs is None or ours is None or ours == theirs or session.git.is_ancestor(theirs, ours):
                return ours
            new = theirs if session.git.is_ancestor(ours, theirs) else _replayed(session, ours, theirs, now)
            if move(session, Tip(local, ours, theirs), new, "events of others"):
                return new


def _replayed(session: Session, ours: str, theirs: str, now: datetime) -> str:
    """Our commits on top of theirs, each by its author and of its time; when they landed here is now."""
    args = ("rev-list", "--first-parent", "--reverse", ours, f"^{theirs}", "--")
    oids = session.git.run(*args).decode("ascii").split()
    tip = theirs
    for commit in session.git.commits(oids):
        moved = _changes(session, commit.parents[0] if commit.parents else None, commit.tree)
        trees = read(session, tip, [one.path for one in moved])
        left = []
        for one in moved:
            entry = trees.entry(one.path)
            stood = entry.oid if entry else None
            if stood not in (one.before, one.after):
                hint = f"git log {theirs[:12]} -- {one.path} shows who; git ml set on top of theirs settles it"
                raise Conflict(f"{one.path}: somebody has pushed another account of it", hint=hint)
            left += [one] if stood != one.after else []
        words = Words(commit.message.rstrip("\n"), commit.author, now, (), datetime.fromisoformat(commit.authored))
        at = Tip("", tip, tip, commit.parents[1:])
        tip = build(session, at, trees, left, words) or tip
    return tip


def _changes(session: Session, before: str | None, tree: str) -> list[Change]:
    """What a commit of some tree did to the files of the one before it."""
    (base,) = session.find([f"{before}^{{tree}}"]) if before else [None]
    pair = (base.oid if base else empty_tree(session.git.object_format), tree)
    told = changes(session.git, [pair]).get(pair)
    moved = told.changed if told else {}
    stood = session.find([f"{pair[0]}:{path}" for path in moved])
    return [
        Change(path, was.oid if was else None, entry.oid if entry else None, None, entry.mode if entry else _PLAIN)
        for (path, entry), was in zip(moved.items(), stood, strict=True)
    ]
