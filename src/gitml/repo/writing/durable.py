"""Git commands that write: what they write is on disk when they end, and a disk that refuses is told as such."""

from __future__ import annotations

from collections.abc import Mapping

from gitml.errors import DiskFailed, GitFailed
from gitml.repo.git import Git
from gitml.repo.git.command import failure

_LOCKED = ".lock': File exists"
_NAMELESS = ("identity unknown", "tell me who you are", "empty ident name", "unable to auto-detect email")


def durable(git: Git, *args: str, data: bytes | None = None, env: Mapping[str, str] | None = None) -> bytes:
    """Run a git command that writes objects, the index or refs; GitFailed, DiskFailed."""
    done = git.call("-c", "core.fsync=committed", *args, input=data, env=env)
    if done.code == 0:
        return done.out
    told = done.err.decode("utf-8", "replace")
    if "ermission denied" in told or "nsufficient permission" in told:
        hint = "nothing was changed; set its permissions right"
        raise DiskFailed(f"{git.common_dir}: git may not write here", hint=hint)
    if any(said in told for said in _NAMELESS):
        hint = "git config user.name 'Your Name' and git config user.email you@example.org"
        raise GitFailed("git does not know who you are: a commit needs a name and an address", hint=hint)
    raise failure(args, done)


def locked(error: GitFailed) -> bool:
    """Whether git failed because a lock file of git's own stands in the way."""
    return _LOCKED in str(error)
