"""A commit on the events line: objects and the branch, by compare-and-swap; nothing that is checked out is touched."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from gitml.errors import Conflict
from gitml.repo.writing.branch import line
from gitml.repo.writing.commit import Words, build, move
from gitml.repo.writing.expect import committed_as_expected, complete
from gitml.repo.writing.graft import read
from gitml.repo.writing.lock import exclusive
from gitml.repo.writing.writer import PAUSE, Written

if TYPE_CHECKING:
    from gitml.repo.change import Change
    from gitml.repo.git.session import Session

# A training that has taken hours can wait for forty others to write their runs.
_WAIT: Final = 60.0
_LOCK: Final = 5.0


def flow(
    session: Session,
    changes: Iterable[Change],
    branch: str,
    words: Words,
    *,
    beside: Sequence[str] = (),
    alone: bool = False,
) -> Written:
    """Commit changes on the line of that name, which begins where there is none; commits `beside` stay reachable.

    What the line holds already, byte for byte, is passed by. With `alone` the caller holds gitml's lock; others may
    write to the line all the while. Raises Conflict where a path is not what its change expects, or nobody gets
    through, GitFailed, DiskFailed.
    """
    made = complete(session.git, tuple(changes))
    paths = [change.path for change in made]
    deadline = time.monotonic() + _WAIT
    with nullcontext() if alone else exclusive(session.git.common_dir / "gitml" / "lock", _LOCK):
        while True:
            tip = line(session, branch, beside)
            trees = read(session, tip.base, paths)
            left = [one for one in made if ((there := trees.entry(one.path)) and there.oid) != one.after]
            committed_as_expected(left, trees, branch)
            new = build(session, tip, trees, left, words)
            if new is None:
                return Written(None, made, (f"nothing to commit: {branch} holds this already",))
            if move(session, tip, new, words.subject(made)):
                return Written(new, made)
            if time.monotonic() > deadline:
                raise Conflict(f"{branch}: others kept it locked or moving", hint="nothing was written; repeat")
            time.sleep(PAUSE)
