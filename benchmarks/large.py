"""A hundred thousand records: indexed and judged from nothing, again, after one commit, and in a commit's hook."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import generate
import jsonschema
import processes
import timing
import yaml
from timing import Row, best, timed, wall

from gitml.checks import validate
from gitml.repo.repository import Repository

SIZE, BAD, ROUNDS = 100_000, 0.002, 5
SAMPLE = 20  # of so many files the reference libraries read one
GIT_ML = Path(sys.executable).with_name("git-ml")
_HOOKED = {1: 120, 50: 200}  # of so many files a commit's hook may take so many milliseconds


class Large:
    """One store, and the reference libraries' view of a part of it."""

    def __init__(self, folder: Path, size: int = SIZE) -> None:
        self.folder = folder / "large"
        self.size = size
        self.compiled = folder / "compiled"
        made = generate.store(size, broken=BAD)
        generate.commit(self.folder, made.files, checkout=True)
        self.runs = sorted(path for path in made.files if path.startswith("metadata/runs/") and path not in made.broken)
        records = sorted(path for path in made.files if path.startswith("metadata/") and "/store.yaml" not in path)
        self.sample = records[::SAMPLE]

    def rows(self) -> Iterator[Row]:
        """Every figure."""
        yield from self.judged()
        yield from self.grown()
        yield from self.hooked()

    # ── validate ──────────────────────────────────────────────────────────────────────────────────────────────────

    def judged(self) -> Iterator[Row]:
        """All of it from nothing, on all cores, by the clock; and again."""
        shutil.rmtree(self.folder / ".git" / "gitml", ignore_errors=True)
        theirs, wrong = timed(self.by_jsonschema, wall)
        cold, found = timed(self.by_gitml, wall)
        assert found & set(self.sample) == wrong, "the two sides disagree on which records are wrong"
        assert wrong, "a store without a wrong record proves little"
        told = f"CSafeLoader + a reused jsonschema validator, 1 in {SAMPLE} x {SAMPLE}, one core"
        what = f"index and validate {self.size:,} records from nothing, {processes.cores()} cores"
        yield Row(what, cold, told, theirs * SAMPLE, at_least=15)
        warm, again = best(self.by_gitml, 3, clock=wall)
        assert again == found
        yield Row(f"validate {self.size:,} records again", warm, told, theirs * SAMPLE)
        self.cold = cold

    def by_gitml(self) -> set[str]:
        """The records that break their schema, as a process that has just begun finds them."""
        repository = Repository.find(self.folder)
        found = validate.everything(repository, repository.head())
        return {problem.path for problem in found.problems if problem.code.startswith("schema.")}

    def by_jsonschema(self) -> set[str]:
        """The same of the sample by the reference libraries."""
        schemas = Repository.find(self.folder).head().schemas
        reused = {
            kind.tag: jsonschema.Draft202012Validator(dict(kind.schema)) for kind in map(schemas.kind, schemas.names)
        }
        loaded = ((path, yaml.load((self.folder / path).read_bytes(), yaml.CSafeLoader)) for path in self.sample)
        return {path for path, data in loaded if not reused[data["schema"]].is_valid(data)}

    def grown(self) -> Iterator[Row]:
        """After a commit that adds a run."""
        path = self.runs[7]
        (self.folder / path).write_bytes((self.folder / path).read_bytes() + b"# again\n")
        generate.git(self.folder, "commit", "-q", "-a", "-m", "one more")
        ours, _found = timed(self.by_gitml, wall)
        yield Row(f"validate {self.size:,} records after one commit", ours, "ours from nothing", self.cold, at_least=50)

    # ── the hook ──────────────────────────────────────────────────────────────────────────────────────────────────

    def hooked(self) -> Iterator[Row]:
        """What the hook adds to `git commit`."""
        without = 0.0
        timing.run(self.folder, self.compiled, (GIT_ML, "init", "--hooks"))
        generate.git(self.folder, "add", "-A")
        generate.git(self.folder, "commit", "-q", "--no-verify", "-m", "what init wrote")
        path = f"{GIT_ML.parent}{os.pathsep}{os.environ['PATH']}"
        for count, at_most in _HOOKED.items():
            chosen = self.runs[10 : 10 + 40 * count : 40]
            without, with_hook = self.commits(partial(self.touch, chosen), path)
            what = f"hook: {count} changed file{'s' * (count > 1)} of {self.size:,}, added to git commit"
            yield Row(what, with_hook - without, "git commit without it", without, at_most=at_most)
        versions = generate.git(self.folder, "ls-files", "metadata/environments/").decode().splitlines()
        spare = self.folder / versions[0]
        kept = spare.read_bytes()
        spare.unlink()
        generate.git(self.folder, "add", "-A")
        self.commit(path, codes=(1,))
        ours = min(timed(partial(self.commit, path, codes=(1,)), wall)[0] for _round in range(ROUNDS))
        spare.write_bytes(kept)
        generate.git(self.folder, "add", "-A")
        yield Row(
            f"hook: a record removed of {self.size:,}, refused", ours, "git commit without it", without, at_most=1000
        )

    def touch(self, paths: list[str], number: int) -> None:
        """Change files, and stage them."""
        for path in paths:
            with (self.folder / path).open("ab") as file:
                file.write(b"# %d\n" % number)
        generate.git(self.folder, "add", "-u")

    def commits(self, change: Callable[[int], None], path: str) -> tuple[float, float]:
        """Milliseconds of a commit without and with the hook, taken in turns: the best of both."""
        times: Mapping[bool, list[float]] = {False: [], True: []}
        for number in range(2 * (ROUNDS + 1)):
            change(number)
            hooks = number % 2 == 1
            spent, _done = timed(partial(self.commit, path, hooks=hooks), wall)
            times[hooks].append(spent)
        return min(times[False][1:]), min(times[True][1:])

    def commit(self, path: str, *, hooks: bool = True, codes: tuple[int, ...] = (0,)) -> None:
        """`git commit` of what is staged."""
        words = ("git", "commit", "-q", "-m", "changed", *(() if hooks else ("--no-verify",)))
        timing.run(self.folder, self.compiled, words, {"PATH": path}, codes=codes)


def rows(folder: Path) -> Iterator[Row]:
    """Every figure of a store that is made for them."""
    yield from Large(folder).rows()
