"""A run again, end to end: recorded, committed, cloned, run once more in the clone, and compared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest

import gitml
from acting import WINE, opened
from command_line import Said, ml, process, source, typed
from dvc_world import push
from gitml.actions.again.needs import needs
from gitml.actions.again.surroundings import differences, found_uv, rebuilt
from gitml.records.ref import Ref
from gitrepo import commit, git, write

# Pure python, a second place of chance: the seed is the environment's, so that a test can have another one.
TRAIN = """
import csv, os, random, gitml
seed = int(os.environ.get("SEED", "1"))
dice = random.Random(seed)
with gitml.run("wine", params={"lr": 0.1}, seeds=seed, inputs={"train": "data/wine.csv"}) as run:
    rows = [float(row["alcohol"]) for row in csv.DictReader(open("data/wine.csv"))]
    open("model.txt", "w").write(str(sum(rows)))
    run.log_output("model.txt", "model")
    run.log_text("all is well", "notes.txt")
    for step in range(3):
        run.log({"auc": sum(rows) / 50 + dice.random() / 1000}, split="validation", step=step)
"""


@pytest.fixture(scope="session")
def trained_template(dvc_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose data are in a remote, with one run of a script that was changed and not committed."""
    place = tmp_path_factory.mktemp("trained") / "repo"
    shutil.copytree(dvc_template, place, symlinks=True)
    remote = f"[core]\n    remote = beside\n['remote \"beside\"']\n    url = {place.parent / 'remote'}\n"
    write(place, {".dvc/config": remote, "train.py": "print('not yet')\n", ".gitignore": "model.txt\n"})
    push(place)
    gitml.open(place).new("metric", "auc", {"direction": "higher", "tolerance.absolute": 0.01})
    commit(place, {}, "begin")
    write(place, {"train.py": TRAIN})
    subprocess.run([sys.executable, "train.py"], cwd=place, env={**os.environ, "PYTHONPATH": source()}, check=True)
    commit(place, {}, "the run")
    return place


