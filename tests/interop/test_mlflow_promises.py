"""What MLflow's documentation promises of its client in small print, and its own stores keep."""

from __future__ import annotations

import pytest

pytest.importorskip("mlflow", reason="mlflow is not installed")

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow.entities import LoggedModelTag, Metric, Param
from packaging.version import Version

import gitml
from gitml.interop.mlflow.opened import opened
from gitml.interop.mlflow.registry import RegistryStore
from gitml.interop.mlflow.tracking import TrackingStore
from gitrepo import git
from registering import address, refused, registry

if TYPE_CHECKING:
    from mlflow import MlflowClient

pytestmark = pytest.mark.filterwarnings("ignore")  # of pydantic and MLflow about each other
NAME, NOTE = "mlflow.runName", "mlflow.note.content"
MISSING, INVALID = "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"
LONG_AGO = 1_234_567.891
"""A moment in seconds since 1970."""


@pytest.mark.parametrize("is_recorded", [False, True])
def test_a_name_stays_when_its_tag_is_taken_away(client: MlflowClient, is_recorded: bool) -> None:  # noqa: FBT001
    run = client.create_run("0", run_name="merlot").info.run_id
    if is_recorded:
        client.set_terminated(run)
    client.delete_tag(run, NAME)
    told = client.get_run(run)
    assert (told.info.run_name, told.data.tags.get(NAME)) == ("merlot", None)
    assert not client.search_runs(["0"], f"tags.`{NAME}` = 'merlot'")
    assert client.search_runs(["0"], "attributes.run_name = 'merlot'")
    with refused(MISSING):
        client.delete_tag(run, NAME)
    for rename in (lambda: client.set_tag(run, NAME, "syrah"), lambda: client.update_run(run, name="syrah")):
        client.delete_tag(run, NAME) if NAME in client.get_run(run).data.tags else None
        rename()
        told = client.get_run(run)
        assert told.info.run_name == told.data.tags[NAME] == "syrah"
    client.set_terminated(run)
    assert client.search_runs(["0"], f"tags.`{NAME}` = 'syrah'")


def test_an_empty_note_is_a_note(client: MlflowClient) -> None:
    run = client.create_run("0", tags={NOTE: ""}).info.run_id
    other = client.create_run("0").info.run_id
    client.set_tag(other, NOTE, "")
    for one in (run, other):
        assert client.get_run(one).data.tags[NOTE] == ""
        client.set_terminated(one)
        assert client.get_run(one).data.tags[NOTE] == ""


@pytest.mark.parametrize("is_recorded", [False, True])
def test_a_curve_is_drawn_from_points_all_along_it(client: MlflowClient, is_recorded: bool) -> None:  # noqa: FBT001
    run = client.create_run("0").info.run_id
    client.log_batch(run, [Metric("loss", 1.0 / (step + 1), step, step) for step in reversed(range(10))])
    if is_recorded:
        client.set_terminated(run)
    store = client._tracking_client.store

    def steps(most: int, *between: int | None) -> list[int]:
        return [one.step for one in store.get_metric_history_bulk_interval([run], "loss", most, *between)]

    assert (steps(5, None, None), steps(1, None, None)) == ([0, 2, 4, 6, 9], [9])
    assert (steps(99, 3, 6), steps(3, 2, 8), steps(4, 20, 30)) == ([3, 4, 5, 6], [2, 5, 8], [])
    wanted = 10 if Version(mlflow.__version__) < Version("3.14") else 0  # servers before it say so for all
    assert len(store.get_metric_history(run, "loss", max_results=0)) == wanted
    with refused(INVALID, "must be specified together"):
        steps(5, 1, None)
    with refused(MISSING):
        store.get_metric_history_bulk_interval(["a" * 26], "loss", 5, None, None)


def test_a_place_of_files_with_its_password_is_refused_before_anything_is_written(
    client: MlflowClient, place: Path
) -> None:
    with refused(INVALID, "a password in a URL"):
        client.create_experiment("wine", "ftp://mona:merlot75@cellar/wine")
    assert client.get_experiment_by_name("wine") is None
    wine = client.create_experiment("wine", "ftp://mona@cellar/wine")
    assert client.get_experiment(wine).artifact_location == "ftp://mona@cellar/wine"
    assert not gitml.open(place).validate().problems


def test_a_place_of_files_that_a_server_has_is_known_without_it(place: Path) -> None:
    served, plain = TrackingStore(address(place), "s3://cellar/wines"), TrackingStore(address(place))
    wine = served.create_experiment("wine")
    runs = [served.create_run(one, "mona", 1_700_000_000_000, [], "first").info for one in (wine, "0")]
    model = served.create_logged_model("0", "merlot", runs[1].run_id)
    assert plain.get_experiment(wine).artifact_location == f"s3://cellar/wines/{wine}"
    assert runs[0].artifact_uri == f"s3://cellar/wines/{wine}/{runs[0].run_id}/artifacts"
    for _ in ("under way", "recorded"):
        for run in runs:
            assert plain.get_run(run.run_id).info.artifact_uri == run.artifact_uri
        assert plain.get_logged_model(model.model_id).artifact_location == model.artifact_location
        for run in runs:
            served.update_run_info(run.run_id, 3, 1_700_000_001_000, None)
    assert all(one.startswith("s3://cellar/wines/") for one in (runs[1].artifact_uri, model.artifact_location))


