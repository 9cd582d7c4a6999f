"""A store of any number of runs, streamed into git as it is made: neither memory nor a work tree ever holds it.

Processes draw the runs in shares, and the store is the same however many processes there are.
"""

from __future__ import annotations

import copy
import multiprocessing
import random
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import generate

SHARE = 2_000
BULK = 10  # commits that hold nearly all of the runs
LATER = 100  # one run in so many came later, in small commits
EACH = 25  # runs in a small commit
CITED = 8  # runs of a share that models may cite
WAITING = 4  # shares, for each process, that are made ahead of git
YEAR = timedelta(days=365)


class Share(NamedTuple):
    """Runs that one process draws at one time: how many are older, and how many these are."""

    first: int
    count: int


class Drawn(NamedTuple):
    """What git is told of a share, and some of its runs."""

    stream: bytes
    refs: list[str]


def made(folder: Path, size: int, seed: int = 1, processes: int | None = None) -> None:
    """A repository in `folder` of `size` runs and what they refer to, in many commits; no file is checked out."""
    generate.start(folder)
    command = ["git", "fast-import", "--quiet", "--depth=0"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE) as importer:
        assert importer.stdin
        feed(importer.stdin, size, seed, processes)
    if importer.returncode:
        raise SystemExit(f"git fast-import exited with {importer.returncode}")
    generate.git(folder, "sparse-checkout", "set", "--cone", "--no-sparse-index")
    generate.git(folder, "read-tree", "-mu", "HEAD")


def feed(git: IO[bytes], size: int, seed: int, processes: int | None = None) -> None:
    """Write all commits of a store to `git fast-import`."""
    ground = generate.Maker(size, random.Random(seed), 0.0)  # noqa: S311  (the same each time is the point)
    ground.ground()
    git.writelines([_commit(generate.START, "what runs refer to"), _files(ground.store.files)])
    sizes = commit_sizes(size)
    shares = [_shares(sum(sizes[:number]), count) for number, count in enumerate(sizes)]
    drawn = _in_order(partial(_draw, seed=seed), [one for commit in shares for one in commit], ground, processes)
    for number, commit in enumerate(shares):
        if number == BULK:
            git.writelines([_commit(_time(ground, commit[0].first), "models"), _models(ground)])
        git.write(_commit(_time(ground, commit[-1].first + commit[-1].count), f"{sizes[number]} runs"))
        for _share in commit:
            part = next(drawn)
            git.write(part.stream)
            if number < BULK:
                ground.runs += part.refs


def commit_sizes(size: int) -> list[int]:
    """How many runs each commit adds: a few large ones, then many small ones."""
    small = [EACH] * max(1, size // LATER // EACH)
    left, over = divmod(size - sum(small), BULK)
    return [left + (number < over) for number in range(BULK)] + small


def _shares(first: int, count: int) -> list[Share]:
    return [Share(at, min(SHARE, first + count - at)) for at in range(first, first + count, SHARE)]


def _models(ground: generate.Maker) -> bytes:
    ground.store = generate.Store()
    for number in range(ground.few):
        ground.model(generate.numbered(generate.MODELS, number))
    return _files(ground.store.files)


_GROUND: list[generate.Maker] = []  # of a process that draws


def _in_order(
    draw: partial[Drawn], shares: Iterable[Share], ground: generate.Maker, processes: int | None
) -> Iterator[Drawn]:
    """The shares as they were asked for, a few of them made ahead."""
    forked = multiprocessing.get_context("fork")  # who is forked has the ground already
    processes = processes or multiprocessing.cpu_count()
    with ProcessPoolExecutor(processes, forked, _GROUND.append, (copy.copy(ground),)) as pool:
        ahead: deque[Future[Drawn]] = deque()
        for share in shares:
            ahead.append(pool.submit(draw, share))
            if len(ahead) > WAITING * processes:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _draw(share: Share, seed: int) -> Drawn:
    maker = copy.copy(_GROUND[0])
    maker.draw = random.Random(f"{seed}-{share.first}")  # noqa: S311  (the same each time is the point)
    maker.store, maker.runs = generate.Store(), []
    maker.time = _time(maker, share.first)
    for _number in range(share.count):
        maker.run()
    return Drawn(_files(maker.store.files), maker.runs[:CITED])


def _time(ground: generate.Maker, runs: int) -> datetime:
    """When there were so many runs."""
    return generate.START + YEAR * runs / ground.size


def _commit(time: datetime, message: str) -> bytes:
    when = int(time.astimezone(UTC).timestamp())
    told = f"commit refs/heads/main\ncommitter Mona <mona@example.org> {when} +0000\ndata {len(message)}\n{message}\n"
    return told.encode()


def _files(files: Mapping[str, bytes]) -> bytes:
    return b"".join(
        f'M 100644 inline "{path}"\ndata {len(content)}\n'.encode() + content + b"\n"
        for path, content in sorted(files.items())
    )
