"""Stores of many runs for tests of the index, and what reading every record says of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import Any

from gitml.records.canonical import dump
from gitml.records.record import MISSING
from gitml.records.ref import Ref
from gitml.records.ulid import new_ulid
from gitml.repo.index.table import Table
from gitml.repo.index.tables import table
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitrepo import commit, init
from in_memory import snapshot

Rows = dict[str, dict[str, Any]]
MANY = 200


def run(number: int, **more: Any) -> tuple[str, bytes]:
    """A run's path and bytes; those of every third experiment have names that are hashed."""
    made = new_ulid(1_700_000_000_000 + number * 977, number.to_bytes(10, "big"))
    experiment = ("wine", "churn", "o'brien/uplift")[number % 3]
    data: dict[str, Any] = {
        "schema": "run/1",
        "status": "finished",
        "params": {"lr": number / 7, f"p{number % 5}": number},
    }
    if number % 11 == 0:
        data["metrics"] = {"auc": float("nan"), "f1": 1}
    return _path(experiment, made), dump({**_hidden(experiment), **data, **more})


def _path(experiment: str, made: str) -> str:
    return snapshot({}).path(Ref("run", (experiment, made)))


def _hidden(experiment: str) -> dict[str, str]:
    return {"experiment": experiment} if "/" in experiment else {}


def many_runs(repo: Path) -> Path:
    """A store of two hundred runs, one of which nobody can read."""
    init(repo)
    files = dict(run(number) for number in range(MANY))
    broken = next(iter(files))
    commit(repo, {"metadata/store.yaml": "schema: store/1\n", **files, broken: b"schema: run/1\nstatus: [\n"})
    return repo


def held(found: Table) -> Rows:
    """What a table says, row by row."""
    found.fetch(found.names)
    rows: Rows = {}
    for one in found.blocks:
        for row in range(one.size):
            cells = {name: column[row] for name, column in one.columns.items()}
            rows[str(cells["ref"])] = {name: value for name, value in cells.items() if value is not MISSING}
    return rows


def read(one: Snapshot) -> Rows:
    """What reading every record gives."""
    return {str(record.ref): record.row for record in one.records("run")}


def agree(one: Snapshot) -> Table:
    """The table, which says what the records say (a NaN by its name), and what is lost too."""
    found, cache = table(one, "run"), one.cache
    found.fetch(found.names)
    one.cache = None
    assert told(held(found)) == told(read(one))
    assert found.count == len(read(one))
    assert sorted(found.lost) == [each.path for each in one.load(one.paths_of("run")) if each.record is None]
    one.cache = cache
    return found


def told(rows: Rows) -> list[str]:
    """Rows as texts that can be compared, which a NaN cannot."""
    return sorted(repr(sorted(row.items(), key=itemgetter(0))) for row in rows.values())


def fresh(repo: Path) -> Repository:
    """The store as another process finds it."""
    return Repository.find(repo)


# ── what becomes of a cache ───────────────────────────────────────────────────────────────────────────────────────


def emptied(cache: Path) -> None:
    """A cache of which nothing is left."""
    cache.write_bytes(b"")


def scribbled(cache: Path) -> None:
    """A cache of whose pages each has bytes that are others."""
    raw = bytearray(cache.read_bytes())
    for at in range(4096, len(raw), 509):
        raw[at] ^= 0x5A
    cache.write_bytes(bytes(raw))


def cut(cache: Path) -> None:
    """A cache of which half is left."""
    cache.write_bytes(cache.read_bytes()[: cache.stat().st_size // 2])


def without(pattern: str) -> Callable[[Path], None]:
    """What takes from a cache the entries whose keys are like a pattern; there must be some."""

    def forget(cache: Path) -> None:
        with sqlite3.connect(cache) as connection:
            assert connection.execute("DELETE FROM kept WHERE key GLOB ?", (pattern,)).rowcount
        connection.close()

    return forget
