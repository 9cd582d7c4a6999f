"""`git ml import mlflow` of folders: of MLflow's own making, in Git history, torn, and odd."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gitml
from command_line import ml, process, source
from gitml.cli.exchange_verbs import TOOLS
from gitml.interop.formats import FORMATS
from gitml.interop.mlflow.importing import import_mlflow
from gitml.interop.mlflow.registry import RegistryStore
from gitrepo import commit, environment, git, init, write
from mlflow_stores import ODD, START, allowed, filled
from registering import address

META = "lifecycle_stage: active\nrun_id: {run}\nrun_uuid: {run}\nexperiment_id: '1'\nstart_time: 1665613431054\nstatus: {status}\nend_time: null\nuser_id: mona\n"  # noqa: E501
EXPERIMENT = "experiment_id: '1'\nname: wine\nlifecycle_stage: active\ncreation_time: 1665613430993\n"


pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's libraries warn each other of what they will change


@pytest.fixture
def store(repo: Path) -> gitml.Store:
    """An empty store."""
    return gitml.init(repo, commit=True)


@pytest.fixture(scope="module")
def mlruns(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A file store that MLflow has written."""
    folder = tmp_path_factory.mktemp("made") / "mlruns"
    with allowed():
        return folder, filled(folder.as_uri())


def _runs(run: str = "a1", status: int = 3, **files: str) -> dict[str, str]:
    return {
        "mlruns/1/meta.yaml": EXPERIMENT,
        f"mlruns/1/{run}/meta.yaml": META.format(run=run, status=status),
        **{f"mlruns/1/{run}/{name.replace('__', '/')}": text for name, text in files.items()},
    }


