"""Experiments, runs and what they say, through MLflow's client: what it promises, and the records that come of it."""

from __future__ import annotations

import pytest

pytest.importorskip("mlflow", reason="mlflow is not installed")

import inspect
import math
from pathlib import Path
from typing import Any

import mlflow
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
    ViewType,
)
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils.search_utils import SearchUtils

import gitml
from command_line import fine, ml
from gitml.interop.mlflow.tracking import TrackingStore
from gitrepo import commit, git, init
from registering import address, refused

pytestmark = pytest.mark.filterwarnings("ignore")  # of pydantic and MLflow about each other
START = 1_771_264_991_123
MISSING, INVALID, TAKEN = "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS"
STATE, DENIED = "INVALID_STATE", "PERMISSION_DENIED"


@pytest.fixture
def store(client: MlflowClient) -> Any:
    return client._tracking_client.store


def _client(place: Path, how: str = "") -> MlflowClient:
    return MlflowClient(address(place, how), address(place, how))


def _ended(client: MlflowClient, experiment: str = "wine", auc: float = 0.5, **said: Any) -> str:
    """A run from its beginning to its end; its id."""
    found = client.get_experiment_by_name(experiment)
    run = client.create_run(found.experiment_id if found else client.create_experiment(experiment), START, **said)
    client.log_batch(run.info.run_id, [Metric("auc", auc, START, 0)], [Param("lr", "0.1")])
    client.set_terminated(run.info.run_id, "FINISHED", START + 1_000)
    return str(run.info.run_id)


# ── experiments ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_experiment_is_made_renamed_deleted_and_restored(client: MlflowClient, place: Path) -> None:
    wine = client.create_experiment("wine", tags={"team": "cellar", "mlflow.note.content": "Bands."})
    run = _ended(client)
    with refused(TAKEN):
        client.create_experiment("wine")
    client.rename_experiment(wine, "Wine, rouge")
    record = gitml.open(place).show("experiment/wine")
    assert (record.data["title"], record.data["description"]) == ("Wine, rouge", "Bands.")
    assert gitml.open(place).show(f"run/wine/{run}").data["status"] == "finished"  # it has not moved
    client.delete_experiment(wine)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    for again, code in (
        (lambda: client.delete_experiment(wine), MISSING),
        (lambda: client.create_experiment("Wine, rouge"), TAKEN),
        (lambda: client.rename_experiment(wine, "new"), STATE),
        (lambda: client.create_run(wine), INVALID),
    ):
        with refused(code):
            again()
    client.restore_experiment(wine)
    assert client.get_run(run).info.lifecycle_stage == client.get_experiment(wine).lifecycle_stage == "active"
    assert client.create_experiment("wine") != wine  # the name is free, the key is not
    assert gitml.open(place).validate().problems == ()


def test_experiments_are_found_in_order_and_pages(client: MlflowClient) -> None:
    ids = [client.create_experiment(name, tags={"n": str(number)}) for number, name in enumerate(("a", "b", "Bb"))]
    client.delete_experiment(ids[0])
    names = [one.name for one in client.search_experiments(order_by=["name DESC"])]
    assert names == ["b", "Default", "Bb"]
    assert [one.name for one in client.search_experiments(filter_string="name ILIKE 'b%' and tags.n = '2'")] == ["Bb"]
    assert [one.name for one in client.search_experiments(ViewType.DELETED_ONLY)] == ["a"]
    first = client.search_experiments(ViewType.ALL, max_results=3, order_by=["name"])
    rest = client.search_experiments(ViewType.ALL, max_results=3, order_by=["name"], page_token=first.token)
    assert [one.name for one in [*first, *rest]] == ["Bb", "Default", "a", "b"]
    assert rest.token is None
    with refused(INVALID):
        client.search_experiments(filter_string="bogus = 'x'")
    with refused(INVALID):
        client.search_experiments(max_results=0)


def test_the_default_experiment_is_there_before_anything_is_written(client: MlflowClient, place: Path) -> None:
    assert client.get_experiment("0").name == "Default"
    assert client.search_experiments(filter_string="creation_time > 0") == []
    assert git(place, "status", "--porcelain").strip() == ""
    with refused(MISSING):
        client.get_experiment("123")
    with refused(INVALID):
        client.get_experiment("wine")


