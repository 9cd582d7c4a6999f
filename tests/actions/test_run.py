"""A run as its record tells it."""

from __future__ import annotations

import hashlib
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gitml
from gitml.actions.run import Run, RunWarning, current_run
from gitml.errors import BadRef, BadValue, GitFailed, NotFound
from gitrepo import commit, git, write

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def ticking() -> Any:
    """A clock that goes on a second with each look."""
    times = (NOW + timedelta(seconds=number) for number in range(100_000))
    return lambda: next(times)


def data(run: Run) -> dict[str, Any]:
    assert not [one for one in run.warnings if "could not be written" in one], run.warnings
    return dict(gitml.open().show(run.ref).data)


def test_what_was_told_and_logged_stands_in_the_record(plain: Path) -> None:
    with gitml.run("wine", params={"lr": 0.01}, tags={"team": "cellar"}, seeds={"numpy": 42}, clock=ticking()) as run:
        run.log({"auc": 0.9}, split="validation")
        run.log_params({"depth": 3})
        run.set_tags({"gpu": False})
        run.note = "with acidity"
    found = data(run)
    assert found["schema"] == "run/1"
    assert (found["type"], found["status"], found["by"]) == ("train", "finished", "Mona")
    assert found["created"] == "2026-03-02T09:30:00Z"
    assert found["ended"] > found["created"]
    assert found["params"] == {"lr": 0.01, "depth": 3}
    assert found["tags"] == {"team": "cellar", "gpu": "false"}
    assert found["seeds"] == {"numpy": 42}
    assert found["metrics"] == {"validation": {"auc": 0.9}}
    assert found["description"] == "with acidity"
    assert "series" not in found
    assert set(found["host"]) == {"os", "cpu", "memory_gb"}
    assert run.ref == f"run/wine/{run.id}"
    assert run.warnings == []


def test_the_whole_store_is_valid_after_runs(plain: Path) -> None:
    for number in range(3):
        with gitml.run("wine") as run:
            run.log({"loss": 1 / (number + 1)}, step=number)
    told = gitml.open().validate()
    assert [str(one) for one in told.problems] == []
    assert told.checked == 4  # three runs, and the environment that they share


def test_the_environment_is_shared_by_its_digest(plain: Path) -> None:
    refs = []
    for _ in range(2):
        with gitml.run("wine") as run:
            pass
        refs.append(data(run)["environment"])
    assert refs[0] == refs[1]
    shared = gitml.open().show(refs[0])
    assert shared.data["language"]["name"] == "python"
    assert shared.data["packages"]["numpy"] == np.__version__
    assert len(shared.ref.keys[0]) == 8


def test_a_metric_with_steps_leaves_a_series_beside_the_record(plain: Path) -> None:
    with gitml.run("wine", clock=ticking()) as run:
        for step in range(3):
            run.log({"auc": [0.8, 0.9, 0.85][step], "loss": [3, 1, 2][step]}, split="validation", step=step)
        run.log({"size": 7})
    found = data(run)
    assert found["metrics"] == {"size": 7, "validation": {"auc": 0.85, "loss": 2}}
    series = found["series"]
    assert series["path"] == f"metadata/series/runs/wine/{run.applied.changes[0].path.split('/')[-2]}/{run.id}.csv"
    assert series["summary"]["validation.auc"] == {"count": 3, "min": 0.8, "max": 0.9, "best_step": 1, "last_step": 2}
    assert series["summary"]["validation.loss"]["best_step"] == 1
    assert series["summary"]["size"] == {"count": 1, "min": 7, "max": 7}
    table = pd.read_csv(plain / series["path"])
    assert list(table.columns) == ["name", "step", "time", "value"]
    assert table[table.name == "validation.auc"].value.tolist() == [0.8, 0.9, 0.85]
    assert pd.to_datetime(table.time).is_monotonic_increasing


