"""MLflow's registry over a gitml store: what it writes are gitml's own records, and gitml's own show in MLflow."""

from __future__ import annotations

import pytest

pytest.importorskip("mlflow", reason="mlflow is not installed")

import ast
import inspect
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mlflow.entities import Param, RunStatus
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowNotImplementedException
from mlflow.store.model_registry.abstract_store import AbstractStore

import gitml
from gitml.errors import NotFound
from gitml.interop.mlflow.registry import RegistryStore
from gitml.interop.mlflow.tracking import TrackingStore
from gitrepo import commit, git
from registering import address, refused, registry

KEEP, ARCHIVE = False, True
RUN = "9f0c7a3b5d1e4f6a8b2c9d0e1f3a5b7c"
MISSING, INVALID, TAKEN = "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "repo"


@pytest.fixture
def ours(place: Path) -> RegistryStore:
    """A registry with a model `wine` of two versions."""
    made = registry(place)
    made.create_registered_model("wine", [RegisteredModelTag("team", "cellar")], "Price band.")
    for _ in range(2):
        made.create_model_version(
            "wine", (place / "artifacts/wine/model").as_uri(), tags=[ModelVersionTag("fit", "ok")]
        )
    return made


def again(place: Path, how: str = "") -> RegistryStore:
    """The registry of a store that is there already."""
    return RegistryStore(address(place, how))


def _run(place: Path, status: str = "finished", **how: object) -> None:
    fields = {"status": status, "params.lr": 0.1, "metrics.auc": 0.9}
    gitml.open(place).new("run", f"wine/{RUN}", fields, **how)


# ── what is written ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_written_are_gitmls_own_records(ours: RegistryStore, place: Path) -> None:
    ours.set_registered_model_alias("wine", "champion", 2)
    store = gitml.open(place)
    head, version, alias = (store.show(ref).data for ref in ("model/wine", "model/wine@2", "alias/model/wine/champion"))
    assert (head["description"], head["tags"], "title" in head) == ("Price band.", {"team": "cellar"}, False)
    assert (version["by"], version["tags"]) == ("Mona", {"fit": "ok"})
    assert version["custom"]["mlflow"] == {"source": "gitml:artifacts/wine/model"}
    assert (alias["version"], alias["id"]) == ("2", version["id"])
    assert not store.validate().problems


def test_what_has_landed_stays_as_it_is(ours: RegistryStore, place: Path) -> None:
    commit(place, {})
    file = place / "metadata/models/wine/1.yaml"
    before = file.read_bytes()
    ours.update_model_version("wine", 1, "fits")
    ours.set_model_version_tag("wine", 1, ModelVersionTag("fit", "well"))
    ours.transition_model_version_stage("wine", 1, "Staging", KEEP)
    ours.delete_model_version_tag("wine", 2, "fit")
    assert file.read_bytes() == before
    assert not gitml.open(place).validate().problems
    found = again(place, "?commit=end").get_model_version("wine", 1)
    assert (found.description, found.tags, found.current_stage) == ("fits", {"fit": "well"}, "Staging")
    assert ours.get_model_version("wine", 2).tags == {}


def test_a_rename_moves_no_record(ours: RegistryStore, place: Path) -> None:
    ours.set_registered_model_alias("wine", "champion", 1)
    ours.rename_registered_model("wine", "Red wine")
    store = gitml.open(place)
    assert store.show("model/wine").data["title"] == "Red wine"
    assert ours.get_model_version_by_alias("Red wine", "champion").name == "Red wine"
    with refused(MISSING, "wine"):
        ours.get_registered_model("wine")
    ours.rename_registered_model("Red wine", "wine")
    store.refresh()
    assert "title" not in store.show("model/wine").data


def test_a_deleted_model_leaves_its_name_and_keeps_its_numbers(ours: RegistryStore, place: Path) -> None:
    ours.set_registered_model_alias("wine", "champion", 2)
    ours.delete_registered_model("wine")
    with refused(MISSING):
        ours.get_registered_model("wine")
    ours.create_registered_model("wine")
    assert ours.create_model_version("wine", "s3://cellar/1").version == 1
    store = gitml.open(place)
    assert store.show("model/wine-2").data["title"] == "wine"
    assert store.show("status/model/wine/2").data["status"] == "retired"
    with pytest.raises(NotFound):
        store.show("alias/model/wine/champion")
    assert [one.name for one in ours.search_registered_models()] == ["wine"]
    assert [one.source for one in ours.search_model_versions()] == ["s3://cellar/1"]


