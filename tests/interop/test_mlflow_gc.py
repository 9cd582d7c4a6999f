"""`mlflow gc` over a store: what is deleted goes, in commits; history keeps it, and so does what cites it."""

from __future__ import annotations

import pytest

pytest.importorskip("mlflow", reason="mlflow is not installed")

from collections.abc import Iterator
from pathlib import Path

import mlflow
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.entities import ViewType

import gitml
from gitrepo import commit, git
from registering import address, refused

pytestmark = pytest.mark.filterwarnings("ignore")  # of pydantic and MLflow about each other
LONG_AGO = "2026-01-01T00:00:00Z"
GONE = "RESOURCE_DOES_NOT_EXIST"


@pytest.fixture
def uri(repo: Path) -> Iterator[str]:
    """The address of a store that commits each deed."""
    gitml.init(repo)
    commit(repo, {})
    yield address(repo, "?commit=end")
    mlflow.set_tracking_uri(None)


@pytest.fixture
def client(uri: str) -> MlflowClient:
    return MlflowClient(uri, uri)


def _collected(uri: str, *options: str) -> list[str]:
    """The ids of what `mlflow gc` says it has removed."""
    from mlflow.cli import gc  # it brings the server, which warns

    done = CliRunner().invoke(gc, ["--backend-store-uri", uri, "--tracking-uri", uri, *options])
    if done.exception is not None:
        raise done.exception
    lines = [line for line in done.output.splitlines() if line.endswith("permanently deleted.")]
    return sorted(line.partition(" ID ")[2].split()[0] for line in lines)


def _run(client: MlflowClient, experiment: str, parent: str | None = None) -> str:
    """A run that has ended, with a series and a file."""
    run = client.create_run(experiment, tags={"mlflow.parentRunId": parent} if parent else {}).info.run_id
    for step in range(2):
        client.log_metric(run, "auc", step / 2, step=step)
    client.log_text(run, "read me", "notes.txt")
    client.set_terminated(run)
    return str(run)


def _files(repo: Path, name: str) -> set[str]:
    """The folders below which files are named by something."""
    return {path.relative_to(repo).parts[0] for path in repo.glob(f"[am]*/**/*{name}*")}


def test_what_is_deleted_goes_and_the_rest_stays(client: MlflowClient, uri: str, repo: Path) -> None:
    wine, gone = client.create_experiment("wine"), client.create_experiment("gone")
    kept, dead, inside = _run(client, wine), _run(client, wine), _run(client, gone)
    live = client.create_run(wine).info.run_id
    folder = next((repo / "artifacts/wine").glob(f"*/{dead}"))
    commit(repo, {f"{folder.relative_to(repo)}.dvc": "outs: []\n"})  # as `dvc add` leaves it
    client.delete_run(dead)
    client.delete_run(live)
    client.delete_experiment(gone)
    before = git(repo, "rev-parse", "HEAD")
    assert _collected(uri) == sorted([dead, live, inside, gone])
    assert [_files(repo, one) for one in (dead, inside, live)] == [set(), set(), set()]
    assert _files(repo, kept) == {"artifacts", "metadata"}
    for one in (dead, inside, live):
        with refused(GONE):
            client.get_run(one)
    assert client.get_run(kept).info.lifecycle_stage == "active"
    assert {one.name for one in client.search_experiments()} == {"Default", "wine"}
    assert client.create_experiment("gone") == gone  # the name is free
    assert gitml.open(repo).at(before).show(f"run/wine/{dead}").data["metrics"] == {"auc": 0.5}
    assert git(repo, "status", "--porcelain") == ""
    assert gitml.open(repo).validate().problems == ()
    assert _collected(uri) == []


def test_a_run_that_something_cites_is_hidden_until_that_has_gone(client: MlflowClient, uri: str, repo: Path) -> None:
    wine = client.create_experiment("wine")
    whole = _run(client, wine)
    part = _run(client, wine, whole)
    registered = _run(client, wine)
    client.create_registered_model("band")
    client.create_model_version("band", "s3://cellar/band", registered)
    for one in (whole, registered):
        client.delete_run(one)
    assert _collected(uri) == sorted([whole, registered])
    assert client.search_runs([wine])[0].info.run_id == part
    assert not client.search_runs([wine], run_view_type=ViewType.DELETED_ONLY)
    with refused(GONE):
        client.restore_run(whole)
    assert client.get_model_version("band", "1").run_id == registered
    assert gitml.open(repo).lineage("model/band@1").upstream()
    assert (_files(repo, whole), _files(repo, registered)) == ({"metadata"}, {"metadata"})
    client.delete_run(part)
    assert _collected(uri) == [part]
    assert (_files(repo, whole), _files(repo, registered)) == (set(), {"metadata"})
    assert gitml.open(repo).validate().problems == ()


def test_what_is_chosen_goes_alone(client: MlflowClient, uri: str, repo: Path) -> None:
    wine = client.create_experiment("wine")
    old, young, chosen, kept = (_run(client, wine) for _ in range(4))
    for one in (old, young, chosen):
        client.delete_run(one)
    gitml.open(repo).set(f"run/wine/{old}", {"deleted": LONG_AGO}, commit=True)
    assert _collected(uri, "--older-than", "1d2h") == [old]
    assert _collected(uri, "--run-ids", chosen) == [chosen]
    for options, told in ((["--run-ids", kept], "deleted"), (["--run-ids", young, "--older-than", "1d"], "older"),
                          (["--experiment-ids", wine], "deleted")):  # fmt: skip
        with pytest.raises(mlflow.MlflowException, match=told):
            _collected(uri, *options)
    assert _files(repo, kept) == _files(repo, young) == {"artifacts", "metadata"}
    other = client.create_experiment("other")
    last = _run(client, other)
    for one in (wine, other):
        client.delete_experiment(one)
    assert _collected(uri, "--experiment-ids", other, "--run-ids", last) == sorted({other, last})
    assert client.get_run(kept).info.lifecycle_stage == "deleted"