# ── runs ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_is_a_record_that_gitml_shows_and_checks(client: MlflowClient, place: Path) -> None:
    run = _ended(client, auc=0.91, run_name="first", tags={"team": "cellar", "mlflow.note.content": "A note."})
    data = fine(place, "show", f"run/wine/{run}", "--format", "json").json["data"]
    assert (data["name"], data["description"], data["origin"]) == ("first", "A note.", "mlflow")
    assert (data["created"], data["ended"]) == ("2026-02-16T18:03:11.123Z", "2026-02-16T18:03:12.123Z")
    assert (data["params"], data["metrics"]) == ({"lr": 0.1}, {"auc": 0.91})
    assert run in fine(place, "list", "run").out
    assert ml(place, "validate").code == 0
    (place / "metadata/leaderboards").mkdir(parents=True, exist_ok=True)
    told = client.get_run(run)
    assert (told.info.run_name, told.data.tags["mlflow.runName"]) == ("first", "first")
    assert (told.info.start_time, told.info.end_time) == (START, START + 1_000)


def test_states_of_a_run_that_goes_on_and_of_one_taken_up_again(client: MlflowClient, store: Any) -> None:
    run = client.create_run("0").info.run_id
    for status in ("SCHEDULED", "RUNNING"):
        client.update_run(run, status=status)
        assert client.get_run(run).info.status == status
    client.update_run(run, status="FAILED")
    assert client.get_run(run).info.end_time is None  # as MLflow's own stores have it
    client.update_run(run, status="RUNNING", name="again")
    client.log_metric(run, "auc", 0.5, START, 1)
    assert client.get_run(run).data.metrics == {"auc": 0.5}
    client.set_terminated(run, end_time=START)
    info = client.get_run(run).info
    assert (info.status, info.run_name, info.end_time) == ("FINISHED", "again", START)


@pytest.mark.parametrize("is_recorded", [False, True])
def test_a_run_is_deleted_and_restored(client: MlflowClient, is_recorded: bool) -> None:  # noqa: FBT001
    run = client.create_run("0").info.run_id
    if is_recorded:
        client.set_terminated(run)
    for _ in range(2):  # twice is no fault
        client.delete_run(run)
    assert [one.info.run_id for one in client.search_runs(["0"], run_view_type=ViewType.DELETED_ONLY)] == [run]
    assert client.search_runs(["0"]) == []
    with refused(INVALID, "must be in the 'active' state"):
        client.log_metric(run, "auc", 1.0)
    for _ in range(2):
        client.restore_run(run)
    assert [one.info.run_id for one in client.search_runs(["0"])] == [run]


def test_nested_runs_of_the_fluent_api(place: Path) -> None:
    mlflow.set_tracking_uri(address(place))
    try:
        mlflow.set_experiment("nest")
        with mlflow.start_run(run_name="above") as above, mlflow.start_run(run_name="below", nested=True) as below:
            mlflow.log_metric("auc", 0.5, step=3)
            mlflow.log_params({"depth": 4, "odd/key": None})
        found = mlflow.search_runs(experiment_names=["nest"], order_by=["attributes.run_name DESC"])
    finally:
        mlflow.set_tracking_uri(None)
    assert list(found["tags.mlflow.runName"]) == ["below", "above"]
    told = gitml.open(place).show(f"run/nest/{below.info.run_id}").data
    assert told["parent"] == f"run/nest/{above.info.run_id}"
    assert gitml.open(place).validate().problems == ()


# ── params, metrics, tags ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_recorded", [False, True])
def test_a_param_is_said_once(client: MlflowClient, is_recorded: bool) -> None:  # noqa: FBT001
    run = client.create_run("0").info.run_id
    texts = {"a": "1", "b": "1.0", "c": "1e3", "d": "True", "e": "None", "f": "007", "g": "", "a.b/c d": "nan"}
    client.log_batch(run, params=[Param(key, text) for key, text in texts.items()])
    if is_recorded:
        client.set_terminated(run)
    client.log_param(run, "a", 1)
    with refused(INVALID, "Changing param values is not allowed"):
        client.log_param(run, "a", 2)
    with refused(INVALID):
        client.log_batch(run, [Metric("m", 1, 0, 0)], [Param("new", "x"), Param("b", "1")])
    told = client.get_run(run).data
    assert (told.params, told.metrics) == (texts, {})  # all of a batch, or nothing