def test_a_deleted_version_is_retired_and_its_number_stays_taken(ours: RegistryStore, place: Path) -> None:
    ours.set_registered_model_alias("wine", "champion", 2)
    ours.transition_model_version_stage("wine", 2, "Production", KEEP)
    ours.delete_model_version("wine", 2)
    status = gitml.open(place).show("status/model/wine/2").data
    assert (status["status"], status["reason"]) == ("retired", "deleted through MLflow")
    assert not (place / "metadata/aliases").exists()
    for refusing in (ours.get_model_version, ours.delete_model_version, ours.get_model_version_download_uri):
        with refused(MISSING, "wine"):
            refusing("wine", 2)
    assert ours.create_model_version("wine", "s3://cellar/3").version == 3


def test_an_alias_is_deleted_whether_it_was_committed_or_not(ours: RegistryStore, place: Path) -> None:
    slot = place / "metadata/aliases/model/wine/best.yaml"
    ours.set_registered_model_alias("wine", "best", 1)
    ours.delete_registered_model_alias("wine", "best")
    assert not slot.exists()
    ours.set_registered_model_alias("wine", "best", 1)
    commit(place, {})
    ours.set_registered_model_alias("wine", "best", 2)
    ours.delete_registered_model_alias("wine", "best")
    assert not slot.exists()
    with refused(INVALID, "best"):
        ours.get_model_version_by_alias("wine", "best")


@pytest.mark.parametrize(("how", "branch"), [("?commit=end", "main"), ("?commit=end&branch=ml", "ml")])
def test_each_deed_is_one_commit(place: Path, how: str, branch: str) -> None:
    ours = registry(place, how)
    head = git(place, "rev-parse", "main")
    ours.create_registered_model("wine")
    ours.create_model_version("wine", "s3://cellar/1")
    ours.create_model_version("wine", "s3://cellar/2")
    ours.transition_model_version_stage("wine", 1, "Production", KEEP)
    ours.transition_model_version_stage("wine", 2, "Production", ARCHIVE)
    ours.delete_model_version("wine", 2)
    assert git(place, "rev-list", "--count", f"{head}..{branch}") == "6"
    assert git(place, "status", "--porcelain") == ""
    assert (git(place, "rev-parse", "main") == head) == (branch != "main")
    assert [one.version for one in ours.search_model_versions("name = 'wine'")] == [1]


# ── where a version comes from ────────────────────────────────────────────────────────────────────────────────────


def test_a_version_cites_its_run_and_takes_over_what_that_knows(ours: RegistryStore, place: Path) -> None:
    _run(place)
    made = ours.create_model_version("wine", f"runs:/{RUN}/model", RUN, run_link="http://x")
    data = gitml.open(place).show(f"model/wine@{made.version}").data
    assert (data["run"], data["hyperparameters"], data["metrics"]) == (f"run/wine/{RUN}", {"lr": 0.1}, {"auc": 0.9})
    assert (made.run_id, made.run_link, made.source) == (RUN, "http://x", f"runs:/{RUN}/model")
    assert ours.search_model_versions(f"run_id = '{RUN}'")[0].version == made.version


def test_a_run_of_elsewhere_is_known_by_its_id(ours: RegistryStore, place: Path) -> None:
    made = ours.create_model_version("wine", "s3://cellar/3", "elsewhere")
    assert made.run_id == "elsewhere"
    assert "run" not in gitml.open(place).show("model/wine@3").data


