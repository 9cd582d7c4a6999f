"""Clones that work at once, pull, merge and push: what comes of it is a valid store, or names its conflicts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

import gitml
from command_line import fine
from gitml.errors import ERROR, GitmlError, NotFound, Refused
from gitml.records.merging.conflict import hunks
from gitml.store import Store
from gitrepo import commit, environment, git, init, write

MODEL, RUN = "model/wine", "run/wine/01JD7K00000000000000000A00"
START = datetime(2026, 3, 1, tzinfo=UTC)
PEOPLE = ("one", "two", "three")


def described(store: Store, chance: Random) -> None:
    store.set(MODEL, {"description": f"Wines of {chance.choice('abc')}."})


def owned(store: Store, chance: Random) -> None:
    held = list(store.show(MODEL).data.get("owners", []))
    name = f"@{chance.choice('abcd')}"
    store.set(MODEL, {"owners": [one for one in held if one != name] if name in held else [*held, name]})


def tagged(store: Store, chance: Random) -> None:
    store.set(MODEL, {f"tags.{chance.choice('xyz')}": chance.choice(["red", "dry", "2025", "no"])})


def measured(store: Store, chance: Random) -> None:
    store.set(RUN, {f"metrics.{chance.choice(['auc', 'f1', 'loss'])}": chance.choice([0.5, 1.0, float("nan")])})


def registered(store: Store, chance: Random) -> None:
    store.register("wine", run=RUN, fields={"metrics.auc": chance.random()})


def promoted(store: Store, chance: Random) -> None:
    versions = [record.ref for record in store.snapshot.records("model-version")]
    if versions:
        store.promote(chance.choice(versions), chance.choice(["production", "staging"]))


def added(store: Store, chance: Random) -> None:
    store.new("note", f"n{chance.randrange(9)}", {"description": "A note."})


DEEDS: tuple[Callable[[Store, Random], None], ...] = (described, owned, tagged, measured, registered, promoted, added)


class World:
    """A repository that three people clone, and what they do."""

    def __init__(self, folder: Path, template: Path, chance: Random) -> None:
        self.folder = folder
        self.chance = chance
        self.hours = 0
        shutil.copytree(template, folder, dirs_exist_ok=True, symlinks=True)
        for name in PEOPLE:
            git(folder / name, "remote", "set-url", "origin", str(folder / "origin.git"))

    def store(self, name: str) -> Store:
        self.hours += 1
        return gitml.open(self.folder / name, clock=lambda: START + timedelta(hours=self.hours))

    def work(self, name: str) -> None:
        """Something is changed and committed."""
        try:
            self.chance.choice(DEEDS)(self.store(name), self.chance)
        except GitmlError as error:
            assert isinstance(error, Refused | NotFound) or "is there already" in str(error), error  # noqa: PT017
        commit(self.folder / name, {}, f"{name} {self.hours}")

    def share(self, name: str) -> None:
        """Pull, settle what is in conflict, push."""
        place = self.folder / name
        git(place, "fetch", "-q")
        git(place, "merge", "-q", "--no-edit", "origin/main", check=False)
        unmerged = git(place, "diff", "--name-only", "--diff-filter=U").splitlines()
        if unmerged:
            named = {problem.path for problem in self.errors(name) if problem.code == "merge.conflict"}
            assert named == set(unmerged)
            self.settle(name, unmerged)
            commit(place, {}, "settled")
        assert self.errors(name) == self.renumbered(name)
        git(place, "push", "-q", "origin", "HEAD:main")

    def errors(self, name: str) -> list[gitml.Problem]:
        problems = gitml.open(self.folder / name).validate().problems
        return [problem for problem in problems if problem.severity == ERROR and problem.code != "immutable.changed"]

    def settle(self, name: str, unmerged: list[str]) -> None:
        """Versions of one number by `renumber`, everything else by taking one side."""
        place = self.folder / name
        for path in unmerged:
            if path.startswith("metadata/models/wine/"):
                self.store(name).renumber(f"model/wine@{Path(path).stem}")
                continue
            found = hunks((place / path).read_text())
            assert found, path
            write(place, {path: found[self.chance.choice([1, 2])]})
            git(place, "add", "--", path)

    def renumbered(self, name: str) -> list[gitml.Problem]:
        """Nothing; aliases that were in conflict, and mean a version that has moved, follow it first."""
        for problem in self.errors(name):
            assert problem.code == "ref.id", problem
            alias = self.store(name).show(problem.ref or "")
            self.store(name).renumber(f"model/wine@{alias.data['version']}")
        commit(self.folder / name, {}, "followed")
        return []


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clones")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        place = init(folder / "origin")
        write(place, {"metadata/store.yaml": "schema: store/1\nmain: main\n", "schemas/x.json": "{}\n"})
        fine(place, "init")
        store = gitml.open(place, clock=lambda: START)
        store.new("run", RUN.removeprefix("run/"), {"status": "finished", "metrics.auc": 0.9})
        store.register("wine", run=RUN, fields={"owners": ["@a"], "description": "Wines."})
        commit(place, {}, "begin")
        git(folder, "clone", "-q", "--bare", str(place), str(folder / "origin.git"))
        for name in PEOPLE:
            git(folder, "clone", "-q", str(folder / "origin.git"), name)
            git(folder / name, "config", "user.name", name)
            git(folder / name, "config", "user.email", f"{name}@example.org")
            fine(folder / name, "init")
        shutil.rmtree(place)
    return folder


@pytest.mark.parametrize("seed", range(2))
def test_what_many_do_at_once_ends_in_a_valid_store(template: Path, tmp_path: Path, seed: int) -> None:
    world = World(tmp_path / "world", template, Random(seed))  # noqa: S311  (the same deeds each time)
    for _round in range(2):
        for name in PEOPLE:
            for _deed in range(world.chance.randint(1, 4)):
                world.work(name)
        for name in world.chance.sample(PEOPLE, k=3):
            world.share(name)
    for name in (*PEOPLE, *PEOPLE):
        world.share(name)
    assert len({git(world.folder / name, "rev-parse", "HEAD^{tree}") for name in PEOPLE}) == 1
    assert {problem.severity for problem in gitml.open(world.folder / "one").validate().problems} <= {"warning"}
