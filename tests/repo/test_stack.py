"""A stack of trees says what two dictionaries laid over each other say, however it is asked."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from flowing import laid
from gitml.repo.git import Git
from gitml.repo.git.objects import Entry
from gitml.repo.git.stack import Stack
from gitml.repo.git.trees import Changes, Tree
from gitrepo import git

FOLDERS = ("metadata/environments", "metadata/runs", "metadata/series/runs")
UNIVERSE = [
    *(f"metadata/runs/{experiment}/{shard}/{name}.yaml" for experiment in "ab" for shard in "12" for name in "xy"),
    "metadata/environments/e.yaml", "metadata/environments/f.yaml", "metadata/series/runs/a/1/x.csv",
    "metadata/series/models/m.csv", "metadata/models/m.yaml", "metadata/store.yaml", "train.py", "src/a.py",
]  # fmt: skip
PLACES = ["", "metadata", "metadata/runs", "metadata/runs/a", "metadata/runs/a/1", "metadata/series", "src", "none",
          "metadata/environments", "metadata/series/runs", "metadata/models"]  # fmt: skip


class Naive:
    """What a stack is meant to be, as dictionaries."""

    def __init__(self, ground: dict[str, Entry], line: dict[str, Entry]) -> None:
        self.ground = ground
        self.line = {path: entry for path, entry in line.items() if flows(path)}

    @property
    def files(self) -> dict[str, Entry]:
        return {**self.line, **self.ground}

    def on_top(self, changes: Changes) -> Naive:
        ground, line = dict(self.ground), dict(self.line)
        for path, entry in changes.items():
            there = self.line.get(path)
            stays = path in self.ground if there is None or entry is None else there.oid == entry.oid
            target = ground if stays or not flows(path) else line
            target.pop(path, None)
            target |= {path: entry} if entry else {}
        return Naive(ground, line)


def flows(path: str) -> bool:
    return path.startswith(tuple(f"{folder}/" for folder in FOLDERS))


class World:
    """Random trees of one repository."""

    def __init__(self, repo: Path, seed: int) -> None:
        self.git = Git.find(repo)
        self.repo = repo
        self.random = Random(seed)  # noqa: S311  (the same each time)
        ids = [git(repo, "hash-object", "-w", "--stdin", text=text) for text in (b"0", b"1")]
        self.blobs = [Entry("100644", oid) for oid in ids]
        self.count = 0

    def some(self, share: float) -> dict[str, Entry]:
        return {path: self.random.choice(self.blobs) for path in UNIVERSE if self.random.random() < share}

    def changes(self) -> dict[str, Entry | None]:
        return {path: self.random.choice([*self.blobs, None]) for path in UNIVERSE if self.random.random() < 0.3}

    def tree(self, files: dict[str, Entry], changes: Changes) -> Tree:
        self.count += 1
        text = {self.blobs[0]: "0", self.blobs[1]: "1"}
        commit = laid(self.repo, {path: text[entry] for path, entry in files.items()}, branch=f"b{self.count}")
        return Tree(self.git, commit, changes)

    def stack(self) -> tuple[Stack, Naive]:
        ground, line, changes = self.some(0.4), self.some(0.5), self.changes()
        stack = Stack(self.tree(ground, changes), self.tree(line, {}), FOLDERS)
        over = {path: entry for path, entry in changes.items() if entry}
        left = {path: entry for path, entry in ground.items() if path not in changes} | over
        return stack, Naive(left, line)


def agree(stack: Tree, naive: Naive) -> None:
    files = naive.files
    assert {path: stack.file(path) for path in UNIVERSE} == {path: files.get(path) for path in UNIVERSE}
    for place in PLACES:
        inside = {path: entry for path, entry in files.items() if not place or path.startswith(f"{place}/")}
        assert stack.under([place]) == inside, place
        direct = {path: entry for path, entry in inside.items() if path.rpartition("/")[0] == place}
        assert stack.files(place) == direct, place
    assert dict(stack.entries) == files
    base = {**stack.listed("")}
    for path, entry in stack.changes.items():
        base.pop(path, None)
        base |= {path: entry} if entry else {}
    assert base == files
    for folder in FOLDERS:
        oid = stack.folder(folder)
        listed = stack.listed(folder)
        assert (oid is None) == (not listed)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_as_if_two_were_laid_over_each_other(repo: Path, seed: int) -> None:
    world = World(repo, seed)
    one, naive = world.stack()
    agree(one, naive)
    changes = world.changes()
    agree(one.on_top(changes), naive.on_top(changes))
    other, second = world.stack()
    for left, right, files in ((one, other, second), (other, one, naive), (one, one.ground, None)):
        mine = {**(naive if left is one else second).files}
        theirs = naive.ground if files is None else files.files
        assert left.differs(right) == {path for path in UNIVERSE if mine.get(path) != theirs.get(path)}
    assert one.ground.differs(one) == one.differs(one.ground)
    assert one.differs(one.on_top(changes)) == {
        path for path in UNIVERSE if naive.files.get(path) != naive.on_top(changes).files.get(path)
    }
