"""Disks that are full or read-only, locks that dead processes left, damaged caches: nothing is half written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import fine, ml, process, source
from disks import full, mounted, read_only
from gitml.repo.cache import Cache
from gitrepo import commit, environment, git, write
from hostile import DATASET, PLACE, held, line, refused

NEW = ["new", "metric", "loss", "direction=lower"]
SEE = [["list"], ["list", "model"], ["validate"], ["validate", "--staged"], ["show", "model/wine"]]
WRITES = [
    NEW, [*NEW, "--commit"], [*NEW, "--branch", "side"], ["set", "model/wine", "description=x"],
    ["set", "model/wine", "description=x", "--commit"], ["promote", "model/wine@2", "staging", "--commit"],
    ["retire", "model/wine@1", "--reason", "old"], ["register", "wine"], ["init"], ["validate", "--fix"],
]  # fmt: skip
SLOWER = "cannot be used ("


@pytest.fixture
def disk(store: Path, tmp_path: Path) -> Iterator[Path]:
    """The cellar on a small disk of its own, with a record that `--fix` would mend."""
    with mounted(tmp_path / "disk", "size=3m,nr_inodes=900"):
        place = shutil.copytree(store, tmp_path / "disk/repo", symlinks=True)
        commit(place, {PLACE: "description: Wines.\nschema: dataset/1\n"})
        yield place


# ── read-only ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_read_only_disk_is_read_and_what_it_costs_is_told(disk: Path, shell: dict[str, str]) -> None:
    shutil.rmtree(disk / ".git/gitml", ignore_errors=True)
    with read_only(disk.parent):
        for argv in SEE:
            said = process(disk, "git-ml", *argv, env=shell)
            assert (said.code, bool(said.out)) == (0, True)
            assert len(said.err.splitlines()) == 1
            assert said.err.startswith("git ml: the cache ")
            assert SLOWER in said.err
            assert said.err.endswith("; going on without it, slower\n")
            assert "Traceback" not in said.err
        assert fine(disk, "list", "--format", "json").json["complete"] is True


@pytest.mark.parametrize("argv", WRITES, ids=" ".join)
def test_a_read_only_disk_is_said_and_nothing_is_written(disk: Path, argv: list[str]) -> None:
    was = held(disk)
    with read_only(disk.parent):
        told = line(ml(disk, *argv))
        assert "read-only" in told.lower()
        error = ml(disk, *argv, "--format", "json").error
        assert error["code"] == "disk"
    assert held(disk) == was
    assert git(disk, "fsck", "--strict") == ""
    assert ml(disk, *argv).code == 0


def test_a_run_on_a_read_only_disk_runs_and_its_record_is_kept(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    was = held(disk)
    with read_only(disk.parent):
        said = ml(disk, "run", "--experiment", "e", "--", "sh", "-c", "exit 7")
    assert said.code == 7
    assert said.err.count("could not be written") == 1
    assert "it is kept in" in said.err
    (kept,) = tmp_path.rglob("metadata/runs/e/*/*.yaml")
    assert "exit_code: 7" in kept.read_text()
    assert held(disk) == was


# ── full ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("argv", [argv for argv in WRITES if argv != ["init"]], ids=" ".join)
def test_a_full_disk_is_said_and_nothing_is_half_written(disk: Path, argv: list[str]) -> None:
    was, refusals, free = held(disk), 0, 0
    while True:
        with full(disk.parent, free):
            said = ml(disk, *argv)
        if said.code == 0:
            break
        told = line(said)
        assert "disk" in told or "No space left" in told
        assert held(disk) == was
        refusals, free = refusals + 1, free + 4096
    assert refusals
    assert git(disk, "fsck", "--strict", "--no-dangling") == ""
    if "--commit" in argv:
        assert git(disk, "status", "--porcelain") == ""


def test_a_full_disk_is_read(disk: Path) -> None:
    shutil.rmtree(disk / ".git/gitml", ignore_errors=True)
    with full(disk.parent):
        for argv in SEE:
            assert fine(disk, *argv).out
    assert fine(disk, "list").err == ""


def test_the_hook_judges_on_a_full_disk(disk: Path, shell: dict[str, str]) -> None:
    fine(disk, "init", "--hooks", "--commit")
    write(disk, {PLACE: "a: [\n"})
    git(disk, "add", "-A")
    with full(disk.parent):
        said = process(disk, "git-ml", "validate", "--staged", env=shell)
    assert said.code == 1
    assert said.out.startswith(f"{PLACE}:2:1: error yaml.syntax")


# ── locks of the dead ───────────────────────────────────────────────────────────────────────────────────────────────

HOLD = """
import sys, time
from pathlib import Path
from gitml.repo.writing.lock import exclusive
with exclusive(Path(sys.argv[1]), 5) as lock:
    print(lock.name, flush=True)
    time.sleep(600)
