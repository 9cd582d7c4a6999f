"""`doctor`: what would help this clone, and on request its setting: git's configuration and upkeep, never the tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from gitml.actions.doctor.finding import FIXED, Diagnosis, Finding
from gitml.actions.doctor.setting import setting
from gitml.actions.doctor.speed import GRAPH, UNTRACKED, speed
from gitml.repo import drivers
from gitml.repo.git import Git
from gitml.repo.git.condition import condition
from gitml.repo.repository import Repository


def examine(repository: Repository) -> Diagnosis:
    """What is so in this clone, and what would help."""
    here = condition(repository.git)
    rules = repository.rules()
    bare = repository.git.root is None
    return Diagnosis((*setting(repository, rules, here), *speed(here, rules, bare=bare)), here.files)


def cure(repository: Repository) -> Diagnosis:
    """Set what can be set, and look again; a second time there is nothing left to set. Raises GitFailed."""
    before = examine(repository)
    wanted = {one.name for one in before.left if one.is_settable}
    for name in wanted:
        _REMEDIES[name](repository.git)
    after = examine(repository) if wanted else before
    return replace(after, findings=tuple(_marked(one, wanted) for one in after.findings))


def _marked(found: Finding, wanted: set[str]) -> Finding:
    fixed = found.name in wanted and not found.hint
    return replace(found, state=FIXED) if fixed else found


def _configure(git: Git, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        git.run("config", "--local", name, value)


def _untracked_cache(git: Git) -> None:
    _configure(git, UNTRACKED)
    # Git fills it when it looks next, which our own questions leave to others: they write nothing.
    git.run("status", "--porcelain", env={"GIT_OPTIONAL_LOCKS": "1"})


def _commit_graph(git: Git) -> None:
    _configure(git, GRAPH)
    git.run("commit-graph", "write", "--reachable", "--changed-paths")


_REMEDIES: Final[Mapping[str, Callable[[Git], object]]] = {
    "merge-driver": drivers.install,
    "untracked-cache": _untracked_cache,
    "sparse-index": lambda git: git.run("sparse-checkout", "reapply", "--no-sparse-index"),
    "commit-graph": _commit_graph,
    "packing": lambda git: git.run("gc", "--quiet"),
}
