"""Whose is whose in a merge: in a rebase, what git calls ours is what one rebases onto, and theirs is one's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gitml.records.merging.conflict import Labels
from gitml.repo.git import Git
from gitml.repo.git.refs import short

_SHORT = 7
_LONG = 60
_PICKED = re.compile(r"(?:pick|reword|edit|squash|fixup|p|r|e|s|f)(?: -[cC])? ([0-9a-f]{7,64})\s*(.*)")
_UNKNOWN = re.compile(r"%[A-Z]|")


def labels(git: Git, given: tuple[str, str, str], environ: Mapping[str, str]) -> Labels:
    """What the sides are called in messages and markers.

    `given` are git's own labels of base, ours and theirs; a git before 2.44 leaves `%S %X %Y` standing there.
    """
    base, ours, theirs = ("" if _UNKNOWN.fullmatch(label) else label for label in given)
    if any((git.git_dir / folder).is_dir() for folder in ("rebase-merge", "rebase-apply")):
        one, two = _rebased(git, theirs)
    else:
        one, two = _merged(git, ours, theirs, environ)
    return Labels(_tidy(one), _tidy(base or "base"), _tidy(two))


def _rebased(git: Git, theirs: str) -> tuple[str, str]:
    place = next(git.git_dir / name for name in ("rebase-merge", "rebase-apply") if (git.git_dir / name).is_dir())
    onto, branch = _line(place / "onto") or git.head() or "", short(_line(place / "head-name"))
    commit = _picked(place) or theirs or "your commit"
    whose = f"{branch}: " if branch and branch != "detached HEAD" else ""
    return f"{_name(git, onto)} (what you rebase onto)", f"{whose}{commit} (yours)"


def _picked(place: Path) -> str:
    """The commit that a rebase is at: its short id and its subject."""
    done = [line for line in _text(place / "done").splitlines() if _PICKED.match(line)]
    found = _PICKED.match(done[-1]) if done else None
    if found:
        return f"{found[1][:_SHORT]} {found[2].removeprefix('# ')}".strip()
    return _line(place / "original-commit")[:_SHORT]


def _merged(git: Git, ours: str, theirs: str, environ: Mapping[str, str]) -> tuple[str, str]:
    here = git.branch() or "HEAD"
    doing, _, what = environ.get("GIT_REFLOG_ACTION", "").partition(" ")
    named = [name for key, name in environ.items() if key.startswith("GITHEAD_")]
    if doing == "merge":
        theirs = theirs or what or next(iter(named), "")
    elif doing in ("cherry-pick", "revert"):
        theirs = theirs or f"the commit of this {doing}"
    one = here if ours in ("", "HEAD") else ours
    return f"{one} (ours)", f"{theirs} (theirs)" if theirs else "theirs"


def _name(git: Git, commit: str) -> str:
    """A branch that stands at a commit, else the commit's short id."""
    held = git.refs("refs/heads/") | git.refs("refs/remotes/") if commit else {}
    found = next((short(ref) for ref, oid in held.items() if oid == commit), "")
    return found or commit[:_SHORT] or "upstream"


def _line(file: Path) -> str:
    return _text(file).strip().partition("\n")[0]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""  # git keeps other files in other kinds of rebase


def _tidy(label: str) -> str:
    """One line, not too long."""
    text = " ".join(label.split())
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
