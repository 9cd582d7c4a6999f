"""History as trees: the commits that some tips reach, and the files of each, told by what it changes.

Two processes tell of any number of commits: `rev-list` names them and their trees, `diff-tree --stdin` compares each
tree with that of a commit before it, mostly the first parent's. A tree is then its base's with the changes put in.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gitml.errors import GitFailed
from gitml.repo.git.command import PARTIAL, Command, text
from gitml.repo.git.objects import Entry, promisor, told

if TYPE_CHECKING:
    from gitml.repo.git.worktree import Wanted

Changed = Mapping[str, Entry | None]
"""Paths that differ and what stands there now, None for nothing."""

# What is held in memory at a time: the changes of so many commits.
_PORTION = 2000
_GONE = "000000"


class Node(NamedTuple):
    """A commit: its tree and parents by id, and the committer's time in seconds since 1970."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    seconds: int


class Step(NamedTuple):
    """A commit, and how its tree differs from that of a commit before it; `base` None stands for no files at all.

    `paths` is the same for commits that have files at the same paths (of those that count), whatever is in them.
    """

    node: Node
    base: str | None
    changed: Changed
    paths: str


def nodes(command: Command, tips: Iterable[str], *, alone: bool = False) -> list[Node]:
    """Every commit that some commits reach, parents before children and beyond that by the committer's time.

    With `alone` only those on their first-parent lines, each with no more than that parent.
    """
    asked = list(dict.fromkeys(tips))
    if not asked:
        return []
    if alone:
        found = _reached(command, asked, "--first-parent")
        return [node._replace(parents=node.parents[:1]) for node in found]
    return _reached(command, asked)


def _reached(command: Command, asked: list[str], *options: str) -> list[Node]:
    """What `rev-list` tells of some commits and those before them."""
    args = ("rev-list", *options, "--date-order", "--reverse", "--format=%T %ct %P", "--stdin")
    lines = told(command, *args, about=asked).decode("ascii").splitlines()
    return [_node(oid.removeprefix("commit "), said) for oid, said in zip(lines[::2], lines[1::2], strict=True)]


def _node(oid: str, said: str) -> Node:
    tree, seconds, *parents = said.split(" ")
    return Node(oid, tree, tuple(filter(None, parents)), int(seconds or 0))


class Walk:
    """The trees of commits, in their order: parents come before children."""

    def __init__(self, command: Command, commits: Sequence[Node], counts: Wanted | None = None) -> None:
        """For `paths` of a step all count, or those that `counts` says."""
        self._command = command
        self._commits = commits
        self._counts = counts or _every
        self.counting: Mapping[str, None] = {}
        """The paths that count, in the tree that was asked for last."""
        self._bases = _bases(commits)
        self._uses = Counter(base.oid for base in self._bases.values() if base is not None)
        self._trees: dict[str, _Tree] = {}
        self._paths: dict[str, str] = {}

    def portions(self) -> Iterator[list[Step]]:
        """Every commit as a step, some thousands at a time."""
        for start in range(0, len(self._commits), _PORTION):
            yield self._steps(self._commits[start : start + _PORTION])

    def _steps(self, commits: Sequence[Node]) -> list[Step]:
        empty = empty_tree(self._command.object_format)
        bases = [self._bases[node.oid] for node in commits]
        pairs = [(base.tree if base else empty, node.tree) for node, base in zip(commits, bases, strict=True)]
        told = changes(self._command, pairs, counts=self._counts)
        return [
            self._step(node, base, told.get(pair, Difference({})))
            for node, base, pair in zip(commits, bases, pairs, strict=True)
        ]

    def _step(self, node: Node, base: Node | None, difference: Difference) -> Step:
        paths = node.oid if base is None or difference.moved else self._paths[base.oid]
        self._paths[node.oid] = paths
        return Step(node, base.oid if base else None, difference.changed, paths)

    def tree(self, step: Step) -> Mapping[str, Entry]:
        """The files of a step's commit. To be asked for each step in turn; what it gives changes with the next."""
        node, base, changed, _paths = step
        # The tree that nobody will ask for again is changed in place; one that has other children is copied.
        tree = _Tree({}, {}, 1) if base is None else self._trees[base]
        tree.uses -= 1
        if base is not None:
            self._let_go(base)
        if changed and tree.uses:
            tree = _Tree(dict(tree.entries), dict(tree.counting), 0)
        tree.change(changed, self._counts)
        self.counting = tree.counting
        if self._uses[node.oid]:
            tree.uses += self._uses[node.oid]
            self._trees[node.oid] = tree
        return tree.entries

    def _let_go(self, base: str) -> None:
        self._uses[base] -= 1
        if not self._uses[base]:
            del self._trees[base]


