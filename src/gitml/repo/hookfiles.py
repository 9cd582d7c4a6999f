"""Git's client hooks: written for `git ml init --hooks`, in front of whatever hook is there already."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from gitml.errors import Conflict, DiskFailed, GitFailed
from gitml.repo.git import Git

MARK = "# gitml writes this hook: `git ml init --hooks` brings it up to date."
BEFORE = ".before-gitml"
# `merge` and `am` have staged their result when their hooks run. `rebase` and `cherry-pick` run none of these: what
# they bring is looked at when it is pushed.
STAGED, PUSHED = "validate --staged --quiet", "validate --pushed --quiet >&2"
HOOKS = {"pre-commit": STAGED, "pre-merge-commit": STAGED, "pre-applypatch": STAGED, "pre-push": PUSHED}
_ENDS = {"pre-push": "nothing was pushed"}

_SCRIPT = """#!/bin/sh
{mark}
# A hook that was here before is kept beside this one, as {name}{before}, and comes first.
before="${{0%/*}}/{name}{before}"
{first}
if command -v git-ml > /dev/null 2>&1; then
  {given}git-ml {asked}
{other}else
  echo "git ml: git-ml is nowhere to be found, so nothing could be validated, and {end};" >&2
  echo "install gitml again (pip install gitml), or remove $0" >&2
  exit 1
fi
status=$?
[ "$status" -eq 0 ] || echo "git ml: {end}; what is wrong stands above" >&2
exit "$status"
"""
_FIRST = 'if [ -x "$before" ]; then "$before" "$@" || exit $?; fi'
# Standard input holds what is pushed, and both hooks want to read it.
_FIRST_PUSH = """pushed=$(cat)
given() { [ -z "$pushed" ] || printf '%s\\n' "$pushed"; }
if [ -x "$before" ]; then given | "$before" "$@" || exit $?; fi"""
# -P: the repository that is being committed to must not bring modules of its own.
_OTHER = """elif {python} -P -c 'import sys, importlib.util as i; sys.exit(not i.find_spec("gitml"))' 2> /dev/null; then
  {given}{python} -P -m gitml {asked}
"""


@dataclass(frozen=True, slots=True)
class _Plan:
    """One hook to be written: its file, its text, and whether another hook stands there and is to be kept."""

    file: Path
    text: str
    keeps: bool


def folder(git: Git) -> Path:
    """Where git looks for hooks: `core.hooksPath`, else the `hooks` of the repository that worktrees share."""
    told = git.run("rev-parse", "--git-path", "hooks").decode("utf-8", "surrogateescape").removesuffix("\n")
    return Path(os.path.normpath(git.folder / told))


def install(git: Git) -> list[str]:
    """Write the hooks that are not there yet, or not as they should be; their files, none where all are in place.

    Raises Conflict where a hook can neither be kept nor replaced, DiskFailed.
    """
    if git.root is None:
        raise GitFailed(
            "this repository has no work tree, so that nobody commits in it", hint="set hooks where you work"
        )
    place = folder(git)
    if place.parent.name == ".husky":
        told = f"{place} is husky's, which writes its hooks anew"
        raise Conflict(told, hint="add the line `git-ml validate --staged` to .husky/pre-commit")
    plans = [plan for name in HOOKS if (plan := _plan(git, place, name))]
    try:
        place.mkdir(parents=True, exist_ok=True)
        for plan in plans:
            _write(plan)
    except OSError as error:
        raise DiskFailed(
            f"{error.filename or place}: {error.strerror}", hint="the hooks could not be written"
        ) from error
    return [str(plan.file) for plan in plans]


def script(name: str, python: str | None) -> str:
    """The text of a hook; `python` is the one that has gitml, for where git-ml is not on the PATH."""
    push = name == "pre-push"
    words = {"name": name, "asked": HOOKS[name], "before": BEFORE, "given": "given | " if push else "",
             "end": _ENDS.get(name, "nothing was committed")}  # fmt: skip
    other = _OTHER.format(python=quote(python), **words) if python else ""
    return _SCRIPT.format(mark=MARK, first=_FIRST_PUSH if push else _FIRST, other=other, **words)


def _plan(git: Git, place: Path, name: str) -> _Plan | None:
    file = place / name
    # A folder of hooks that the team shares must not hold a path of this machine.
    shared = git.root is not None and place.is_relative_to(git.root) and not place.is_relative_to(git.common_dir)
    text = script(name, None if shared else sys.executable or None)
    found = _text(file)
    if found is None:
        return _Plan(file, text, keeps=file.is_symlink())
    if MARK in found:
        return None if found == text and os.access(file, os.X_OK) else _Plan(file, text, keeps=False)
    # Another tool has put its hook in front of ours, and calls ours (pre-commit keeps it as .legacy).
    if any(MARK in (_text(other) or "") for other in place.glob(f"{name}.*") if other.name != f"{name}{BEFORE}"):
        return None
    kept = file.with_name(f"{name}{BEFORE}")
    if kept.exists() or kept.is_symlink():
        raise Conflict(f"{file} is not gitml's any more, and {kept.name} is there as well",
                       hint="make one of the two, as that file, and repeat")  # fmt: skip
    return _Plan(file, text, keeps=True)


def _text(file: Path) -> str | None:
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DiskFailed(f"{file}: {error.strerror}", hint="a hook must be a file that can be read") from error


def _write(plan: _Plan) -> None:
    """Beside its place first, so that git never runs half of it."""
    new = plan.file.with_name(f"{plan.file.name}.gitml-{os.getpid()}")
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o777)  # as the umask allows
    with os.fdopen(number, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(plan.text)
    if plan.keeps:
        plan.file.rename(plan.file.with_name(f"{plan.file.name}{BEFORE}"))
    new.replace(plan.file)
