"""The writer: changes into files, the index and a branch, in an order that a crash can interrupt anywhere.

On the checked-out branch: objects first (nobody sees them), then files, then the index entries of exactly those paths,
then the branch by compare-and-swap. A crash thus leaves at most a staged record and never a staged deletion; an error
before the branch has moved sets files and index back. On another branch only objects and the ref are written.

Commits are made by plumbing, which runs none of git's commit hooks: whoever calls `write` has run the checks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from gitml.errors import Conflict, GitFailed, Refused
from gitml.repo.change import Change
from gitml.repo.git import Git
from gitml.repo.git.session import Session
from gitml.repo.writing.branch import checked_out, other
from gitml.repo.writing.commit import Tip, Words, build, move
from gitml.repo.writing.durable import durable, locked
from gitml.repo.writing.expect import (
    Listed,
    committed_as_expected,
    complete,
    drafts,
    ignored,
    listed,
    staged_as_expected,
)
from gitml.repo.writing.files import Drafts, drafted
from gitml.repo.writing.graft import Trees, read
from gitml.repo.writing.lock import Lock, exclusive

PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Written:
    """What was written; `commit` is None where it was left to the person, or could not be made (`warnings` say why)."""

    commit: str | None
    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Task:
    """One write: what, with which words, for how long to wait on others."""

    session: Session
    changes: tuple[Change, ...]
    words: Words
    wait: float
    then: Callable[[], None] | None = None

    @property
    def git(self) -> Git:
        return self.session.git

    @property
    def paths(self) -> list[str]:
        return [change.path for change in self.changes]

    @property
    def known(self) -> list[str]:
        """The paths at which somebody may have something; nobody has at one with a new id."""
        return [change.path for change in self.changes if not change.fresh]

    def trees(self, commit: str | None) -> Trees:
        return read(self.session, commit, self.paths)

    def build(self, tip: Tip, trees: Trees) -> str | None:
        return build(self.session, tip, trees, self.changes, self.words)

    def move(self, tip: Tip, new: str) -> bool:
        return move(self.session, tip, new, self.words.subject(self.changes))


def write(
    where: Git | Session,
    changes: Iterable[Change],
    *,
    message: str | None = None,
    commit: bool = False,
    branch: str | None = None,
    now: datetime,
    author: str | None = None,
    trailers: Sequence[tuple[str, str]] = (),
    wait: float = 5.0,
    then: Callable[[], None] | None = None,
) -> Written:
    """Write changes as files, and with `commit` or `branch` as one commit; all of them or none.

    `now` dates the commit, `author` is `Name <mail>` (git's own configuration otherwise), `wait` is how many seconds
    to wait on other processes' locks: after that the files are written but not committed, and a warning says so.
    `then` is called once the files stand in the work tree, before anything is committed: where it raises, they go back.
    Conflict where a path is not what its change expects, Refused where it may not be written, GitFailed, DiskFailed.
    """
    words = Words(message, author, now, tuple(trailers))
    session = where if isinstance(where, Session) else Session(where)
    git = session.git
    task = _Task(session, complete(git, tuple(changes)), words, wait, then)
    if not task.changes:
        return Written(None, ())
    with exclusive(git.common_dir / "gitml" / "lock", wait) as lock:
        if branch is not None and (git.bare or branch != git.branch()):
            return _elsewhere(task, branch)
        return _here(task, lock, commit=commit or branch is not None)


def _elsewhere(task: _Task, branch: str) -> Written:
    """A commit on a branch that is not checked out: objects and the ref, nothing else."""
    deadline = time.monotonic() + task.wait
    while True:
        tip = other(task.session, branch)
        trees = task.trees(tip.base)
        committed_as_expected(task.changes, trees, branch)
        new = task.build(tip, trees)
        if new is None:
            return Written(None, task.changes, (f"nothing to commit: {branch} holds this already",))
        if task.move(tip, new):
            return Written(new, task.changes)
        if time.monotonic() > deadline:
            raise Conflict(f"{branch}: others kept it locked or moving", hint="nothing was written; repeat")
        time.sleep(PAUSE)


def _here(task: _Task, lock: Lock, *, commit: bool) -> Written:
    """Files in the work tree and, with `commit`, a commit on what is checked out."""
    git, root = task.git, task.git.root
    if root is None:
        raise Refused(f"{git.git_dir}: there is no work tree here", hint="name a branch to commit to (--branch)")
    warnings = [
        f"path.ignored: {path} is ignored by git; git add passes it by" for path in ignored(task.session, task.changes)
    ]
    tip = checked_out(task.session) if commit else None
    if tip and lock is not Lock.HELD:
        warnings.append(_unlocked(git, lock, task.wait))
        tip = None if lock is Lock.BUSY else tip
    index = listed(git, task.known)
    files = drafts(git, root, task.changes, index)
    scratch, mine = git.git_dir / "gitml" / "drafts", lock is Lock.HELD
    with drafted(files, scratch, only_copy=tip is None, sweep=mine) as ready, ExitStack() as undo:
        publish = partial(_publish, task, ready, root)
        if tip is None:
            publish(undo)
            made = None
        else:
            made, said = _commit(task, tip, index, publish, undo)
            warnings += said
        undo.pop_all()
    return Written(made, task.changes, tuple(warnings))


def _publish(task: _Task, ready: Drafts, root: Path, undo: ExitStack) -> None:
    """The files, and what must come about with them."""
    ready.publish(root, undo)
    if task.then is not None:
        task.then()


def _commit(
    task: _Task, tip: Tip, index: dict[str, Listed], publish: Callable[[ExitStack], None], undo: ExitStack
) -> tuple[str | None, list[str]]:
    """Objects, files, index, branch: the commit, or None and why there is none although the files are written."""
    git = task.git
    trees = task.trees(tip.base)
    staged_as_expected(git, task.changes, index, trees)
    new = task.build(tip, trees)
    publish(undo)
    if not _stage(task, index, undo):
        place = f"{git.index_file}.lock"
        return None, [f"written, not committed: git's index is locked; if no git is running, remove {place}"]
    if new is None:
        return None, ["nothing to commit: the last commit holds this already"]
    try:
        made = _advance(task, tip, trees, new)
    except BaseException:  # an interrupt may come after the ref has moved: taking files back would delete them
        if _holds(task, task.session.commit(tip.ref)):
            undo.pop_all()
        raise
    late = [f"staged, not committed: {tip.ref} is locked or moving; commit it with git, or remove a stale lock file"]
    return made, [] if made else late


def _stage(task: _Task, index: dict[str, Listed], undo: ExitStack) -> bool:
    """The index entries of these paths and no others; False where git's index stays locked."""
    git = task.git
    none = ("0", "0" * git.hash_size)
    new = {c.path: (c.mode, c.after) if c.after else none for c in task.changes}
    old = {path: (index[path].mode, index[path].oid) if path in index else none for path in new}
    deadline = time.monotonic() + task.wait
    while True:
        try:
            _set_index(git, new)
        except GitFailed as error:
            if not locked(error):
                raise
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE)
        else:
            undo.callback(_set_index, git, old)
            return True