@pytest.mark.parametrize("is_recorded", [False, True])
def test_the_latest_value_of_a_metric_and_its_history(client: MlflowClient, is_recorded: bool) -> None:  # noqa: FBT001
    run = client.create_run("0").info.run_id
    if is_recorded:
        client.set_terminated(run)
    points = [(1.0, 5, 3), (2.0, 4, 9), (3.0, 9, 3), (math.inf, 6, 2**62), (-1.0, 1, -7), (3.0, 9, 3), (0.5, 6, 2**62)]
    for value, at, step in points:
        client.log_metric(run, "val/loss", value, at, step)
    client.log_metric(run, "none", math.nan, 1, 1)
    told = client.get_run(run).data.metrics
    assert told["val/loss"] == math.inf
    assert math.isnan(told["none"])
    found = [(one.value, one.timestamp, one.step) for one in client.get_metric_history(run, "val/loss")]
    assert sorted(found) == sorted(dict.fromkeys(points))
    assert found == sorted(found, key=lambda one: (one[1], one[2], one[0]))
    assert client.get_metric_history(run, "bogus") == []


def test_a_history_in_pages_and_of_several_runs(client: MlflowClient, store: Any) -> None:
    runs = [client.create_run("0").info.run_id for _ in range(2)]
    for run in runs:
        client.log_batch(run, [Metric("loss", step / 10, START + step, step) for step in range(100)])
    client.set_terminated(runs[0])
    first = store.get_metric_history(runs[0], "loss", 60, None)
    rest = store.get_metric_history(runs[0], "loss", 60, first.token)
    assert [one.step for one in [*first, *rest]] == list(range(100))
    assert rest.token is None
    found = store.get_metric_history_bulk_interval(runs, "loss", 10, 20, 80)
    assert {one.run_id for one in found} == set(runs)
    steps = sorted(one.step for one in found if one.run_id == runs[0])
    assert (steps[0], steps[-1]) == (20, 80)
    assert len(steps) <= 12


def test_tags_are_set_and_taken_away(client: MlflowClient, place: Path) -> None:
    run = client.create_run("0", run_name="one").info.run_id
    client.set_tag(run, "a.b/c d", "x: y\n#z")
    client.set_tag(run, "mlflow.note.content", "A note.")
    client.set_tag(run, "mlflow.runName", "two")
    client.set_terminated(run)
    client.set_tag(run, "late", 1)
    tags = client.get_run(run).data.tags
    assert {key: tags[key] for key in ("a.b/c d", "late", "mlflow.note.content")} == {
        "a.b/c d": "x: y\n#z", "late": "1", "mlflow.note.content": "A note.",
    }  # fmt: skip
    assert client.get_run(run).info.run_name == "two"
    client.delete_tag(run, "a.b/c d")
    with refused(MISSING, "a.b/c d"):
        client.delete_tag(run, "a.b/c d")
    assert "a.b/c d" not in gitml.open(place).show(f"run/default/{run}").data["tags"]


def test_limits_of_a_batch_are_mlflows(client: MlflowClient) -> None:
    run = client.create_run("0").info.run_id
    for batch in (
        {"metrics": [Metric("m", 1, 0, step) for step in range(1001)]},
        {"params": [Param(f"p{number}", "1") for number in range(101)]},
        {"metrics": [Metric("m", "high", 0, 0)]},
        {"params": [Param("p", "1"), Param("p", "2")]},
        {"tags": [RunTag("../up", "x")]},
    ):
        with refused(INVALID):
            client._tracking_client.store.log_batch(run, **{"metrics": [], "params": [], "tags": [], **batch})
    told = client.get_run(run).data
    assert (told.metrics, told.params) == ({}, {})


def test_what_looks_like_a_secret_is_not_written(client: MlflowClient, place: Path) -> None:
    secret = "AKIA" + "Q7ZK3MNP2RST5VWX"
    run = client.create_run("0").info.run_id
    client.log_param(run, "key", secret)
    client.set_terminated(run)
    (path,) = (place / "metadata/runs/default").rglob(f"{run}.yaml")
    assert secret not in path.read_text()


# ── what goes in and comes out ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_recorded", [False, True])
def test_data_sets_of_a_run(client: MlflowClient, store: Any, place: Path, is_recorded: bool) -> None:  # noqa: FBT001
    run = client.create_run("0").info.run_id
    if is_recorded:
        client.set_terminated(run)
    train = Dataset("train set", "abc", "local", '{"uri": "a.csv"}', '{"columns": []}', '{"rows": 3}')
    tags = [InputTag("k", "v"), InputTag("mlflow.data.context", "training")]
    store.log_inputs(run, [DatasetInput(train, tags)])
    store.log_inputs(run, [DatasetInput(Dataset("train set", "abc", "s3", "other"), [])])  # said already
    store.log_inputs(run, [DatasetInput(Dataset("train set", "def", "local", "{}"), [])])
    first, second = client.get_run(run).inputs.dataset_inputs
    assert (dict(first.dataset), {one.key: one.value for one in first.tags}) == (
        dict(train),
        {"k": "v", "mlflow.data.context": "training"},
    )
    assert second.dataset.digest == "def"
    if is_recorded:
        found = [(one.name, one.digest, one.context) for one in store._search_datasets(["0"])]
        assert found == [("train set", "abc", "training"), ("train set", "def", None)]
        assert gitml.open(place).show(f"run/default/{run}").data["inputs"]["train set"]["context"] == "training"


