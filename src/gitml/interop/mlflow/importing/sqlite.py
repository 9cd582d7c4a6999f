"""A SQLite file of MLflow's, whichever version made it: tables and columns that it does not have are passed by."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gitml.errors import BadValue, NotFound
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

Row = Mapping[str, Any]
_MODEL_STATUSES = {1: "PENDING", 2: "READY", 3: "FAILED"}
_DATASET, _RUN = "DATASET", "RUN"
_UNCARRIED = {"trace_info": "trace", "evaluation_datasets": "evaluation dataset", "webhooks": "webhook"}


class Database:
    """The source that such a file is. Raises NotFound, BadValue where it is none."""

    def __init__(self, path: Path, losses: Losses) -> None:
        if not path.is_file():
            raise NotFound(f"{path}: no such file", hint="name an mlruns folder, a SQLite file or a server")
        self.losses = losses
        self._file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        self._file.row_factory = sqlite3.Row
        self._file.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        try:
            names = self._file.execute("select name from sqlite_master where type = 'table'").fetchall()
        except sqlite3.DatabaseError as error:
            raise BadValue(f"{path} is no SQLite file: {error}") from error
        self._tables = {str(name) for (name,) in names}
        if not {"experiments", "runs"} <= self._tables:
            raise BadValue(f"{path} is no database of MLflow's: it has no experiments and runs")
        for table, kind in _UNCARRIED.items():
            count = sum(1 for _row in self._rows(table))
            if count:
                self.losses.add(kind, "", "", f"{count} in it: these are not carried over")

    def count(self) -> int:
        """How many runs there are."""
        return sum(1 for _row in self._rows("runs"))

    def experiments(self) -> Iterator[Experiment]:
        """Every experiment."""
        for row in self._rows("experiments", order="experiment_id"):
            name = str(row["experiment_id"])
            yield Experiment(
                id=name,
                name=str(row["name"]),
                tags=self._pairs("experiment_tags", "experiment_id", row["experiment_id"]),
                artifact_location=_text(row, "artifact_location"),
                created=self._whole(row, "creation_time", "experiment", name),
                updated=self._whole(row, "last_update_time", "experiment", name),
                deleted=row.get("lifecycle_stage") == "deleted",
            )

    def runs(self) -> Iterator[Run]:
        """Every run, by the time of its start."""
        for row in self._rows("runs", order="start_time, run_uuid"):
            run = str(row["run_uuid"])
            yield Run(
                id=run,
                experiment=str(row["experiment_id"]),
                status=_text(row, "status") or "RUNNING",
                name=_text(row, "name"),
                user=_text(row, "user_id"),
                started=self._whole(row, "start_time", "run", run),
                ended=self._whole(row, "end_time", "run", run),
                deleted=row.get("lifecycle_stage") == "deleted",
                deleted_at=self._whole(row, "deleted_time", "run", run),
                artifact_uri=_text(row, "artifact_uri"),
                params=self._pairs("params", "run_uuid", run),
                tags=self._pairs("tags", "run_uuid", run),
                metrics=tuple(self._metrics(run)),
                datasets=tuple(self._datasets(run)),
                models_in=tuple(name for name, _step in self._models_of(run, "RUN_INPUT")),
                models_out=tuple(self._models_of(run, "RUN_OUTPUT")),
            )

    def _metrics(self, run: str) -> Iterator[Metric]:
        for row in self._rows("metrics", "run_uuid", run, order="key, timestamp, step, value"):
            value = self._value(row, "value", "run", run, f"metrics.{row['key']}")
            if value is not None:
                value = math.nan if row.get("is_nan") else value
                yield Metric(str(row["key"]), value, int(row["timestamp"] or 0), int(row.get("step") or 0))

    def _datasets(self, run: str) -> Iterator[DatasetInput]:
        found = []
        for one in self._rows("inputs", "destination_id", run, order="source_id"):
            if one["source_type"] != _DATASET or one["destination_type"] != _RUN:
                continue
            row = next(self._rows("datasets", "dataset_uuid", one["source_id"]), None)
            if row is None:
                self.losses.add("run", run, f"inputs.{one['source_id']}", "the dataset that it names is not there")
                continue
            tags = self._pairs("input_tags", "input_uuid", one["input_uuid"], key="name")
            kind, source = str(row["dataset_source_type"]), str(row["dataset_source"])
            schema, profile = _text(row, "dataset_schema"), _text(row, "dataset_profile")
            found.append(DatasetInput(str(row["name"]), str(row["digest"]), kind, source, schema, profile, tags))
        yield from sorted(found, key=lambda one: (one.name, one.digest))

    def _models_of(self, run: str, whose: str) -> Iterator[tuple[str, int]]:
        """The logged models that went into a run, or came out of it, with their steps."""
        for row in self._rows("inputs", "source_id", run, order="destination_id"):
            if row["source_type"] == whose:
                yield str(row["destination_id"]), int(row.get("step") or 0)

    # ── models ────────────────────────────────────────────────────────────────────────────────────────────────────

    def models(self) -> Iterator[LoggedModel]:
        """Every logged model."""
        for row in self._rows("logged_models", order="creation_timestamp_ms, model_id"):
            model = str(row["model_id"])
            status = row.get("status")
            yield LoggedModel(
                id=model,
                experiment=str(row["experiment_id"]),
                name=str(row["name"]),
                status=_MODEL_STATUSES.get(status, str(status)) if isinstance(status, int) else str(status),
                artifact_location=_text(row, "artifact_location"),
                created=self._whole(row, "creation_timestamp_ms", "logged-model", model),
                updated=self._whole(row, "last_updated_timestamp_ms", "logged-model", model),
                run=_text(row, "source_run_id"),
                type=_text(row, "model_type"),
                deleted=row.get("lifecycle_stage") == "deleted",
                params=self._pairs("logged_model_params", "model_id", model, key="param_key", value="param_value"),
                tags=self._pairs("logged_model_tags", "model_id", model, key="tag_key", value="tag_value"),
                metrics=tuple(self._model_metrics(model)),
            )

    def _model_metrics(self, model: str) -> Iterator[ModelMetric]:
        order = "metric_name, metric_timestamp_ms, metric_step, run_id"
        for row in self._rows("logged_model_metrics", "model_id", model, order=order):
            key = str(row["metric_name"])
            value = self._value(row, "metric_value", "logged-model", model, f"metrics.{key}")
            if value is not None:
                time, step = int(row["metric_timestamp_ms"] or 0), int(row["metric_step"] or 0)
                data = _text(row, "dataset_name"), _text(row, "dataset_digest")
                yield ModelMetric(key, value, time, step, _text(row, "run_id"), *data)

    def registered(self) -> Iterator[Registered]:
        """Every registered model."""
        for row in self._rows("registered_models", order="name"):
            name = str(row["name"])
            yield Registered(
                name=name,
                description=_text(row, "description"),
                created=self._whole(row, "creation_time", "model", name),
                updated=self._whole(row, "last_updated_time", "model", name),
                tags=self._pairs("registered_model_tags", "name", name),
                versions=tuple(self._versions(name)),
                aliases=self._pairs("registered_model_aliases", "name", name, key="alias", value="version"),
            )

    def _versions(self, model: str) -> Iterator[Version]:
        tags: dict[Any, dict[str, str]] = {}
        for one in self._rows("model_version_tags", "name", model, order="version, key"):
            tags.setdefault(one["version"], {})[str(one["key"])] = str(one["value"] or "")
        for row in self._rows("model_versions", "name", model, order="version"):
            name = f"{model}@{row['version']}"
            texts = ("description", "source", "storage_location", "run_link", "status", "status_message", "model_id")
            yield Version(
                version=str(row["version"]),
                created=self._whole(row, "creation_time", "model-version", name),
                updated=self._whole(row, "last_updated_time", "model-version", name),
                user=_text(row, "user_id"),
                stage=_text(row, "current_stage"),
                run=_text(row, "run_id"),
                tags=tags.get(row["version"], {}),
                **{key: _text(row, key) for key in texts},
            )

    # ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _rows(self, table: str, field: str = "", value: Any = None, *, order: str = "") -> Iterator[Row]:
        """The rows of a table, of those of which a field has a value; none where there is no such table."""
        if table not in self._tables:
            return
        asked = f"select * from {table}"  # noqa: S608  (the names are ours)
        asked += (f" where {field} = ?" if field else "") + (f" order by {order}" if order else "")
        try:
            found: Iterable[sqlite3.Row] = self._file.execute(asked, (value,) if field else ())
            for row in found:
                yield dict(row)
        except sqlite3.DatabaseError as error:  # a page that is torn, a column that an old version does not have
            self.losses.add(table, str(value or ""), "", f"the table cannot be read: {error}")

    def _pairs(self, table: str, field: str, whose: Any, *, key: str = "key", value: str = "value") -> dict[str, str]:
        """The rows that belong to something, as texts by name."""
        rows = self._rows(table, field, whose, order=key)
        return {str(row[key]): str(row[value] if row[value] is not None else "") for row in rows}

    def _whole(self, row: Row, key: str, kind: str, name: str) -> int | None:
        found = row.get(key)
        if found is None or isinstance(found, int):
            return found
        self.losses.add(kind, name, key, f"not a number: {str(found)[:80]!r}")
        return None

    def _value(self, row: Row, key: str, kind: str, name: str, within: str) -> float | None:
        """A metric's value, which SQLite may have of any type."""
        try:
            return meant(float(row[key]))
        except (TypeError, ValueError):
            self.losses.add(kind, name, within, f"not a number: {str(row[key])[:80]!r}")
            return None


def _text(row: Row, key: str) -> str | None:
    found = row.get(key)
    return None if found in (None, "") else str(found)