def test_the_direction_of_the_best_step_comes_from_the_metrics_record(plain: Path) -> None:
    store = gitml.open()
    store.new("metric", "regret", {"direction": "lower"})
    with gitml.run("wine") as run:
        for step, value in enumerate([2.0, 1.0, 3.0]):
            run.log({"regret": value, "unheard_of": value}, step=step)
    summary = data(run)["series"]["summary"]
    assert summary["regret"]["best_step"] == 1
    assert "best_step" not in summary["unheard_of"]


def test_a_metric_logged_twice_without_steps_is_a_series(plain: Path) -> None:
    with gitml.run("wine") as run:
        run.log({"auc": 0.8})
        run.log({"auc": math.nan})
    found = data(run)
    assert math.isnan(found["metrics"]["auc"])
    assert found["series"]["summary"]["auc"] == {"count": 2, "min": 0.8, "max": 0.8, "nans": 1}


def test_names_with_dots_and_slashes_stay_one_key(plain: Path) -> None:
    with gitml.run("wine", params={"opt.lr": 0.1, "a/b": 1, "": 2, "with space": 3}) as run:
        run.log({"val.auc": 0.9, "val/loss": 1}, step=1)
    found = data(run)
    assert found["params"] == {"opt.lr": 0.1, "a/b": 1, "": 2, "with space": 3}
    assert found["metrics"] == {"val.auc": 0.9, "val/loss": 1}
    assert set(found["series"]["summary"]) == {"`val.auc`", "val/loss"}
    rows = gitml.open().rows("run", "params.`opt.lr` = 0.1 and metrics.`val.auc` > 0.8")
    assert [row["ref"] for row in rows.rows] == [run.ref]


def test_a_name_that_is_a_metric_and_a_split_keeps_both(plain: Path) -> None:
    with gitml.run("wine") as run:
        run.log({"loss": 1.0})
        run.log({"a": 2.0}, split="loss")
        run.log({"deep": {"er": 3}})
    assert data(run)["metrics"] == {"loss": 1.0, "loss.a": 2.0, "deep": {"er": 3}}


def test_numbers_of_numpy_become_plain_numbers(plain: Path) -> None:
    with gitml.run("wine", params={"lr": np.float32(0.5), "n": np.int64(3), "on": np.bool_(True)}) as run:  # noqa: FBT003
        run.log({"auc": np.float64(0.9), "n": np.int32(4), "zero": np.array(1.5), "nan": np.nan, "inf": -np.inf})
    found = data(run)
    assert found["params"] == {"lr": 0.5, "n": 3, "on": True}
    assert [type(value) for value in found["params"].values()] == [float, int, bool]
    metrics = found["metrics"]
    assert (metrics["auc"], metrics["n"], metrics["zero"], metrics["inf"]) == (0.9, 4, 1.5, -math.inf)
    assert math.isnan(metrics["nan"])


def test_what_is_no_metric_is_left_out_and_told(plain: Path) -> None:
    with pytest.warns(RunWarning, match="the metric name is no number but a str: left out"), gitml.run("wine") as run:
        run.log({"name": "high", "auc": 0.5})
    assert data(run)["metrics"] == {"auc": 0.5}


def test_a_step_that_is_no_whole_number_is_told(plain: Path) -> None:
    with gitml.run("wine") as run:
        run.log({"auc": 0.5}, step=np.int64(3))
        run.log({"auc": 0.6}, step=4.0)
        with pytest.warns(RunWarning, match="no whole number"):
            run.log({"auc": 0.7}, step=4.5)
    assert data(run)["series"]["summary"]["auc"]["last_step"] == 4


def test_a_failure_is_recorded_and_raised_again(plain: Path) -> None:
    with pytest.raises(ZeroDivisionError), gitml.run("wine") as run:  # noqa: PT012 - it fails after it has logged
        run.log({"auc": 0.5})
        _ = 1 / 0
    found = data(run)
    assert (found["status"], found["error"]["type"]) == ("failed", "ZeroDivisionError")
    assert found["metrics"] == {"auc": 0.5}


