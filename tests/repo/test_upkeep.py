"""The cache looked after: whatever is removed from it, answers stay as they are and it is made again."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

import gitml
from gitml.actions.upkeep import gc
from gitml.errors import DiskFailed
from gitml.repo import database as of_database
from gitml.repo import upkeep
from gitml.repo.cache import Cache
from gitml.repo.index import block
from gitml.repo.repository import Repository
from gitrepo import commit, environment, git

METRICS = {f"metadata/metrics/m{number:03}.yaml": f"schema: metric/1\ndirection: higher\ndescription: no. {number}\n"
           for number in range(150)}  # fmt: skip

EMPTY = 4096


@pytest.fixture
def store(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of some blocks, all of it kept."""
    monkeypatch.setattr(block, "_CUT", 16)
    commit(repo, METRICS | {"metadata/store.yaml": "schema: store/1\n"})
    answers(repo)
    return repo


def answers(repo: Path) -> tuple[object, ...]:
    """What a listing and a validation say, from a new start."""
    opened = gitml.open(repo)
    said = opened.rows("metric").rows, opened.validate().problems
    assert opened.repository.cache.note == ""
    return said


def kept(repo: Path) -> Cache:
    return Cache(repo / ".git")


def asked(repo: Path, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(kept(repo).path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def keys(repo: Path) -> set[str]:
    return {key for (key,) in asked(repo, "SELECT key FROM kept")}


def of_sort(repo: Path, sort: str) -> set[str]:
    return {key for key in keys(repo) if key.startswith(f"{sort}/")}


# ── what lies in it ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_entry_is_counted_once(store: Path) -> None:
    found = upkeep.info(kept(store))
    ((count, held),) = asked(store, "SELECT count(*), sum(length(value)) FROM kept")
    assert (sum(one.count for one in found), sum(one.bytes for one in found)) == (count, held)
    assert {"block", "column", "files", "gist", "judged", "table"} <= {one.sort for one in found}
    assert [one.sort for one in found] == sorted(one.sort for one in found)
    assert upkeep.size(kept(store)) == kept(store).path.stat().st_size > held


def test_where_there_is_none_nothing_is_made(repo: Path) -> None:
    cache = kept(repo)
    assert (upkeep.info(cache), upkeep.verify(cache), upkeep.clear(cache), upkeep.size(cache)) == ([], (0, []), 0, 0)
    assert gc(Repository.find(repo)) == []
    assert not cache.path.exists()


# ── what is damaged ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sound_one_is_left_as_it_is(store: Path) -> None:
    before = keys(store)
    assert upkeep.verify(kept(store)) == (len(before), [])
    assert keys(store) == before


@pytest.mark.parametrize("sort", ["column", "block", "files", "table", "facts", "gist", "judged"])
def test_a_damaged_entry_is_told_removed_and_made_again(store: Path, sort: str) -> None:
    good, before = answers(store), keys(store)
    victim = max(of_sort(store, sort))
    asked(store, "UPDATE kept SET value = substr(value, 1, length(value) - 1) || x'ff' WHERE key = ?", victim)
    checked, faults = upkeep.verify(kept(store))
    assert checked == len(before)
    assert [one.told for one in faults if one.key == victim] == ["its checksum is wrong"]
    assert keys(store) == before - {one.key for one in faults}
    assert upkeep.verify(kept(store))[1] == []
    assert answers(store) == good
    if sort in {"column", "table"}:  # the others are kept again when something has changed
        assert keys(store) == before


def test_a_block_that_has_lost_columns_is_made_again_whole(store: Path) -> None:
    good, before = answers(store), keys(store)
    asked(store, "DELETE FROM kept WHERE key LIKE 'column/%/direction'")
    told = {one.key.partition("/")[0]: one.told for one in upkeep.verify(kept(store))[1]}
    assert told == {"block": "has lost columns", "table": "names a block that has lost columns"}
    assert answers(store) == good
    assert keys(store) == before


@pytest.mark.parametrize("harm", [lambda _raw: b"no database" * 999, lambda raw: raw[:-5000]], ids=["foreign", "cut"])
def test_a_file_that_is_no_database_goes_as_a_whole(store: Path, harm: Any) -> None:
    good = answers(store)
    kept(store).path.write_bytes(harm(kept(store).path.read_bytes()))
    checked, (fault,) = upkeep.verify(kept(store))
    assert (checked, fault.key) == (0, "")
    assert fault.told.startswith("the whole file: ")
    assert upkeep.info(kept(store)) == []
    assert upkeep.size(kept(store)) <= EMPTY
    assert answers(store) == good


def test_others_say_who_removes_a_damaged_one(store: Path) -> None:
    kept(store).path.write_bytes(b"no database" * 999)
    with pytest.raises(DiskFailed, match=r"is damaged: file is not a database; git ml cache verify"):
        upkeep.info(kept(store))
    assert upkeep.clear(kept(store)) == 11 * 999


# ── clear ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_clear_frees_all_and_who_uses_it_goes_on(store: Path) -> None:
    good, before = answers(store), keys(store)
    other = kept(store)
    other.put({"mine": 1})
    old = other.path.with_name("cache-0.sqlite-journal")
    old.write_bytes(b"older")
    held = upkeep.size(other)
    assert upkeep.clear(kept(store)) == held + len(b"older") - upkeep.size(other)
    assert list(other.path.parent.glob("cache-*")) == [other.path]
    assert upkeep.size(other) == EMPTY
    assert (upkeep.info(other), upkeep.clear(other)) == ([], 0)
    assert other.get(["mine"]) == {}
    other.put({"mine": 2})
    assert kept(store).get(["mine"]) == {"mine": 2}
    assert other.note == ""
    assert answers(store) == answers(store) == good
    assert keys(store) == before | {"mine"}


def test_a_newer_gitml_keeps_its_own(store: Path) -> None:
    newer = kept(store).path.with_name("cache-99.sqlite")
    newer.write_bytes(b"newer")
    upkeep.clear(kept(store))
    assert newer.exists()


def test_other_processes_say_the_same_meanwhile(store: Path) -> None:
    good = answers(store)
    asking = "s = gitml.open('.'); print(s.rows('metric').total, len(s.validate().problems), s.repository.cache.note)"
    script = f"import gitml\nfor _ in range(12): {asking}"
    started = [
        subprocess.Popen([sys.executable, "-c", script], cwd=store, env=environment(), stdout=PIPE, stderr=PIPE)
        for _process in range(2)
    ]
    while any(process.poll() is None for process in started):
        assert upkeep.verify(kept(store))[1] == []
        gc(Repository.find(store))
        upkeep.clear(kept(store))
    for process in started:
        out, err = process.communicate()
        assert (set(out.splitlines()), err, process.returncode) == ({b"150 150 "}, b"", 0)
    assert answers(store) == good


# ── gc ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_in_use_stays(store: Path) -> None:
    before = keys(store)
    assert gc(Repository.find(store)) == []
    assert keys(store) == before


def test_what_other_versions_have_kept_goes(store: Path) -> None:
    good, before = answers(store), keys(store)
    foreign = {
        "record/1/abc", "facts/0123456789abcdef/a/b/c", "kind/1/0/x", "kind/1/0/x/data", "block/abc", "column/abc/lr",
        "files/abc", "table/1/salt/metric", "table/1/salt/metric/abc", "alone/table/1/salt/metric/abc", "underived/ab",
        "md5/0/1/2/3/4/5", "unheard-of",
    }  # fmt: skip
    kept(store).put({key: [["abc"]] for key in foreign})
    old = kept(store).path.with_name("cache-0.sqlite")
    old.write_bytes(b"older")
    would = gc(Repository.find(store), dry_run=True)
    assert keys(store) == before | foreign
    assert old.exists()
    assert gc(Repository.find(store)) == would
    assert sum(one.count for one in would) == len(foreign) + 1
    assert keys(store) == before
    assert not old.exists()
    assert answers(store) == good


def test_tables_that_were_asked_for_long_ago_go_with_their_blocks_unless_a_tip_has_them(store: Path) -> None:
    git(store, "branch", "old")
    for number in range(12):
        commit(store, {"metadata/metrics/m000.yaml": f"schema: metric/1\ndirection: lower\ndescription: x{number}\n"})
        answers(store)
    good, before = answers(store), keys(store)
    size = upkeep.size(kept(store))
    removed = {one.sort: one.count for one in gc(Repository.find(store))}
    # Of thirteen tables eight were asked for last, and one is the branch's.
    assert removed["table"] == 4
    assert removed["block"] == removed["files"] == 4
    assert removed.keys() <= {"table", "alone", "block", "files", "column"}
    assert upkeep.size(kept(store)) < size
    assert upkeep.verify(kept(store))[1] == []
    after = keys(store)
    assert answers(store) == good
    assert len(gitml.open(store).at("old").rows("metric").rows) == len(METRICS)
    assert keys(store) == after
    assert len(gitml.open(store).at("HEAD~10").rows("metric").rows) == len(METRICS)
    assert len(of_sort(store, "table")) == len({key for key in after if key.startswith("table/")}) + 1
    assert of_sort(store, "block") <= {key for key in before if key.startswith("block/")}


# ── where it cannot ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("deed", [upkeep.clear, lambda cache: upkeep.gc(cache, (), ())], ids=["clear", "gc"])
def test_a_locked_one_is_told_and_left(store: Path, deed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keys(store)
    monkeypatch.setattr(of_database, "BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(kept(store).path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(DiskFailed, match=r"cannot be used: database is locked; another process"):
            deed(kept(store))
    assert keys(store) == before


def test_what_is_no_file_is_told(store: Path) -> None:
    path = kept(store).path
    path.unlink()
    path.mkdir()
    for deed in (upkeep.info, upkeep.verify, upkeep.clear):
        with pytest.raises(DiskFailed, match="cannot be used: unable to open database file"):
            deed(kept(store))
