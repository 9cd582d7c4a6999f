"""How each step grows from a thousand runs to a million: seconds, and memory of the process and those it starts.

python benchmarks/million.py [--sizes 1000 10000 100000 1000000] [--keep FOLDER] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import generate
import million_made
import observed
import processes

GIT_ML = str(Path(sys.executable).with_name("git-ml"))
SIZES = (1_000, 10_000, 100_000, 1_000_000)
BRANCH = "elsewhere"
TOP = (
    "list",
    "run",
    "params.batch_size >= 64 and metrics.test.auc > 0.5",
    "--sort",
    "-metrics.test.auc",
    "--limit",
    "20",
)
NEW = ("new", "run", "wine", "status=finished", "created=2026-02-01T00:00:00Z", "metrics.auc=0.9", "params.lr=0.01")
LIVE = """
import sys, time, gitml
def timed(deed):
    started = time.perf_counter()
    deed()
    print(time.perf_counter() - started)
store = gitml.open(sys.argv[1])
now, past = store.at("HEAD"), []
ask = lambda snapshot, least: snapshot.rows("run", f"metrics.test.auc > {least}", sort="-metrics.test.auc", limit=20)
timed(lambda: ask(now, 0.5))
timed(lambda: ask(now, 0.6))
timed(lambda: past.append(ask(store.at(sys.argv[2]), 0.5)))
timed(lambda: now.show(sys.argv[3]))
"""
LIVE_STEPS = ("live: list, the first time", "live: list again", "live: list at an old commit", "live: show one run")


@dataclass(frozen=True)
class Figure:
    """What a step cost at a size: seconds on the clock and of work, megabytes at the peak of all its processes."""

    step: str
    size: int
    seconds: float
    cpu: float | None = None
    megabytes: float | None = None


class Grown:
    """A store of one size, made if it is not there yet, and the steps as a person takes them."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder / f"store-{size}"
        self.size = size

    def figures(self) -> Iterator[Figure]:
        """Every step, in turn."""
        yield from self.made()
        self.forget()
        yield self.step("list, the index is made", *TOP, "--at", "HEAD")
        yield self.step("list", *TOP, "--at", "HEAD")
        yield self.step("list, work tree", *TOP)
        yield self.step("list, the commit before", *TOP, "--at", "HEAD~1")
        yield self.step("list, half of the runs ago", *TOP, "--at", self.half)
        yield from self.live()
        yield self.step("add a run on a branch that is not checked out", *NEW, "--branch", BRANCH, "--commit")
        yield self.step("diff, one run apart", "diff", "main", BRANCH)
        yield self.step("diff, 25 runs apart", "diff", "HEAD~1", "HEAD")
        yield self.step("list, with the addition", *TOP, "--at", BRANCH)
        yield self.step("lineage of a model version", "lineage", "model/wine@1", "--at", "HEAD")
        yield self.step("lineage down from a dataset", "lineage", "dataset/wine@1", "--down", "--at", "HEAD")
        yield self.step("show a run", "show", self.a_run, "--at", "HEAD")
        yield self.step("log of an alias", "log", "alias/model/wine/production")
        yield self.step("validate the addition", "validate", "--range", f"main..{BRANCH}")

    def made(self) -> Iterator[Figure]:
        """The store, and what its making cost; nothing where it was there."""
        if self.folder.exists():
            generate.git(self.folder, "update-ref", "-d", f"refs/heads/{BRANCH}")
            return
        command = [sys.executable, generate.__file__, str(self.folder), "--streamed", "--size", str(self.size)]
        yield self.of("make the store", processes.spent(command, Path()))

    def forget(self) -> None:
        """Remove the index."""
        shutil.rmtree(self.folder / ".git" / "gitml", ignore_errors=True)

    def step(self, name: str, *argv: str) -> Figure:
        """A command line as a process."""
        return self.of(name, processes.spent([GIT_ML, *argv], self.folder))

    def of(self, name: str, cost: processes.Cost) -> Figure:
        """What a process cost, as a step's figure."""
        return Figure(name, self.size, cost.seconds, cost.cpu, cost.megabytes)

    def live(self) -> Iterator[Figure]:
        """The same in a program that has the store open."""
        command = [sys.executable, "-c", LIVE, str(self.folder), self.half, self.a_run]
        cost = processes.spent(command, self.folder)
        for name, seconds in zip(LIVE_STEPS, cost.out.split(), strict=True):
            yield Figure(name, self.size, float(seconds), megabytes=cost.megabytes)

    @property
    def half(self) -> str:
        """The commit that had half of the runs."""
        commits = generate.git(self.folder, "rev-list", "--reverse", "main").decode().split()
        return commits[million_made.BULK // 2]

    @property
    def a_run(self) -> str:
        """The ref of a run."""
        paths = generate.git(self.folder, "ls-tree", "-r", "--name-only", "HEAD", "metadata/runs/wine/")
        return f"run/wine/{Path(paths.decode().split()[0]).stem}"


def table(figures: Sequence[Figure]) -> Iterator[str]:
    """A line a step: seconds and megabytes at each size, and how they grew from one to the next."""
    sizes = sorted({one.size for one in figures})
    by_step: dict[str, dict[int, Figure]] = {}
    for one in figures:
        by_step.setdefault(one.step, {})[one.size] = one
    yield "| step | " + " | ".join(f"{size:,}: s | cpu s | MB" for size in sizes) + " | growth |"
    yield "|---|" + "---:|---:|---:|" * len(sizes) + "---|"
    for step, found in by_step.items():
        cells = [_cells(found.get(size)) for size in sizes]
        yield f"| {step} | {' | '.join(cells)} | {_growth([found[size] for size in sizes if size in found])} |"


def _cells(one: Figure | None) -> str:
    if one is None:
        return " |  | "
    return " | ".join("" if value is None else f"{value:.{digits}f}"
                      for value, digits in ((one.seconds, 3), (one.cpu, 2), (one.megabytes, 0)))  # fmt: skip


def _growth(found: Sequence[Figure]) -> str:
    return ", ".join(f"{(b.cpu or b.seconds) / (a.cpu or a.seconds):.1f}x" for a, b in pairwise(found))


def machine() -> dict[str, str]:
    """Where and when it was measured, and what."""
    here = Path(__file__).parent
    commit = generate.git(here, "rev-parse", "HEAD").decode().strip()
    git = subprocess.run(["git", "version"], check=True, capture_output=True, text=True).stdout.strip()
    return {
        "commit": commit, "time": datetime.now(UTC).isoformat(timespec="seconds"), "git": git,
        "python": platform.python_version(), "system": platform.platform(), "cores": str(processes.cores()),
    }  # fmt: skip


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--keep", type=Path, help="a folder where the stores stay, for the next time")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    parser.add_argument("--record", metavar="COMMAND", help="keep the figures as an observation, by this command")
    told = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="gitml-million-") as folder:
        for size in told.sizes:
            for one in Grown((told.keep or Path(folder)).resolve(), size).figures():
                figures.append(one)
                print(f"{size:>9,}  {one.step:<46} {one.seconds:9.3f} s", file=sys.stderr, flush=True)
                if told.json:  # after each, since the next may take long
                    whole = {**machine(), "figures": [asdict(one) for one in figures]}
                    told.json.write_text(json.dumps(whole, indent=1) + "\n")
    if told.record:
        print(observed.keep(told.record, observed_rows(figures)), file=sys.stderr)
    print("\n".join(table(figures)))
    return 0


def observed_rows(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The figures as an observation has them."""
    return [
        {"what": one.step, **{key: value for key, value in asdict(one).items() if key != "step"}} for one in figures
    ]


if __name__ == "__main__":
    sys.exit(main())
