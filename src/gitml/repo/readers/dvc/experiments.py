"""DVC's experiments: commits that no branch names, kept under refs/exps by the commit that they began from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitml.repo.git.command import Command
from gitml.repo.git.refs import refs

PREFIX = "refs/exps/"

# Beside experiments DVC keeps its own work there (apply, exec, stash, celery, temp): none of it begins with two hex
# digits and a rest that together are a commit's id. An experiment that was never named has no third part.
_REF = re.compile(r"refs/exps/(?P<head>[0-9a-f]{2})/(?P<tail>[0-9a-f]+)(?:/(?P<name>[^/]+))?")


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment: its name (empty where it has none), its commit, and the commit that it began from."""

    name: str
    commit: str
    baseline: str
    ref: str


def experiments(git: Command) -> list[Experiment]:
    """All experiments of a repository, by their refs: what `dvc exp list --all-commits` lists. One git process."""
    found = ((_REF.fullmatch(ref), ref, commit) for ref, commit in sorted(refs(git, PREFIX).items()))
    return [
        Experiment(match["name"] or "", commit, match["head"] + match["tail"], ref)
        for match, ref, commit in found
        if match and len(match["head"] + match["tail"]) == git.hash_size
    ]
