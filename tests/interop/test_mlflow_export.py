"""`git ml export mlflow`, and the way round: a SQLite file to records, and those to another one that says the same."""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient, environment_variables
from mlflow.entities import ViewType

import gitml
from command_line import ml
from gitml.interop.mlflow.exporting import export_mlflow
from gitml.interop.mlflow.importing import import_mlflow
from gitml.interop.mlflow.importing.said import LARGEST
from gitrepo import init
from mlflow_stores import filled, said, sqlite

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's libraries warn each other of what they will change


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with nothing but MLflow's tables, to be copied: to make them takes MLflow seconds."""
    file = tmp_path_factory.mktemp("empty") / "mlflow.db"
    MlflowClient(sqlite(file), sqlite(file)).search_experiments()
    return file


@pytest.fixture(scope="module")
def made(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A SQLite file that MLflow has written."""
    file = tmp_path_factory.mktemp("made") / "mlflow.db"
    file.write_bytes(empty.read_bytes())
    return file, filled(sqlite(file))


@pytest.fixture
def store(tmp_path: Path, made: tuple[Path, dict[str, str]]) -> gitml.Store:
    """A store with what that file holds."""
    store = gitml.init(init(tmp_path / "repo"))
    done = import_mlflow(store, sqlite(made[0]), commit=True)
    assert done.losses == ()
    return store


def _everything(uri: str) -> dict[str, Any]:
    client = MlflowClient(uri, uri)
    experiments = client.search_experiments(ViewType.ALL)
    names = {one.experiment_id: one.name for one in experiments}
    runs = client.search_runs([*names], "", ViewType.ALL)
    tags = {one.name: {k: v for k, v in one.tags.items() if not k.startswith("gitml.")} for one in experiments}
    models = {
        one.name: (one.description, one.tags.get("owner"), {key: int(of) for key, of in one.aliases.items()})
        for one in client.search_registered_models()
    }
    versions = {
        (one.name, int(one.version)): (one.description or None, one.source, one.current_stage, one.tags.get("k"))
        for one in client.search_model_versions()
    }
    by_id = {one.info.run_id: one.info.run_name for one in runs}
    logged = [
        (one.name, one.params, one.model_type, str(one.status), one.tags["k"], by_id.get(str(one.source_run_id)),
         [(it.key, it.value, it.timestamp, it.step, it.dataset_name, by_id.get(it.run_id)) for it in one.metrics or ()])
        for one in client.search_logged_models([*names])
    ]  # fmt: skip
    whole = [client.get_run(one.info.run_id) for one in runs]  # a search of older ones tells of no outputs
    outputs = [(one.info.run_name, it.step) for one in whole for it in one.outputs.model_outputs]
    return {
        "logged": logged, "outputs": outputs,
        "experiments": {one.name: (one.lifecycle_stage, tags[one.name]) for one in experiments},
        "runs": {(names[one.info.experiment_id], one.info.run_name): said(client, one) for one in runs},
        "models": models, "versions": versions,
    }  # fmt: skip


def _infinite(said: dict[str, Any]) -> dict[str, Any]:
    """What a store says that knows infinity, as one which has the largest number for it."""
    told = repr(said).replace("'inf'", f"'{LARGEST!r}'").replace("'-inf'", f"'{-LARGEST!r}'")
    found: dict[str, Any] = ast.literal_eval(told)
    return found


def _runs(client: MlflowClient) -> dict[str, Any]:
    """The runs of every experiment by name."""
    experiments = [one.experiment_id for one in client.search_experiments(ViewType.ALL)]
    return {one.info.run_name: one for one in client.search_runs(experiments, "", ViewType.ALL)}


def test_the_way_round_keeps_everything(
    store: gitml.Store, made: tuple[Path, dict[str, str]], empty: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(empty.read_bytes())
    done = export_mlflow(store, sqlite(other))
    assert done.losses == ()
    assert done.written["runs"] == 3
    before, after = _everything(sqlite(made[0])), _everything(sqlite(other))
    assert after == before
    assert _infinite(_everything(f"gitml://{store.repository.git.root}")) == before  # and so it is over the store
    client = MlflowClient(sqlite(other), sqlite(other))
    runs = _runs(client)
    assert runs["child"].data.tags["mlflow.parentRunId"] == runs["first"].info.run_id
    assert runs["first"].data.tags["gitml.ref"].endswith(f"/{made[1]['run']}")
    version = client.get_model_version("price band", "1")
    assert version.run_id == runs["first"].info.run_id
    content = other.read_bytes()
    again = export_mlflow(store, sqlite(other))
    assert again.written == {}
    assert again.standing["runs"] == 3
    assert other.read_bytes() == content


def test_what_has_changed_since_is_brought_up_to_date(store: gitml.Store, empty: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(empty.read_bytes())
    export_mlflow(store, sqlite(other))
    ref = next(str(one.ref) for one in store.snapshot.records("run") if one.data.get("name") == "child")
    store.set(ref, {"tags.team": "cellar", "status": "finished", "metrics.auc": 0.9}, commit=True)
    done = export_mlflow(store, sqlite(other))
    assert done.written == {"runs": 1}
    client = MlflowClient(sqlite(other), sqlite(other))
    [run] = client.search_runs(
        [*(one.experiment_id for one in client.search_experiments())], "attributes.run_name = 'child'"
    )
    assert (run.data.tags["team"], run.info.status, run.data.metrics) == ("cellar", "FINISHED", {"auc": 0.9})


def test_what_gitml_itself_recorded_goes_too(repo: Path, empty: Path) -> None:
    store = gitml.init(repo, commit=True)
    with store.run("wine", params={"lr": 0.01}, commit=True) as run:
        for step in range(3):
            run.log({"auc": step / 10}, split="validation", step=step)
    target = repo.parent / "other.db"
    target.write_bytes(empty.read_bytes())
    told = ml(repo, "export", "mlflow", sqlite(target), "--losses", "lost.json", "--format", "json")
    assert (told.code, told.json["written"], told.json["losses"]) == (0, {"experiments": 1, "runs": 1}, [])
    client = MlflowClient(sqlite(target), sqlite(target))
    [one] = client.search_runs([client.get_experiment_by_name("wine").experiment_id])
    assert (one.data.params, one.data.metrics) == ({"lr": "0.01"}, {"validation.auc": 0.2})
    assert len(client.get_metric_history(one.info.run_id, "validation.auc")) == 3
    assert "there already: 1 experiments, 1 runs" in ml(repo, "export", "mlflow", sqlite(target)).out


FOLDER = pytest.param(
    "mlruns",
    marks=pytest.mark.skipif(
        not hasattr(environment_variables, "MLFLOW_ALLOW_FILE_STORE"), reason="this MLflow still writes folders"
    ),
)


@pytest.mark.parametrize("target", ["nowhere://x", "http://localhost:1", FOLDER])
def test_what_mlflow_cannot_open_is_told_in_a_line(repo: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    gitml.init(repo)
    told = ml(repo, "export", "mlflow", target)
    assert (told.code, told.out, told.err.count("\n")) == (1, "", 1)


@contextmanager
def _serving(file: Path) -> Iterator[str]:
    """MLflow's own server over a SQLite file; where it listens."""
    from mlflow.server import app, handlers
    from werkzeug.serving import make_server

    with pytest.MonkeyPatch.context() as patch:
        for store in ("FILE", "REGISTRY"):
            patch.setenv(f"_MLFLOW_SERVER_{store}_STORE", sqlite(file))
        for held in ("_tracking_store", "_model_registry_store"):
            patch.setattr(handlers, held, None)  # that of the server before
        serving = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture
def server(made: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[str]:
    """A server over that file."""
    file = tmp_path / "served.db"
    file.write_bytes(made[0].read_bytes())
    with _serving(file) as address:
        yield address


def test_a_running_server_is_given_what_a_file_is_given(
    store: gitml.Store, made: tuple[Path, dict[str, str]], empty: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(empty.read_bytes())
    with _serving(other) as address:
        done = export_mlflow(store, address)
        assert (done.losses, done.written["runs"]) == ((), 3)
        assert _everything(address) == _everything(sqlite(made[0]))
        again = export_mlflow(store, address)
        assert (again.written, again.standing["runs"]) == ({}, 3)


def test_a_running_server_says_what_its_file_says(server: str, store: gitml.Store, repo: Path) -> None:
    other = gitml.init(repo)
    done = import_mlflow(other, server)
    assert done.losses == ()
    here, there = ({str(one.ref): one.data for one in of.snapshot.records("run")} for of in (other, store))
    assert here.keys() == there.keys()
    for ref, data in here.items():
        assert _plain(data) == _plain(there[ref])
    assert [str(one.ref) for one in other.snapshot.records("model-version")] == [
        "model/price%20band@1",
        "model/price%20band@2",
    ]
    again = import_mlflow(other, server.replace("//", "//mona:not-told@"))
    assert (again.changes, again.source) == ((), server)


def test_files_come_from_a_server_where_that_is_asked_for(
    made: tuple[Path, dict[str, str]], server: str, repo: Path
) -> None:
    run = made[1]["run"]
    client = MlflowClient(server, server)
    for path in ("plots/a b.txt", "notes.txt"):
        client.log_text(run, f"in {path}", path)
    store = gitml.init(repo)
    done = import_mlflow(store, server, artifacts=True)
    assert done.losses == ()
    ref = next(str(one.ref) for one in store.snapshot.records("run") if one.ref.keys[1] == run)
    outputs = store.show(ref).data["outputs"]
    assert {name: (repo / told["path"]).read_text() for name, told in outputs.items()} == {
        "plots/a b.txt": "in plots/a b.txt", "notes.txt": "in notes.txt",
    }  # fmt: skip
    assert import_mlflow(store, server, artifacts=True).changes == ()


def _plain(data: Any) -> str:
    """A run's data in words: what a database alone knows (when a run was deleted) is left out."""
    return repr(sorted((key, value) for key, value in data.items() if key != "deleted"))
