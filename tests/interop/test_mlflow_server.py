"""`mlflow server` over a store: the routes that clients in R and Java use, over HTTP; main stays."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import gitml
from gitrepo import commit, git, init
from serving import Answer, Server, serving

BRANCH = "experiments"
AT = 1_700_000_000_123
QUICK = 5.0
"""Seconds within which a route answers; it takes a hundredth of that where nobody else is at work."""
OWN_TROUBLE = re.compile(
    r"/workspaces|mlflow-artifacts/|3.0/mlflow/traces/none/tags|gateway/supported-models|graphql|demo/generate|/logout"
)
"""Routes that MLflow answers itself, whatever the store: switched off (503), files, network, faults of 3.5."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server with two workers that writes to a branch, and its repository."""
    folder = tmp_path_factory.mktemp("served")
    repo = init(folder / "repo")
    gitml.init(repo)
    commit(repo, {}, "begin")
    with serving(repo, f"?commit=batch&branch={BRANCH}", folder, workers=2) as server:
        yield server, repo
    assert "Traceback" not in server.log.read_text()


def test_a_run_from_its_experiment_to_its_end(served: tuple[Server, Path]) -> None:
    server, repo = served
    before = git(repo, "rev-parse", "main"), git(repo, "status", "--porcelain")
    experiment = server.post("experiments/create", name="wine", tags=[{"key": "team", "value": "red"}])["experiment_id"]
    assert server.get("experiments/get-by-name", experiment_name="wine")["experiment"]["experiment_id"] == experiment
    assert server.get("experiments/get", experiment_id=experiment)["experiment"]["tags"] == [
        {"key": "team", "value": "red"}
    ]
    found = server.post("experiments/search", max_results=10, filter="name LIKE 'win%'")["experiments"]
    assert [one["name"] for one in found] == ["wine"]
    info = server.post("runs/create", experiment_id=experiment, start_time=AT, user_id="ann", run_name="first")
    run = info["run"]["info"]["run_id"]
    for step in range(3):
        server.post("runs/log-metric", run_id=run, key="auc", value=step / 10, timestamp=AT + step, step=step)
    server.post("runs/log-parameter", run_id=run, key="lr", value="0.1")
    server.post(
        "runs/log-batch", run_id=run, metrics=[{"key": "bad", "value": "NaN", "timestamp": AT}],
        params=[{"key": "depth", "value": "3"}], tags=[{"key": "host", "value": "a"}, {"key": "gone", "value": "b"}],
    )  # fmt: skip
    server.post("runs/set-tag", run_id=run, key="seen", value="yes")
    server.post("runs/delete-tag", run_id=run, key="gone")
    server.post("runs/update", run_id=run, status="FINISHED", end_time=AT + 5000)
    told = server.get("runs/get", run_id=run)["run"]
    assert (told["info"]["status"], told["info"]["start_time"], told["info"]["end_time"]) == ("FINISHED", AT, AT + 5000)
    assert _named(told["data"]["params"]) == {"lr": "0.1", "depth": "3"}
    assert {**_named(told["data"]["metrics"]), "bad": None} == {"auc": 0.2, "bad": None}
    assert {"host": "a", "seen": "yes"}.items() <= _named(told["data"]["tags"]).items()
    assert "gone" not in _named(told["data"]["tags"])
    history = server.get("metrics/get-history", run_id=run, metric_key="auc")["metrics"]
    assert [(one.get("step", 0), one["value"]) for one in history] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert "files" not in server.get("artifacts/list", run_id=run)
    ask = {
        "experiment_ids": [experiment],
        "filter": "metrics.auc > 0.1 and params.depth = '3'",
        "order_by": ["start_time"],
    }
    assert [one["info"]["run_id"] for one in server.post("runs/search", **ask)["runs"]] == [run]
    assert before == (git(repo, "rev-parse", "main"), git(repo, "status", "--porcelain"))


def test_what_one_worker_is_told_the_other_knows(served: tuple[Server, Path]) -> None:
    server, _repo = served
    experiment = server.post("experiments/create", name="workers")["experiment_id"]
    for number in range(8):  # each call is a connection of its own, and goes to either
        run = server.post("runs/create", experiment_id=experiment, start_time=AT + number)["run"]["info"]["run_id"]
        for step in range(4):
            server.post("runs/log-metric", run_id=run, key="auc", value=step, timestamp=AT + step, step=step)
            assert _named(server.get("runs/get", run_id=run)["run"]["data"]["metrics"]) == {"auc": step}
        server.post("runs/update", run_id=run, status="FINISHED", end_time=AT + number)
        found = server.post("runs/search", experiment_ids=[experiment], filter="attributes.status = 'FINISHED'")["runs"]
        assert len(found) == number + 1
        assert len(server.get("metrics/get-history", run_id=run, metric_key="auc")["metrics"]) == 4


