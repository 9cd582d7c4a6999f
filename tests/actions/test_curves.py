"""The points of a run as a DataFrame, live or finished, and the file that holds them: in git or in DVC's hands."""

from __future__ import annotations

import hashlib
import math
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gitml
from acting import dvc
from command_line import fine
from gitml.actions import series
from gitml.actions.series_file import _pack, read
from gitml.errors import NotFound
from gitml.records.settings import Settings
from gitml.repo.journal.lines import Point
from gitrepo import commit, environment, git

ODD = {"a/b.c": math.nan, "`": math.inf, "日本": -math.inf, "": 2**62 + 1, "x\r\ny": 10**30}


def settled(place: Path, above: str) -> None:
    settings = place / "metadata/store.yaml"
    settings.write_text(settings.read_text().replace("dvc_above: 1 MiB", f"dvc_above: {above}"))
    commit(place, {}, "settings")


@pytest.mark.parametrize("how", [{}, {"commit": True}, {"branch": "results"}], ids=["files", "commit", "branch"])
def test_live_and_finished_are_alike(plain: Path, how: dict[str, Any]) -> None:
    with gitml.run("wine", **how) as run:
        for step in range(3):
            run.log({"loss": 1 / (step + 1)}, step=step, split="train")
            run.log({"loss": 2, "auc": 0.5}, split="validation")
        live = run.series()
        assert list(live.columns) == ["name", "step", "time", "value"]
        assert live.dtypes.astype(str).tolist() == ["object", "Int64", "datetime64[ms, UTC]", "float64"]
        assert len(run.series("loss")) == 6
        assert run.series("train.loss").value.tolist() == [1, 1 / 2, 1 / 3]
        elsewhere = gitml.open().series(run.ref)  # flushed by the questions above
        pd.testing.assert_frame_equal(elsewhere, live)
    pd.testing.assert_frame_equal(run.series(), live)
    store = gitml.open().at("results") if "branch" in how else gitml.open()
    pd.testing.assert_frame_equal(store.series(run.ref), live)
    assert store.series(run.ref, "validation.auc").step.isna().all()
    with pytest.raises(NotFound, match="no metric 'los'"):
        store.series(run.ref, "los")


def test_odd_names_and_numbers_survive(plain: Path) -> None:
    with gitml.run("wine") as run:
        with pytest.warns(UserWarning, match="64 bits"):
            run.log(ODD, step=-1)
        live = run.series()
    found = gitml.open().series(run.ref)
    assert repr(found.value.tolist()) == repr(live.value.tolist()) == repr(list(ODD.values()))
    for name, value in ODD.items():
        assert repr(gitml.open().series(run.ref, name).value.tolist()) == repr([value])


def test_a_run_without_a_series_has_its_last_values(plain: Path) -> None:
    with gitml.run("wine") as run:
        run.log({"auc": 0.5}, split="test")
    found = gitml.open().series(run.ref)
    assert (found.name.tolist(), found.step.isna().all(), found.value.tolist()) == (["test.auc"], True, [0.5])
    with pytest.raises(NotFound):
        gitml.open().series("run/wine/01JD7K3T9M5P8Q2R4S6V0W1X3Y")


def test_the_smaller_of_csv_and_parquet(plain: Path) -> None:
    with gitml.run("wine") as run:
        for step in range(3000):
            run.log({"loss": 1 / (step + 1), "epoch": step // 10}, step=step)
        live = run.series()
    told = gitml.open().show(run.ref).data["series"]
    file = plain / told["path"]
    assert file.suffix == ".parquet"
    assert file.stat().st_size < len(b"".join(series.table(read(file))))
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    pd.testing.assert_frame_equal(gitml.open().series(run.ref), live)
    assert pd.read_parquet(file).columns.tolist() == ["name", "step", "time", "value", "integer"]


NAMES = st.lists(st.text(), min_size=1, max_size=2).map(tuple)
SMALL = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.builds(Point, NAMES, st.floats() | SMALL, SMALL | st.none(), st.integers(0, 1 << 45)), max_size=9))
def test_both_files_hold_every_point_as_it_is(tmp_path_factory: pytest.TempPathFactory, points: list[Point]) -> None:
    place = tmp_path_factory.mktemp("series")
    (place / "a.csv").write_bytes(b"".join(series.table(points)))
    with (place / "a.parquet").open("wb") as file:
        assert _pack(iter(points), file)
    assert repr(list(read(place / "a.csv"))) == repr(points)
    assert repr(list(read(place / "a.parquet"))) == repr(points)


def test_parquet_holds_no_integer_beyond_64_bits(tmp_path: Path) -> None:
    with (tmp_path / "a.parquet").open("wb") as file:
        assert not _pack(iter([Point(("a",), 2**63, None, 0)]), file)