@pytest.mark.parametrize("committed", [False, True])
def test_a_version_that_is_registered_inside_a_run_cites_it_once_that_has_ended(
    ours: RegistryStore, place: Path, *, committed: bool
) -> None:
    tracking = TrackingStore(address(place), None)
    run = tracking.create_run("0", "mona", 1_700_000_000_000, [], "first").info
    tracking.log_batch(run.run_id, [], [Param("lr", "0.1")], [])
    version = ours.create_model_version("wine", "s3://cellar/3", run.run_id).version
    if committed:
        commit(place, {})
    tracking.update_run_info(run.run_id, RunStatus.FINISHED, 1_700_000_001_000, None)
    data = gitml.open(place).show(f"model/wine@{version}").data
    cited = (data.get("run"), data.get("hyperparameters"))
    assert cited == ((None, None) if committed else (f"run/default/{run.run_id}", {"lr": 0.1}))
    assert ours.get_model_version("wine", version).run_id == run.run_id
    assert not gitml.open(place).validate().problems


def test_a_commit_cites_no_run_that_is_not_committed(place: Path) -> None:
    ours = registry(place, "?commit=end")
    ours.create_registered_model("wine")
    _run(place)
    ours.create_model_version("wine", "s3://cellar/1", RUN)
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "the run")
    ours.create_model_version("wine", "s3://cellar/2", RUN)
    store = gitml.open(place)
    assert ["run" in store.show(f"model/wine@{number}").data for number in (1, 2)] == [False, True]
    assert {one.run_id for one in ours.search_model_versions()} == {RUN}


@pytest.mark.parametrize(("status", "cited"), [("finished", True), ("running", False)])
def test_of_runs_that_flow_those_that_have_ended_are_cited(place: Path, status: str, cited: bool) -> None:  # noqa: FBT001
    ours = registry(place, "?commit=end", events="gitml/events")
    _run(place, status, commit=True)
    ours.create_registered_model("wine")
    ours.create_model_version("wine", "s3://cellar/1", RUN)
    assert ("run" in gitml.open(place).show("model/wine@1").data) == cited
    assert bool(git(place, "ls-tree", "-r", "--name-only", "main", "metadata/runs")) == cited
    assert ours.get_model_version("wine", 1).run_id == RUN


def test_a_source_inside_the_store_holds_in_a_clone(ours: RegistryStore, place: Path, tmp_path: Path) -> None:
    inside = ours.create_model_version("wine", str(place / "artifacts/a b/model")).source
    assert inside == (place / "artifacts/a b/model").as_uri()
    commit(place, {})
    git(tmp_path, "clone", "-q", str(place), "there")
    there = tmp_path / "there"
    assert again(there).get_model_version_download_uri("wine", 1) == (there / "artifacts/wine/model").as_uri()
    assert again(there).get_model_version("wine", 3).source == (there / "artifacts/a b/model").as_uri()
    assert str(place) not in "".join(file.read_text() for file in (place / "metadata").rglob("*.yaml"))


def test_any_other_source_stays_as_it_is(ours: RegistryStore) -> None:
    for source in ("s3://cellar/1", "relative/path", "dbfs:/x", "/elsewhere/model", "", "a:b%20c"):
        made = ours.create_model_version("wine", source)
        assert (made.source, ours.get_model_version("wine", made.version).source) == (source, source)


def test_a_copy_leads_to_the_files_of_what_was_copied(ours: RegistryStore, place: Path) -> None:
    copied = ours.copy_model_version(ours.get_model_version("wine", 1), "port")
    assert (copied.name, copied.version, copied.source, copied.tags) == ("port", 1, "models:/wine/1", {"fit": "ok"})
    second = ours.copy_model_version(copied, "sherry")
    ours.delete_registered_model("wine")
    for made in (copied, second):
        assert ours.get_model_version_download_uri(made.name, 1) == (place / "artifacts/wine/model").as_uri()


def test_a_source_may_name_an_alias(ours: RegistryStore, place: Path) -> None:
    ours.set_registered_model_alias("wine", "best", 1)
    ours.create_registered_model("port")
    ours.create_model_version("port", "models:/wine@best")
    assert ours.get_model_version_download_uri("port", 1) == (place / "artifacts/wine/model").as_uri()
    for nothing in ("models:/wine@worst", "models:/wine/9", "models:/wine/Production"):
        with refused(INVALID, nothing):
            ours.create_model_version("port", nothing)


# ── what gitml has written ────────────────────────────────────────────────────────────────────────────────────────