@pytest.mark.parametrize("is_recorded", [False, True])
def test_models_that_a_run_logs(client: MlflowClient, store: Any, is_recorded: bool) -> None:  # noqa: FBT001
    run = client.create_run("0").info.run_id
    first = store.create_logged_model(
        "0", "band", run, [LoggedModelTag("t", "1")], [LoggedModelParameter("p", "2")], "tree"
    )
    store.log_outputs(run, [LoggedModelOutput(first.model_id, 4)])
    client.log_metric(run, "auc", 0.9, START, 1, dataset_name="test", dataset_digest="d", model_id=first.model_id)
    client.finalize_logged_model(first.model_id, LoggedModelStatus.READY)
    if is_recorded:
        client.set_terminated(run)
    second = store.create_logged_model("0", "other")
    client.set_logged_model_tags(first.model_id, {"u": "3"})
    client.delete_logged_model_tag(first.model_id, "t")
    told = client.get_logged_model(first.model_id)
    assert (told.name, told.source_run_id, told.model_type, told.status) == ("band", run, "tree", "READY")
    assert (told.tags, told.params) == ({"u": "3"}, {"p": "2"})
    assert [(one.key, one.value, one.dataset_name, one.run_id) for one in told.metrics] == [("auc", 0.9, "test", run)]
    assert [one.model_id for one in client.get_run(run).outputs.model_outputs] == [first.model_id]

    def found(text: str | None = None, **more: Any) -> list[str]:
        return [one.name for one in client.search_logged_models(["0"], text, **more)]

    assert found("metrics.auc > 0.5") == found("params.p = '2'") == found("tags.u = '3'") == ["band"]
    assert found("metrics.auc > 0.5", datasets=[{"dataset_name": "train"}]) == []
    assert found(order_by=[{"field_name": "name", "ascending": False}]) == ["other", "band"]
    page = client.search_logged_models(["0"], max_results=1)
    assert page.token
    assert len(client.search_logged_models(["0"], max_results=1, page_token=page.token)) == 1
    client.delete_logged_model(second.model_id)
    assert found() == ["band"]
    with refused(MISSING):
        client.get_logged_model(second.model_id)


# ── finding runs ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_gitml_and_others_have_recorded_is_found_too(client: MlflowClient, place: Path) -> None:
    theirs = _ended(client, auc=0.3)
    with gitml.open(place).run("wine", params={"model": {"depth": 3}}, name="ours") as run:
        run.log({"val": {"auc": 0.8}}, step=2)
        run.log({"val": {"auc": 0.7}}, step=5)
    wine = client.get_experiment_by_name("wine").experiment_id

    def found(text: str, **more: Any) -> list[str]:
        return [one.info.run_id for one in client.search_runs([wine], text, **more)]

    assert found("metrics.`val.auc` < 0.75") == found("params.`model.depth` = '3'") == [run.id]
    assert found("attributes.run_name = 'ours'") == [run.id]
    assert found("", order_by=["metrics.auc DESC"]) == [theirs, run.id]  # what has no such metric is last
    told = client.get_run(run.id)
    assert told.data.metrics == {"val.auc": 0.7}
    assert [(one.step, one.value) for one in client.get_metric_history(run.id, "val.auc")] == [(2, 0.8), (5, 0.7)]
    assert told.data.tags["mlflow.user"]
    client.set_tag(run.id, "seen", "yes")
    assert gitml.open(place).show(f"run/wine/{run.id}").data["tags"] == {"seen": "yes"}


def test_runs_are_found_by_what_they_lack(client: MlflowClient, place: Path) -> None:
    try:
        SearchUtils.parse_search_filter("params.lr IS NULL")
    except MlflowException:
        pytest.skip("filters of this MLflow know no IS NULL")
    run = _ended(client)
    with gitml.open(place).run("wine") as ours:
        pass
    wine = client.get_experiment_by_name("wine").experiment_id
    for text, expected in (("params.lr IS NULL", ours.id), ("params.lr IS NOT NULL", run)):
        assert [one.info.run_id for one in client.search_runs([wine], text)] == [expected]