"""


def test_a_lock_that_a_killed_process_held_is_free(store: Path) -> None:
    place = store / ".git/gitml/lock"
    env = environment({"PYTHONPATH": source()})
    with subprocess.Popen([sys.executable, "-c", HOLD, place], stdout=subprocess.PIPE, env=env, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "HELD\n"
        os.kill(holder.pid, signal.SIGKILL)
    assert place.exists()
    said = fine(store, *NEW, "--commit")
    assert said.err == ""
    assert said.out.splitlines()[-1].startswith("committed ")


def test_what_a_killed_writer_left_behind_hinders_nobody(store: Path) -> None:
    write(
        store,
        {".git/gitml/lock": "4711", ".git/gitml/drafts/0a1b/0": "half a rec", ".git/gitml/cache-2.sqlite-journal": "x"},
    )
    assert fine(store, *NEW, "--commit").out.splitlines()[-1].startswith("committed ")
    assert git(store, "status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lock", "told", "staged"),
    [
        (
            "index.lock",
            "written, not committed: git's index is locked; if no git is running, remove {}/index.lock",
            "??",
        ),
        ("refs/heads/main.lock", "staged, not committed: refs/heads/main is locked", "A "),
        ("HEAD.lock", "staged, not committed: refs/heads/main is locked", "A "),
    ],
)
def test_a_lock_of_gits_that_nobody_gives_back_leaves_the_record_and_says_what_to_do(
    store: Path, lock: str, told: str, staged: str
) -> None:
    write(store, {f".git/{lock}": ""})
    for argv in SEE:
        assert fine(store, *argv).code == 0
    head = git(store, "rev-parse", "HEAD")
    said = fine(store, *NEW, "--commit", "--format", "json")
    assert said.json["commit"] is None
    assert said.err.startswith(f"git ml: warning: {told.format(store / '.git')}")
    assert len(said.err.splitlines()) == 1
    assert git(store, "rev-parse", "HEAD") == head
    assert git(store, "status", "--porcelain", "-uall").startswith(f"{staged} metadata/metrics/loss.yaml")
    assert (store / ".git" / lock).exists()
    (store / ".git" / lock).unlink()
    git(store, "add", "-A")
    git(store, "commit", "-q", "-m", "by hand")
    assert fine(store, "show", "metric/loss", "--at", "HEAD").code == 0


def test_a_lock_of_gits_hinders_no_files(store: Path) -> None:
    write(store, {".git/index.lock": ""})
    assert fine(store, *NEW).err == ""


# ── the cache ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "content", [b"", b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 5000], ids=["empty", "text", "torn"]
)
def test_a_damaged_cache_is_built_anew(store: Path, content: bytes) -> None:
    before = fine(store, "list", "run").out
    cache = Cache(store / ".git").path
    cache.parent.mkdir(exist_ok=True)
    cache.write_bytes(content)
    said = fine(store, "validate")
    assert said.out.endswith("no problems\n")
    assert len(said.err.splitlines()) <= 1
    assert "a bug in gitml" not in said.err
    assert fine(store, "list", "run").out == before
    assert fine(store, "validate").err == ""


def test_where_there_is_no_room_for_a_cache_it_goes_without(store: Path, shell: dict[str, str]) -> None:
    shutil.rmtree(store / ".git/gitml")
    write(store, {".git/gitml": "a file of somebody's\n"})
    was = held(store)
    for argv in SEE:
        said = process(store, "git-ml", *argv, env=shell)
        assert (said.code, bool(said.out)) == (0, True)
        assert SLOWER in said.err
        assert len(said.err.splitlines()) == 1
    assert "not a directory" in line(ml(store, *NEW))
    assert held(store) == was


def test_what_stands_in_the_way_is_named(store: Path) -> None:
    write(store, {"metadata/datasets/wine.yaml": DATASET})
    (store / "metadata/metrics").rename(store / "metadata/metrics-old")
    write(store, {"metadata/metrics": "x"})
    assert refused(store, *NEW).endswith("metrics is a file where a folder must be")
