"""What recording costs a training: a call of `log`, a million points, ten seconds of work, a thousand runs to gather.

Each side is a process of its own; times are of CPU, all threads included, for what a thread of ours does is a cost too.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import generate
import timing
from memory import PEAK
from timing import Row, best, cpu

import gitml

CALLS, POINTS, MILLION, SPOOLED = 20_000, 10, 1_000_000, 1_000
ROUNDS, TURNS = 3, 5
_TIMED = """
import json, os, sys, time
def processors():
    return sum(os.times()[:4])  # of this process and of those that it has waited for: git's
def spent(deed):
    begun = processors()
    deed()
    return 1e6 * (processors() - begun)
"""
OURS = f"""{_TIMED}
import gitml
calls, points = map(int, sys.argv[1:])
names = [f"m{{name}}" for name in range(points)]
with gitml.run("speed") as run:
    def deed():
        for step in range(calls):
            run.log({{name: step / 7 for name in names}}, step=step)
    print(json.dumps(spent(deed)))
"""
PLAIN = f"""{_TIMED}
calls, points = map(int, sys.argv[1:])
names = [f"m{{name}}" for name in range(points)]
with open("plain.jsonl", "w") as file:
    def deed():
        for step in range(calls):
            file.write(json.dumps([time.time(), step, {{name: step / 7 for name in names}}]) + "\\n")
    print(json.dumps(spent(deed)))
"""
WORK = """
def work(step):
    return sum(number * number for number in range(150_000)) / (step + 1)
"""
TRAINING = f"""{_TIMED}{WORK}
def deed():
    import gitml
    with gitml.run("training", params={{"lr": 0.1}}) as run:
        for step in range(int(sys.argv[1])):
            run.log({{"loss": work(step), "auc": step / 7}}, step=step)
if len(sys.argv) > 2:
    deed = lambda: [work(step) for step in range(int(sys.argv[1]))]
begun = time.monotonic()
cost = spent(deed)
print(json.dumps([cost, 1e6 * (time.monotonic() - begun)]))
"""
MANY = f"""{PEAK}
import sys, gitml
with gitml.run("many") as run:
    for step in range(int(sys.argv[1]) // 10):
        run.log({{f"m{{name}}": step / 7 for name in range(10)}}, step=step)
told(run.ref)
"""
FINISHED = """
import sys, gitml
for number in range(int(sys.argv[1])):
    with gitml.run("spooled", params={"number": number}) as run:
        run.log({"auc": number / 1000}, step=1)
"""


def rows(folder: Path) -> Iterator[Row]:
    """Every figure, in a store that is made for them."""
    place, compiled = folder / "recording", folder / "compiled"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    generate.git(place, "init", "-q", "-b", "main")
    (place / "train.py").write_text("print(1)\n")
    gitml.init(place)
    generate.git(place, "add", "-A")
    generate.git(place, "commit", "-q", "-m", "begin")
    told = partial(_told, place, compiled)
    told(TRAINING, "1")  # modules are compiled, tables are made
    for points in (1, POINTS):
        ours = min(told(OURS, str(CALLS), str(points)) for _round in range(ROUNDS)) / CALLS
        theirs = min(told(PLAIN, str(CALLS), str(points)) for _round in range(ROUNDS)) / CALLS
        what = f"log a step of {points} metric{'s' * (points > 1)}, of {CALLS:,}"
        yield Row(what, ours, "CPU: json.dumps to a file", theirs, unit="us")
    yield from _training(place, compiled)
    yield from _memory(place, compiled)
    yield _synced(place, compiled)


def _told(place: Path, compiled: Path, code: str, *words: str) -> Any:
    return json.loads(timing.run(place, compiled, (sys.executable, "-c", code, *words)).stdout)


def _training(place: Path, compiled: Path) -> Iterator[Row]:
    """Ten seconds of work with a run around it that logs each step, imports, start and end included; and it alone.

    In turns, and of each the least: what else the machine does is a cost of neither.
    """
    step = _told(place, compiled, TRAINING, "20", "alone")[0] / 20
    steps = str(round(10e6 / step))
    pairs = [[_told(place, compiled, TRAINING, steps, *more) for more in ((), ("alone",))] for _round in range(TURNS)]
    for number, (clock, at_least) in enumerate((("CPU", 0.99), ("wall", None))):
        ours, theirs = (min(one[number] for one in side) / 1000 for side in zip(*pairs, strict=True))
        yield Row(
            f"10 s of training, {steps} steps logged", ours, f"{clock}: the work alone", theirs, at_least=at_least
        )
    ours, theirs = (
        min(_told(place, compiled, TRAINING, "0", *more)[0] for _round in range(TURNS)) for more in ((), ("alone",))
    )
    yield Row("the same of no step: the first run of a process", ours / 1000, "CPU: none", theirs / 1000)


def _memory(place: Path, compiled: Path) -> Iterator[Row]:
    """A million points, and a thousand."""
    many, few = (_told(place, compiled, MANY, str(size)) for size in (MILLION, 1000))
    yield Row(f"memory: a run of {MILLION:,} points", many[0], "a run of 1,000", few[0], unit="MB")
    yield Row(f"log {MILLION:,} points, start and end included", many[1], "CPU: a run of 1,000", few[1])


def _synced(place: Path, compiled: Path) -> Row:
    """Runs of which a node has told a spool become records; and the same recorded where they are."""
    spool = place.parent / "spool"
    shutil.rmtree(spool, ignore_errors=True)
    command = (sys.executable, "-c", FINISHED, str(SPOOLED))
    timing.run(place, compiled, command, {"GITML_SPOOL": str(spool)})
    git_ml = Path(sys.executable).with_name("git-ml")
    sync = (git_ml, "sync", "--spool", spool, "--commit")
    ours, _done = best(lambda: timing.run(place, compiled, sync), 1, clock=cpu)
    theirs, _done = best(lambda: timing.run(place, compiled, command), 1, clock=cpu)
    found = gitml.open(place).at("HEAD").rows("run", columns="params.number", limit=None)
    numbers = [row["params.number"] for row in found.rows if row["ref"].startswith("run/spooled/")]
    assert sorted(numbers) == list(range(SPOOLED)), "sync has lost runs"
    return Row(f"sync {SPOOLED:,} spooled runs, one commit", ours, "CPU: record them", theirs, at_most=30_000)