def test_what_gitml_has_registered_shows(place: Path) -> None:
    ours = registry(place)
    commit(place, {"models/wine.pkl": b"weights"})
    _run(place)
    store = gitml.open(place)
    store.register(
        "wine", run=f"run/wine/{RUN}", path=str(place / "models/wine.pkl"), fields={"description": "Price band."}
    )
    store.register("wine", fields={"pointer": {"type": "uri", "uri": "s3://cellar/2"}, "tags.fit": "ok"})
    store.register("wine")
    store.promote("model/wine@2", "production")
    model = ours.get_registered_model("wine")
    assert (model.name, model.aliases, [one.version for one in model.latest_versions]) == (
        "wine",
        {"production": 2},
        [3],
    )
    first, second = (ours.get_model_version("wine", number) for number in (1, 2))
    assert (first.run_id, first.source, first.user_id) == (RUN, (place / "models/wine.pkl").as_uri(), "Mona")
    assert (first.status, first.current_stage, model.creation_timestamp) == ("READY", "None", first.creation_timestamp)
    assert (second.source, second.tags, second.aliases) == ("s3://cellar/2", {"fit": "ok"}, ["production"])
    over_http = [type(one).from_proto(one.to_proto()) for one in (model, first)]
    assert (over_http[0].aliases, over_http[1].version, over_http[1].source) == ({"production": "2"}, "1", first.source)
    with refused(MISSING, "files"):
        ours.get_model_version_download_uri("wine", 3)


def test_a_version_without_a_head_shows_and_can_be_told_of(place: Path) -> None:
    ours = registry(place)
    gitml.open(place).new("model-version", "wine@1")
    gitml.open(place).new("model-version", "wine@beta")
    assert [one.name for one in ours.search_registered_models()] == ["wine"]
    ours.update_model_version("wine", 1, "found")
    assert [(one.version, one.description) for one in ours.search_model_versions()] == [(1, "found")]
    assert ours.create_model_version("wine", "s3://cellar/2").version == 2


def test_a_registration_that_failed_elsewhere_is_told(ours: RegistryStore, place: Path) -> None:
    told = {"status": "FAILED_REGISTRATION", "status_message": "no space left"}
    gitml.open(place).new("model-version", "wine@3", {"custom": {"mlflow": told}})
    found = ours.get_model_version("wine", 3)
    assert (found.status, found.status_message) == ("FAILED_REGISTRATION", "no space left")


def test_a_number_that_another_branch_has_is_not_given_again(ours: RegistryStore, place: Path) -> None:
    commit(place, {})
    git(place, "branch", "other")
    again(place, "?branch=other").create_model_version("wine", "s3://cellar/3")
    assert ours.create_model_version("wine", "s3://cellar/4").version == 4


# ── stages, aliases and the lifecycle ─────────────────────────────────────────────────────────────────────────────


def test_a_stage_is_a_slot_that_is_no_alias(ours: RegistryStore, place: Path) -> None:
    ours.transition_model_version_stage("wine", 1, "Production", KEEP)
    ours.transition_model_version_stage("wine", 2, "Production", KEEP)
    store = gitml.open(place)
    assert store.show("alias/model/wine/production").data["version"] == "2"
    assert ours.get_registered_model("wine").aliases == {}
    assert [one.current_stage for one in ours.search_model_versions()] == ["Production"] * 2
    ours.transition_model_version_stage("wine", 2, "Archived", KEEP)
    assert store.at("worktree").snapshot.find(gitml.Ref.parse("alias/model/wine/production")) is None
    assert [one.version for one in ours.get_latest_versions("wine", ["Production"])] == [1]


def test_an_alias_may_have_a_stages_name(ours: RegistryStore, place: Path) -> None:
    ours.set_registered_model_alias("wine", "production", 1)
    ours.transition_model_version_stage("wine", 2, "Production", KEEP)
    assert ours.get_registered_model("wine").aliases == {"production": 1}
    ours.transition_model_version_stage("wine", 2, "None", KEEP)
    assert ours.get_registered_model("wine").aliases == {"production": 1}
    data = gitml.open(place).show("alias/model/wine/production").data
    assert (data["version"], "custom" in data) == ("1", False)


