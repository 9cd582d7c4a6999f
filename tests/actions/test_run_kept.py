"""No run is lost: what cannot be written to its place is kept aside, and the training's own result stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gitml
from gitml.actions import saving
from gitml.actions.run import RunWarning
from gitml.repo.git import Git
from gitml.repo.writing.unsaved import keep
from gitrepo import commit, environment, write

FULL_DISK = """
import resource, sys, gitml
with gitml.run("wine", params={"lr": 0.01}) as run:
    run.log({"auc": 0.9}, step=1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
sys.stdout.write(run.ref + " trained")
"""

FORK = """
import os, sys, gitml
with gitml.run("wine") as run:
    if os.fork() == 0:
        sys.exit(3)
    os.wait()
    run.log({"auc": 1})
print(run.ref)
"""


def in_a_process(place: Path, *args: str | bytes) -> subprocess.CompletedProcess[str]:
    env = environment({"PYTHONPATH": str(Path(gitml.__file__).parents[1])})
    return subprocess.run([sys.executable, *args], cwd=place, env=env, capture_output=True, check=False, text=True)


def kept(place: Path, ref: str) -> Path:
    """The folder that holds what could not be written."""
    return place / ".git/gitml/unsaved" / ref.rpartition("/")[2]


def test_what_the_checks_refuse_is_kept_aside_whole(plain: Path) -> None:
    schema = plain / "schemas/run.yaml"
    schema.write_text(schema.read_text().replace("required: [schema, status, created]", "required: [schema, reason]"))
    with (
        pytest.warns(RunWarning, match=r"could not be written: .*reason.*; it is kept in ") as told,
        gitml.run("wine") as run,
    ):
        run.log({"auc": 0.9}, step=1)
    assert len(told) == 1
    assert run.applied is not None
    assert run.applied.changes == ()
    assert str(kept(plain, run.ref)) in str(told[0].message)
    assert not (plain / "metadata/runs").exists()
    shutil.copytree(kept(plain, run.ref), plain, dirs_exist_ok=True)
    found = gitml.open().show(run.ref)
    assert found.data["metrics"] == {"auc": 0.9}
    assert (plain / found.data["series"]["path"]).is_file()
    assert [one.code for one in gitml.open().validate().problems if one.severity == "error"] == ["schema.required"]


def test_a_file_in_the_way_is_no_reason_to_lose_a_run(plain: Path) -> None:
    write(plain, {"metadata/runs": "a file\n"})
    with pytest.warns(RunWarning, match="kept in"), gitml.run("wine") as run:
        pass
    assert list(kept(plain, run.ref).rglob("*.yaml"))


def test_the_exception_of_the_training_is_the_one_that_is_raised(plain: Path) -> None:
    write(plain, {"metadata/runs": "a file\n"})
    with pytest.warns(RunWarning), pytest.raises(ZeroDivisionError), gitml.run("wine"):
        _ = 1 / 0


def test_where_warnings_are_errors_the_training_still_ends_as_it_did(plain: Path) -> None:
    write(plain, {"metadata/runs": "a file\n"})
    done = in_a_process(plain, "-W", "error", "-c", "import gitml\nwith gitml.run('wine'): pass\nprint('trained')")
    assert (done.returncode, done.stdout) == (0, "trained\n")
    assert "RunWarning: run/wine/" in done.stderr
    assert "kept in" in done.stderr


def test_a_repository_that_is_gone_is_no_reason_either(plain: Path, tmp_path: Path) -> None:
    with pytest.warns(RunWarning, match=r"kept in|here it is"), gitml.run("wine", params={"lr": 0.01}):
        (plain / ".git").rename(tmp_path / "elsewhere")


def test_during_a_merge_the_files_are_written_and_the_commit_is_left_to_the_person(plain: Path) -> None:
    commit(plain, {"x.py": "1\n"})
    (plain / ".git/MERGE_HEAD").write_text((plain / ".git/refs/heads/main").read_text())
    with (
        pytest.warns(RunWarning, match=r"written, not committed: .*a merge is in progress"),
        gitml.run("wine", commit=True) as run,
    ):
        run.log({"auc": 1})
    assert gitml.open().show(run.ref).data["metrics"] == {"auc": 1}
    assert not kept(plain, run.ref).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
def test_a_full_disk_leaves_the_record_in_the_warning(plain: Path) -> None:
    done = in_a_process(plain, "-c", FULL_DISK)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" trained")
    assert "could not be written" in done.stderr
    assert "no disk takes it, so here it is:\nschema: run/1" in done.stderr
    assert "lr: 0.01" in done.stderr
    assert not list((plain / "metadata").rglob("runs/*/*/*"))


def test_a_second_interrupt_while_it_is_written_loses_nothing(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_what: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(saving, "land", interrupted)
    run = gitml.run("wine")
    with (
        pytest.warns(RunWarning, match="interrupted while it was written; it is kept in"),
        pytest.raises(KeyboardInterrupt),
        run,
    ):
        pass
    assert list(kept(plain, run.ref).rglob("*.yaml"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks there")
def test_a_forked_child_leaves_the_run_to_its_parent(plain: Path) -> None:
    done = in_a_process(plain, "-c", FORK)
    assert (done.returncode, done.stderr) == (0, "")
    assert gitml.open().show(done.stdout.strip()).data["metrics"] == {"auc": 1}
    assert len(gitml.open().rows("run").rows) == 1


def test_arguments_that_are_no_text_are_kept_as_well_as_can_be(plain: Path) -> None:
    done = in_a_process(
        plain, "-c", "import gitml\nwith gitml.run('wine', note='half \\ud800') as r: pass\nprint(r.ref)", b"\xff"
    )
    found = gitml.open().show(done.stdout.strip()).data
    assert found["code"]["command"].endswith(" '?'")
    assert found["description"] == "half ?"


def test_the_next_place_is_tried(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    write(plain, {".git/gitml/unsaved": "a file\n"})
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    place = keep(Git.find(plain), "01J", {"metadata/a.yaml": b"a: 1\n"})
    assert place == tmp_path / "gitml-01J"
    assert (place / "metadata/a.yaml").read_bytes() == b"a: 1\n"
    write(tmp_path, {"gitml-02J": "a file\n"})
    assert keep(Git.find(plain), "02J", {"a": b""}) is None
