"""Digests of large files, kept while the file stays as it is."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gitml.repo import digests
from gitml.repo.cache import Cache
from gitml.repo.digests import known_digest


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as large, written an hour ago."""
    monkeypatch.setattr(digests, "_LARGE", 10)
    file = tmp_path / "data.bin"
    rewrite(file, b"x" * 100)
    return file


def rewrite(file: Path, content: bytes, age: int = 3600) -> None:
    file.write_bytes(content)
    written = file.stat().st_mtime - age
    os.utime(file, (written, written))


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def test_a_file_that_stays_as_it_is_is_read_once(large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    assert known_digest(cache, large) == (md5(b"x" * 100), 100)
    monkeypatch.setattr(digests, "file_digest", None)
    assert known_digest(cache, large) == (md5(b"x" * 100), 100)


def test_a_file_that_changes_is_read_again(large: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    known_digest(cache, large)
    rewrite(large, b"y" * 100, age=1800)
    assert known_digest(cache, large) == (md5(b"y" * 100), 100)


def test_a_file_that_was_written_just_now_may_be_written_again(large: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    rewrite(large, b"y" * 100, age=0)
    seen = large.stat()
    known_digest(cache, large)
    large.write_bytes(b"z" * 100)
    os.utime(large, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert known_digest(cache, large) == (md5(b"z" * 100), 100)


def test_folders_and_small_files_are_read_each_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a").write_bytes(b"a")
    assert known_digest(cache, tmp_path / "folder")[0].endswith(".dir")
    assert known_digest(cache, tmp_path / "folder/a") == (md5(b"a"), 1)
    assert not cache.path.exists()