def test_the_text_of_an_exception_is_recorded_on_request_only(plain: Path) -> None:
    settings = plain / "metadata/store.yaml"
    settings.write_text(settings.read_text().replace("text: false", "text: true"))
    with pytest.raises(ValueError, match="row 3"), gitml.run("wine") as run:
        raise ValueError("row 3 is odd")
    assert data(run)["error"].items() >= {"type": "ValueError", "message": "row 3 is odd"}.items()


@pytest.mark.parametrize(
    ("raised", "status", "error"),
    [
        (KeyboardInterrupt(), "killed", {"type": "KeyboardInterrupt"}),
        (SystemExit(0), "finished", {}),
        (SystemExit(), "finished", {}),
        (SystemExit(3), "failed", {"type": "SystemExit", "exit_code": 3}),
        (SystemExit("no data"), "failed", {"type": "SystemExit", "exit_code": 1}),
    ],
    ids=["interrupt", "exit 0", "exit", "exit 3", "exit with words"],
)
def test_how_python_ends_is_how_the_run_ends(
    plain: Path, raised: BaseException, status: str, error: dict[str, Any]
) -> None:
    with pytest.raises(type(raised)), gitml.run("wine") as run:
        raise raised
    found = data(run)
    told = {key: value for key, value in found.get("error", {}).items() if key != "frames"}
    assert (found["status"], told) == (status, error)


def test_the_current_run_is_that_of_the_block(plain: Path) -> None:
    assert current_run() is None
    with gitml.run("wine") as outer:
        assert current_run() is outer
        with gitml.run("wine") as inner:
            assert current_run() is inner
        assert current_run() is outer
    assert current_run() is None
    assert data(outer)["status"] == data(inner)["status"] == "finished"


def test_a_run_is_used_in_a_with_block_and_once(plain: Path) -> None:
    run = gitml.run("wine")
    with pytest.raises(BadValue, match="has not started"):
        run.log({"auc": 1})
    with run:
        pass
    with pytest.raises(BadValue, match="has been run already"), run:
        pass


def test_other_names_for_experiments(plain: Path) -> None:
    for name in ("o'brien", "a b/c", "葡萄酒", "x" * 300, "con"):
        with gitml.run(name) as run:
            run.log({"auc": 1}, step=1)
        found = gitml.open().show(run.ref)
        assert found.ref.keys[0] == name
        assert (plain / found.data["series"]["path"]).is_file()
    assert gitml.open().validate().problems == ()


@pytest.mark.parametrize("name", ["", "half \ud800", "ghp_" + "a" * 36])
def test_a_name_that_cannot_be_is_refused_before_anything_runs(plain: Path, name: str) -> None:
    with pytest.raises(BadValue, match="names no experiment"), gitml.run(name):
        pytest.fail("it ran")


def test_a_type_that_the_schema_does_not_take_is_refused_before_anything_runs(plain: Path) -> None:
    with pytest.raises(BadValue, match="type"), gitml.run("wine", type="Train It"):
        pytest.fail("it ran")
    with gitml.run("wine", type="evaluate") as run:
        pass
    assert data(run)["type"] == "evaluate"


def test_it_needs_a_repository_with_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GitFailed, match="not a git repository"):
        gitml.run("wine")
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(GitFailed, match="bare"), gitml.run("wine", path=tmp_path / "bare.git"):
        pytest.fail("it ran")


def test_an_unknown_word_is_a_type_error(plain: Path) -> None:
    with pytest.raises(TypeError):
        gitml.run("wine", parms={})


def test_a_commit_holds_the_record_its_environment_and_its_series(plain: Path) -> None:
    with gitml.run("wine", commit=True, message="first try") as run:
        run.log({"auc": 0.9}, step=1)
    assert git(plain, "log", "-1", "--format=%s") == "first try"
    assert run.applied is not None
    assert run.applied.commit == git(plain, "rev-parse", "HEAD")
    names = git(plain, "show", "--name-only", "--format=", "HEAD").split()
    assert {name.split("/")[1] for name in names} == {"runs", "series", "environments"}
    assert f"Gitml-Ref: {run.ref}" in git(plain, "log", "-1", "--format=%B")
    assert git(plain, "status", "--short") == ""


