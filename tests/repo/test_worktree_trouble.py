"""What git refuses to stage, and what changes while we look."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from gitml.errors import BadValue
from gitml.repo.git import Git
from gitml.repo.git import worktree as module
from gitml.repo.git.command import Command
from gitml.repo.git.objects import Entry, blob_id, hash_paths
from gitrepo import commit, git, init, write
from worktrees import read

# Git cleans these otherwise than they stand here, so that it must stage them on trial.
CLEANED = {".gitattributes": "*.txt text\n", "a.txt": "x\r\n", "d/b.txt": "y\r\n"}


# ── what git refuses ────────────────────────────────────────────────────────────────────────────────────────────────


def test_unmerged_paths_are_problems_and_no_entries(repo: Path) -> None:
    commit(repo, {"f": "1", "kept": "1"})
    git(repo, "checkout", "-q", "-b", "side")
    commit(repo, {"f": "2"})
    git(repo, "checkout", "-q", "main")
    commit(repo, {"f": "3"})
    git(repo, "merge", "side", check=False)
    seen = read(repo)
    assert set(seen.entries) == {"kept"}
    assert [(problem.code, problem.path) for problem in seen.problems] == [("merge.conflict", "f")]
    assert read(repo, lambda path: path != "f").problems == []


def test_pipes_and_sockets_are_no_files(repo: Path) -> None:
    commit(repo, {"d/x": "1", "e": "1"})
    (repo / "d/x").unlink()
    os.mkfifo(repo / "d/x")
    os.mkfifo(repo / "untracked.pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        (repo / "e").unlink()
        listening.bind(str(repo / "e"))
        seen = read(repo)
    assert seen.entries == {}
    assert [(problem.code, problem.path) for problem in seen.problems] == [
        ("path.not-a-file", "d/x"),
        ("path.not-a-file", "e"),
    ]
    unasked = read(repo, lambda _path: False)
    assert (unasked.entries, unasked.contents, unasked.problems) == ({}, {}, [])


def test_a_repository_inside_without_a_commit(repo: Path) -> None:
    commit(repo, {"a": "1"})
    init(repo / "inner")
    write(repo, {"inner/f": "x", "b": "2"})
    seen = read(repo)
    assert set(seen.entries) == {"a", "b"}
    assert [(problem.code, problem.path) for problem in seen.problems] == [("path.not-a-file", "inner")]


def test_a_required_filter_that_fails(repo: Path) -> None:
    git(repo, "config", "filter.strict.clean", "false")
    git(repo, "config", "filter.strict.required", "true")
    write(repo, {f"{n}.strict": "x" for n in range(3)} | {".gitattributes": "*.strict filter=strict\n", "a.txt": "1"})
    seen = read(repo)
    assert set(seen.entries) == {".gitattributes", "a.txt"}
    assert {(problem.code, problem.path) for problem in seen.problems} == {
        ("path.unreadable", f"{n}.strict") for n in range(3)
    }
    assert "clean filter 'strict' failed" in seen.problems[0].message


def test_line_ends_that_would_not_come_back(repo: Path) -> None:
    git(repo, "config", "core.autocrlf", "true")
    git(repo, "config", "core.safecrlf", "true")
    write(repo, {"mixed": "1\r\n2\n", "fine": "1\r\n"})
    seen = read(repo)
    assert seen.entries == {"fine": Entry("100644", blob_id(b"1\n"))}
    assert [(problem.path, problem.message) for problem in seen.problems] == [
        ("mixed", "git cannot stage it: LF would be replaced by CRLF in mixed")
    ]


@pytest.fixture
def person() -> Iterator[None]:
    """Somebody whom the system refuses things: root is refused nothing."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        yield
        os.seteuid(0)
    else:
        yield


def test_files_that_cannot_be_read(person: None) -> None:
    place = Path(tempfile.mkdtemp())  # pytest's own folders are closed to others
    repo = init(place / "repo")
    try:
        commit(repo, {"a": "1", "b": "1"})
        write(repo, {"a": "22", "new": "x"})
        for name in ("a", "new"):
            (repo / name).chmod(0)
        seen = read(repo)
        assert set(seen.entries) == {"b"}
        assert [(p.code, p.path, p.message) for p in seen.problems] == [
            ("path.unreadable", "a", "cannot be read: Permission denied"),
            ("path.unreadable", "new", "cannot be read: Permission denied"),
        ]
        assert set(read(repo, lambda _path: False).entries) == {"b"}
    finally:
        shutil.rmtree(place)


def test_a_file_too_large_for_a_record_is_hashed_and_not_held(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 1 << 20)
    commit(repo, {"a": "1"})
    write(repo, {"a": b"x" * (1 << 20), "b": b"y" * ((1 << 20) + 1)})
    found = Git.find(repo)
    for hashed in (True, False):
        seen = found.worktree(hashed=hashed)
        assert seen.entries["b"].oid == blob_id(b"y" * ((1 << 20) + 1))
        assert list(seen.contents) == [seen.entries["a"].oid]
        assert [(problem.code, problem.path) for problem in seen.problems] == [("yaml.size", "b")]
        assert "larger than 1 MiB" in seen.problems[0].message


def test_no_work_tree(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    with pytest.raises(BadValue, match="no work tree"):
        Git.find(tmp_path / "bare.git").worktree()


# ── while others write ──────────────────────────────────────────────────────────────────────────────────────────────


def _between(monkeypatch: pytest.MonkeyPatch, name: str, deed: Callable[[], None]) -> None:
    """Have a deed done just after git has answered `name`."""
    real = getattr(module, name)

    def then(*args: object) -> object:
        answer = real(*args)
        deed()
        return answer

    monkeypatch.setattr(module, name, then)


def test_files_that_go_between_listing_and_reading(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo, {"a": "1", "b": "1", "c": "1"})
    write(repo, {"a": "2", "new": "2", "d/new": "2", "run": "2", "unwanted": "2"})
    (repo / "run").chmod(0o755)

    def deed() -> None:
        for name in ("a", "new", "run", "unwanted"):
            (repo / name).unlink(missing_ok=True)
        shutil.rmtree(repo / "d", ignore_errors=True)
        write(repo, {"new/is/a/folder": "x"})

    _between(monkeypatch, "status_on_head", deed)
    seen = Git.find(repo).worktree(lambda path: path != "unwanted")
    assert set(seen.entries) == {"b", "c"}
    assert seen.problems == []


def test_files_that_go_or_change_between_reading_and_hashing(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo, {"a": "1", "b": "1", "c": "1"})
    write(repo, {"a": "2", "b": "2", "c": "2"})

    def later(command: Command, paths: Iterable[str]) -> dict[str, str]:
        (repo / "a").unlink()
        write(repo, {"b": "33"})
        return hash_paths(command, paths)

    monkeypatch.setattr(module, "hash_paths", later)
    seen = Git.find(repo).worktree()
    assert {path: seen.contents[entry.oid] for path, entry in seen.entries.items()} == {"b": b"33", "c": b"2"}


def test_a_lock_held_by_another_process_is_not_waited_for(repo: Path) -> None:
    commit(repo, {"a": "1"})
    write(repo, CLEANED)
    (repo / ".git/index.lock").write_bytes(b"")
    assert read(repo).entries["a.txt"] == Entry("100644", blob_id(b"x\n"))


def test_nothing_is_left_in_the_temporary_folder(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo, {"a": "1"})
    write(repo, CLEANED)
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    read(repo)
    assert list(place.iterdir()) == []
