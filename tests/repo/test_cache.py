"""The cache is disposable: damaged, absent, unwritable or shared, the answers are the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

import gitml
from gitml.repo.cache import Cache
from gitml.repo.database import Database, is_damage
from gitrepo import commit, environment

METRICS = {f"metadata/metrics/m{number}.yaml": "schema: metric/1\ndirection: higher\n" + f"# {number}\n" * (number % 3)
           for number in range(90)}  # fmt: skip


@pytest.fixture
def store(repo: Path) -> Path:
    commit(repo, METRICS | {"metadata/metrics/broken.yaml": "a: [\n", "metadata/store.yaml": "schema: store/1\n"})
    return repo


def answers(repo: Path) -> tuple[object, ...]:
    """What a listing and a validation say, from a new start."""
    opened = gitml.open(repo)
    return opened.rows("metric").rows, opened.validate().problems


def kept(repo: Path) -> Path:
    return Cache(repo / ".git").path


def asked(cache: Cache, statement: str) -> list[tuple[object, ...]]:
    """What SQLite itself says."""
    with closing(sqlite3.connect(cache.path)) as connection, connection:
        return connection.execute(statement).fetchall()


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    values = {"a": {"x": [1, 2.5, None, True, "é"]}, "b": float("inf"), "c": 2**62}
    Cache(tmp_path).put(values)
    assert Cache(tmp_path).get(["a", "b", "c", "d"]) == values


def test_the_second_time_says_the_same(store: Path) -> None:
    cold = answers(store)
    assert kept(store).exists()
    assert answers(store) == cold


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw[: len(raw) // 2],
        lambda _raw: b"",
        lambda _raw: b"no database at all" * 100,
        lambda raw: bytes(byte ^ (number % 97 == 0) for number, byte in enumerate(raw)),
        lambda raw: raw[:4096] + os.urandom(max(0, len(raw) - 4096)),
    ],
    ids=["cut", "empty", "foreign", "flipped", "scribbled"],
)
def test_a_damaged_cache_is_noticed_and_built_again(store: Path, harm: object) -> None:
    good = answers(store)
    raw = kept(store).read_bytes()
    assert callable(harm)
    kept(store).write_bytes(harm(raw))
    assert answers(store) == good
    assert answers(store) == good
    assert answers(store) == good


def test_a_flipped_bit_in_a_value_is_no_value(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put({"key": "a text that is long enough to find"})
    cache.close()
    with sqlite3.connect(cache.path) as connection:
        (value,) = connection.execute("SELECT value FROM kept").fetchone()
        connection.execute("UPDATE kept SET value = ?", (value[:-1] + bytes([value[-1] ^ 1]),))
    connection.close()
    assert Cache(tmp_path).get(["key"]) == {}


def test_a_value_that_stands_by_another_key_is_no_value(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put({"a": "mine", "b": "yours"})
    asked(cache, "UPDATE kept SET value = (SELECT value FROM kept WHERE key = 'b') WHERE key = 'a'")
    assert cache.get(["a", "b"]) == {"b": "yours"}


@pytest.mark.parametrize("columns", ["key TEXT UNIQUE", "key TEXT UNIQUE, value BLOB, time", "a"])
def test_a_file_of_other_columns_is_emptied_and_used(tmp_path: Path, columns: str) -> None:
    for deed in (lambda cache: cache.get(["a"]), lambda cache: cache.put({"a": 1})):
        cache = Cache(tmp_path)
        cache.put({"a": 1})
        asked(cache, "DROP TABLE kept")
        asked(cache, f"CREATE TABLE kept ({columns})")
        cache = Cache(tmp_path)
        deed(cache)
        cache.put({"a": 2})
        assert cache.get(["a"]) == {"a": 2}
        assert Cache(tmp_path).get(["a"]) == {"a": 2}


@pytest.mark.parametrize("is_database", [True, False], ids=["scribbled", "foreign"])
def test_of_two_that_find_it_damaged_the_second_leaves_what_the_first_has_built(
    tmp_path: Path, *, is_database: bool
) -> None:
    first, second = Cache(tmp_path), Cache(tmp_path)
    first.put({f"key{number}": "x" * 999 for number in range(99)})
    second.get(["key1"])
    raw = first.path.read_bytes()
    first.path.write_bytes(raw[:8192] + os.urandom(len(raw) - 8192) if is_database else b"no database" * 9999)
    first, found = Cache(tmp_path), second._database
    assert found is not None
    assert first.get([f"key{number}" for number in range(99)]) == {}
    assert "was damaged" in first.note
    first.put({"a": 1})
    assert not found.repair()
    assert second.get(["a"]) == {"a": 1}
    second.put({"b": 2})
    assert (first.get(["a", "b"]), second.note) == ({"a": 1, "b": 2}, "")
    assert asked(first, "PRAGMA integrity_check") == [("ok",)]


def test_what_stands_beside_others_is_kept_with_them_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put({str(number): number for number in range(1200)})
    beside = [str(number) for number in range(1200)]
    cache.put({"all": True}, beside=beside)
    cache.put({"more": True}, beside=[*beside, "1200"])
    assert cache.get(["all", "more"]) == {"all": True}


def test_who_has_it_open_while_it_is_emptied_goes_on(tmp_path: Path) -> None:
    one, other = Cache(tmp_path), Cache(tmp_path)
    for number in range(5):
        one.put({"a": number})
        assert other.get(["a"]) == {"a": number}
        with closing(Database(other.path)) as database:
            database.clear()
        assert one.get(["a"]) == {}
    assert (one.note, other.note) == ("", "")


def test_who_reads_while_others_empty_and_fill_it_stumbles_over_nothing(tmp_path: Path) -> None:
    values = {f"key{number}": "x" * 99 for number in range(9)}
    readers = [Cache(tmp_path) for _reader in range(3)]
    over = Event()

    def read(cache: Cache) -> None:
        while not over.is_set():
            assert cache.get(values).items() <= values.items()

    threads = [Thread(target=read, args=[cache]) for cache in readers]
    for thread in threads:
        thread.start()
    for _round in range(60):
        Cache(tmp_path).put(values)
        with closing(Database(readers[0].path)) as database:
            database.clear()
    over.set()
    for thread in threads:
        thread.join()
    assert [cache.note for cache in readers] == [""] * 3


@pytest.mark.parametrize(
    ("code", "is_file"),
    [("ERROR", True), ("SCHEMA", True), ("ERROR_RETRY", True), ("BUSY", False), ("FULL", False), ("IOERR", False)],
)
def test_of_what_sqlite_tells_only_what_is_wrong_with_the_file_is_damage(code: str, *, is_file: bool) -> None:
    error = sqlite3.OperationalError("no such table: kept")
    error.sqlite_errorcode = {"ERROR_RETRY": 513}.get(code) or getattr(sqlite3, f"SQLITE_{code}")
    assert is_damage(error) == is_file


def test_where_it_cannot_be_written_everything_works_and_says_so(store: Path) -> None:
    good = answers(store)
    kept(store).unlink()
    kept(store).mkdir()
    assert answers(store) == good
    cache = Cache(store / ".git")
    cache.put({"a": 1})
    assert "going on without it" in cache.note
    assert cache.get(["a"]) == {}


def test_a_cache_of_an_older_gitml_is_left_alone(store: Path) -> None:
    old = kept(store).with_name("cache-0.sqlite")
    old.parent.mkdir(exist_ok=True)
    old.write_bytes(b"older")
    assert answers(store) == answers(store)
    assert old.read_bytes() == b"older"


def test_several_processes_at_once(store: Path) -> None:
    script = "import gitml, sys; s = gitml.open('.'); print(s.rows('metric').total, len(s.validate().problems))"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=store, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _process in range(4)
    ]
    said = [process.communicate() for process in started]
    assert {out for out, _err in said} == {said[0][0]}
    assert said[0][0].startswith(b"90 1"), said[0]
    assert all(not err for _out, err in said)


def test_threads_share_one(store: Path) -> None:
    opened = gitml.open(store)
    found: list[int] = []
    threads = [Thread(target=lambda: found.append(opened.at("HEAD").rows("metric").total)) for _thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [90] * 6
    assert opened.repository.cache.note == ""


def test_it_lies_in_the_common_git_directory_never_in_the_tree(store: Path, tmp_path: Path) -> None:
    from gitrepo import git

    other = tmp_path / "other"
    git(store, "worktree", "add", "-q", str(other))
    answers(other)
    assert kept(store).exists()
    assert git(store, "status", "--porcelain") == ""
    assert git(other, "status", "--porcelain") == ""
