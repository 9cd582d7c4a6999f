"""As of when tags count, which belong to no commit: at a commit those that were set by the time it was made.

Where a branch or HEAD stands it is now, and all count; at a tag it is the later of its own time and its commit's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gitml.repo.git.command import Command, failure
from gitml.repo.git.refs import head, refs
from gitml.repo.git.tags import tags

_TAGS = "refs/tags/"
_LINES = ("HEAD", "refs/heads/", "refs/remotes/")


def until(command: Command, revision: str, commit: str) -> int | None:
    """The last second (since 1970) at which a tag counts at the commit that a revision names; None: now."""
    name = _named(command, revision)
    if name.startswith(_LINES):
        return None
    seconds = int(command.run("log", "-1", "--no-show-signature", "--format=%ct", commit, "--"))
    return _latest([name], seconds, _set_at(command) if name.startswith(_TAGS) else {})


def _named(command: Command, revision: str) -> str:
    """The ref that a revision is, in full; empty where it is none, as `main~2` is not."""
    if revision.startswith("-"):  # git would take it for an option
        return ""
    args = ("rev-parse", "--symbolic-full-name", revision, "--")
    done = command.call(*args)
    if b" is ambiguous" in done.err:  # then git takes the tag
        return f"{_TAGS}{revision}"
    if done.code:
        raise failure(args, done)
    return done.out.decode("utf-8", "surrogateescape").partition("\n")[0].removesuffix("--")


def _set_at(command: Command) -> dict[str, int]:
    return {f"{_TAGS}{tag.name}": int(tag.time.timestamp()) for tag in tags(command)}


def _latest(names: Iterable[str], seconds: int, set_at: Mapping[str, int]) -> int | None:
    known = list(names)
    return (
        None
        if any(name.startswith(_LINES) for name in known)
        else max([seconds, *(set_at.get(name, seconds) for name in known)])
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where refs stand, and when tags were set: who goes through history asks of each commit by what points to it."""

    names: Mapping[str, list[str]]
    set_at: Mapping[str, int]

    @classmethod
    def of(cls, command: Command) -> Standing:
        """The refs that there are now."""
        names: dict[str, list[str]] = {}
        for name, oid in {**refs(command), "HEAD": head(command)}.items():
            names.setdefault(oid or "", []).append(name)
        return cls(names, _set_at(command))

    def until(self, commit: str, seconds: int) -> int | None:
        """The last second at which a tag counts at a commit of some time; None: now."""
        return _latest(self.names.get(commit, ()), seconds, self.set_at)
