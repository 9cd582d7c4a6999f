"""The cache is disposable: damaged, absent, unwritable or shared, the answers are the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

import gitml
from gitml.repo.cache import Cache
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
