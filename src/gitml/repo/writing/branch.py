"""Where a commit may go: onto what is checked out, or onto another branch that nobody has checked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitml.errors import BadValue, Conflict
from gitml.repo.git import Git
from gitml.repo.git.session import Session
from gitml.repo.line import tip
from gitml.repo.writing.commit import Tip
from gitml.repo.writing.roots import lately_beside, root

_HEADS = "refs/heads/"
_UNWRITTEN = "nothing was written"


def checked_out(session: Session) -> Tip:
    """The checked-out branch, or HEAD itself when detached; Conflict while git is in the middle of something."""
    git = session.git
    doing = git.operation_in_progress()
    if doing:
        hint = f"{_UNWRITTEN}; finish it or abort it (git {doing} --abort), or leave out --commit"
        raise Conflict(f"{git.root}: a {doing} is in progress, and a commit now would become part of it", hint=hint)
    branch = git.branch()
    ref = "HEAD" if branch is None else f"{_HEADS}{branch}"
    if branch is not None:
        _nobody_elsewhere(git, branch)
    at = session.commit(ref)
    return Tip(ref, at, at)


def other(session: Session, branch: str) -> Tip:
    """A branch that is not checked out here; a new one begins where its one remote namesake is, else at HEAD."""
    git = session.git
    _nobody_elsewhere(git, branch)
    ref = f"{_HEADS}{branch}"
    at = session.commit(ref)
    if at is not None:
        return Tip(ref, at, at)
    done = git.call("check-ref-format", "--branch", branch)
    if done.code or done.out.decode().strip() != branch:
        raise BadValue(f"{branch!r} is no name for a branch")
    remotes = set(git.run("for-each-ref", "--format=%(objectname)", f"refs/remotes/*/{branch}").decode().split())
    return Tip(ref, None, remotes.pop() if len(remotes) == 1 else session.commit("HEAD"))


def line(session: Session, branch: str, beside: Sequence[str]) -> Tip:
    """The tip of an events line, on which a commit keeps others reachable; a new line begins with a root of its own."""
    git = session.git
    _nobody_elsewhere(git, branch)
    if git.branch() == branch and not git.bare:
        raise Conflict(f"{branch} is checked out here, where nobody works", hint=f"{_UNWRITTEN}; git switch to another")
    at = session.commit(f"{_HEADS}{branch}")
    if at is None and git.call("check-ref-format", f"{_HEADS}{branch}").code:
        raise BadValue(f"{branch!r} is no name for a branch", hint="set `events` in metadata/store.yaml")
    base = tip(session, branch) or root(session)
    known = lately_beside(session, base)
    return Tip(f"{_HEADS}{branch}", at, base, tuple(one for one in dict.fromkeys(beside) if one not in known))


def _nobody_elsewhere(git: Git, branch: str) -> None:
    """Conflict where the branch is checked out in another work tree, or a rebase will set it."""
    for holder, where in _holders(git):
        if holder == f"{_HEADS}{branch}":
            message = f"{branch} is checked out in {where}, whose files would then look deleted"
            raise Conflict(message, hint=f"{_UNWRITTEN}; write there (or git worktree prune, if it is gone)")
    folders = [git.common_dir, *(git.common_dir / "worktrees").glob("*")]
    for head in (head for folder in folders for head in folder.glob("rebase-*/head-name")):
        if head.read_text(errors="replace").strip() == f"{_HEADS}{branch}":
            raise Conflict(f"{branch} is being rebased", hint=f"{_UNWRITTEN}; finish the rebase first")


def _holders(git: Git) -> Iterator[tuple[str, str]]:
    """(full branch, folder) of every other work tree."""
    if not (git.common_dir / "worktrees").is_dir():
        return
    where = ""
    for line in git.run("worktree", "list", "--porcelain").decode("utf-8", "surrogateescape").splitlines():
        word, _, value = line.partition(" ")
        if word == "worktree":
            where = value
        elif word == "branch" and where != str(git.root):
            yield value, where