def test_a_model_from_its_registration_to_its_end(served: tuple[Server, Path]) -> None:
    server, repo = served
    before = git(repo, "rev-parse", "main"), git(repo, "status", "--porcelain")
    tag = {"key": "team", "value": "red"}
    made = server.post("registered-models/create", name="band", tags=[tag], description="Bands.")["registered_model"]
    assert (made["name"], made["description"], made["tags"]) == ("band", "Bands.", [tag])
    for number in (1, 2):
        version = server.post("model-versions/create", name="band", source=f"s3://cellar/{number}")["model_version"]
        assert (version["version"], version["status"]) == (str(number), "READY")
    server.send("PATCH", "registered-models/update", name="band", description="Price bands.")
    server.send("PATCH", "model-versions/update", name="band", version="1", description="The first.")
    server.post("registered-models/set-tag", name="band", key="seen", value="yes")
    server.post("model-versions/set-tag", name="band", version="1", key="fit", value="good")
    server.post("registered-models/alias", name="band", alias="champion", version="1")
    moved = server.post(
        "model-versions/transition-stage", name="band", version="2", stage="Production", archive_existing_versions=True
    )["model_version"]
    assert moved["current_stage"] == "Production"
    server.post("registered-models/rename", name="band", new_name="price band")
    told = server.get("registered-models/get", name="price band")["registered_model"]
    assert (told["description"], _named(told["tags"])) == ("Price bands.", {"team": "red", "seen": "yes"})
    assert told["aliases"] == [{"alias": "champion", "version": "1"}]
    chosen = server.get("registered-models/alias", name="price band", alias="champion")["model_version"]
    assert (chosen["version"], chosen["description"], _named(chosen["tags"])) == ("1", "The first.", {"fit": "good"})
    assert (
        server.get("model-versions/get-download-uri", name="price band", version="2")["artifact_uri"] == "s3://cellar/2"
    )
    latest = server.post("registered-models/get-latest-versions", name="price band", stages=["Production"])
    assert [one["version"] for one in latest["model_versions"]] == ["2"]
    found = server.get("registered-models/search", filter="name LIKE 'price%'")["registered_models"]
    assert [one["name"] for one in found] == ["price band"]
    found = server.get("model-versions/search", filter="name = 'price band'", order_by="version_number ASC")
    assert [one["version"] for one in found["model_versions"]] == ["1", "2"]
    server.send("DELETE", "registered-models/delete-tag", name="price band", key="seen")
    server.send("DELETE", "model-versions/delete-tag", name="price band", version="1", key="fit")
    server.send("DELETE", "registered-models/alias", name="price band", alias="champion")
    server.send("DELETE", "model-versions/delete", name="price band", version="1")
    left = server.get("registered-models/get", name="price band")["registered_model"]
    assert (_named(left["tags"]), left.get("aliases", [])) == ({"team": "red"}, [])
    assert server.ask("GET", "/api/2.0/mlflow/model-versions/get?name=price%20band&version=1").status == 404
    server.send("DELETE", "registered-models/delete", name="price band")
    assert "registered_models" not in server.get("registered-models/search", filter="name = 'price band'")
    assert "metadata/models/band/2.yaml" in git(repo, "ls-tree", "-r", "--name-only", BRANCH)
    assert before == (git(repo, "rev-parse", "main"), git(repo, "status", "--porcelain"))


