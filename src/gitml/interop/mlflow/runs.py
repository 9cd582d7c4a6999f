"""A run as MLflow sees it: from its record, or from what its journal tells while it goes on; and as MLflow's entity."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LifecycleStage,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
    RunTag,
)

from gitml.actions.story import Story
from gitml.interop.mlflow import words
from gitml.records.record import Record, column
from gitml.records.ref import Ref
from gitml.repo.journal.lines import Point

CONTEXT = "mlflow.data.context"
DATASETS, MODELS_IN, MODELS_OUT, LATEST = "datasets", "model_inputs", "model_outputs", "latest"


class Latest(NamedTuple):
    """A metric's latest value by MLflow's rule (the greatest step, then time, then value), and when that was logged.

    The time is in milliseconds since 1970.
    """

    step: int
    timestamp: int
    value: float

    @classmethod
    def of(cls, point: Point) -> Self:
        """What a point would be the latest of."""
        return cls(point.step or 0, point.time, point.value)

    @property
    def order(self) -> tuple[int, int, bool, float]:
        """What is the later one of two; a number is later than none."""
        return (self.step, self.timestamp, self.value == self.value, self.value)


@dataclass
class Told:
    """What is known of a run; times in milliseconds since 1970, params as MLflow's texts."""

    ref: Ref
    status: str
    created: int | None
    ended: int | None = None
    name: str | None = None
    by: str = ""
    is_deleted: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    latest: dict[str, Latest] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_record(cls, record: Record) -> Self:
        """What a record says."""
        data, custom = record.data, words.custom(record.data)
        ended = data.get("ended")
        made = cls(
            record.ref,
            data["status"],
            words.milliseconds(data["created"]),
            words.milliseconds(ended) if ended else None,
            data.get("name"),
            str(data.get("by") or ""),
            "deleted" in data,
            words.tags_of(data, _id(data.get("parent"))),
            {key: words.param_text(value) for key, value in flat(data.get("params") or {})},
            inputs=data.get("inputs") or {},
            custom=custom,
        )
        made.latest = dict(_latest(data, custom, made.ended or made.created or 0))
        return made

    @classmethod
    def of_story(cls, story: Story, latest: Mapping[str, Latest]) -> Self:
        """What a run that goes on has said; copies, for another thread may be telling more."""
        head, custom = dict(story.head), dict(words.custom({"custom": story.custom}))
        ended = custom.get("ended")
        data = {**head, "tags": dict(story.tags), "by": story.origin.by, "code": story.code, "description": story.note,
                "custom": story.custom}  # fmt: skip
        return cls(
            story.ref,
            _status(story, custom),
            custom.get("started") or story.began,
            ended,
            head.get("name"),
            story.origin.by,
            "deleted" in head,
            words.tags_of(data, _id(head.get("parent"))),
            {key: words.param_text(value) for key, value in flat(dict(story.params))},
            dict(latest),
            dict(story.inputs),
            custom,
        )

    @property
    def id(self) -> str:
        """MLflow's id of it."""
        return self.ref.keys[1]

    def info(self, experiment_id: str, artifact_uri: str) -> RunInfo:
        """MLflow's entity for the run itself."""
        stage = LifecycleStage.DELETED if self.is_deleted else LifecycleStage.ACTIVE
        status = words.status_word(self.status)
        return RunInfo(
            run_id=self.id, experiment_id=experiment_id, user_id=self.by, status=status, start_time=self.created or 0,
            end_time=self.ended, lifecycle_stage=stage, artifact_uri=artifact_uri, run_name=self.name,
        )  # fmt: skip

    def entity(self, experiment_id: str, artifact_uri: str) -> Run:
        """MLflow's entity for the run and all that it has said."""
        metrics = [
            Metric(key, found.value, found.timestamp, found.step, run_id=self.id) for key, found in self.latest.items()
        ]
        params = [Param(key, value) for key, value in self.params.items()]
        tags = [RunTag(key, value) for key, value in self.tags.items()]
        models = self.custom.get(MODELS_IN) or ()
        return Run(
            self.info(experiment_id, artifact_uri),
            RunData(metrics, params, tags),
            RunInputs(list(self._datasets()), [LoggedModelInput(one) for one in models]),
            RunOutputs([LoggedModelOutput(one, step) for one, step in (self.custom.get(MODELS_OUT) or {}).items()]),
        )

    def summaries(self) -> Iterator[tuple[str, str, str | None]]:
        """Name, digest and context of each data set that it has read."""
        for key, told in self.inputs.items():
            yield (*dataset(key, told), input_tags(key, told).get(CONTEXT))

    def _datasets(self) -> Iterator[DatasetInput]:
        raw = self.custom.get(DATASETS) or {}
        for key, told in self.inputs.items():
            kept = raw.get(key) or {}
            name, digest = dataset(key, told)
            source = kept.get("source") or json.dumps(
                {one: told[one] for one in ("ref", "path", "uri") if told.get(one)}
            )
            data = Dataset(name, digest, told.get("type") or "local", source, kept.get("schema"), kept.get("profile"))
            yield DatasetInput(data, [InputTag(one, value) for one, value in input_tags(key, told).items()])


def dataset(key: str, told: Mapping[str, Any]) -> tuple[str, str]:
    """MLflow's name and digest of an input."""
    digest = next((told[one] for one in ("digest", "md5", "sha256", "id", "version_id") if told.get(one)), "")
    return str(told.get("name") or told.get("ref") or key), str(digest)[:36]


def input_tags(key: str, told: Mapping[str, Any]) -> dict[str, str]:
    """MLflow's tags of an input; what one of ours was used for is told by its name."""
    context = told.get("context") or (None if "digest" in told else key)
    return {**(told.get("tags") or {}), **({CONTEXT: str(context)} if context else {})}


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings by MLflow's names: the parts with dots between them."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def latest_text(found: Latest) -> str:
    """When a metric's latest value was logged, as a record keeps it."""
    return f"{found.timestamp} {found.step}"


def _latest(data: Mapping[str, Any], custom: Mapping[str, Any], ended: int) -> Iterator[tuple[str, Latest]]:
    """The latest of each metric; of one that gitml itself logged as far as its summary tells."""
    told = custom.get(LATEST) or {}
    summary = (data.get("series") or {}).get("summary") or {}
    for key, value in flat(data.get("metrics") or {}):
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            continue
        if key in told:
            timestamp, _, step = str(told[key]).partition(" ")
            yield key, Latest(int(step), int(timestamp), float(value))
        else:
            known = summary.get(key) or summary.get(column(key)) or {}
            at = known.get("ended")
            last = known.get("last_step")
            yield key, Latest(int(last or 0), words.milliseconds(at) if at else ended, float(value))


def _status(story: Story, custom: Mapping[str, Any]) -> str:
    """How far a run came: what MLflow says of one that goes on, until it has ended."""
    ended = story.end.status
    return str(custom.get("status") or ended) if ended == "running" else ended


def _id(parent: str | None) -> str | None:
    return Ref.parse(parent).keys[1] if parent else None