def test_what_the_lifecycle_forbids_is_refused_in_gitmls_words(ours: RegistryStore, place: Path) -> None:
    gitml.open(place).retire("model/wine@1", status="rejected", reason="too sweet")
    with refused(INVALID, "model/wine@1 is rejected, so champion may not point to it"):
        ours.set_registered_model_alias("wine", "champion", 1)
    with refused(INVALID, "so production may not point to it"):
        ours.transition_model_version_stage("wine", 1, "Production", KEEP)
    assert ours.get_model_version("wine", 1).current_stage == "None"
    assert ours.get_registered_model("wine").aliases == {}


def test_what_something_refers_to_stays(ours: RegistryStore, place: Path) -> None:
    ours.set_registered_model_alias("wine", "live", 1)
    gitml.open(place).new("deployment", "shop", {"serves.ref": "alias/model/wine/live"})
    for forbidden in (
        lambda: ours.delete_registered_model_alias("wine", "live"),
        lambda: ours.delete_model_version("wine", 1),
    ):
        with refused(INVALID, "alias/model/wine/live"):
            forbidden()
    assert ours.get_model_version_by_alias("wine", "live").version == 1


# ── who looks, who writes ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_store_as_of_a_ref_is_read(ours: RegistryStore, place: Path) -> None:
    commit(place, {})
    git(place, "tag", "v1")
    ours.create_model_version("wine", "s3://cellar/3")
    then = again(place, "?ref=v1")
    assert [one.version for one in then.search_model_versions(order_by=["version_number ASC"])] == [1, 2]
    with refused("PERMISSION_DENIED", "v1"):
        then.create_registered_model("port")


def test_two_that_write_at_once_give_no_number_twice(ours: RegistryStore, place: Path) -> None:
    others = [ours, again(place, "?commit=never")]  # each with a store of its own, as two processes have
    with ThreadPoolExecutor(6) as pool:
        made = pool.map(lambda at: others[at % 2].create_model_version("wine", f"s3://cellar/{at}").version, range(6))
    assert sorted(made) == [3, 4, 5, 6, 7, 8]
    assert len(ours.search_model_versions("name = 'wine'")) == 8


def test_the_same_name_is_taken_once(ours: RegistryStore) -> None:
    for name in ("wine", "port"):
        ours.set_registered_model_tag("wine", RegisteredModelTag("seen", name))
    with refused(TAKEN, "wine"):
        ours.create_registered_model("wine")
    ours.create_registered_model("port")
    with refused(TAKEN, "port"):
        ours.rename_registered_model("wine", "port")
    assert ours.rename_registered_model("wine", "wine").name == "wine"


def test_an_address_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    with refused(INVALID, "says nothing"):
        again(tmp_path, "?color=red")
    with refused("BAD_REQUEST", "repository"):
        again(tmp_path)


# ── all that MLflow may call ──────────────────────────────────────────────────────────────────────────────────────


def _does_nothing(method: object) -> bool:
    """Whether a method of MLflow's class has no body of its own, or only one that says that it is not implemented."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(method))).body  # type: ignore[arg-type]
    assert isinstance(tree, ast.FunctionDef)
    body = [one for one in tree.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    return not body or isinstance(body[0], ast.Pass) or "NotImplementedError" in ast.unparse(body[0])


def test_no_method_is_left_without_a_body() -> None:
    methods = {name: one for name, one in vars(AbstractStore).items() if inspect.isfunction(one)}
    empty = {name for name, one in methods.items() if _does_nothing(one)}
    assert {"create_registered_model", "create_webhook"} <= empty
    assert AbstractStore in RegistryStore.__bases__
    assert [name for name in empty if getattr(RegistryStore, name) is getattr(AbstractStore, name)] == []


def test_there_are_no_webhooks(ours: RegistryStore) -> None:
    assert ours.list_webhooks() == ours.list_webhooks_by_event(None) == []
    for name in ("create_webhook", "get_webhook", "update_webhook", "delete_webhook", "test_webhook"):
        with pytest.raises(MlflowNotImplementedException, match="no webhooks"):
            getattr(ours, name)("id")