def _tree(root: Path) -> dict[str, bytes]:
    files = (path for path in (root / "metadata").rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_every_tool_of_the_command_line_has_its_functions() -> None:
    assert set(TOOLS) == set(FORMATS)
    assert all(callable(one.reader()) and callable(one.writer()) for one in FORMATS.values())


def test_what_mlflow_wrote_is_recorded(store: gitml.Store, mlruns: tuple[Path, dict[str, str]]) -> None:
    folder, ids = mlruns
    done = import_mlflow(store, str(folder), commit=True)
    assert done.read["runs"] == 3
    assert len(done.commits) >= 1
    run = store.show(f"run/wine%20%2F%20rouge%3A%20été/{ids['run']}").data
    assert (run["name"], run["status"], run["by"], run["origin"]) == ("first", "finished", "mona", "mlflow")
    assert (run["created"], run["ended"]) == ("2026-02-16T18:03:11.123Z", "2026-02-16T18:03:21.122Z")
    assert run["params"] == {"lr": 0.01, "text": "1e3", "n": "007"}
    assert run["tags"] == {"mlflow.user": "mona", "odd key/x": "v\nw"}
    assert math.isnan(run["metrics"].pop("nan"))
    assert run["metrics"] == {"loss": 0.2, "auc": 0.75} | {key: value for key, value in ODD.items() if key != "nan"}
    assert run["series"]["points"] == 12
    assert run["custom"]["mlflow"]["latest"]["loss"] == f"{START + 4} 4"
    assert run["custom"]["mlflow"]["artifact_uri"].endswith(f"{ids['run']}/artifacts")
    assert run["custom"]["mlflow"]["model_outputs"] == {ids["model"]: 4}
    [(name, told)] = run["inputs"].items()
    assert (name, told["digest"], told["context"], told["tags"]) == ("train set", "abc123", "training", {"k": "v"})
    child = store.show(f"run/wine%20%2F%20rouge%3A%20été/{ids['child']}").data
    assert child["parent"] == f"run/wine%20%2F%20rouge%3A%20été/{ids['run']}"
    assert store.show(f"run/gone/{ids['dead']}").data["deleted"]
    wine = store.show("experiment/wine%20%2F%20rouge%3A%20été").data
    assert (wine["description"], wine["tags"]) == ("A note.", {"team": "cellar"})
    assert wine["custom"]["mlflow"]["experiment_id"] == ids["wine"]
    assert store.show("experiment/gone").data["deleted"]
    version = store.show("model/price%20band@1").data
    assert version["run"] == f"run/wine%20%2F%20rouge%3A%20été/{ids['run']}"
    assert version["custom"]["mlflow"]["source"] == "s3://models/one"
    assert store.show("alias/model/price%20band/champion").data["version"] == "2"
    slot = store.show("alias/model/price%20band/production").data
    assert (slot["version"], slot["custom"]) == ("1", {"mlflow": {"stage": "Production"}})
    model = store.show(f"logged-model/wine%20%2F%20rouge%3A%20été/{ids['model']}").data
    assert (model["name"], model["status"], model["type"]) == ("band", "ready", "classifier")
    assert (model["run"], model["params"], model["metrics"]) == (version["run"], {"depth": 3}, {"auc": 0.75})
    assert model["custom"]["mlflow"]["metrics"][0]["dataset_name"] == "train"
    assert done.losses == ()
    assert [one for one in store.validate().problems if one.severity == "error"] == []


def test_an_import_of_a_folder_needs_no_mlflow(store: gitml.Store, repo: Path, tmp_path: Path) -> None:
    write(tmp_path, _runs())
    hidden = "import sys; sys.modules['mlflow'] = None; from gitml.cli import main; sys.exit(main())"
    typed = (sys.executable, "-c", hidden, "import", "mlflow", str(tmp_path / "mlruns"), "--commit")
    said = process(repo, *typed, env=environment() | {"PYTHONPATH": source()})
    assert said.code == 0, said.err
    assert [row["ref"] for row in store.rows("run").rows] == ["run/wine/a1"]


def test_a_second_import_changes_nothing(store: gitml.Store, mlruns: tuple[Path, dict[str, str]], repo: Path) -> None:
    import_mlflow(store, str(mlruns[0]))
    before = _tree(repo)
    again = import_mlflow(store, str(mlruns[0]))
    assert again.changes == ()
    assert _tree(repo) == before
    assert len(import_mlflow(store, str(mlruns[0]), commit=True).commits) >= 1  # what stands there is committed
    assert git(repo, "status", "--porcelain", "metadata") == ""
    assert import_mlflow(store, str(mlruns[0]), commit=True).commits == ()


def test_a_model_that_was_deleted_here_comes_again(
    store: gitml.Store, mlruns: tuple[Path, dict[str, str]], repo: Path
) -> None:
    import_mlflow(store, str(mlruns[0]), commit=True)
    registry = RegistryStore(address(repo, "?commit=end"))
    registry.delete_registered_model("price band")
    assert registry.search_registered_models() == []
    done = import_mlflow(store, str(mlruns[0]), commit=True)
    assert done.losses == ()
    found = registry.get_registered_model("price band")
    assert (found.aliases, registry.get_model_version("price band", 1).current_stage) == ({"champion": 2}, "Production")
    assert import_mlflow(store, str(mlruns[0]), commit=True).changes == ()
    assert [one for one in store.validate().problems if one.severity == "error"] == []


def test_new_runs_are_added_and_changed_ones_set(store: gitml.Store, repo: Path, tmp_path: Path) -> None:
    write(tmp_path, _runs(status=1, metrics__auc="1665613431054 0.5 0\n", params__lr="0.1"))
    import_mlflow(store, str(tmp_path / "mlruns"), commit=True)
    store.set("run/wine/a1", {"findings": "acidity helps"}, commit=True)
    points = "1665613431054 0.5 0\n1665613431055 0.7 1\n"
    write(tmp_path, _runs(metrics__auc=points) | _runs("b2"))
    done = import_mlflow(store, str(tmp_path / "mlruns"), commit=True)
    assert {one.ref: one.op for one in done.changes if one.ref} == {"run/wine/a1": "changed", "run/wine/b2": "added"}
    found = store.show("run/wine/a1").data
    assert (found["status"], found["metrics"], found["params"]) == ("finished", {"auc": 0.7}, {"lr": 0.1})
    assert (found["series"]["points"], found["findings"]) == (2, "acidity helps")
    assert git(repo, "status", "--porcelain") == ""


def test_a_folder_in_git_history_gives_the_runs_that_were_removed(store: gitml.Store, tmp_path: Path) -> None:
    other = init(tmp_path / "other")
    commit(other, {f"sub/{path}": text for path, text in _runs(status=1, params__lr="0.1").items()})
    last = commit(other, {f"sub/{path}": text for path, text in (_runs(params__lr="0.1") | _runs("b2")).items()})
    shutil.rmtree(other / "sub/mlruns/1/a1")
    commit(other, {})
    shutil.move(other / "sub/mlruns/1", other / "sub/mlruns/.trash/1")  # as MLflow deletes an experiment
    commit(other, {})
    done = import_mlflow(store, str(other / "sub/mlruns"))
    assert (done.read, done.losses) == ({"experiments": 1, "runs": 2}, ())
    found = store.show("run/wine/a1").data
    assert (found["status"], found["params"]) == ("finished", {"lr": 0.1})
    assert found["custom"]["mlflow"]["commit"] == last
    assert "custom" not in store.show("run/wine/b2").data
    shutil.rmtree(other / "sub")
    commit(other, {})
    assert import_mlflow(store, str(other / "sub/mlruns")).read["runs"] == 2


def test_a_merged_branch_is_history_too(store: gitml.Store, tmp_path: Path) -> None:
    other = init(tmp_path / "other")
    commit(other, _runs(status=1, params__lr="0.1"))
    git(other, "checkout", "-q", "-b", "side")
    commit(other, _runs("b2"))
    shutil.rmtree(other / "mlruns/1/b2")
    last = commit(other, _runs(params__lr="0.1"), date="2026-03-03T12:00:00Z")  # after main has removed it
    git(other, "checkout", "-q", "main")
    shutil.rmtree(other / "mlruns/1/a1")
    commit(other, _runs("c3"), date="2026-03-02T12:00:00Z")
    git(other, "merge", "-q", "-s", "ours", "-m", "the removal stays", "side")
    git(other, "checkout", "-q", "-b", "apart")
    commit(other, _runs("d4"))
    git(other, "checkout", "-q", "main")
    done = import_mlflow(store, str(other / "mlruns"))
    assert (done.read, done.losses) == ({"experiments": 1, "runs": 3}, ())
    found = store.show("run/wine/a1").data
    assert (found["status"], found["params"]) == ("finished", {"lr": 0.1})
    assert found["custom"]["mlflow"]["commit"] == last
    assert store.show("run/wine/b2").data["custom"]["mlflow"]["commit"]


def test_what_is_torn_is_a_loss_with_its_path_and_the_rest_is_read(store: gitml.Store, tmp_path: Path) -> None:
    whole = _runs(metrics__auc="not a point\n1665613431054 0.5 0\n99 1e5\n", tags__t="x", params__p="1")
    write(tmp_path, whole)
    junk = bytes(range(256))
    write(tmp_path, {
        "mlruns/1/b2/meta.yaml": "status: [\n", "mlruns/1/c3/params/lr": "1", "mlruns/1/a1/metrics/junk": junk,

        "mlruns/1/a1/params/junk": b"\xff\xfe", "mlruns/1/d4/meta.yaml": "[" * 200_000, "mlruns/2/meta.yaml": "",
        "mlruns/1/traces/tr-1/trace_info.yaml": "x: 1\n", "mlruns/1/e5/meta.yaml": META.format(run="e5", status="soon"),
        "mlruns/1/a1/tags/key": f"ghp_{'a' * 36}", "mlruns/models/m/version-1/meta.yaml": "x",
    })  # fmt: skip
    done = import_mlflow(store, str(tmp_path / "mlruns"))
    assert done.read["runs"] == 2
    found = store.show("run/wine/a1").data
    assert found["metrics"] == {"auc": 0.5}
    assert found["params"] == {"p": 1}
    assert found["tags"]["key"] == "[redacted]"
    lost = {(one.kind, one.id, one.field) for one in done.losses}
    assert lost >= {
        ("run", "b2", ""), ("run", "c3", ""), ("run", "d4", ""), ("run", "a1", "metrics.auc"), ("trace", "tr-1", ""),
        ("run", "a1", "metrics.junk"), ("run", "a1", "params.junk"), ("experiment", "2", ""), ("run", "e5", "status"),
        ("run", "a1", "tags.key"), ("model", "m", ""),
    }  # fmt: skip
    reasons = [one.reason for one in done.losses if one.id in ("b2", "c3", "d4")]
    assert all("1/" in reason for reason in reasons)


def test_files_are_copied_where_that_is_asked_for(store: gitml.Store, repo: Path, tmp_path: Path) -> None:
    write(tmp_path, _runs(artifacts__plots__loss__png="picture"))
    place = str(tmp_path / "mlruns")
    import_mlflow(store, place, commit=True)
    assert "outputs" not in store.show("run/wine/a1").data
    done = import_mlflow(store, place, artifacts=True, commit=True)
    told = store.show("run/wine/a1").data["outputs"]["plots/loss/png"]
    assert (repo / told["path"]).read_text() == "picture"
    assert re.fullmatch(r"artifacts/wine/[0-9a-f]{2}/a1/plots/loss/png", told["path"])
    assert len(done.changes) == 1
    assert import_mlflow(store, place, artifacts=True, commit=True).changes == ()
    assert git(repo, "status", "--porcelain", "metadata") == ""


def test_events_flow_where_the_store_says_so(repo: Path, tmp_path: Path) -> None:
    store = gitml.init(repo, events="gitml/events", commit=True)
    write(tmp_path, _runs())
    import_mlflow(store, str(tmp_path / "mlruns"), commit=True)
    assert store.show("run/wine/a1").data["status"] == "finished"
    assert "a1.yaml" in git(repo, "ls-tree", "-r", "--name-only", "gitml/events")


def test_two_sources_with_one_name_share_it_and_stay_apart(store: gitml.Store, tmp_path: Path) -> None:
    for name, time in (("a", "1"), ("b", "2")):
        files = {path: text.replace("1665613430993", f"16656134309{time}0") for path, text in _runs(name).items()}
        write(tmp_path / name, files)
    import_mlflow(store, str(tmp_path / "a/mlruns"))
    done = import_mlflow(store, str(tmp_path / "b/mlruns"))
    assert [(one.kind, one.id) for one in done.losses] == [("experiment", "1")]
    assert store.show("run/wine/b").data["status"] == "finished"
    assert import_mlflow(store, str(tmp_path / "a/mlruns")).changes == ()


def test_the_command_line_tells_what_was_read_and_lost(store: gitml.Store, repo: Path, tmp_path: Path) -> None:
    del store
    write(tmp_path, _runs() | {"mlruns/1/b2/meta.yaml": "status: ["})
    said = ml(repo, "import", "mlflow", str(tmp_path / "mlruns"), "--losses", "lost.json", "--format", "json")
    assert (said.code, said.err) == (0, "")
    assert said.json["read"] == {"experiments": 1, "runs": 1}
    [loss] = said.json["losses"]
    assert loss.keys() == {"source", "kind", "id", "field", "reason"}
    assert json.loads((repo / "lost.json").read_text())["losses"] == [loss]
    text = ml(repo, "import", "mlflow", str(tmp_path / "mlruns"), "--commit", "-m", "from mlflow")
    assert (text.code, "could not be carried over: 1" in text.out) == (0, True)
    assert git(repo, "log", "-1", "--format=%s") == "from mlflow"


@pytest.mark.parametrize(
    "source", ["none", "s3://bucket/mlruns", "metadata", "metadata/store.yaml", "http://localhost:1"]
)
def test_what_is_no_store_is_told_in_a_line(store: gitml.Store, repo: Path, source: str) -> None:
    del store
    said = ml(repo, "import", "mlflow", source)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)