def test_an_environment_that_nobody_committed_lands_with_the_first_run_that_is(plain: Path) -> None:
    with gitml.run("wine"):
        pass
    with gitml.run("wine", commit=True) as run:
        pass
    names = git(plain, "show", "--name-only", "--format=", "HEAD").split()
    assert {name.split("/")[1] for name in names} == {"runs", "environments"}
    assert run.applied is not None
    assert [one.ref for one in run.applied.changes] == [run.ref]


def test_a_run_on_another_branch_leaves_this_one_alone(plain: Path) -> None:
    with gitml.run("wine", branch="results") as run:
        run.log({"auc": 1})
    assert git(plain, "status", "--short") == ""
    store = gitml.open().at("results")
    assert store.show(run.ref).data["metrics"] == {"auc": 1}
    with gitml.run("wine", branch="results") as second:
        pass
    assert len(store.at("results").rows("run").rows) == 2
    assert second.applied is not None
    assert second.applied.commit == git(plain, "rev-parse", "results")


def test_inputs_and_outputs_by_path(plain: Path) -> None:
    write(plain, {"data/wine.csv": "a,b\n1,2\n"})
    with gitml.run("wine", inputs={"train": "data/wine.csv"}) as run:
        write(plain, {"out/model.pkl": "weights"})
        run.log_output(plain / "out/model.pkl", "model")
        run.log_output("out", "all")
    found = data(run)
    md5 = hashlib.md5(b"a,b\n1,2\n", usedforsecurity=False).hexdigest()
    assert found["inputs"] == {"train": {"path": "data/wine.csv", "md5": md5, "size": 8}}
    assert found["outputs"]["model"]["path"] == "out/model.pkl"
    assert found["outputs"]["model"]["size"] == 7
    assert found["outputs"]["all"]["md5"].endswith(".dir")


