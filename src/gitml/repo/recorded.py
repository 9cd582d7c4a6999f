"""The code that a run recorded: found again, and checked out apart from the user's work tree."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from gitml.repo.git import Git

How = Literal["same", "committed", "equivalent"]
KEPT: Final = "refs/gitml/keep/"
_OID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# What a partial clone left out is fetched here: to run it again is to ask for it.
_LAZILY: Final = {"GIT_NO_LAZY_FETCH": "0"}
_NOBODY: Final = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "gitml"), ("EMAIL", "gitml@localhost"), ("DATE", "@1 +0000"))
}


class Code(NamedTuple):
    """A tree to run, the commit that it is of or stands on, and whether it is what ran.

    `committed`: what was not committed is lost; `equivalent`: another commit that has the same script. `whole` where
    the tree is the commit's own.
    """

    tree: str
    commit: str | None
    how: How
    whole: bool


def find(git: Git, code: Mapping[str, Any], *names: str) -> Code | None:
    """The recorded code: its tree, else a commit with just its script, its own first; None where it is unreachable.

    What is not here is looked for in the remotes, below `refs/gitml/keep/`: first by the refs that name it, or one of
    `names`.
    """
    tree, commit = _oid(code.get("tree")), _oid(code.get("commit"))
    found = _same(git, tree, commit, code)
    for refs in () if found else _kept(git, [one for one in (tree, commit, *names) if one]):
        found = _same(git, tree, commit, code) if _fetched(git, *refs) else None
        if found:
            break
    return found or _alike(git, commit, code)


def _same(git: Git, tree: str | None, commit: str | None, code: Mapping[str, Any]) -> Code | None:
    known = commit if commit and _has(git, f"{commit}^{{commit}}") else None
    own = _tree_of(git, known) if known else None
    if tree and _has(git, f"{tree}^{{tree}}"):
        return Code(tree, known, "same", tree == own)
    # A tree that is gone was not the commit's.
    clean = own is not None and tree is None and not code.get("dirty")
    return Code(own, known, "same", whole=True) if own and clean else None


def _alike(git: Git, commit: str | None, code: Mapping[str, Any]) -> Code | None:
    """Its own commit, if that has its script; else the newest that brought just this script; else its own."""
    own = None
    if commit and _has(git, f"{commit}^{{commit}}"):
        own = Code(_tree_of(git, commit), commit, "committed", whole=True)
        path, blob = code.get("path"), code.get("blob")
        if not isinstance(path, str) or blob in (None, blob_at(git, own.tree, path)):
            return own
    return _equivalent(git, code) or own


def _tree_of(git: Git, commit: str) -> str:
    return git.run("rev-parse", f"{commit}^{{tree}}", env=_LAZILY).decode().strip()


def _equivalent(git: Git, code: Mapping[str, Any]) -> Code | None:
    """The newest commit that brought just this script to just this path."""
    path, blob = code.get("path"), _oid(code.get("blob"))
    if not isinstance(path, str) or blob is None or not _has(git, blob):
        return None
    listed = git.run("log", "--all", "--format=%H", f"--find-object={blob}", "--", path, check=False, env=_LAZILY)
    for commit in listed.decode().split():
        if blob_at(git, commit, path) == blob:
            return Code(_tree_of(git, commit), commit, "equivalent", whole=True)
    return None


def _kept(git: Git, names: list[str]) -> Iterator[tuple[str, list[str]]]:
    """What each remote keeps for runs, as refs to fetch: those that name one of these, then all."""
    for remote in git.run("remote").decode().split():
        listed = git.call("ls-remote", "--quiet", remote, f"{KEPT}*")
        pairs = [line.split("\t") for line in listed.out.decode("utf-8", "replace").splitlines()]
        named = [ref for oid, ref in pairs if oid in names or any(name in ref for name in names)]
        if named:
            yield remote, named
        if len(pairs) > len(named):
            yield remote, [f"{KEPT}*"]


def _fetched(git: Git, remote: str, refs: list[str]) -> bool:
    """Whether some refs of a remote could be fetched."""
    return git.call("fetch", "--quiet", "--no-tags", remote, *(f"+{ref}:{ref}" for ref in refs)).code == 0


def blob_at(git: Git, tree: str, path: str) -> str | None:
    """The id of what lies at a path of a tree; None where nothing does."""
    found = git.run("rev-parse", "-q", "--verify", f"{tree}:{path}", check=False, env=_LAZILY).decode().strip()
    return found or None


@contextmanager
def checked_out(git: Git, code: Code, place: Path, *, keep: bool = False) -> Iterator[Git]:
    """A worktree of the code in a folder that is not there yet; it goes with the block, unless it is kept.

    No hook of the user's runs for it. Raises GitFailed.
    """
    commit = _commit(git, code)
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "core.sparseCheckout=false")
    git.run(*quiet, "worktree", "add", "--quiet", "--detach", str(place), commit, env=_LAZILY)
    try:
        yield Git.find(place)
    finally:
        if not keep:
            git.run("worktree", "remove", "--force", "--force", str(place), check=False)
            shutil.rmtree(place, ignore_errors=True)  # what git could not take away


def _commit(git: Git, code: Code) -> str:
    """The commit of a tree, or one that is made of it, on top of the commit that it was changed from."""
    if code.commit and code.whole:
        return code.commit
    parent = ("-p", code.commit) if code.commit else ()
    return git.run("commit-tree", code.tree, *parent, "-m", "as it ran", env=_NOBODY | _LAZILY).decode().strip()


def _has(git: Git, name: str) -> bool:
    return git.call("cat-file", "-e", name, env=_LAZILY).code == 0


def _oid(value: Any) -> str | None:
    return value if isinstance(value, str) and _OID.fullmatch(value) else None
