"""Find the repository around a path: one git process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gitml.errors import GitFailed, NotFound
from gitml.repo.git.command import Command, Done, execute, failure, text
from gitml.repo.git.environment import FIXED, PATHSPECS, absolute, given, outside

# `--show-toplevel` comes last: it fails where there is no work tree, after the others have been printed.
_ASKED = (
    "--is-bare-repository",
    "--is-inside-git-dir",
    "--show-object-format",
    "--absolute-git-dir",
    "--git-common-dir",
    "--show-toplevel",
)


def locate(path: Path) -> Command:
    """The repository that holds `path` (a file or a folder); GitFailed where there is none.

    Inside a hook the environment names a repository. It is kept for paths of that repository alone: any other
    repository, nested ones included, is looked for as if the environment said nothing.
    """
    start = _folder(path)
    environ = os.environ
    named = given(environ)
    if named:
        here = Path.cwd()
        kept = {name: value for name, value in environ.items() if name not in PATHSPECS} | FIXED
        done = _ask(here, kept)
        if _answered(done):
            found = _command(done, here, kept, named)
            if _holds(found, start, here):
                return found
        elif "GIT_DIR" in named and start.is_relative_to(here):
            raise failure(("rev-parse",), done)
    bare = outside(environ)
    done = _ask(start, bare)
    if not _answered(done):
        raise failure(("rev-parse",), done)
    return _command(done, start, bare, {})


def _folder(path: Path) -> Path:
    try:
        place = path.resolve()
    except FileNotFoundError:  # the current folder has been removed
        raise NotFound("the current folder is gone", hint="go to one that is there") from None
    if place.is_dir():
        return place
    if place.exists() or place.is_symlink():
        return place.parent
    message = f"{path}: no such file or folder"
    raise NotFound(message)


def _ask(folder: Path, environ: Mapping[str, str]) -> Done:
    return execute(("rev-parse", *_ASKED), folder, environ)


def _answered(done: Done) -> bool:
    """Whether this is a repository; without a work tree the last question alone fails."""
    return done.code == 0 or done.out.count(b"\n") >= len(_ASKED) - 1


def _command(done: Done, folder: Path, environ: Mapping[str, str], named: Mapping[str, str]) -> Command:
    lines = text(done.out).removesuffix("\n").split("\n")
    bare, inside, object_format, *places = lines
    if object_format.startswith("--"):
        message = "this git is too old"  # rev-parse prints an option that it does not know
        raise GitFailed(message, hint="install git 2.25 or later")
    top = done.code == 0
    if len(places) != 2 + top:  # a folder's name holds a newline: ask for each alone
        places = [
            text(execute(("rev-parse", asked), folder, environ).out).removesuffix("\n") for asked in _ASKED[3 : 5 + top]
        ]
    git_dir = Path(places[0])
    common = Path(os.path.normpath(folder / places[1]))
    root = Path(places[2]) if top and inside == "false" else None
    settings = absolute(named, str(git_dir), str(common), None if root is None else str(root))
    return Command(root, git_dir, common, bare == "true", object_format, tuple(sorted(settings.items())))


def _holds(found: Command, start: Path, here: Path) -> bool:
    """Whether `start` lies in the environment's repository, and in no other one nested in it."""
    if found.root is None:
        return start == here or start.is_relative_to(found.git_dir)
    if not start.is_relative_to(found.root):
        return False
    for place in (start, *start.parents):
        if place in (found.root, found.git_dir):
            return True
        if (place / ".git").exists() or ((place / "HEAD").is_file() and (place / "objects").is_dir()):
            return False
    return False
