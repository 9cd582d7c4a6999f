"""`git ml cache`: what is kept of what was once read, looked after."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from command_line import fine, ml
from gitml.repo import database as of_database
from gitml.repo.cache import Cache
from gitml.repo.load import ASKED


@pytest.fixture
def path(store: Path) -> Path:
    """A cache of three records."""
    cache = Cache(store / ".git")
    cache.path.unlink(missing_ok=True)
    cache.put({f"{ASKED}{blob}": [blob] for blob in ("a", "b", "c")})
    return cache.path


def damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE kept SET value = x'00' WHERE key = (SELECT min(key) FROM kept)")


def test_info(store: Path, path: Path) -> None:
    said = fine(store, "cache", "info", "--format", "json").json
    assert said.keys() == {"format", "at", "path", "bytes", "entries"}
    assert (said["format"], said["at"], said["path"]) == (1, None, str(path))
    assert said["bytes"] == path.stat().st_size
    assert [(one["sort"], one["count"], one["bytes"] > 0) for one in said["entries"]] == [("record", 3, True)]
    lines = fine(store, "cache", "info").out.splitlines()
    assert lines[0].split() == ["sort", "count", "bytes"]
    assert lines[-1] == f"{path}: {path.stat().st_size:,} bytes"
    assert fine(store, "cache", "info", "--format", "csv").out.startswith("sort,count,bytes\n")
    assert fine(store, "cache", "info", "--format", "md").out.startswith("| sort | count | bytes |\n")


def test_verify_says_what_is_damaged_once(store: Path, path: Path) -> None:
    sound = fine(store, "cache", "verify", "--format", "json").json
    assert (sound["damaged"], sound["checked"]) == ([], 3)
    damage(path)
    said = ml(store, "cache", "verify", "--format", "json")
    assert said.code == 1
    assert said.json.keys() == {"format", "at", "path", "bytes", "checked", "damaged"}
    assert [one["fault"] for one in said.json["damaged"]] == ["its checksum is wrong"]
    assert fine(store, "cache", "verify").out == f"{sound['checked'] - 1} entries read: all sound\n"
    damage(path)
    told = ml(store, "cache", "verify").out.splitlines()
    assert told[0].endswith(": its checksum is wrong")
    assert told[1].endswith(" entries read: 1 damaged and removed; they are made again when they are asked for")
    path.write_bytes(b"no database" * 999)
    (whole,) = ml(store, "cache", "verify", "--format", "json").json["damaged"]
    assert (whole["key"], path.exists()) == (None, False)


def test_clear(store: Path, path: Path) -> None:
    held = path.stat().st_size
    said = fine(store, "cache", "clear", "--format", "json").json
    left = path.stat().st_size
    assert said == {"format": 1, "at": None, "path": str(path), "bytes": left, "freed": held - left}
    assert fine(store, "cache", "info", "--format", "json").json["entries"] == []
    assert fine(store, "cache", "clear").out == f"{path}: 0 bytes freed\n"


def test_gc_removes_what_it_said_it_would(store: Path, path: Path) -> None:
    listed = fine(store, "list").out
    Cache(store / ".git").put({"record/1/of-an-older-reader": "x" * 50_000})
    would = fine(store, "cache", "gc", "--dry-run", "--format", "json").json
    assert would.keys() == {"format", "at", "path", "bytes", "dry_run", "removed"}
    assert [(one["sort"], one["count"], one["bytes"] > 50_000) for one in would["removed"]] == [("record", 1, True)]
    (*_table, told) = fine(store, "cache", "gc", "--dry-run").out.splitlines()
    assert told == f"{path}: 1 entry would be removed, {would['bytes']:,} bytes now"
    did = fine(store, "cache", "gc", "--format", "json").json
    assert (did["removed"], did["dry_run"]) == (would["removed"], False)
    assert did["bytes"] == path.stat().st_size < would["bytes"]
    assert ": 0 entries removed, " in fine(store, "cache", "gc").out
    assert fine(store, "list").out == listed


def test_what_cannot_be_done_is_told_in_a_line(store: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_database, "BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        for deed in ("info", "verify", "clear", "gc"):
            said = ml(store, "cache", deed, "--format", "json")
            assert (said.code, said.error["code"]) == (1, "disk")
            assert "database is locked" in said.error["message"]
            assert said.error["hint"]
    assert path.exists()


def test_wrong_words(store: Path) -> None:
    assert (ml(store, "cache", "vacuum").code, ml(store, "cache").code) == (2, 2)
    said = ml(store, "cache", "verfy")
    assert said.err.startswith("git ml: cache has no 'verfy' (nearest: verify); choose from info, verify, clear, gc")
    assert ml(store, "cache", "clear", "--dry-run").code == 2