def _set_index(git: Git, entries: dict[str, tuple[str, str]]) -> None:
    lines = "".join(f"{mode} {oid}\t{path}\0" for path, (mode, oid) in entries.items())
    durable(git, "update-index", "-z", "--index-info", data=lines.encode("utf-8", "surrogateescape"))


def _advance(task: _Task, tip: Tip, trees: Trees, new: str) -> str | None:
    """Move the branch; onto somebody else's commit where that leaves our paths alone. None when time is up."""
    deadline = time.monotonic() + task.wait
    commit: str | None = new
    while commit is not None and not task.move(tip, commit):
        if time.monotonic() > deadline:
            return None
        time.sleep(PAUSE)
        tip = checked_out(task.session)
        now = task.trees(tip.base)
        for change in task.changes:
            found = now.entry(change.path)
            if found != trees.entry(change.path) and (found and found.oid) != change.after:
                raise Conflict(f"{change.path}: somebody committed it just now", hint="nothing was written; repeat")
        commit = task.build(tip, now)
    return commit or tip.base  # nothing left to commit: the staged files went into somebody else's commit


def _holds(task: _Task, commit: str | None) -> bool:
    trees = task.trees(commit)
    found = {path: trees.entry(path) for path in task.paths}
    return all(((entry := found[change.path]) and entry.oid) == change.after for change in task.changes)


def _unlocked(git: Git, lock: Lock, wait: float) -> str:
    place: Path = git.common_dir / "gitml" / "lock"
    if lock is Lock.BUSY:
        return f"written, not committed: another gitml process held {place} for {wait:g} s; commit it with git"
    return f"{place}: this disk gives no locks; other gitml processes were not waited for"
