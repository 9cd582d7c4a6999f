"""What lay below a folder in all of history: each unit of its files as it last stood, where it was removed too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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

    `unit` gives a path's unit. Each is as the tip has it, else as it was before all its files were removed; of merged
    branches that have it as the one whose commit is the latest.
    """
    held: dict[str, Stood] = {}
    commits = nodes(git, [tip])
    known = {node.oid: node.tree for node in commits}
    lines = _Lines(commits)
    for start in range(0, len(commits), _PORTION):
        some = commits[start : start + _PORTION]
        pairs = {node.oid: (_before(node, known, git), node.tree) for node in some}
        told = changes(git, pairs.values(), under=[folder] if folder else ())
        for node in some:
            found = told.get(pairs[node.oid])
            changed = _grouped(found.changed, unit) if found is not None else {}
            held.update((name, Stood(files, node.oid)) for name, files in lines.follow(node, changed).items())
    now = tree(git, tip, [folder] if folder else ())
    return held | {name: Stood(files, None) for name, files in _grouped(now, unit).items()}


class _Lines:
    """The units that each commit has, as long as one that is to come is compared with it."""

    def __init__(self, commits: Sequence[Node]) -> None:
        self._uses = Counter(node.parents[0] for node in commits if node.parents)
        self._have: dict[str, dict[str, Mapping[str, Entry]]] = {}

    def follow(self, node: Node, changed: Mapping[str, Mapping[str, Entry | None]]) -> dict[str, Mapping[str, Entry]]:
        """The units that a commit has changed, and has."""
        have = self._taken(next(iter(node.parents), ""))
        found: dict[str, Mapping[str, Entry]] = {}
        for name, files in changed.items():
            now = {path: entry for path, entry in {**have.pop(name, {}), **files}.items() if entry is not None}
            if now:
                found[name] = have[name] = now
        if self._uses[node.oid]:
            self._have[node.oid] = have
        return found

    def _taken(self, first: str) -> dict[str, Mapping[str, Entry]]:
        """What a first parent has: a copy, as long as a branch of another one's leaves it, too."""
        have = self._have.get(first, {})
        self._uses[first] -= 1
        if self._uses[first] > 0:
            return dict(have)
        self._have.pop(first, None)
        return have


def _before(node: Node, known: Mapping[str, str], git: Git) -> str:
    """The tree that a commit is compared with: its first parent's."""
    first = next(iter(node.parents), "")
    return known.get(first) or empty_tree(git.object_format)


def _grouped(files: Mapping[str, T], unit: Callable[[str], str]) -> dict[str, dict[str, T]]:
    found: dict[str, dict[str, T]] = {}
    for path, entry in files.items():
        found.setdefault(unit(path), {})[path] = entry
    return found
