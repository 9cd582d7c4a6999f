"""What code is checked out: the commit, the tree with what was not committed, and which paths that is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gitml.repo.git import Git
from gitml.repo.git.command import failure
from gitml.repo.git.status import UNTRACKED

# A split index would leave its shared part in the repository; a monitor would have to be asked.
_APART = ("-c", "core.splitIndex=false", "-c", "core.fsmonitor=false")


_HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a work tree: `commit` is None before the first one.

    `tree` holds the files that git tracks as they are now; `changed` are the paths, untracked ones included, that the
    commit does not hold as they are. `fault` says why there is no tree where one belongs.
    """

    commit: str | None
    tree: str | None
    changed: Collection[str]
    fault: str = ""


def code(git: Git) -> Code:
    """The code of a work tree; the user's index is not touched. Two git processes, four where files are changed."""
    named = git.run("rev-parse", "HEAD^{commit}", "HEAD^{tree}", check=False).decode().split()
    commit, tree = named[:2] if _HEX.fullmatch(named[0] if named else "") else (None, None)
    found, fault = git.status(), ""
    if not all(one.staged == UNTRACKED for one in found):
        tree, fault = _tree(git)
    return Code(commit, tree, frozenset(one.path for one in found), fault)


def _tree(git: Git) -> tuple[str | None, str]:
    """The tree that `git add -u` would stage, made in an index of its own, or why there is none.

    Its objects stay until git's next `gc`.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="gitml-") as name:
        index = Path(name) / "index"
        if git.index_file.is_file():
            shutil.copy2(git.index_file, index)  # with its time: git compares it with those of the files
        env = {"GIT_INDEX_FILE": str(index)}
        for args in (("add", "--update", "--", "."), ("write-tree", "--missing-ok")):
            done = git.call(*_APART, *args, env=env)
            if done.code:
                return None, str(failure(args, done))
        return done.out.decode().strip(), ""


def blob_of(git: Git, path: str) -> str | None:
    """The id under which git would store a file of the work tree; None where it cannot be read."""
    return git.hash_paths([path]).get(path)
