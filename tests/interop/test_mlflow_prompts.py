"""Prompts, and the registry as MLflow's own client calls it, over a gitml store."""

from __future__ import annotations

import pytest

pytest.importorskip("mlflow", reason="mlflow is not installed")

from pathlib import Path

from mlflow.entities.model_registry import RegisteredModelTag
from mlflow.store.model_registry.abstract_store import AbstractStore
from mlflow.tracking._model_registry.client import ModelRegistryClient

import gitml
from mlflow_stores import calls
from registering import address, refused, registry

CHAT = [{"role": "system", "content": "You know {{ wine }}."}, {"role": "user", "content": "{{ question }}\n: #"}]
pytestmark = pytest.mark.filterwarnings("ignore:Failure attempting to register store:UserWarning")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("prompts") / "repo"
    registry(place)
    return place


@pytest.fixture(scope="module")
def client(place: Path) -> ModelRegistryClient:
    return ModelRegistryClient(address(place), address(place))


def test_prompts_are_models_that_are_searched_apart(client: ModelRegistryClient, place: Path) -> None:
    made = client.create_prompt("ask", "How to ask.", {"team": "cellar"})
    assert (made.name, made.description, made.tags) == ("ask", "How to ask.", {"team": "cellar"})
    first = client.create_prompt_version("ask", "Which {{ wine }}?", "first", {"tone": "dry"})
    second = client.create_prompt_version("ask", CHAT, response_format={"type": "object"})
    assert (first.version, first.template, first.commit_message) == (1, "Which {{ wine }}?", "first")
    assert client.get_prompt_version("ask", "2").template == second.template == CHAT
    assert client.get_prompt_version("ask", 1).tags["tone"] == "dry"
    client.create_registered_model("wine")
    assert [one.name for one in client.search_prompts("tags.team = 'cellar'")] == ["ask"]
    assert [one.name for one in client.search_registered_models()] == ["wine"]
    assert client.search_model_versions() == []
    assert client.get_prompt("wine") is None
    assert not gitml.open(place).validate().problems


def test_prompts_have_aliases_and_tags(client: ModelRegistryClient, place: Path) -> None:
    client.create_prompt("greet")
    client.create_prompt_version("greet", "Good day")
    client.create_prompt_version("greet", "Hello")
    client.set_prompt_alias("greet", "live", 1)
    assert client.get_prompt_version_by_alias("greet", "live").template == "Good day"
    assert gitml.open(place).show("alias/model/greet/live").data["version"] == "1"
    assert client.get_prompt_version("greet", "latest").version == 2
    client.set_prompt_tag("greet", "a.b", "c")
    client.set_prompt_version_tag("greet", 1, "seen", "yes")
    assert client.get_prompt("greet").tags == {"a.b": "c"}
    assert client.get_prompt_version("greet", 1).tags["seen"] == "yes"
    client.delete_prompt_tag("greet", "a.b")
    client.delete_prompt_version_tag("greet", 1, "seen")
    client.delete_prompt_alias("greet", "live")
    assert client.get_prompt("greet").tags == {}
    assert "seen" not in client.get_prompt_version("greet", 1).tags
    with refused("INVALID_PARAMETER_VALUE", "live"):
        client.get_prompt_version_by_alias("greet", "live")


def test_a_prompt_and_a_model_do_not_share_a_name(client: ModelRegistryClient) -> None:
    client.create_prompt("shared")
    for make in (client.create_registered_model, client.create_prompt):
        with refused("RESOURCE_ALREADY_EXISTS", "shared"):
            make("shared")
    client.delete_prompt("shared")
    assert client.get_prompt("shared") is None
    client.create_registered_model("shared")


@pytest.mark.skipif(
    not calls(AbstractStore.search_prompt_versions, "search_model_versions"),
    reason="this MLflow searches for versions of prompts in Databricks alone",
)
def test_versions_of_a_prompt_are_searched(client: ModelRegistryClient) -> None:
    client.create_prompt("part")
    for text in ("So long", "Farewell"):
        client.create_prompt_version("part", text)
    assert [one.version for one in client.search_prompt_versions("part")] == [2, 1]
    client.create_registered_model("no prompt")
    with refused("INVALID_PARAMETER_VALUE", "not a prompt"):
        client.search_prompt_versions("no prompt")


def test_the_client_that_people_use(client: ModelRegistryClient) -> None:
    client.create_registered_model("port", {"sweet": True}, "From the Douro.", "job-1")
    made = client.create_model_version("port", "s3://cellar/port", tags={"year": 2011}, await_creation_for=10)
    assert (made.version, made.status, made.tags) == (1, "READY", {"year": "2011"})
    copied = client.copy_model_version(made, "tawny")
    assert client.get_model_version_download_uri(copied.name, copied.version) == "s3://cellar/port"
    client.update_registered_model("port", "Sweet.", "job-2")
    found = client.get_registered_model("port")
    assert (found.tags, found.description, found.deployment_job_id) == ({"sweet": "True"}, "Sweet.", "job-2")
    client.transition_model_version_stage("port", "1", "Production", archive_existing_versions=True)
    assert [one.current_stage for one in client.get_latest_versions("port")] == ["Production"]
    assert client.list_webhooks() == []
    with refused("INVALID_PARAMETER_VALUE", "Active stage"):
        client.store.transition_model_version_stage("port", 1, "Archived", archive_existing_versions=True)
    client.store.set_registered_model_tag("port", RegisteredModelTag("empty", None))
    assert client.get_registered_model("port").tags["empty"] == ""