@pytest.fixture
def trained(trained_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh clone of it, which is the current folder; its python is found."""
    place = tmp_path / "clone"
    git(trained_template, "clone", "-q", str(trained_template), str(place))
    monkeypatch.chdir(place)
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    monkeypatch.setenv("PYTHONPATH", source())
    return place


def the_run(place: Path) -> str:
    (ref,) = [row["ref"] for row in gitml.open(place).rows("run", "type = 'train'").rows]
    return str(ref)


def again(place: Path, *words: str) -> Said:
    return ml(place, "reproduce", the_run(place), *words)


def test_from_a_fresh_clone_the_same_seed_gives_the_same(trained: Path) -> None:
    before = git(trained, "status", "--porcelain")
    store = opened(trained)
    done = store.reproduce(the_run(trained), check=True)
    assert (done.code, done.needs.completeness, done.needs.missing) == (0, 1, [])
    assert done.verification is not None
    assert done.verification.verdict == "identical"
    made, verified = store.show(done.ref).data, store.show(str(done.verified)).data
    first = store.show(the_run(trained)).data
    assert (made["type"], made["reproduces"], made["metrics"]) == ("reproduce", the_run(trained), first["metrics"])
    assert (made["code"], made["inputs"]) == (first["code"], first["inputs"])
    assert made["outputs"]["model"] == first["outputs"]["model"]
    assert (trained / made["outputs"]["notes.txt"]["path"]).read_text() == "all is well"
    assert (trained / made["series"]["path"]).is_file()
    assert verified["type"] == "verify"
    assert verified["verification"] == {"verdict": "identical", "differences": {"validation.auc": 0.0},
                                        "outputs": {"model": True, "notes.txt": True}, "completeness": 1.0}  # fmt: skip
    assert not (trained / "model.txt").exists()
    assert not (trained / "data/wine.csv").exists()
    assert git(trained, "worktree", "list", "--porcelain").count("worktree ") == 1
    assert git(trained, "status", "--porcelain", "--", ":!metadata") == before
    assert ml(trained, "validate").code == 0
    assert not list((trained / ".git/gitml").glob("runs/*"))


def test_another_seed_is_within_the_tolerance(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEED", "2")
    monkeypatch.setenv("GITML_RUN", "of somebody else")
    monkeypatch.setenv("GIT_DIR", str(trained / ".git"))
    said = again(trained, "--check")
    assert said.code == 0, said
    assert "verified: within tolerance" in said.out


def test_what_was_read_from_outside_and_has_changed_makes_it_different(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "outside.csv"
    data.write_text(WINE)
    write(trained, {"train.py": TRAIN.replace("data/wine.csv", str(data))})
    subprocess.run([sys.executable, "train.py"], cwd=trained, check=True)
    (ref,) = [row["ref"] for row in gitml.open(trained).rows("run", "inputs.train.uri is not null").rows]
    data.write_text(WINE + "9.5,c\n")
    said = ml(trained, "reproduce", str(ref), "--check")
    assert said.code == 1, said
    assert "has other bytes now" in said.err
    assert "verified: different" in said.out
    assert "output model: md5" in said.out


def far(trained: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone by git's own transport, which brings nothing that no branch or tag leads to."""
    git(trained, "clone", "-q", f"file://{trained}", str(place))
    monkeypatch.chdir(place)
    return place


def test_where_the_tree_is_gone_a_commit_with_the_same_script_is_equivalent(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = far(trained, tmp_path / "far", monkeypatch)
    said = process(
        place, "git", "ml", "reproduce", the_run(place), "--check", "--format", "json", env=typed(tmp_path / "bin")
    )
    assert said.code == 0, said
    told = said.json
    assert told["needs"][0]["told"].startswith("equivalent")
    assert told["needs"][1:3] == [
        {"name": "script", "share": 1, "told": "train.py"},
        {"name": "command", "share": 1, "told": "python train.py"},
    ]
    assert {change["kind"] for change in told["changes"]} >= {"run"}
    assert told["verification"] | {"metrics": None, "outputs": None} == {
        "verdict": "identical",
        "metrics": None,
        "outputs": None,
    }
    (metric,) = told["verification"]["metrics"]
    assert metric["first"] == metric["again"]
    assert metric | {"first": 0, "again": 0} == {"name": "validation.auc", "first": 0, "again": 0, "delta": 0.0,
                                                 "tolerance": "0.01", "verdict": "identical"}  # fmt: skip
    assert [(one["name"], one["same"]) for one in told["verification"]["outputs"]] == [
        ("model", True),
        ("notes.txt", True),
    ]
    assert opened(place).show(told["ref"]).data["code"]["commit"] == git(place, "rev-parse", "HEAD")


def test_what_is_kept_below_a_ref_is_fetched(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = the_run(trained)
    tree = opened(trained).show(ref).data["code"]["tree"]
    kept = git(trained, "commit-tree", tree, "-m", "kept").strip()
    git(trained, "update-ref", f"refs/gitml/keep/{ref.rpartition('/')[2]}", kept)
    place = far(trained, tmp_path / "far", monkeypatch)
    assert needs(opened(place).repository, opened(place).snapshot, Ref.parse(ref)).code == (
        tree,
        git(place, "rev-parse", "HEAD~1"),
        "same",
        False,
    )


def test_what_cannot_be_run_is_said_before_anything_runs(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(trained)
    gone = {"commit": "1" * 40, "path": "train.py", "blob": "2" * 40, "command": "python train.py --token [redacted]"}
    lost = {"train": {"path": "data/wine.csv", "md5": "3" * 32}}
    store.new("run", "wine/gone", {"status": "finished", "code": gone, "inputs": lost})
    said = ml(trained, "reproduce", "run/wine/gone")
    assert said.code == 1
    told = said.err.splitlines()
    assert "17 %" in told[0] or "0 %" in told[0]
    assert [line.split()[3] for line in told[1:6]] == ["missing"] * 5
    assert "unreachable" in told[-1]
    assert "held a secret" in told[-1]
    assert "is in no cache and no remote" in told[-1]
    assert "the run has no such metric" in again(trained, "--check", "--tolerance", "auk=1").err
    assert ml(trained, "reproduce", "metric/auc").err.startswith("git ml: metric/auc is no run")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    said = again(trained, "--env", "uv")
    assert (said.code, "uv, which is not installed" in said.err) == (1, True)
    assert len(store.rows("run").rows) == 2
    assert git(trained, "worktree", "list", "--porcelain").count("worktree ") == 1


def test_a_command_that_records_nothing_is_recorded(trained: Path) -> None:
    write(
        trained,
        {"sub/job.py": "import pathlib, sys\npathlib.Path('out.txt').write_text('1')\nsys.exit(int(sys.argv[1]))\n"},
    )
    commit(trained, {}, "a job")
    with chdir(trained / "sub"):
        said = ml(
            trained / "sub",
            "run",
            "--experiment",
            "job",
            "--param",
            "n=3",
            "--output",
            "o=out.txt",
            "--",
            "python",
            "job.py",
            "4",
        )
        assert said.code == 4
    (ref,) = [row["ref"] for row in gitml.open(trained).rows("run", "params.n = 3").rows]
    said = ml(trained, "reproduce", str(ref), "--check", "--keep")
    assert said.code == 1, said
    assert "output o: identical" in said.out
    kept = Path(said.out.partition("kept in ")[2].splitlines()[0])
    assert (kept / "code/sub/out.txt").read_text() == "1"
    (row,) = gitml.open(trained).rows("run", "type = 'reproduce'").rows
    assert (row["status"], row["error.exit_code"], row["params.n"], row["code.folder"]) == ("failed", 4, 3, "sub")
    git(trained, "worktree", "remove", "--force", str(kept / "code"))
    shutil.rmtree(kept)


WRITES = """
import json, random
random.seed(7)
json.dump({"validation": {"auc": random.random()}}, open("metrics.json", "w"))
open("params.yaml", "w").write("lr: 0.1")
"""


def test_a_script_that_knows_nothing_of_gitml_is_compared_by_the_files_it_writes(trained: Path) -> None:
    commit(trained, {"sub/job.py": WRITES, ".gitignore": "metrics.json\nparams.yaml\n"}, "a job")
    assert ml(trained / "sub", "run", "--experiment", "job", "--", "python", "job.py").code == 0
    (row,) = (
        gitml.open(trained).rows("run", "params.lr = 0.1 and metrics.validation.auc > 0 and code.folder = 'sub'").rows
    )
    said = ml(trained, "reproduce", str(row["ref"]), "--check")
    assert (said.code, "verified: identical" in said.out) == (0, True), said
    (made,) = gitml.open(trained).rows("run", "type = 'reproduce'").rows
    assert (made["status"], made["params.lr"], made["metrics.validation.auc"], made["code.folder"]) == (
        "finished", 0.1, row["metrics.validation.auc"], "sub",
    )  # fmt: skip


def test_what_dvc_runs_is_left_to_it(trained: Path) -> None:
    stage = "stages:\n  s:\n    cmd: echo\n"
    write(trained, {"dvc.yaml": stage, "dvc.lock": f"schema: '2.0'\n{stage}"})
    (ref,) = [row["ref"] for row in gitml.open(trained).rows("run", "origin = 'dvc'").rows]
    assert "an entry of dvc.lock" in ml(trained, "reproduce", str(ref)).err


def test_what_is_refused_is_kept_aside(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = the_run(trained)
    strict = (trained / "schemas/run.yaml").read_text().replace("pattern: ^[a-z][a-z0-9_-]*$", "enum: [train]", 1)
    write(trained, {"schemas/run.yaml": strict})
    said = ml(trained, "reproduce", ref)
    assert said.code == 1
    assert "type" in said.err
    kept = Path(said.err.partition("kept in ")[2].strip())
    (record,) = kept.rglob("metadata/runs/**/*.yaml")
    assert f"reproduces: {ref}" in record.read_text()


def test_a_program_of_the_repository_is_found_by_its_name(trained: Path) -> None:
    write(trained, {"bin/job.sh": "#!/bin/sh\necho 1 > out.txt\n"})
    (trained / "bin/job.sh").chmod(0o755)
    commit(trained, {}, "a program")
    with chdir(trained / "bin"):
        assert ml(trained / "bin", "run", "--experiment", "job", "--output", "o=out.txt", "--", "./job.sh").code == 0
    (ref,) = [row["ref"] for row in gitml.open(trained).rows("run", "code.folder = 'bin'").rows]
    done = opened(trained).reproduce(str(ref), check=True)
    assert done.verification is not None
    assert done.verification.verdict == "identical"


def test_the_environment_is_compared() -> None:
    was = {"language": {"version": "3.11.7"}, "packages": {"numpy": "1.26", "scipy": "1", "pandas": "2"}}
    here = {"language": {"version": "3.12.1"}, "packages": {"numpy": "2.0", "pandas": "2", "more": "1"}}
    assert differences(was, here) == [
        "python 3.12.1, recorded 3.11.7",
        "numpy 2.0, recorded 1.26",
        "scipy 1 is not installed",
    ]
    assert differences(was, was) == []


@pytest.mark.skipif(found_uv() is None, reason="uv is not installed")
def test_uv_rebuilds_an_environment(tmp_path: Path) -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    recorded = {"language": {"version": version}, "packages": {"gitml": "0"}}
    made = rebuilt(["python", "x.py"], recorded, tmp_path)
    assert Path(made.program).is_relative_to(tmp_path)
    subprocess.run([made.program, "-c", "import gitml"], env=made.variables(), check=True)
