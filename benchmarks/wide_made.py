"""A sparse store: runs of many experiments, each with names of its own, streamed into git and never checked out.

`python benchmarks/wide_made.py FOLDER --size 100000` makes one to look at: 50 experiments, 2,000 parameter names of
every type and of none, NaN, nulls and integers of 64 bits; a run has some 32 of the 120 that its experiment knows.
"""

from __future__ import annotations

import argparse
import math
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import generate

from gitml.records.canonical import dump
from gitml.records.ref import Ref
from gitml.records.schemas import Schemas
from gitml.records.ulid import new_ulid
from gitml.repo.kinds import shipped

SIZE, EXPERIMENTS, NAMES, KNOWN, USED = 100_000, 50, 2_000, 120, 32
COMMITTED = f"commit refs/heads/main\ncommitter Mona <mona@example.org> {generate.DATE}\ndata 4\nmade\n".encode()

Draw = Callable[[random.Random], Any]
KINDS: Sequence[Draw] = (
    lambda draw: draw.random(),
    lambda draw: float(f"{10 ** draw.uniform(-5, -0.5):.3g}"),
    lambda draw: draw.randint(1, 512),
    lambda draw: draw.choice([2**63 - 1, -(2**63), draw.getrandbits(63)]),
    lambda draw: draw.choice(["adam", "sgd", "lion", "adamw"]),
    lambda draw: f"{draw.getrandbits(28):07x}",
    lambda draw: draw.random() < 0.5,  # noqa: PLR2004
    lambda draw: draw.choice([math.nan, math.inf, draw.random()]),
    lambda draw: draw.choice([None, 3, 0.5, "auto", True]),
    lambda draw: [draw.randint(1, 9) for _item in range(draw.randint(0, 3))],
)


def made(folder: Path, size: int = SIZE, seed: int = 1) -> None:
    """A repository in `folder` of so many runs, the same for the same seed."""
    generate.start(folder)
    command = ["git", "fast-import", "--quiet", "--depth=0"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE) as importer:
        assert importer.stdin
        importer.stdin.write(COMMITTED)
        for path, content in files(size, seed):
            importer.stdin.write(f'M 100644 inline "{path}"\ndata {len(content)}\n'.encode() + content + b"\n")
    if importer.returncode:
        raise SystemExit(f"git fast-import exited with {importer.returncode}")
    generate.git(folder, "sparse-checkout", "set", "--cone", "--no-sparse-index")
    generate.git(folder, "read-tree", "-mu", "HEAD")


def files(size: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """The store's files, one after the other."""
    draw = random.Random(seed)  # noqa: S311  (the same each time is the point)
    schemas = Schemas(shipped(None))
    order = schemas.kind("run").shape.order
    names = [(f"{draw.choice(list(generate.PARAMS))}_{number}", draw.choice(KINDS)) for number in range(NAMES)]
    known = [draw.sample(names, KNOWN) for _experiment in range(EXPERIMENTS)]
    yield generate.STORE, b"schema: store/1\nmain: main\nevents: tree\n"
    for number in range(size):
        at = draw.randrange(EXPERIMENTS)
        time = generate.START + timedelta(days=365) * number / size
        ref = Ref("run", (f"experiment-{at:02}", new_ulid(int(time.timestamp() * 1000), draw.randbytes(10))))
        data = run(draw, known[at]) | {"created": time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        yield schemas.path(ref), dump({"schema": "run/1", **data}, order)


def run(draw: random.Random, known: Sequence[tuple[str, Draw]]) -> Mapping[str, Any]:
    """What one run says."""
    return {
        "type": "train",
        "status": "finished",
        "params": {name: value(draw) for name, value in draw.sample(known, USED)},
        "metrics": {"auc": draw.betavariate(8, 2), "loss": draw.choice([math.nan, draw.random()])},
    }


def main() -> int:
    """Make a store to look at."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--size", type=int, default=SIZE)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    made(given.folder, given.size, given.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
