"""What makes git quicker here. Each rule was measured (README, Large stores): what did not help is not advised."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

from gitml.actions.doctor.cone import cone
from gitml.actions.doctor.finding import Finding, advised, good
from gitml.repo.git.condition import COUNTED, Condition
from gitml.repo.snapshot import Snapshot

# Below these sizes nobody feels the difference.
_MANY_FILES: Final = 10_000
_TOO_MANY_FILES: Final = 100_000
_MANY_LOOSE: Final = 5_000
_MANY_PACKS: Final = 50
_NAMED: Final = 40  # folders in one command that somebody may want to read
# Since then the untracked cache serves who asks for every file, as gitml must.
_EVERY_FILE: Final = (2, 36)
UNTRACKED: Final = {"core.untrackedCache": "true", "status.showUntrackedFiles": "all"}
GRAPH: Final = {"fetch.writeCommitGraph": "true"}


def speed(here: Condition, rules: Snapshot, *, bare: bool) -> Iterator[Finding]:
    """What git's speed hangs on; a bare repository has no work tree to look through."""
    if not bare:
        yield untracked_cache(here)
        yield sparse_checkout(here, rules)
        yield sparse_index(here)
    yield commit_graph(here)
    yield packing(here)


def untracked_cache(here: Condition) -> Finding:
    """Whether git remembers the folders in which nothing is new; and of every file, not of whole folders."""
    name = "untracked-cache"
    unsaid = "core.untrackedcache" not in here.settings
    used = here.on("feature.manyfiles" if unsaid else "core.untrackedcache")
    shown = here.settings.get("status.showuntrackedfiles", "")
    if used and shown == "all":
        return good(name, "git remembers which folders hold nothing new")
    if here.files < _MANY_FILES or here.version < _EVERY_FILE or here.on("core.sparsecheckout"):
        return good(name, "git looks through the folders that are checked out quickly enough")
    told = f"git looks through every folder each time, and {here.files:,} files lie in them"
    hint = " && ".join(f"git config {key} {value}" for key, value in UNTRACKED.items())
    # Who has said how untracked files are to be shown, or that there is to be no cache, is not overruled.
    free = shown in ("", "all") and (used or unsaid)
    return advised(name, told, f"{hint} (git status then names each untracked file)", settable=free)


def sparse_checkout(here: Condition, rules: Snapshot) -> Finding:
    """Whether fewer files could lie in the work tree."""
    name = "sparse-checkout"
    if here.on("core.sparsecheckout"):
        return good(name, "only some folders are checked out; gitml takes the others from git's index")
    if here.files < _TOO_MANY_FILES:
        return good(name, f"{here.files:,} files are checked out")
    told = f"{here.files:,} files are checked out, and git looks at each of them"
    folders = cone(rules)
    kept = " ".join(map(quote, folders)) if len(folders) <= _NAMED else "FOLDER…, all but those of runs"
    return advised(name, told, f"git sparse-checkout set --cone --no-sparse-index {kept}")


def sparse_index(here: Condition) -> Finding:
    """Whether the index holds folders in the place of files, which each question of ours unfolds again."""
    name = "sparse-index"
    if not (here.on("core.sparsecheckout") and here.on("index.sparse")):
        return good(name, "the index holds files, not folders")
    told = "the index holds folders in the place of files; they are unfolded for each commit and for gitml"
    return advised(name, told, "git sparse-checkout reapply --no-sparse-index", settable=True)


def commit_graph(here: Condition) -> Finding:
    """Whether git finds its way through history without reading commits."""
    name = "commit-graph"
    if here.has_graph:
        return good(name, "git keeps a graph of its commits")
    if here.commits < COUNTED or here.shallow:  # in a shallow clone git does not use it
        return good(name, f"{here.commits:,} commits: git reads them quickly")
    told = f"there are {COUNTED:,} commits or more, and git reads each to find its way"
    return advised(name, told, "git commit-graph write --reachable --changed-paths", settable=True)


def packing(here: Condition) -> Finding:
    """Whether objects lie together."""
    name = "packing"
    told = f"{here.loose:,} objects in files of their own, {here.packs:,} packs"
    if here.loose < _MANY_LOOSE and here.packs < _MANY_PACKS:
        return good(name, told)
    return advised(name, f"{told}: each is looked for alone", "git gc", settable=True)
