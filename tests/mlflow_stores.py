"""Stores of MLflow's for tests, made by its own client: one history of experiments, runs and models in each kind."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    Param,
    RunTag,
)
from mlflow.tracking._tracking_service.utils import _tracking_store_registry, _use_tracking_uri

START = 1_771_264_991_123
ODD = {"val/auc": 0.9, "a.b c": -1.5, "nan": math.nan, "up": math.inf, "down": -math.inf, "é_1": 2.0**62}


@contextmanager
def allowed() -> Iterator[None]:
    """MLflow's file store, which its own switch turns on."""
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    try:
        yield
    finally:
        del os.environ["MLFLOW_ALLOW_FILE_STORE"]
        _tracking_store_registry._get_store_with_resolved_uri.cache_clear()


def calls(method: Callable[..., Any], name: str) -> bool:
    """Whether a method of the MLflow that is installed calls a function of this name: older ones do less."""
    return name in inspect.unwrap(method).__code__.co_names


def filled(uri: str) -> dict[str, str]:
    """Write a small history to a store; the ids of what was made, by a word for it."""
    with _use_tracking_uri(uri):  # also what MLflow's client looks up for itself: no database where the tests run
        return _filled(uri)


def _filled(uri: str) -> dict[str, str]:
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    store = client._tracking_client.store
    wine = client.create_experiment("wine / rouge: été", tags={"team": "cellar", "mlflow.note.content": "A note."})
    gone = client.create_experiment("gone")
    run = store.create_run(wine, "mona", START, [RunTag("mlflow.user", "mona"), RunTag("odd key/x", "v\nw")], "first")
    name = run.info.run_id
    points = [Metric("loss", 1 / (step + 1), START + step, step) for step in range(5)]
    odd = [Metric(key, value, START + 7, 3) for key, value in ODD.items()]
    store.log_batch(name, [*points, *odd], [Param("lr", "0.01"), Param("text", "1e3"), Param("n", "007")], [])
    data = Dataset("train set", "abc123", "local", '{"uri": "data.csv"}', '{"columns": []}', None)
    store.log_inputs(name, [DatasetInput(data, [InputTag("mlflow.data.context", "training"), InputTag("k", "v")])])
    child = store.create_run(wine, "ines", START + 1, [RunTag("mlflow.parentRunId", name)], "child")
    model = store.create_logged_model(
        wine, "band", name, [LoggedModelTag("k", "v")], [LoggedModelParameter("depth", "3")], "classifier"
    )
    store.log_outputs(name, [LoggedModelOutput(model.model_id, 4)])
    about = {"model_id": model.model_id, "dataset_name": "train", "dataset_digest": "abc", "run_id": name}
    store.log_metric(name, Metric("auc", 0.75, START + 8, 4, **about))
    store.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    client.set_terminated(name, "FINISHED", START + 9_999)
    client.set_terminated(child.info.run_id, "FAILED", START + 20_001)
    dead = store.create_run(gone, "mona", START + 2, [], "dead").info.run_id
    client.delete_run(dead)
    client.delete_experiment(gone)
    client.create_registered_model("price band", {"owner": "cellar"}, "Bands.")
    client.create_model_version("price band", "s3://models/one", name, {"k": "v"}, description="The first.")
    client.create_model_version("price band", "s3://models/two", name)
    client.set_registered_model_alias("price band", "champion", "2")
    client.transition_model_version_stage("price band", "1", "Production")
    return {"wine": wine, "gone": gone, "run": name, "child": child.info.run_id, "dead": dead, "model": model.model_id}


def said(client: MlflowClient, run: Any) -> dict[str, Any]:
    """A run of MLflow's with every point, as plain values that compare; without its ids."""
    info, data = run.info, run.data
    histories = {
        key: sorted((one.timestamp, one.step, repr(one.value)) for one in client.get_metric_history(info.run_id, key))
        for key in data.metrics
    }
    inputs = [
        (dict(one.dataset), {tag.key: tag.value for tag in one.tags})
        for one in (run.inputs.dataset_inputs if run.inputs else ())
    ]
    last = {key: repr(value) for key, value in data.metrics.items()}
    tags = {key: value for key, value in data.tags.items() if not key.startswith("gitml.")}
    tags.pop("mlflow.parentRunId", None)
    return {
        "name": info.run_name, "status": info.status, "start": info.start_time, "end": info.end_time,
        "stage": info.lifecycle_stage, "user": info.user_id, "params": data.params, "tags": tags, "last": last,
        "points": histories, "inputs": inputs,
    }  # fmt: skip


def sqlite(path: Path) -> str:
    """The URI of a SQLite file."""
    return f"sqlite:///{path}"
