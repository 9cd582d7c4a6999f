"""What a store of MLflow's says, whichever way it is kept: experiments, runs, models, and what could not be read."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gitml.interop.exchange import Losses

LARGEST = sys.float_info.max
"""What MLflow writes for infinity where it keeps metrics in a database, for not every one has that."""


def meant(value: float) -> float:
    """A value as it was logged, of one that a database holds."""
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value


class Metric(NamedTuple):
    """One logged value; the time in milliseconds since 1970."""

    key: str
    value: float
    time: int
    step: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment; times in milliseconds since 1970."""

    id: str
    name: str
    tags: Mapping[str, str]
    artifact_location: str | None = None
    created: int | None = None
    updated: int | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class DatasetInput:
    """A dataset that went into a run; source, schema and profile are MLflow's own JSON texts."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None
    profile: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """A run with all that was logged to it; `status` in MLflow's word, `files` its artifacts where they are at hand."""

    id: str
    experiment: str
    status: str
    name: str | None = None
    user: str | None = None
    started: int | None = None
    ended: int | None = None
    deleted: bool = False
    deleted_at: int | None = None
    artifact_uri: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    datasets: tuple[DatasetInput, ...] = ()
    models_in: tuple[str, ...] = ()
    models_out: tuple[tuple[str, int], ...] = ()
    files: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    commit: str | None = None


class ModelMetric(NamedTuple):
    """One value of a logged model's metric, by run and dataset."""

    key: str
    value: float
    time: int
    step: int
    run: str | None
    dataset: str | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """A model that a run has logged (MLflow 3)."""

    id: str
    experiment: str
    name: str
    status: str
    artifact_location: str | None = None
    created: int | None = None
    updated: int | None = None
    run: str | None = None
    type: str | None = None
    deleted: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[ModelMetric, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a registered model."""

    version: str
    created: int | None = None
    updated: int | None = None
    user: str | None = None
    description: str | None = None
    stage: str | None = None
    source: str | None = None
    storage_location: str | None = None
    run: str | None = None
    run_link: str | None = None
    status: str | None = None
    status_message: str | None = None
    model_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered model with its versions, and which of them each alias names."""

    name: str
    description: str | None = None
    created: int | None = None
    updated: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[Version, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """A store of MLflow's that is read; what cannot be is told to `losses`, and nothing is raised for it."""

    losses: Losses

    def count(self) -> int:
        """How many runs there are, roughly; 0 where nobody knows before they are read."""
        ...

    def experiments(self) -> Iterator[Experiment]:
        """Every experiment, the deleted ones too."""
        ...

    def runs(self) -> Iterator[Run]:
        """Every run, the deleted ones too, in an order that is the same each time."""
        ...

    def models(self) -> Iterator[LoggedModel]:
        """Every logged model."""
        ...

    def registered(self) -> Iterator[Registered]:
        """Every registered model."""
        ...