def test_runs_flow_on_their_line_and_what_is_stated_on_the_branch(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo")
    gitml.init(repo, events="gitml/events")
    commit(repo, {}, "begin")
    main = git(repo, "rev-parse", "main")
    git(repo, "checkout", "-q", "-b", BRANCH)
    with serving(repo, "?commit=end", tmp_path) as server:
        experiment = server.post("experiments/create", name="wine")["experiment_id"]
        made = server.post("runs/create", experiment_id=experiment, start_time=AT, run_name="first")["run"]["info"]
        run = made["run_id"]
        for step in range(2):
            server.post("runs/log-metric", run_id=run, key="auc", value=step / 2, timestamp=AT + step, step=step)
        server.post("runs/update", run_id=run, status="FINISHED", end_time=AT + 5000)
        server.post("runs/set-tag", run_id=run, key="late", value="yes")
        told = server.get("runs/get", run_id=run)["run"]
        history = server.get("metrics/get-history", run_id=run, metric_key="auc")["metrics"]
        found = server.post(
            "runs/search", experiment_ids=[experiment], filter="tags.late = 'yes' and metrics.auc > 0.4"
        )
        server.post("runs/delete", run_id=run)
        hidden = server.post("runs/search", experiment_ids=[experiment])
        server.post("runs/restore", run_id=run)
        again = server.post("runs/search", experiment_ids=[experiment])["runs"]
        server.post("registered-models/create", name="band")
        version = server.post("model-versions/create", name="band", source=f"runs:/{run}/model", run_id=run)
        refused = _post(server, "runs/set-tag", run_id=run, key="later", value="yes")
    assert "Traceback" not in server.log.read_text()
    assert (told["info"]["status"], _named(told["data"]["metrics"]), len(history)) == ("FINISHED", {"auc": 0.5}, 2)
    assert [one["info"]["run_id"] for one in found["runs"]] == [one["info"]["run_id"] for one in again] == [run]
    assert "runs" not in hidden
    assert version["model_version"]["run_id"] == run
    assert (refused.status, refused.said["error_code"]) == (400, "INVALID_PARAMETER_VALUE")  # a version rests on it
    line, branch = (git(repo, "ls-tree", "-r", "--name-only", name) for name in ("gitml/events", BRANCH))
    assert run in line
    assert "metadata/experiments/wine.yaml" not in line
    assert "metadata/experiments/wine.yaml" in branch
    assert run in branch  # `register` copies the runs that it cites
    assert (git(repo, "rev-parse", "main"), git(repo, "status", "--porcelain")) == (main, "")
    assert gitml.open(repo).at(BRANCH).lineage(f"run/wine/{run}").downstream()


def test_what_is_wrong_is_told_by_its_code(served: tuple[Server, Path]) -> None:
    server, _repo = served
    for answer, status, code in (
        (_post(server, "experiments/create", name="Default"), 400, "RESOURCE_ALREADY_EXISTS"),
        (_post(server, "experiments/create"), 400, "INVALID_PARAMETER_VALUE"),
        (_post(server, "experiments/delete", experiment_id="123"), 404, "RESOURCE_DOES_NOT_EXIST"),
        (
            _post(server, "runs/log-metric", run_id="none", key="a", value=1, timestamp=1),
            404,
            "RESOURCE_DOES_NOT_EXIST",
        ),
        (_post(server, "runs/search", experiment_ids=["0"], filter="metrics.a >>> 1"), 400, "INVALID_PARAMETER_VALUE"),
        (_post(server, "runs/create", experiment_id="77"), 404, "RESOURCE_DOES_NOT_EXIST"),
    ):
        assert (answer.status, answer.said["error_code"]) == (status, code), answer


@pytest.mark.filterwarnings("ignore")  # of what MLflow's server imports
def test_no_route_fails_or_hangs(served: tuple[Server, Path]) -> None:
    from mlflow.server.handlers import get_endpoints

    server, _repo = served
    told: dict[str, Any] = {
        "experiment_id": "0", "experiment_ids": ["0"], "name": "none", "run_id": "none", "request_id": "tr-1",
        "trace_id": "tr-1", "key": "k", "value": "v", "max_results": 5, "model_id": "m-1", "version": "1",
    }  # fmt: skip
    wrong, asked = [], set()
    for path, _handler, methods in get_endpoints():
        plain = re.sub(r"<[^>]*>|\{[^}]*\}", "none", path)
        for method in sorted(methods):
            if (method, plain) in asked or plain.startswith("/ajax-api") or OWN_TROUBLE.search(plain):
                continue
            asked.add((method, plain))
            query = "" if method != "GET" else "?experiment_id=0&experiment_ids=0&name=none&trace_id=tr-1&max_results=5"
            for body in ({}, told) if method != "GET" else (None,):
                answer = server.ask(method, plain + query, body)
                is_well = answer.status < 500 or (answer.status == 501 and answer.said["error_code"])
                if not is_well or answer.seconds > QUICK:
                    wrong.append((method, plain, answer))
    assert len(asked) > 50
    assert not wrong


def _post(server: Server, route: str, **body: Any) -> Answer:
    return server.ask("POST", f"/api/2.0/mlflow/{route}", body)


def _named(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {one["key"]: one.get("value") for one in pairs}


def test_its_pages_show_runs_in_a_browser(served: tuple[Server, Path], tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no chromium")
    server, _repo = served
    experiment = server.post("experiments/create", name="browsed")["experiment_id"]
    runs = []
    for number in range(3):
        made = server.post("runs/create", experiment_id=experiment, start_time=AT + number, run_name=f"forest-{number}")
        runs.append(made["run"]["info"]["run_id"])
        server.post("runs/log-metric", run_id=runs[-1], key="auc", value=0.5625 + number / 8, timestamp=AT)
        server.post("runs/log-parameter", run_id=runs[-1], key="depth", value=str(number + 3))
        server.post("runs/update", run_id=runs[-1], status="FINISHED", end_time=AT + 9000)
    page = f"{server.uri}/#/experiments/{experiment}/runs"
    _shown(browser, page, tmp_path, ["forest-0", "forest-1", "forest-2"])
    compared = f"{server.uri}/#/compare-runs?runs={_text(runs[:2])}&experiments={_text([experiment])}"
    _shown(browser, compared, tmp_path, ["forest-0", "forest-1", "depth", "auc", "0.562", "0.687"])


def _shown(browser: str, page: str, folder: Path, words: list[str]) -> None:
    """Have a browser open a page until it shows some words: the first look may be before all has been drawn."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=2600,1200",
               "--virtual-time-budget=20000"]  # fmt: skip
    missing = words
    for _look in range(4):
        done = subprocess.run(
            [browser, *options, f"--user-data-dir={folder / 'browser'}", "--dump-dom", page],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        missing = [word for word in words if word not in done.stdout]
        if not missing:
            return
    raise AssertionError(f"{page} does not show {missing}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def _text(values: list[str]) -> str:
    return quote(json.dumps(values))