def test_paths_are_found_from_the_current_folder_first(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(plain, {"a.csv": "top\n", "sub/a.csv": "sub\n", "only.csv": "x\n"})
    monkeypatch.chdir(plain / "sub")
    with gitml.run("wine", inputs={"here": "a.csv", "above": "only.csv", "up": "../a.csv"}) as run:
        pass
    assert {name: one["path"] for name, one in data(run)["inputs"].items()} == {
        "here": "sub/a.csv",
        "above": "only.csv",
        "up": "a.csv",
    }


def test_what_lies_elsewhere_is_an_address(plain: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.csv"
    outside.write_text("x\n")
    with gitml.run("wine", inputs={"far": outside, "bucket": "s3://cellar/wine.csv"}) as run:
        pass
    found = data(run)["inputs"]
    assert found["bucket"] == {"uri": "s3://cellar/wine.csv"}
    assert found["far"]["uri"] == outside.as_uri()
    assert found["far"]["size"] == 2


def test_an_input_that_names_nothing_is_told_before_anything_runs(plain: Path) -> None:
    write(plain, {"data/wine.csv": "x\n"})
    with (
        pytest.raises(NotFound, match=r"wine\.cvs: no such file or folder \(nearest: wine\.csv\)"),
        gitml.run("wine", inputs={"train": "data/wine.cvs"}),
    ):
        pytest.fail("it ran")
    with pytest.raises(NotFound, match="there is no dataset/wine@7"), gitml.run("wine", inputs={"t": "dataset/wine@7"}):
        pytest.fail("it ran")


def test_what_is_no_input_is_told_before_anything_runs(tracked: Path) -> None:
    store = gitml.open()
    store.new_dataset("wine", "data/wine.csv")
    store.new("metric", "auc", {"direction": "higher"})
    with (
        pytest.raises(BadRef, match=r"dataset/wine names no version; write dataset/wine@VERSION"),
        gitml.run("wine", inputs={"train": "dataset/wine"}),
    ):
        pytest.fail("it ran")
    with (
        pytest.raises(BadRef, match="a metric is nothing that goes in or comes out"),
        gitml.run("wine", inputs={"train": store.show("metric/auc")}),
    ):
        pytest.fail("it ran")


def test_inputs_and_outputs_by_ref(tracked: Path) -> None:
    store = gitml.open()
    store.new_dataset("wine", "data/wine.csv", commit=True)
    version = store.show("dataset/wine@1")
    inputs = {"text": "dataset/wine@1", "ref": version.ref, "record": version, "then": "HEAD:dataset/wine@1"}
    with gitml.run("wine", inputs=inputs) as run:
        run.log_input("data/wine.csv", "path")
        write(tracked, {"data/clean.csv": "a\n1\n"})
        store.register("dataset/wine", path="data/clean.csv")  # since the run began
        run.log_output("dataset/wine@2", "clean")
    found = data(run)
    known = {"ref": "dataset/wine@1", "id": version.data["id"], "md5": version.data["pointer"]["md5"]}
    assert found["inputs"]["text"] == found["inputs"]["ref"] == found["inputs"]["record"] == known
    assert found["inputs"]["then"] == {**known, "ref": "HEAD:dataset/wine@1"}
    assert found["inputs"]["path"] == {**known, "path": "data/wine.csv", "size": version.data["pointer"]["size"]}
    assert found["outputs"]["clean"]["ref"] == "dataset/wine@2"
    assert gitml.open().validate().problems == ()


def test_what_it_is_comes_before_its_role(plain: Path) -> None:
    write(plain, {"data.csv": "a\n1\n"})
    told = "stands where the role belongs"
    with pytest.raises(BadValue, match=told) as caught, gitml.run("wine") as run:
        run.log_input("train", "data.csv")
    assert caught.value.hint == "what it is comes first: log_input('data.csv', 'train')"


def test_log_takes_a_mapping(plain: Path) -> None:
    with pytest.raises(BadValue, match="'auc' is no mapping of metrics"), gitml.run("wine") as run:
        run.log("auc")  # type: ignore[arg-type]
    assert data(run)["status"] == "failed"


def test_a_name_to_show_and_a_seed_alone(plain: Path) -> None:
    with gitml.run("wine", name="first try", seeds=7) as run:
        pass
    assert (data(run)["name"], data(run)["seeds"]) == ("first try", {"seed": 7})


def test_an_output_that_names_nothing_fails_the_run_which_is_recorded(plain: Path) -> None:
    with pytest.raises(NotFound), gitml.run("wine") as run:  # noqa: PT012 - it fails after it has logged
        run.log({"auc": 0.9})
        run.log_output("models/nothing.pkl", "model")
    found = data(run)
    assert (found["status"], found["error"]["type"], found["metrics"]) == ("failed", "NotFound", {"auc": 0.9})


def test_a_store_in_a_subfolder_holds_its_own_runs(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plain / "team").mkdir()
    gitml.init(plain / "team")
    monkeypatch.chdir(plain / "team")
    write(plain, {"team/x.csv": "x\n", "y.csv": "y\n"})
    with gitml.run("wine", inputs={"x": "x.csv", "y": "../y.csv"}, commit=True) as run:
        run.log({"auc": 1}, step=1)
    assert run.applied is not None
    assert all(one.path.startswith("team/metadata/") for one in run.applied.changes)
    found = data(run)
    assert {name: one["path"] for name, one in found["inputs"].items()} == {"x": "team/x.csv", "y": "y.csv"}
    assert (plain / found["series"]["path"]).is_file()
    assert gitml.open().validate().problems == ()


def test_before_the_first_commit(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gitml.init(repo)
    monkeypatch.chdir(repo)
    with gitml.run("wine") as run:
        pass
    assert "commit" not in data(run)["code"]
    with gitml.run("wine", commit=True) as run:
        pass
    assert run.applied is not None
    assert run.applied.commit == git(repo, "rev-parse", "HEAD")


def test_a_run_outlives_a_hook_of_the_users(plain: Path) -> None:
    commit(plain, {"x.py": "1\n"})
    hook = plain / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with gitml.run("wine", commit=True) as run:
        pass
    assert run.applied is not None
    assert run.applied.commit is not None