@pytest.mark.parametrize("root", ["mlflow-artifacts:/", "ftp://mona:merlot75@cellar", "{place}/artifacts"])
def test_a_place_that_a_clone_works_out_or_must_not_know_is_written_nowhere(place: Path, root: str) -> None:
    served = TrackingStore(address(place), root.format(place=place))
    wine = served.create_experiment("wine")
    run = served.create_run(wine, "mona", 1_700_000_000_000, [], "first").info.run_id
    served.update_run_info(run, 3, 1_700_000_001_000, None)
    told = gitml.open(place)
    assert "custom" not in told.show("experiment/wine").data
    assert "artifact_uri" not in told.show(f"run/wine/{run}").data.get("custom", {}).get("mlflow", {})


def test_times_go_by_mlflows_clock(client: MlflowClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: LONG_AGO)
        wine = client.create_experiment("wine")
        client.create_registered_model("wine")
    made = round(LONG_AGO * 1000)
    found = client.get_experiment(wine)
    assert (found.creation_time, found.last_update_time) == (made, made)
    assert client.get_registered_model("wine").creation_timestamp == made


def test_what_a_store_refuses_is_told_in_words_that_clients_look_for(client: MlflowClient, place: Path) -> None:
    store, models = TrackingStore(address(place)), RegistryStore(address(place))
    run = client.create_run("0").info.run_id
    client.log_param(run, "lr", 1)
    for said, refusing in (
        ("Param with key='lr' was", lambda: client.log_param(run, "lr", 2)),
        ("Missing value for required parameter 'value'", lambda: store.log_param(run, Param("l1", None))),
        ("different values (run_name='a', mlflow.runName='b')", lambda: store.create_run("0", "", 1, [_tag("b")], "a")),
        ("Invalid experiment ID 'wine'. Experiment ID must be a valid integer.", lambda: store.get_experiment("wine")),
        ("'max_results' supplied. It must be a positive integer", lambda: store.search_experiments(max_results=0)),
        ("'max_results' supplied. It must be at most", lambda: store.search_experiments(max_results=10**9)),
        ("Invalid identifier type 'dataset'", lambda: client.search_runs(["0"], order_by=["datasets.name"])),
        ("Invalid value for max_results. It must be", lambda: models.search_model_versions(max_results=0)),
        ("request parameter max_results", lambda: models.search_registered_models(max_results=10**9)),
        ("Invalid order by key", lambda: models.search_registered_models(order_by=["creation_timestamp"])),
    ):
        with refused(INVALID, said):
            refusing()
    client.create_registered_model("wine")
    client.create_model_version("wine", "s3://cellar/1")
    with refused(INVALID, "is not an Active stage"):
        models.transition_model_version_stage("wine", 1, "Archived", archive_existing_versions=True)
    client.delete_registered_model("wine")
    with refused(MISSING, "Model Version (name=wine, version=1) not found"):
        client.get_model_version("wine", "1")


def test_what_there_is_no_place_for_is_not_implemented_and_no_failure(client: MlflowClient) -> None:
    with refused("NOT_IMPLEMENTED", "it has no delete_traces"):
        client.delete_traces("0", trace_ids=["tr-1"])
    assert list(client.search_traces(["0"])) == []


def test_versions_that_are_archived_by_a_move_have_its_time(client: MlflowClient) -> None:
    client.create_registered_model("wine")
    for _ in "ab":
        number = client.create_model_version("wine", "s3://cellar/1").version
        client.transition_model_version_stage("wine", number, "Staging", archive_existing_versions=True)
    first, second = (client.get_model_version("wine", number) for number in "12")
    assert (first.current_stage, second.current_stage) == ("Archived", "Staging")
    assert first.last_updated_timestamp == second.last_updated_timestamp


def test_tags_of_logged_models_may_be_anything(client: MlflowClient) -> None:
    model = client.create_logged_model("0", "merlot")
    store = client._tracking_client.store
    store.set_logged_model_tags(model.model_id, [LoggedModelTag("year", 1975), LoggedModelTag("empty", None)])
    assert client.get_logged_model(model.model_id).tags == {"year": "1975", "empty": ""}


@pytest.mark.parametrize(
    ("how", "on", "cited"),
    [("", "main", True), ("", "work", True), ("?commit=end", "main", False), ("?commit=end", "work", True),
     ("?branch=experiments", "main", True)],
)  # fmt: skip
def test_a_version_cites_the_run_that_another_process_ends(repo: Path, how: str, on: str, *, cited: bool) -> None:
    ours = registry(repo, how)
    if on != "main":
        git(repo, "checkout", "-q", "-b", on)
    run = TrackingStore(address(repo, how)).create_run("0", "mona", 1_700_000_000_000, [], "first").info.run_id
    ours.create_registered_model("wine")
    ours.create_model_version("wine", "s3://cellar/3", run)
    opened.cache_clear()  # what another process knows
    TrackingStore(address(repo, how)).update_run_info(run, 3, 1_700_000_001_000, None)
    store = gitml.open(repo)
    snap: Any = store.at("experiments") if "branch" in how else store
    assert snap.show("model/wine@1").data.get("run") == (f"run/default/{run}" if cited else None)
    assert RegistryStore(address(repo, how)).get_model_version("wine", 1).run_id == run
    assert not store.validate().problems


def _tag(name: str) -> Any:
    from mlflow.entities import RunTag

    return RunTag(NAME, name)