def _every(_path: str) -> bool:
    return True


class _Tree:
    """The files of a commit, or of several that have the same, and how many trees are still to be made of them."""

    __slots__ = ("counting", "entries", "uses")

    def __init__(self, entries: dict[str, Entry], counting: dict[str, None], uses: int) -> None:
        self.entries = entries
        self.counting = counting
        self.uses = uses

    def change(self, changed: Changed, counts: Wanted) -> None:
        for path, entry in changed.items():
            if entry is None:
                self.entries.pop(path, None)
                self.counting.pop(path, None)
            else:
                self.entries[path] = entry
                if counts(path):
                    self.counting[path] = None


def _bases(commits: Sequence[Node]) -> dict[str, Node | None]:
    """What each commit is compared with: its first parent, where that is among them, else the commit before it."""
    known = {node.oid: node for node in commits}
    bases: dict[str, Node | None] = {}
    before: Node | None = None
    for node in commits:
        bases[node.oid] = known.get(node.parents[0], before) if node.parents else before
        before = node
    return bases


class Difference(NamedTuple):
    """How two trees differ; `moved` tells whether files that count came or went."""

    changed: Changed
    moved: bool = False


def changes(
    command: Command, pairs: Iterable[tuple[str, str]], under: Iterable[str] = (), counts: Wanted | None = None
) -> dict[tuple[str, str], Difference]:
    """How trees differ, by (before, after): files and submodules, renames as what they are made of.

    Git looks only at paths that are, or lie, `under` some; for `moved` all count, or those that `counts` says.
    Raises GitFailed where a tree is not in this clone.
    """
    asked = [f"{before} {after}" for before, after in dict.fromkeys(pairs) if before != after]
    if not asked:
        return {}
    args = ("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "--ignore-submodules=none", "--stdin")
    limits = [f":(literal){path}" for path in under]
    out = text(told(command, *args, *(["--", *limits] if limits else []), about=asked))
    *lines, last = out.split("\0")
    # An item is `:100644 100644 <before> <after> M`, then comes the path; the first of a pair has a line before it
    # that names the trees, and so have pairs without a difference.
    at, size = 15 + command.hash_size, command.hash_size
    found: dict[tuple[str, str], dict[str, Entry | None]] = {}
    moved: set[tuple[str, str]] = set()
    pair, answered = ("", ""), set(last.splitlines())
    for item, path in zip(lines[::2], lines[1::2], strict=True):
        head, _, said = item.rpartition(":")
        if head:
            answered.update(head.splitlines())
            before, _, after = head.split("\n")[-2].partition(" ")
            pair = (before, after)
            found[pair] = {}
        mode = said[7:13]
        found[pair][path] = None if mode == _GONE else Entry(mode, said[at : at + size])
        if _GONE in (mode, said[:6]) and (counts is None or counts(path)):
            moved.add(pair)
    for left in (pair for pair in asked if pair not in answered):  # git says no more of a tree that it cannot read
        absent = f"git diff-tree: of the trees {left} one is not in this clone"
        raise GitFailed(absent, hint=PARTIAL if promisor(command) else "git fsck tells which")
    return {pair: Difference(changed, pair in moved) for pair, changed in found.items()}


def empty_tree(object_format: str) -> str:
    """The id of the tree without files, which git knows without having it."""
    return hashlib.new(object_format, b"tree 0\0", usedforsecurity=False).hexdigest()
