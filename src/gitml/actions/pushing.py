"""Events shared with others: the line, and the refs that keep the code of runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitml.errors import Conflict, DiskFailed, GitFailed, NotFound
from gitml.records.nearest import nearest
from gitml.records.settings import TREE
from gitml.repo.data.pointers import tracked
from gitml.repo.data.presence import send
from gitml.repo.readers.dvc import is_pointer_file
from gitml.repo.writing.push import Pushed, push_kept, push_line, unpushed_files
from gitml.repo.writing.roots import release

if TYPE_CHECKING:
    from datetime import datetime

    from gitml.repo.git.session import Session
    from gitml.repo.repository import Repository


def pushed(repository: Repository, now: datetime) -> Pushed:
    """The same where there is a remote, `origin` if it has that name; what stands in the way is told, and not raised.

    What was to be pushed stays, so that it can be later.
    """
    names = remotes(repository)
    if not names:
        release(repository.session, _stay(repository, None))
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

    What DVC has of the series beside goes to its default remote first: its own push looks into work trees.
    No other branch is touched. In a store without a line it is the second alone. Raises NotFound for a remote that
    there is not, Conflict, GitFailed.
    """
    names = remotes(repository)
    if remote not in names:
        raise NotFound(f"there is no remote {remote!r}", near=nearest(remote, names), hint="git remote add NAME URL")
    session, line = repository.session, repository.rules().settings.events
    if line != TREE and (why := send(repository.git, _series(session, line, remote))):
        raise GitFailed(f"the series of runs were not sent to DVC's remote: {why}", hint="push it later")
    done = Pushed(None) if line == TREE else push_line(session, line, remote, now)
    gone = release(session, _stay(repository, remote))
    return replace(done, warnings=(*done.warnings, *push_kept(session, remote, gone)))


def _stay(repository: Repository, remote: str | None) -> list[str | None]:
    """What keeps the code of runs without refs of its own: main as the remote has it, and the line."""
    settings = repository.rules().settings
    main = f"refs/remotes/{remote}/{settings.main}" if remote else f"refs/heads/{settings.main}"
    lines = [] if settings.events == TREE else [f"refs/heads/{settings.events}"]
    return [repository.session.commit(one) for one in (main, *lines)]


def _series(session: Session, line: str, remote: str) -> list[str]:
    """The hashes of the series that DVC has, of the events that a remote does not have yet."""
    found = {path: oid for path, oid in unpushed_files(session, line, remote).items() if is_pointer_file(path)}
    read = dict(zip(found, session.find(list(found.values())), strict=True))
    files = {path: one.content for path, one in read.items() if one is not None}
    return [one.md5 for one in tracked(files).pointers.values()]