def test_pages_of_runs(client: MlflowClient) -> None:
    wine = client.create_experiment("wine")
    runs = [client.create_run(wine, START + number).info.run_id for number in range(5)]
    client.set_terminated(runs[2])
    pages, token = [], None
    while not pages or token:
        page = client.search_runs([wine], max_results=2, page_token=token)
        pages.append([one.info.run_id for one in page])
        token = page.token
    assert pages == [[runs[4], runs[3]], [runs[2], runs[1]], [runs[0]]]
    for text in ("metrics.auc > 'a'", "bogus = 1", "params.lr > 1", "metrics.auc"):
        with refused(INVALID):
            client.search_runs([wine], text)
    with refused(INVALID):
        client.search_runs([wine], order_by=["bogus.x"])


# ── how an address says to write ──────────────────────────────────────────────────────────────────────────────────


def test_a_store_as_of_a_tag_is_only_read(client: MlflowClient, place: Path) -> None:
    run = _ended(client)
    commit(place, {}, "a run")
    git(place, "tag", "v1.0")
    _ended(client, auc=0.7)
    then = _client(place, "?ref=v1.0")
    wine = then.get_experiment_by_name("wine").experiment_id
    assert [one.info.run_id for one in then.search_runs([wine])] == [run]
    for write in (
        lambda: then.create_experiment("new"),
        lambda: then.create_run(wine),
        lambda: then.log_metric(run, "auc", 1.0),
        lambda: then.set_tag(run, "a", "b"),
        lambda: then.delete_run(run),
        lambda: then.restore_run(run),
        lambda: then.delete_experiment(wine),
        lambda: then.create_logged_model(wine),
    ):
        with refused(DENIED, "only be read"):
            write()


@pytest.mark.parametrize(
    ("events", "how", "line"),
    [(None, "?commit=end&branch=tracked", "tracked"), ("gitml/events", "?commit=end", "gitml/events")],
)
def test_a_run_is_committed_when_it_ends(tmp_path: Path, events: str | None, how: str, line: str) -> None:
    place = init(tmp_path / "repo")
    gitml.init(place, events=events)
    commit(place, {})
    client = _client(place, how)
    run = _ended(client, run_name="one")
    client.set_tag(run, "late", "yes")
    assert client.get_run(run).data.tags["late"] == "yes"
    assert run in git(place, "ls-tree", "-r", "--name-only", line)
    assert run not in git(place, "ls-tree", "-r", "--name-only", "main")
    assert git(place, "status", "--porcelain").strip() == ""
    again = _client(place, how.replace("end", "batch"))
    found = again.search_runs([again.get_experiment_by_name("wine").experiment_id])
    assert [one.info.run_name for one in found] == ["one"]


def test_a_clone_knows_what_was_pushed_by_the_same_ids(client: MlflowClient, place: Path, tmp_path: Path) -> None:
    run = _ended(client, run_name="one")
    commit(place, {}, "a run")
    git(place, "clone", "-q", ".", str(tmp_path / "clone"))
    there = _client(tmp_path / "clone")
    ours, theirs = client.get_run(run), there.get_run(run)
    assert (ours.data.to_dictionary(), ours.info.experiment_id) == (
        theirs.data.to_dictionary(),
        theirs.info.experiment_id,
    )
    assert str(tmp_path / "clone") in theirs.info.artifact_uri


# ── everything that MLflow may ask ────────────────────────────────────────────────────────────────────────────────


def _asked() -> list[str]:
    return [name for name, one in inspect.getmembers(AbstractStore, inspect.isfunction) if not name.startswith("_")]


def test_every_method_answers_or_refuses_in_mlflows_way(store: Any) -> None:
    """No method of the installed MLflow fails otherwise than with one of its own exceptions, whatever it is given."""
    wrong = {}
    for name in _asked():
        method = getattr(store, name)
        wanted = [one for one in inspect.signature(getattr(AbstractStore, name)).parameters.values()
                  if one.name != "self" and one.default is one.empty and one.kind in (0, 1, 3)]  # fmt: skip
        try:
            method(**{one.name: _plausible(one.name) for one in wanted})
        except MlflowException as error:
            if error.get_http_status_code() == 500:
                wrong[name] = repr(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told below
            wrong[name] = repr(error)
    assert wrong == {}
    assert isinstance(store, TrackingStore)


def _plausible(name: str) -> Any:
    if name.endswith("ids") or name in {"models", "tags", "params", "metrics", "datasets", "traces", "spans"}:
        return []
    entities = {
        "metric": Metric("m", 1.0, 0, 0), "param": Param("p", "1"), "tag": RunTag("t", "v"), "mlflow_model": Model(),
    }  # fmt: skip
    return {"max_results": 10, "page_token": None, **entities}.get(name, "7")
