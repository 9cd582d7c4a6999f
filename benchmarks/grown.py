"""A store's later life: commits that add, correct, move and remove records of several kinds; the same each time."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import generate

from gitml.records.ulid import new_ulid

STEP = 600  # seconds between commits
RUNS = 3
_RUN = re.compile(r"metadata/runs/[^/]+/")
_DATASET = re.compile(r"metadata/datasets/[^/]+\.yaml")
_ALIAS = re.compile(r"metadata/aliases/")

Changes = Mapping[str, bytes | None]
"""Files by path, None for one that goes."""


def grown(files: Mapping[str, bytes], commits: int, seed: int = 7) -> Iterator[Changes]:
    """What each of so many commits does to a store: runs come, a dataset and an alias change, runs move and go."""
    draw = random.Random(seed)  # noqa: S311  (the same each time is the point)
    runs, datasets, aliases = (sorted(filter(pattern.match, files)) for pattern in (_RUN, _DATASET, _ALIAS))
    for number in range(commits):
        changes: dict[str, bytes | None] = {}
        for _run in range(RUNS):
            like = draw.choice(runs)
            changes[_beside(like, draw)] = files[like] + b"note: run %d again\n" % number
        for paths, field in ((datasets, b"description"), (aliases, b"reason")):
            changed = draw.choice(paths)
            changes[changed] = re.sub(rb"(?m)^%s: .*$" % field, b"%s: as of %d" % (field, number), files[changed])
        if number % 5 == 0:
            changes[runs.pop(draw.randrange(len(runs)))] = None
        if number % 7 == 0:
            moved = runs.pop(draw.randrange(len(runs)))
            changes |= {moved: None, _beside(moved, draw): files[moved]}
        yield changes


def _beside(run: str, draw: random.Random) -> str:
    """The path of a run with another id, of the same experiment."""
    made = new_ulid(int(generate.START.timestamp() * 1000) + draw.randrange(10**9), draw.randbytes(10))
    return f"{_RUN.match(run)[0]}{hashlib.sha256(made.encode()).hexdigest()[:2]}/{made}.yaml"  # type: ignore[index]


def commit(folder: Path, changes: Sequence[Changes]) -> None:
    """A commit on main for each of these, in a repository that has one; its work tree follows."""
    generate.git(folder, "fast-import", "--quiet", stream=b"".join(_stream(changes)))
    generate.git(folder, "reset", "-q", "--hard")


def _stream(commits: Sequence[Changes]) -> Iterator[bytes]:
    start = int(generate.DATE.partition(" ")[0])
    for number, changes in enumerate(commits, start=1):
        when = start + number * STEP
        yield f"commit refs/heads/main\ncommitter Mona <mona@example.org> {when} +0000\ndata 5\ngrown\n".encode()
        yield b"from refs/heads/main^0\n" if number == 1 else b""
        for path, content in changes.items():
            if content is None:
                yield f'D "{path}"\n'.encode()
            else:
                yield f'M 100644 inline "{path}"\ndata {len(content)}\n'.encode() + content + b"\n"