def test_a_real_store_in_git_history(store: gitml.Store, real: Path, tmp_path: Path) -> None:
    folder = next((one for one in real.iterdir() if one.name.startswith("10Academy")), None)
    if folder is None:
        pytest.skip("the real mlruns is absent")
    other = init(tmp_path / "other")
    for snapshot in sorted((folder / "snapshots").iterdir()):
        shutil.rmtree(other / "mlruns", ignore_errors=True)
        shutil.copytree(snapshot, other, dirs_exist_ok=True)
        commit(other, {}, snapshot.name)
    done = import_mlflow(store, str(other / "mlruns"), commit=True)
    assert (done.read["experiments"], done.read["runs"], done.losses) == (20, 20, ())
    runs = [one.data for one in store.snapshot.records("run")]
    assert sum(len(one.get("params", {})) for one in runs) == 131
    assert sum(len(one.get("metrics", {})) for one in runs) == 8
    assert sum(one["status"] == "running" and "ended" not in one for one in runs) == 4
    assert [one for one in store.validate().problems if one.severity == "error"] == []


_NAMES = st.text(st.sampled_from("ab1_-./ :é"), min_size=1, max_size=12).filter(
    lambda name: not {"", ".", ".."} & set(name.split("/")) and name == name.strip() and "//" not in name
)
_VALUES = st.floats(width=64) | st.integers(-(2**63), 2**63 - 1).map(float)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_NAMES, st.lists(st.tuples(_VALUES, st.integers(0, 9)), min_size=1, max_size=3), max_size=3),
       st.dictionaries(_NAMES, st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=1, max_size=20), max_size=3))  # fmt: skip  # noqa: E501
