"""What code is checked out: the commit, the tree with what was not committed, and which paths that is.

The store's own records are no code: they count as they are committed. What git said of the rest is kept while the
commit, the index, every folder and every file that git tracks are as they were (git/kept.py), so that a process that
makes one run after the other looks at files, and starts no git.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from gitml.records.template import OWN_FOLDER
from gitml.repo.git import Git
from gitml.repo.git.command import failure
from gitml.repo.git.configured import files_of
from gitml.repo.git.kept import RULES, On, rules_of
from gitml.repo.git.status import UNTRACKED, Apart, apart, without
from gitml.repo.repository import Repository

# A split index would leave its shared part in the repository; a monitor would have to be asked.
_APART = ("-c", "core.splitIndex=false", "-c", "core.fsmonitor=false")
# More files and folders than this are not watched: to look at each would take as long as asking git.
_WATCHED = 20_000

# A changed file of more bytes than this is for DVC, and not for each run to keep.
_LARGE = 32 << 20


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a work tree: `commit` is None before the first one.

    `tree` holds the files that git tracks as they are now; `changed` are the paths, untracked ones included, that the
    commit does not hold as they are. `fault` says why there is no tree where one belongs; `large` are changed files
    that the tree has as they were, for they are too large to keep with every run.
    """

    commit: str | None
    tree: str | None
    changed: Collection[str]
    fault: str = ""
    large: tuple[str, ...] = ()


def code(repository: Repository) -> Code:
    """The code of a work tree; the user's index is not touched. A git process, three where files are changed."""
    commit = repository.session.commit("HEAD")
    own = repository.prefix + OWN_FOLDER
    found, _seen = repository.kept.ask(
        ("code", commit, own), lambda: _code(repository, commit, own), lambda told: _on(repository, own, told[1])
    )
    return found


def _code(repository: Repository, commit: str | None, own: str) -> tuple[Code, Apart]:
    git = repository.git
    there = repository.session.find([f"{commit}^{{tree}}"])[0] if commit else None
    tree = there.oid if there else None
    seen, fault = apart(git, own), ""
    large = tuple(one.path for one in seen.found if one.staged != UNTRACKED and _is_large(git, one.path))
    if not all(one.staged == UNTRACKED for one in seen.found):
        tree, fault = _tree(git, own, large)
    return Code(commit, tree, frozenset(one.path for one in seen.found), fault, large), seen


def _is_large(git: Git, path: str) -> bool:
    try:
        return os.lstat(git.full(path)).st_size > _LARGE
    except OSError:  # it is gone, and the tree has it no more
        return False


def _tree(git: Git, own: str, large: Collection[str]) -> tuple[str | None, str]:
    """The tree that `git add -u` would stage, made in an index of its own, or why there is none.

    Its objects stay until git's next `gc`; the door keeps those of runs that are recorded (actions/keeping.py).
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="gitml-") as name:
        index = Path(name) / "index"
        if git.index_file.is_file():
            shutil.copy2(git.index_file, index)  # with its time: git compares it with those of the files
        env = {"GIT_INDEX_FILE": str(index)}
        meant = (*without(own), *(f":(top,exclude,literal){path}" for path in large))
        for args in (("add", "--update", "--", *meant), ("write-tree", "--missing-ok")):
            done = git.call(*_APART, *args, env=env)
            if done.code:
                return None, str(failure(args, done))
        return done.out.decode().strip(), ""


def _on(repository: Repository, own: str, seen: Apart) -> On:
    """What the state of the code hangs on: every folder that git looks into, and every file that it tracks there."""
    git, kept = repository.git, repository.kept
    passed = {*seen.ignored, own.rstrip("/"), *(one.path for one in seen.found if one.staged == UNTRACKED)}
    found: list[str | os.PathLike[str]] = [
        git.index_file, *files_of(git, kept), *rules_of(git, ""), *(git.full(one.path) for one in seen.found),
    ]  # fmt: skip
    for folder, files in _walk(git.full(""), passed):
        if ".git" in files:
            return None  # another repository inside of this one has states of its own
        # A file of rules that is not there yet will change its folder.
        found += [folder, *(os.path.join(folder, name) for name in files)]
        if len(found) > _WATCHED:
            return None
    return found


def _walk(top: Path, passed: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Every folder below the top that is not passed by (nor git's own), with the names of its files that are not."""
    left = [""]
    while left:
        inner = left.pop()
        start = f"{inner}/" if inner else ""
        files = []
        with os.scandir(top / inner) as listed:
            for one in listed:
                path = start + one.name
                if (path in passed or path == ".git") and one.name not in RULES:
                    continue
                if one.is_dir(follow_symlinks=False):
                    left.append(path)
                    files += [".git"] if os.path.lexists(one.path + "/.git") else []
                else:
                    files.append(one.name)
        yield str(top / inner), files


def blob_of(repository: Repository, path: str) -> str | None:
    """The id under which git would store a file of the work tree; None where it cannot be read."""
    git, kept = repository.git, repository.kept
    return kept.ask(
        ("blob", path),
        lambda: git.hash_paths([path]).get(path),
        lambda _found: [git.full(path), *rules_of(git, path), *files_of(git, kept)],
    )
