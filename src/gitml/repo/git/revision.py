"""From a text to a commit: revisions first, then dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gitml.errors import BadValue, NotFound
from gitml.repo.git.command import Command, failure, raw
from gitml.repo.git.refs import head, main_ref, refs, short

STAGED: Literal["staged"] = "staged"
WORKTREE: Literal["worktree"] = "worktree"


@dataclass(frozen=True, slots=True)
class At:
    """Which snapshot: a commit, what is staged, or the work tree; `events` is the commit of the events line.

    `until` is the last second (since 1970) at which a tag counts; None: now, and all count (repo.git.asof).
    """

    kind: Literal["commit", "staged", "worktree"]
    commit: str | None = None
    events: str | None = None
    until: int | None = None


def resolve(command: Command, revision: str) -> str:
    """The commit that a revision names; NotFound with the nearest names, BadValue where several objects begin so."""
    found = commit_or_none(command, revision)
    if found is None:
        raise _unknown(command, revision)
    return found


def commit_or_none(command: Command, revision: str) -> str | None:
    """The commit that a revision names, None where there is none; BadValue where several objects begin so."""
    if not revision or "\n" in revision or "\0" in revision:
        return None
    # Asked for on standard input: there a text is never an option, whatever it begins with. The second question is for
    # `:/text`, which takes the peeling for a part of its pattern.
    args = ("cat-file", "--batch-check=%(objectname) %(objecttype)")
    done = command.call(*args, input=raw(f"{revision}^{{commit}}\n{revision}\n"))
    for line in done.out.splitlines():
        if matched := re.fullmatch(rb"([0-9a-f]{40,64}) commit", line):
            return matched[1].decode()
        if line.endswith(b" ambiguous"):
            raise _ambiguous(command, revision)
    # A `branch@{upstream}` without one, or a reflog that does not go back so far, ends git: there is no such commit.
    if done.code and b"promisor" in done.err:
        raise failure(args, done)
    return None


def _ambiguous(command: Command, revision: str) -> BadValue:
    digits = re.match(r"[0-9a-fA-F]*", revision)
    begin = digits[0] if digits else ""
    near = command.run("rev-parse", f"--disambiguate={begin}", check=False).decode("ascii").split()
    return BadValue(f"{revision}: {len(near)} objects begin so", hint="write more digits", near=near[:5])


def _unknown(command: Command, revision: str) -> NotFound:
    if revision in ("", "HEAD", "@") and head(command) is None:
        return NotFound("there is no commit yet", hint="commit something first")
    from gitml.records.nearest import nearest

    near = nearest(revision, map(short, refs(command)))
    from gitml.repo.git.commits import is_shallow

    hint = "see `git branch -a`, `git tag`, `git log`"
    if is_shallow(command):
        hint = "this clone is shallow: git fetch --unshallow brings the rest of history"
    return NotFound(f"no revision {revision!r} here", near=near, hint=hint)


def resolve_at(command: Command, at: str | None, main: str | None = None) -> At:
    """The snapshot that a text asks for: None or `worktree`, `staged`, a revision if there is one, else a date.

    A date is looked up on the first-parent line of `main` (a branch's name; None: the checked-out branch's).
    Without a work tree None is HEAD.
    """
    if at is None:
        return At(WORKTREE) if command.root else At("commit", resolve(command, "HEAD"))
    if at in (STAGED, WORKTREE):
        if command.root is None:
            message = f"{at}: this repository has no work tree"
            raise BadValue(message, hint="name a commit, a branch or a tag")
        return At(WORKTREE if at == WORKTREE else STAGED)
    found = commit_or_none(command, at)
    if found is not None:
        from gitml.repo.git.asof import until

        return At("commit", found, until=until(command, at, found))
    from gitml.repo.git.commits import bound_of, by_date

    bound = bound_of(at)
    if bound is None:
        raise _unknown(command, at)
    return At("commit", by_date(command, _line(command, main), at), until=bound - 1)


def _line(command: Command, main: str | None) -> str:
    """The tip of the line that dates are looked up on."""
    if main is None:
        return resolve(command, "HEAD")
    ref = main_ref(command, main)
    if ref is None:
        message = f"the main branch {main!r} is not here"
        raise NotFound(message, hint=f"run `git fetch origin {main}`, or set main in metadata/store.yaml")
    from gitml.repo.git.commits import is_ancestor

    # Commits that are made here and not pushed yet belong to the line too, unless it has gone on elsewhere.
    local = f"refs/heads/{main.removeprefix('refs/heads/')}"
    if ref != local and local in refs(command, local) and is_ancestor(command, ref, local):
        ref = local
    return resolve(command, ref)
