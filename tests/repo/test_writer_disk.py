"""Disks that are full, read-only, or two: real ones, mounted where the tests may."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from disks import full, mounted, read_only
from gitml.errors import Conflict, DiskFailed
from gitml.repo.change import Change
from gitml.repo.git import Git
from gitml.repo.writing import files, writer
from gitml.repo.writing.writer import Written
from gitrepo import commit, git, init

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RUN, MODEL, OLD = "metadata/runs/wine/7c/01JD.yaml", "metadata/models/wine.yaml", "metadata/models/old.yaml"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A repository on a disk of one megabyte."""
    with mounted(tmp_path / "disk", "size=1m,nr_inodes=400"):
        repo = init(tmp_path / "disk" / "repo")
        commit(repo, {MODEL: "a\n", OLD: "o\n"})
        yield repo


def three(repo: Path, *, commit: bool, branch: str | None = None) -> Written:
    """A write that adds, changes and removes."""
    found = Git.find(repo)
    new = b"".join(b"line %d: a record of some size\n" % n for n in range(400))
    old, gone = found.blob_id(b"a\n"), found.blob_id(b"o\n")
    changes = [
        Change(RUN, None, found.blob_id(new), new),
        Change(MODEL, old, found.blob_id(b"b\n"), b"b\n"),
        Change(OLD, gone, None),
    ]
    return writer.write(found, changes, commit=commit, branch=branch, now=NOW)


def state(repo: Path) -> tuple[str, ...]:
    told = ("status --porcelain -uall --ignored", "rev-parse HEAD", "ls-files -s", "diff")
    return tuple(git(repo, *args.split()) for args in told)


@pytest.mark.parametrize(("with_commit", "branch"), [(True, None), (False, None), (True, "events")])
def test_a_full_disk_is_said_and_nothing_is_half_written(small: Path, branch: str | None, *, with_commit: bool) -> None:
    was, refused, free = state(small), 0, 0
    while True:
        with full(small.parent, free):
            told = outcome(small, commit=with_commit, branch=branch)
        if told is None:
            break
        assert "\n" not in told
        assert "disk" in told or "space" in told or "couldn't write" in told
        assert state(small) == was
        refused, free = refused + 1, free + 4096
    assert refused > 2
    assert git(small, "fsck", "--strict", "--no-dangling") == ""
    if with_commit and branch is None:
        assert git(small, "status", "--porcelain") == ""


def outcome(repo: Path, *, commit: bool, branch: str | None) -> str | None:
    try:
        three(repo, commit=commit, branch=branch)
    except DiskFailed as error:
        return str(error)
    return None


@pytest.mark.parametrize(("with_commit", "branch"), [(True, None), (False, None), (True, "events")])
def test_a_read_only_disk_is_said(small: Path, branch: str | None, *, with_commit: bool) -> None:
    was = state(small)
    with read_only(small.parent), pytest.raises(DiskFailed, match=r"read-only|Read-only") as caught:
        three(small, commit=with_commit, branch=branch)
    assert "\n" not in str(caught.value)
    assert state(small) == was
    assert three(small, commit=True).commit


def test_records_on_another_disk_than_git_are_written_all_the_same(repo: Path) -> None:
    with mounted(repo / "metadata", "size=1m"):
        commit(repo, {MODEL: "a\n", OLD: "o\n"})
        assert three(repo, commit=True).commit
        assert git(repo, "status", "--porcelain", "--ignored") == ""
        found = Git.find(repo)
        change = Change(MODEL, found.blob_id(b"b\n"), found.blob_id(b"c\n"), b"c\n")
        with pytest.raises(Conflict, match="exists already"):
            writer.write(found, [change, Change(RUN, None, found.blob_id(b""), b"")], now=NOW)
        assert (repo / MODEL).read_text() == "b\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_whatever_the_system_refuses_half_way_is_set_back(
    repo: Path, monkeypatch: pytest.MonkeyPatch, number: int, at: int
) -> None:
    commit(repo, {MODEL: "a\n", OLD: "o\n"})
    was, acts = state(repo), []

    def refusing(draft: files.Draft, *_rest: object) -> None:
        acts.append(draft)
        if len(acts) == at:
            raise OSError(number, "refused")
        publish(draft, *_rest)  # type: ignore[arg-type]

    publish = files._publish
    monkeypatch.setattr(files, "_publish", refusing)
    with pytest.raises(DiskFailed, match="cannot write"):
        three(repo, commit=True)
    assert state(repo) == was
    assert not (repo / "metadata/runs").exists()


def test_a_folder_without_permission_is_said(repo: Path) -> None:
    commit(repo, {MODEL: "a\n", OLD: "o\n"})
    folder = repo / "metadata"
    folder.chmod(0o555)
    try:
        (folder / "probe").touch()
    except PermissionError:
        with pytest.raises(DiskFailed, match="permission denied"):
            three(repo, commit=True)
    else:
        (folder / "probe").unlink()
        pytest.skip("root is not bound by permissions")
    finally:
        folder.chmod(0o755)