def test_a_large_one_is_tracked_by_dvc(tracked: Path, tmp_path: Path) -> None:
    settled(tracked, "10 KB")
    dvc(tracked, "remote", "add", "-d", "local", str(tmp_path / "remote"))
    commit(tracked, {}, "remote")
    chance = random.Random(7)  # noqa: S311 - what does not compress
    with gitml.run("wine", commit=True) as run:
        for step in range(2000):
            run.log({"loss": chance.random()}, step=step)
        live = run.series()
    assert not run.warnings
    told = gitml.open().show(run.ref).data["series"]
    file = tracked / told["path"]
    assert (told["size"], told["points"]) == (file.stat().st_size, 2000)
    assert told["md5"] in file.with_name(f"{file.name}.dvc").read_text()
    assert git(tracked, "status", "--short") == ""
    names = git(tracked, "show", "--name-only", "--format=", "HEAD")
    assert f"{told['path']}.dvc" in names
    assert f"{told['path']}\n" not in names
    assert gitml.open().validate().problems == ()
    file.unlink()
    pd.testing.assert_frame_equal(gitml.open().series(run.ref), live)  # from DVC's cache
    dvc(tracked, "push", "-q")
    shutil.rmtree(tracked / ".dvc/cache")
    pd.testing.assert_frame_equal(gitml.open().series(run.ref), live)  # from its remote
    shutil.rmtree(tracked / ".dvc/cache")
    shutil.rmtree(tmp_path / "remote")
    with pytest.raises(NotFound, match="neither in the work tree nor in DVC's cache"):
        gitml.open().series(run.ref)


def test_on_the_line_a_large_one_is_in_no_work_tree(tracked: Path, tmp_path: Path) -> None:
    settled(tracked, "10 KB")
    dvc(tracked, "remote", "add", "-d", "local", str(tmp_path / "remote"))
    git(tracked, "init", "-q", "--bare", str(tmp_path / "origin"))
    git(tracked, "remote", "add", "origin", str(tmp_path / "origin"))
    fine(tracked, "events", "move", "--commit")
    commit(tracked, {}, "remote")
    before = {str(one) for one in tracked.rglob("*") if ".git" not in one.parts and "cache" not in one.parts}
    with gitml.run("wine") as run:
        for step in range(2000):
            run.log({"loss": step / 7}, step=step)
        live = run.series()
    assert not run.warnings
    assert {str(one) for one in tracked.rglob("*") if ".git" not in one.parts and "cache" not in one.parts} == before
    assert git(tracked, "status", "--short") == ""
    told = gitml.open().show(run.ref).data["series"]
    assert f"md5: {told['md5']}" in git(tracked, "show", f"gitml/events:{told['path']}.dvc")
    pd.testing.assert_frame_equal(gitml.open().series(run.ref), live)  # from DVC's cache
    assert gitml.open().sync().pushed.commits == 1
    shutil.rmtree(tracked / ".dvc/cache")
    pd.testing.assert_frame_equal(gitml.open().series(run.ref), live)  # from its remote
    assert gitml.open().validate().problems == ()


def test_sync_restores_what_dvc_tracks(tracked: Path) -> None:
    settled(tracked, "1 KB")
    with gitml.run("wine") as run:
        for step in range(100):
            run.log({"loss": step / 7}, step=step)
    before = {str(one): one.read_bytes() for one in (tracked / "metadata").rglob("*") if one.is_file()}
    git(tracked, "clean", "-fdqx", "metadata")
    assert gitml.open().sync().restored == (run.ref,)
    assert {str(one): one.read_bytes() for one in (tracked / "metadata").rglob("*") if one.is_file()} == before
    assert gitml.open().sync(commit=True).applied.commit is not None
    assert git(tracked, "status", "--short") == ""


@pytest.mark.parametrize(
    ("said", "size"),
    [("1 MiB", 1 << 20), ("2.5 kB", 1 << 20), ("1.5KB", 1500), ("7B", 7), (9, 9), (True, 1 << 20), (None, 1 << 20)],
)
def test_the_size_from_which_on_dvc_tracks_it(said: Any, size: int) -> None:
    assert Settings.of({"series": {"dvc_above": said}}).dvc_above == size


def test_nobody_pays_for_pandas_who_does_not_ask(plain: Path) -> None:
    script = (
        "import sys, gitml\nwith gitml.run('wine') as run: run.log({'a': 1}, step=1)\nprint('pandas' in sys.modules)"
    )
    env = environment({"PYTHONPATH": str(Path(gitml.__file__).parents[1])})
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=plain, env=env, capture_output=True, check=True, text=True
    )
    assert done.stdout == "False\n"
