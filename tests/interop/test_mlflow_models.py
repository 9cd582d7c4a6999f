"""Files and models that MLflow clients log: autologging, `runs:/`, `models:/`, and a clone in another folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

import gitml
from gitrepo import commit, environment, git

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of scikit-learn, pydantic and MLflow about each other
]


@pytest.fixture
def store(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A store that MLflow's fluent API writes to."""
    _begun(repo)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT", "1")
    monkeypatch.chdir(repo)
    mlflow.set_tracking_uri(f"gitml://{repo}")
    yield repo
    mlflow.end_run()
    mlflow.sklearn.autolog(disable=True)
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


def _begun(repo: Path) -> None:
    """A store with a first commit."""
    gitml.init(repo)
    commit(repo, {}, "begin")


def test_autologging_of_a_fit(store: Path) -> None:
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    mlflow.set_experiment("iris")
    mlflow.sklearn.autolog(log_models=False)
    samples, classes = load_iris(return_X_y=True)
    with mlflow.start_run() as run:
        LogisticRegression(max_iter=50, C=0.5).fit(samples, classes)
    data = gitml.open(store).show(f"run/iris/{run.info.run_id}").data
    assert (data["status"], data["params"]["C"], data["params"]["max_iter"]) == ("finished", 0.5, 50)
    assert data["metrics"]["training_accuracy_score"] > 0.9
    assert [one["context"] for one in data["inputs"].values()] == ["train"]
    logged = {path.rpartition("/")[2] for path in (one["path"] for one in data["outputs"].values())}
    assert "training_confusion_matrix.png" in logged
    assert gitml.open(store).validate().problems == ()


def test_xgboost(store: Path) -> None:
    xgboost = pytest.importorskip("xgboost", reason="xgboost is absent")
    import numpy as np

    mlflow.set_experiment("boosted")
    mlflow.xgboost.autolog(log_models=False)
    table = xgboost.DMatrix(np.arange(40.0).reshape(20, 2), label=np.arange(20) % 2)
    with mlflow.start_run() as run:
        xgboost.train({"max_depth": 2, "objective": "binary:logistic"}, table, 5, evals=[(table, "train")])
    mlflow.xgboost.autolog(disable=True)
    told = MlflowClient().get_run(run.info.run_id)
    assert told.data.params["max_depth"] == "2"
    assert len(MlflowClient().get_metric_history(run.info.run_id, "train-logloss")) == 5


def test_models_load_by_each_of_their_names(store: Path) -> None:
    import numpy as np
    from sklearn.linear_model import LinearRegression

    fitted = LinearRegression().fit(np.arange(6.0).reshape(3, 2), [1.0, 2.0, 3.0])
    mlflow.set_experiment("models")
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(fitted, name="line", registered_model_name="first", pip_requirements=[])
    client = MlflowClient()
    version = mlflow.register_model(f"runs:/{run.info.run_id}/line", "second")
    client.set_registered_model_alias("second", "champion", version.version)
    expected = fitted.predict([[1.0, 2.0]])
    for uri in (
        f"runs:/{run.info.run_id}/line",
        f"models:/{info.model_id}",
        "models:/first/1",
        "models:/second@champion",
    ):
        assert mlflow.sklearn.load_model(uri).predict([[1.0, 2.0]]) == expected
    logged = client.get_logged_model(info.model_id)
    assert (logged.source_run_id, str(logged.status)) == (run.info.run_id, "READY")
    assert client.get_model_version("second", "1").run_id == run.info.run_id
    problems = [one for one in gitml.open(store).validate().problems if one.severity == "error"]
    assert problems == []


def test_nested_runs_and_files_in_a_clone_after_dvc_pull(store: Path, tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    mlflow.set_experiment("family")
    with mlflow.start_run(run_name="parent") as parent:
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("auc", 0.5)
        figure = Figure()
        figure.subplots().plot([1, 2])
        mlflow.log_figure(figure, "plots/line.png")
        (tmp_path / "notes.txt").write_text("read me\n")
        mlflow.log_artifact(str(tmp_path / "notes.txt"), "texts")
    found = mlflow.search_runs(
        filter_string=f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'", output_format="list"
    )
    assert [one.info.run_id for one in found] == [child.info.run_id]
    assert gitml.open(store).validate().problems == ()
    shown = gitml.open(store).show(f"run/family/{child.info.run_id}")
    assert shown.data["parent"] == f"run/family/{parent.info.run_id}"
    folder = f"artifacts/family/{gitml.open(store).show(f'run/family/{parent.info.run_id}').path.split('/')[-2]}"
    _dvc(store, "init", "-q")
    _dvc(store, "remote", "add", "-q", "-d", "near", str(tmp_path / "remote"))
    _dvc(store, "add", "-q", f"{folder}/{parent.info.run_id}")
    git(store, "add", "-A")
    git(store, "commit", "-q", "-m", "runs and their files")
    _dvc(store, "push", "-q")
    clone = tmp_path / "elsewhere" / "clone"
    git(tmp_path, "clone", "-q", str(store), str(clone))
    assert not (clone / folder / parent.info.run_id).exists()
    _dvc(clone, "pull", "-q")
    client = MlflowClient(f"gitml://{clone}")
    files = {one.path for one in client.list_artifacts(parent.info.run_id)}
    assert files == {"plots", "texts"}
    taken = client.download_artifacts(parent.info.run_id, "texts/notes.txt", str(tmp_path / "elsewhere"))
    assert Path(taken).read_text() == "read me\n"


def _dvc(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *words], cwd=folder, env=environment({"DVC_NO_ANALYTICS": "1"}),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
