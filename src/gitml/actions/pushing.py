"""Events shared with others: the line, and the refs that keep the code of runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitml.errors import Conflict, DiskFailed, GitFailed, NotFound
from gitml.records.nearest import nearest
from gitml.records.settings import TREE
from gitml.repo.writing.push import Pushed, push_kept, push_line

if TYPE_CHECKING:
    from datetime import datetime

    from gitml.repo.repository import Repository


def pushed(repository: Repository, now: datetime) -> Pushed:
    """The same where there is a remote, `origin` if it has that name; what stands in the way is told, and not raised.

    What was to be pushed stays, so that it can be later.
    """
    names = remotes(repository)
    if not names:
        return Pushed(None)
    try:
        return push_events(repository, "origin" if "origin" in names else names[0], now=now)
    except (Conflict, GitFailed, DiskFailed) as error:
        return Pushed(None, fault=str(error))


def remotes(repository: Repository) -> list[str]:
    """The names of the remotes."""
    return repository.git.run("remote").decode("utf-8", "surrogateescape").split()


def push_events(repository: Repository, remote: str = "origin", *, now: datetime) -> Pushed:
    """Push the events line to a remote, on top of what others have pushed, and what keeps the code of runs.

    No other branch is touched. In a store without a line it is the second alone. Raises NotFound for a remote that
    there is not, Conflict, GitFailed.
    """
    names = remotes(repository)
    if remote not in names:
        raise NotFound(f"there is no remote {remote!r}", near=nearest(remote, names), hint="git remote add NAME URL")
    session, line = repository.session, repository.rules().settings.events
    done = Pushed(None) if line == TREE else push_line(session, line, remote, now)
    return replace(done, warnings=(*done.warnings, *push_kept(session, remote)))