def test_records_say_what_mlflow_was_told(
    store: gitml.Store, tmp_path_factory: pytest.TempPathFactory, metrics: dict[str, list[tuple[float, int]]],
    params: dict[str, str],
) -> None:  # fmt: skip
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param
    from mlflow.exceptions import MlflowException

    from gitml.interop.mlflow.words import param_text

    folder = tmp_path_factory.mktemp("law") / "mlruns"
    with allowed():
        client = MlflowClient(folder.as_uri())
        run = client.create_run("0", START).info.run_id
        logged: dict[str, list[tuple[float, int]]] = {}
        for key, points in metrics.items():
            try:
                client.log_batch(run, [Metric(key, value, START, step) for value, step in points])
                logged[key] = points
            except (MlflowException, OSError):  # a name, or a name in the way of another, that MLflow itself refuses
                continue
        kept = {}
        for key, text in params.items():
            try:
                client.log_batch(run, params=[Param(key, text)])
                kept[key] = text
            except (MlflowException, OSError):
                continue
        latest = {key: repr(value) for key, value in client.get_run(run).data.metrics.items()}
    done = import_mlflow(store, str(folder))
    found = store.show(f"run/default/{run}").data
    assert [one for one in done.losses if one.kind == "run"] == []
    assert {key: repr(value) for key, value in found.get("metrics", {}).items()} == latest
    assert {key: param_text(value) for key, value in found.get("params", {}).items()} == kept
    assert logged.keys() == latest.keys()
