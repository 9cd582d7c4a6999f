"""What lay below a folder in all of history: each unit of its files as it last stood, where it was removed too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from gitml.repo.git import Git
from gitml.repo.git.history import Node, changes, empty_tree, nodes
from gitml.repo.git.objects import Entry, tree

T = TypeVar("T")
# The changes of so many commits are held in memory at a time.
_PORTION = 2000


class Stood(NamedTuple):
    """The files of a unit by path, and the commit in which it last stood; None for one that the tip has."""

    files: Mapping[str, Entry]
    commit: str | None


def last_stood(git: Git, tip: str, folder: str, unit: Callable[[str], str]) -> dict[str, Stood]:
    """The units below a folder that any commit up to the tip has, told by their files' paths, oldest commit first.

    `unit` gives a path's unit. Each is as the tip has it, else as it was before all its files were removed.
    """
    held: dict[str, Stood] = {}
    gone: set[str] = set()
    commits = nodes(git, [tip])
    known = {node.oid: node.tree for node in commits}
    for start in range(0, len(commits), _PORTION):
        some = commits[start : start + _PORTION]
        pairs = {node.oid: (_before(node, known, git), node.tree) for node in some}
        told = changes(git, pairs.values(), under=[folder] if folder else ())
        for node in some:
            if (found := told.get(pairs[node.oid])) is not None:
                _follow(held, gone, node.oid, _grouped(found.changed, unit))
    now = tree(git, tip, [folder] if folder else ())
    return held | {name: Stood(files, None) for name, files in _grouped(now, unit).items()}


def _before(node: Node, known: Mapping[str, str], git: Git) -> str:
    """The tree that a commit is compared with: its first parent's."""
    first = next(iter(node.parents), "")
    return known.get(first) or empty_tree(git.object_format)


def _follow(held: dict[str, Stood], gone: set[str], commit: str, changed: dict[str, dict[str, Entry | None]]) -> None:
    """Let the units that a commit has changed stand as it has them."""
    for name, files in changed.items():
        before = held[name].files if name in held and name not in gone else {}
        now = {path: entry for path, entry in {**before, **files}.items() if entry is not None}
        if now:
            held[name] = Stood(now, commit)
            gone.discard(name)
        else:
            gone.add(name)


def _grouped(files: Mapping[str, T], unit: Callable[[str], str]) -> dict[str, dict[str, T]]:
    found: dict[str, dict[str, T]] = {}
    for path, entry in files.items():
        found.setdefault(unit(path), {})[path] = entry
    return found
