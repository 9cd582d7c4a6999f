"""Which of git's own variables reach a git that we start: those of its own repository, never another's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

# Variables that say *which repository* a git process works on (`git rev-parse --local-env-vars`, and the quarantine
# of a receiving hook). Configuration given by the environment is not among them: git passes it on to submodules too.
LOCAL = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
# These would change what a path means in a command of ours.
PATHSPECS = frozenset({"GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"})

# Messages that we read are English; reading never waits for the index lock, and never fetches.
FIXED = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}

# What the environment's own repository keeps, made absolute; GIT_PREFIX and the like are spent once a command runs.
_FILES = ("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_QUARANTINE_PATH")
_KEPT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_ALTERNATE_OBJECT_DIRECTORIES", *_FILES)


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables with which the environment names a repository of its own; empty outside hooks and the like."""
    return {name: environ[name] for name in _KEPT if name in environ}


def outside(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a git process, without any trace of another repository."""
    return {name: value for name, value in environ.items() if name not in LOCAL and name not in PATHSPECS} | FIXED


def absolute(given: Mapping[str, str], git_dir: str, common_dir: str, top: str | None) -> dict[str, str]:
    """`given`, good from any folder: git reads a relative value from the top of its work tree (bare: its folder)."""
    here = top or git_dir
    kept = dict(given)
    for name in _FILES:
        if kept.get(name):
            kept[name] = str(Path(here, kept[name]))
    if "GIT_DIR" in kept:
        kept["GIT_DIR"] = git_dir
        # With GIT_DIR alone git takes the current folder for the work tree; ours is the one it was asked in.
        if top is not None:
            kept["GIT_WORK_TREE"] = top
    elif "GIT_WORK_TREE" in kept and top is not None:
        kept["GIT_WORK_TREE"] = top
    if "GIT_COMMON_DIR" in kept:
        kept["GIT_COMMON_DIR"] = common_dir
    others = kept.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")
    if others and '"' not in others:
        kept["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = os.pathsep.join(
            str(Path(here, part)) for part in others.split(os.pathsep) if part
        )
    return kept


def quoted(path: str) -> str:
    """A path as GIT_ALTERNATE_OBJECT_DIRECTORIES and `hash-object --stdin-paths` take it whatever it holds."""
    escaped = "".join(f"\\{ord(char):03o}" if char < " " or char in '"\\\x7f' else char for char in path)
    return f'"{escaped}"'
