"""Which commits a question over history is about, and what points to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import TYPE_CHECKING, NamedTuple

from gitml.errors import BadValue
from gitml.records.nearest import nearest
from gitml.repo.git.history import Node, nodes
from gitml.repo.git.refs import short
from gitml.repo.readers.dvc.experiments import PREFIX as EXPS
from gitml.repo.readers.dvc.experiments import Experiment, experiments

if TYPE_CHECKING:
    from gitml.repo.git import Git

COMMITS, BRANCHES, TAGS, EXPERIMENTS = OVER = ("commits", "branches", "tags", "experiments")
"""All commits of branches, tags, remotes and HEAD; the tips of local branches; the commits with a tag; DVC's
experiments (`refs/exps`), each with its commits since its baseline."""

_HEADS, _TAGGED = "refs/heads/", "refs/tags/"
_LINES = (_HEADS, _TAGGED, "refs/remotes/")


def asked(over: str | Iterable[str]) -> list[str]:
    """The words of OVER that somebody has written; raises BadValue."""
    words = [over] if isinstance(over, str) else list(over)
    hint = f"write {', '.join(OVER[:-1])} or {OVER[-1]}"
    for word in words:
        if word not in OVER:
            raise BadValue(f"{word!r} is no part of history", hint=hint, near=nearest(str(word), OVER))
    if not words:
        raise BadValue("no part of history is named", hint=hint)
    return words


@dataclass(frozen=True, slots=True)
class Tips:
    """The refs of a repository, and its experiments."""

    refs: Mapping[str, str]
    experiments: Sequence[Experiment]

    @classmethod
    def of(cls, git: Git) -> Tips:
        """The refs that there are now."""
        refs = git.refs()
        return cls(refs, experiments(git) if any(ref.startswith(EXPS) for ref in refs) else ())

    def names(self) -> dict[str, tuple[str, ...]]:
        """What points to each commit, as people write it; a name that two refs share is told in full."""
        told = {ref: short(ref) for ref in self.refs if ref.startswith(_LINES) and not _is_alias(ref)}
        told |= {one.ref: one.name or one.ref.removeprefix("refs/") for one in self.experiments}
        count = Counter(told.values())
        names: dict[str, list[str]] = {}
        for ref, name in told.items():
            names.setdefault(self.refs[ref], []).append(name if count[name] == 1 else ref.removeprefix("refs/"))
        return {oid: tuple(sorted(found)) for oid, found in names.items()}

    def under(self, *prefixes: str) -> list[str]:
        """The commits of the refs with one of some prefixes."""
        return [oid for ref, oid in self.refs.items() if ref.startswith(prefixes)]


class Flowing(NamedTuple):
    """An events line: its branch, and the commit up to which it counts."""

    branch: str
    commit: str


def chosen(
    git: Git, refs: Tips, over: Sequence[str], within: str | None = None, line: Flowing | None = None
) -> list[Node]:
    """The commits that are meant, parents before children; with `within` only those that this commit reaches.

    Of an events line all commits count as commits, whatever else they keep reachable.
    """
    named = tuple(ref for ref in refs.refs if line and ref.endswith(f"/{line.branch}"))
    other = Tips({ref: oid for ref, oid in refs.refs.items() if ref not in named}, refs.experiments)
    found = _chosen(git, refs, over, within, other)
    if line is None or COMMITS not in over:
        return found
    flowed = nodes(git, [line.commit], alone=True)
    known = {node.oid for node in flowed}
    return list(merge((node for node in found if node.oid not in known), flowed, key=lambda node: node.seconds))


def _chosen(git: Git, refs: Tips, over: Sequence[str], within: str | None, lines: Tips) -> list[Node]:
    everywhere = (_everywhere(git, lines) if within is None else [within]) if COMMITS in over else []
    tips = [*(refs.under(_HEADS) if BRANCHES in over else ()), *(refs.under(_TAGGED) if TAGS in over else ())]
    tried = refs.experiments if EXPERIMENTS in over else ()
    known = nodes(git, [*everywhere, *tips, *(one.commit for one in tried)] if within is None else [within])
    by_oid = {node.oid: node for node in known}
    meant = {*_reached(known, everywhere), *tips, *(oid for one in tried for oid in _line(by_oid, one))}
    return [node for node in known if node.oid in meant]


def _everywhere(git: Git, refs: Tips) -> list[str]:
    """The tips of all lines, and HEAD, which asks a process only where no branch says it."""
    head = git.head() if git.branch() is None else None
    return [*refs.under(*_LINES), *([head] if head else [])]


def _reached(known: Sequence[Node], tips: Iterable[str]) -> set[str]:
    reached = set(tips)
    for node in reversed(known):
        if node.oid in reached:
            reached.update(node.parents)
    return reached


def _line(known: Mapping[str, Node], experiment: Experiment) -> Iterator[str]:
    """An experiment's own commits: along first parents to its baseline, without that one."""
    at: str | None = experiment.commit
    while at is not None and at != experiment.baseline and at in known:
        yield at
        parents = known[at].parents
        at = parents[0] if parents else None


def _is_alias(ref: str) -> bool:
    """Whether it is a remote's word for its main branch, which has a name already."""
    return ref.startswith("refs/remotes/") and ref.endswith("/HEAD")
