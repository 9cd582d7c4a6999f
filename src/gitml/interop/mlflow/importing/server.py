"""A running MLflow server, asked page by page through its REST API, version 2.0."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlencode, urlsplit
from urllib.request import Request, urlopen

from gitml.errors import NotFound
from gitml.interop.exchange import Losses
from gitml.interop.mlflow.importing.said import (
    DatasetInput,
    Experiment,
    LoggedModel,
    Metric,
    ModelMetric,
    Registered,
    Run,
    Version,
    meant,
)

_PATIENCE = 60
_MANY, _HISTORY = 1000, 25_000
_RESERVED_PAGE = 100
_STATUSES = {"LOGGED_MODEL_READY": "READY", "LOGGED_MODEL_UPLOAD_FAILED": "FAILED", "LOGGED_MODEL_PENDING": "PENDING"}
_ODD = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}
Said = Mapping[str, Any]


class Server:
    """The source that a server is. NotFound where none answers."""

    def __init__(self, address: str, losses: Losses, *, artifacts: bool = False) -> None:
        self.losses = losses
        self._artifacts = artifacts
        address, self._headers = _apart(address)
        losses.source = address
        self._root = address.rstrip("/")
        self._address = f"{self._root}/api/2.0/mlflow/"
        self._experiments = [
            self._experiment(one)
            for one in self._pages("experiments/search", {"view_type": "ALL", "max_results": _MANY}, "experiments")
        ]

    def count(self) -> int:
        """Nobody knows before they are read."""
        return 0

    def experiments(self) -> Iterator[Experiment]:
        """Every experiment."""
        yield from sorted(self._experiments, key=lambda one: one.id)

    def _experiment(self, one: Said) -> Experiment:
        return Experiment(
            id=str(one["experiment_id"]),
            name=str(one["name"]),
            tags=_pairs(one.get("tags")),
            artifact_location=one.get("artifact_location"),
            created=_whole(one.get("creation_time")),
            updated=_whole(one.get("last_update_time")),
            deleted=one.get("lifecycle_stage") == "deleted",
        )

    def runs(self) -> Iterator[Run]:
        """Every run, experiment by experiment, by the time of its start."""
        for experiment in self.experiments():
            asked = {"experiment_ids": [experiment.id], "run_view_type": "ALL", "max_results": _MANY,
                     "order_by": ["attributes.start_time ASC", "attributes.run_id ASC"]}  # fmt: skip
            for one in self._pages("runs/search", asked, "runs"):
                yield self._run(one)

    def _run(self, one: Said) -> Run:
        info, data = one["info"], one.get("data") or {}
        run = str(info.get("run_id") or info.get("run_uuid"))
        inputs, outputs = one.get("inputs") or {}, one.get("outputs") or {}
        datasets = (_dataset(each) for each in inputs.get("dataset_inputs") or ())
        return Run(
            id=run,
            experiment=str(info["experiment_id"]),
            status=str(info.get("status") or "RUNNING"),
            name=info.get("run_name"),
            user=info.get("user_id"),
            started=_whole(info.get("start_time")),
            ended=_whole(info.get("end_time")),
            deleted=info.get("lifecycle_stage") == "deleted",
            artifact_uri=info.get("artifact_uri"),
            params=_pairs(data.get("params")),
            tags=_pairs(data.get("tags")),
            metrics=tuple(self._metrics(run, data.get("metrics") or ())),
            datasets=tuple(sorted(datasets, key=lambda each: (each.name, each.digest))),
            models_in=tuple(sorted(str(each["model_id"]) for each in inputs.get("model_inputs") or ())),
            models_out=tuple(
                (str(each["model_id"]), _whole(each.get("step")) or 0) for each in outputs.get("model_outputs") or ()
            ),
            files=dict(self._files(run)) if self._artifacts else {},
        )

    def _files(self, run: str, folder: str = "") -> Iterator[tuple[str, Callable[[], bytes]]]:
        """The files of a run by their paths, folder by folder; a loss where the server cannot tell."""
        asked = {"run_id": run} | ({"path": folder} if folder else {})
        try:
            found = list(self._pages("artifacts/list", asked, "files", get=True))
        except NotFound as error:
            self.losses.add("run", run, f"artifacts.{folder}".rstrip("."), error.message)
            return
        for one in found:
            path = str(one.get("path") or "")
            if one.get("is_dir") and len(path) > len(folder):
                yield from self._files(run, path)
            elif not one.get("is_dir"):
                asked = {"run_id": run, "path": path}
                yield path, partial(self._asked, Request(self._get("get-artifact", asked), headers=self._headers))  # noqa: S310

    def _metrics(self, run: str, last: Iterable[Said]) -> Iterator[Metric]:
        """Every point of the metrics of which the last are told."""
        for one in last:
            key = str(one["key"])
            asked = {"run_id": run, "metric_key": key, "max_results": _HISTORY}
            for point in self._pages("metrics/get-history", asked, "metrics", get=True):
                value = _number(point.get("value"))
                if value is None:
                    self.losses.add("run", run, f"metrics.{key}", f"not a number: {point.get('value')!r}")
                else:
                    yield Metric(key, value, _whole(point.get("timestamp")) or 0, _whole(point.get("step")) or 0)

    # ── models ────────────────────────────────────────────────────────────────────────────────────────────────────

    def models(self) -> Iterator[LoggedModel]:
        """Every logged model, of a server that knows of such."""
        for experiment in self.experiments():
            asked = {"experiment_ids": [experiment.id], "max_results": 50}
            for one in self._pages("logged-models/search", asked, "models", optional=True):
                yield _model(one)

    def registered(self) -> Iterator[Registered]:
        """Every registered model."""
        asked = {"max_results": _RESERVED_PAGE}
        for one in self._pages("registered-models/search", asked, "registered_models", get=True, optional=True):
            name = str(one["name"])
            quoted = {"filter": "name='{}'".format(name.replace("'", "''")), "max_results": _RESERVED_PAGE}
            versions = self._pages("model-versions/search", quoted, "model_versions", get=True)
            found = {str(each["version"]): _version(each) for each in versions if each["name"] == name}
            yield Registered(
                name=name,
                description=one.get("description"),
                created=_whole(one.get("creation_timestamp")),
                updated=_whole(one.get("last_updated_timestamp")),
                tags=_pairs(one.get("tags")),
                versions=tuple(found[number] for number in sorted(found)),
                aliases={str(each["alias"]): str(each["version"]) for each in one.get("aliases") or ()},
            )

    # ── what is said ──────────────────────────────────────────────────────────────────────────────────────────────

    def _pages(
        self, route: str, asked: Said, within: str, *, get: bool = False, optional: bool = False
    ) -> Iterator[Said]:
        """The items of every page of a route; of an `optional` one that the server does not have, none and a loss."""
        token = ""
        while True:
            whole = {**asked, **({"page_token": token} if token else {})}
            try:
                said = self._answer(route, whole, get=get)
            except NotFound as error:
                if not optional:
                    raise
                self.losses.add(route.partition("/")[0], "", "", error.message)
                return
            yield from said.get(within) or ()
            token = said.get("next_page_token") or ""
            if not token:
                return

    def _answer(self, route: str, asked: Said, *, get: bool) -> Said:
        address = f"{self._address}{route}"
        if get:
            request = Request(self._get(f"api/2.0/mlflow/{route}", asked), headers=self._headers)  # noqa: S310  (a person has named the address)
        else:
            body = json.dumps(asked).encode()
            request = Request(address, body, {"Content-Type": "application/json", **self._headers})  # noqa: S310
        try:
            found = json.loads(self._asked(request))
        except ValueError as error:
            raise NotFound(f"{address}: what it answers is no JSON", hint="is it an MLflow server?") from error
        if not isinstance(found, dict):
            raise NotFound(f"{address}: what it answers is no MLflow's", hint="is it an MLflow server?")
        return found

    def _get(self, route: str, asked: Said) -> str:
        return f"{self._root}/{route}?{urlencode(asked)}"

    @staticmethod
    def _asked(request: Request) -> bytes:
        """What the server answers; NotFound."""
        address = request.full_url.partition("?")[0]
        try:
            with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
                found: bytes = answer.read()
                return found
        except HTTPError as error:
            raise NotFound(f"{address}: {error.code} {_told(error)}", hint="is it an MLflow server?") from error
        except (URLError, OSError, HTTPException) as error:
            raise NotFound(f"{address}: {getattr(error, 'reason', error)}", hint="does the server run?") from error


def _apart(address: str) -> tuple[str, dict[str, str]]:
    """An address without the user and password in it, and the header that tells the server of them."""
    parts = urlsplit(address)
    if parts.username is None:
        return address, {}
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    told = b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()).decode()
    return bare, {"Authorization": f"Basic {told}"}


def _told(error: HTTPError) -> str:
    try:
        return str(json.load(error)["message"]).splitlines()[0][:200]
    except (ValueError, KeyError, TypeError, IndexError, OSError):
        return str(error.reason)


def _dataset(one: Said) -> DatasetInput:
    data = one.get("dataset") or {}
    name, digest, kind, source = (str(data.get(key) or "") for key in ("name", "digest", "source_type", "source"))
    return DatasetInput(name, digest, kind, source, data.get("schema"), data.get("profile"), _pairs(one.get("tags")))


def _model(one: Said) -> LoggedModel:
    info, data = one.get("info") or {}, one.get("data") or {}
    status = str(info.get("status") or "")
    return LoggedModel(
        id=str(info["model_id"]),
        experiment=str(info["experiment_id"]),
        name=str(info.get("name") or ""),
        status=_STATUSES.get(status, status),
        artifact_location=info.get("artifact_uri"),
        created=_whole(info.get("creation_timestamp_ms")),
        updated=_whole(info.get("last_updated_timestamp_ms")),
        run=info.get("source_run_id"),
        type=info.get("model_type"),
        params=_pairs(data.get("params")),
        tags=_pairs(info.get("tags")),
        metrics=tuple(_model_metrics(data.get("metrics") or ())),
    )


def _model_metrics(metrics: Iterable[Said]) -> Iterator[ModelMetric]:
    for one in metrics:
        value = _number(one.get("value"))
        if value is not None:
            time, step = _whole(one.get("timestamp")) or 0, _whole(one.get("step")) or 0
            data = one.get("dataset_name"), one.get("dataset_digest")
            yield ModelMetric(str(one["key"]), value, time, step, one.get("run_id"), *data)


def _version(one: Said) -> Version:
    texts = ("description", "source", "run_link", "status", "status_message", "model_id")
    return Version(
        version=str(one["version"]),
        created=_whole(one.get("creation_timestamp")),
        updated=_whole(one.get("last_updated_timestamp")),
        user=one.get("user_id"),
        stage=one.get("current_stage"),
        run=one.get("run_id"),
        tags=_pairs(one.get("tags")),
        **{key: one.get(key) for key in texts},
    )


def _pairs(said: Iterable[Said] | None) -> dict[str, str]:
    return {str(one.get("key", "")): str(one.get("value", "")) for one in said or ()}


def _whole(value: Any) -> int | None:
    """A whole number, which JSON may have as text."""
    try:
        return int(value) if value not in (None, "") else None
    except (TypeError, ValueError):
        return None


def _number(value: Any) -> float | None:
    try:
        return meant(float(_ODD.get(value, value) if isinstance(value, str) else value))
    except (TypeError, ValueError):
        return None
