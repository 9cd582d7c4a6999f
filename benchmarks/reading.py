"""What a large store costs to look at: another commit, the next commit, a diff, a lineage; against git over the same.

Git is asked for the least that the answer takes: `ls-tree -r` lists the commit, `diff --stat` compares the two.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import generate
import grown
import timing
from timing import Row, best, timed, versus

import gitml
from gitml.store import Store

SIZE, COMMITS = 100_000, 500
GIT_ML = Path(sys.executable).with_name("git-ml")
WHERE, SORT, TOP = "params.batch_size >= 64 and metrics.test.auc > 0.5", "-metrics.test.auc", 20


class Grown:
    """A store with a past: `then` and `now` are so many commits apart, and one more is still to come."""

    def __init__(self, folder: Path, size: int, commits: int) -> None:
        self.folder = folder
        self.compiled = folder.parent / "compiled"
        files = generate.store(size).files
        generate.commit(folder, files)
        *changes, self._last = grown.grown(files, commits + 1)
        grown.commit(folder, changes)
        self.then = self.git("rev-parse", f"HEAD~{commits}").strip()

    def git(self, *args: str) -> str:
        """What git prints."""
        return generate.git(self.folder, *args).decode()

    def process(self, *args: str) -> str:
        """What a process of ours prints."""
        return timing.run(self.folder, self.compiled, [GIT_ML, *args]).stdout

    def go_on(self) -> None:
        """One more commit."""
        grown.commit(self.folder, [self._last])

    def forget(self) -> None:
        """Remove the cache."""
        shutil.rmtree(self.folder / ".git" / "gitml", ignore_errors=True)

    def fresh(self) -> Store:
        """The store as a new process finds it."""
        return gitml.open(self.folder).at("HEAD")


def reading(folder: Path, rounds: int, size: int = SIZE, commits: int = COMMITS) -> Iterator[Row]:
    """All of it."""
    store = Grown(folder, size, commits)
    yield from _lineage(store, size, rounds)
    yield from _commits(store, size, commits, rounds)
    yield from _difference(store, size, commits, rounds)
    yield from _next_commit(store, size)


def _top(store: Store) -> list[str]:
    return [row["ref"] for row in store.rows("run", WHERE, sort=SORT, limit=TOP).rows]


def _commits(store: Grown, size: int, commits: int, rounds: int) -> Iterator[Row]:
    """Commits far from those that are known, each for the first time, on an open store; then one that is open."""
    here, named = store.fresh(), iter(range(commits, 0, -1))
    _top(here)
    what = f"another commit of {size:,} records"
    of_git = partial(store.git, "ls-tree", "-r", store.then)
    ours, _, theirs, _ = versus(lambda: _top(here.at(f"HEAD~{next(named)}")), of_git, rounds)
    yield Row(f"{what}, live", ours, "CPU: git ls-tree -r", theirs, at_least=0.33)
    then = here.at(store.then)
    found = _top(then)
    again, same = best(lambda: _top(then), rounds)
    assert found == same == _top(store.fresh().at(store.then)), "another commit gives other rows on an open store"
    yield Row(f"{what}, which is open", again, "CPU: git ls-tree -r", theirs, at_least=0.33)


def _difference(store: Grown, size: int, commits: int, rounds: int) -> Iterator[Row]:
    """Two commits compared, as a process and on an open store."""
    what = f"diff of {commits} commits in {size:,} records"
    of_git = partial(store.git, "diff", "--stat", store.then, "HEAD")
    ours, _, theirs, _ = versus(partial(store.process, "diff", store.then, "HEAD"), of_git, rounds)
    yield Row(f"{what}, process", ours, "CPU: git diff --stat", theirs, at_least=0.33)
    live, found = best(lambda: store.fresh().diff(store.then, "HEAD"), rounds)
    changed = {path for one in found for path in (one.path, one.old_path) if path and not one.derived}
    told = store.git("diff", "--name-only", "--no-renames", store.then, "HEAD").split("\n")
    assert changed == set(filter(None, told)), "git diff names other files"
    yield Row(f"{what}, live", live, "CPU: git diff --stat", theirs, at_least=0.33)


def _lineage(store: Grown, size: int, rounds: int) -> Iterator[Row]:
    """Where a model comes from, and all there is, against reading every record."""
    ref = next(row["ref"] for row in store.fresh().rows("model-version", limit=1).rows)
    store.forget()
    cold, _ = timed(lambda: store.process("lineage", ref), timing.cpu)
    warm, found = best(lambda: store.process("lineage", ref, "--format", "json"), rounds)
    every, whole = best(lambda: store.fresh().lineage(), rounds)
    assert all(node.ref in found for node in whole.upstream(ref) if node.kind in ("run", "dataset-version"))
    yield Row(f"lineage of one in {size:,}, process", warm, "CPU: cold, its index included", cold, at_most=1000)
    yield Row(f"lineage of all {size:,}, live", every, "CPU: of one, cold", cold)


def _next_commit(store: Grown, size: int) -> Iterator[Row]:
    """The first look after one new commit, against a cold one."""
    asked = ("list", "run", WHERE, "--sort", SORT, "--limit", str(TOP), "--at", "HEAD")
    what = f"after one commit on {size:,} records"
    store.process(*asked)
    store.go_on()
    ours, found = timed(partial(store.process, *asked), timing.cpu)
    store.forget()
    cold, again = timed(partial(store.process, *asked), timing.cpu)
    assert found == again, "after a commit the rows are others than those of a cold store"
    yield Row(f"{what}, process", ours, "CPU: cold", cold, at_least=50)
