"""An `mlruns` folder, MLflow's file store: a file for each param, tag and metric, and a meta.yaml for each thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gitml.errors import GitmlError
from gitml.interop.exchange import Losses
from gitml.interop.mlflow.importing.files import ARTIFACTS, TRASH, Files
from gitml.interop.mlflow.importing.said import (
    DatasetInput,
    Experiment,
    LoggedModel,
    Metric,
    ModelMetric,
    Registered,
    Run,
    Version,
)
from gitml.records.canonical import INT_MAX, INT_MIN
from gitml.repo.data.plain import Unreadable, load

T = TypeVar("T")
META = "meta.yaml"
_MODELS, _DATASETS, _TRACES, _TAGS = "models", "datasets", "traces", "tags"
_RESERVED = (_MODELS, _DATASETS, _TRACES, _TAGS)
_STATUSES = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_MODEL_STATUSES = {"1": "PENDING", "2": "READY", "3": "FAILED"}
_POINT, _MODEL_POINT, _OF_DATA = (2, 3), (4,), 2
"""Parts of a metric's line; with a dataset its name, which may hold spaces, and its digest follow."""

Inner = dict[str, str]
"""The files of one thing: by their path in its folder, their path in the store."""
Meta = Mapping[str, Any]


@dataclass
class _Held:
    """One experiment's files: its own, and those of each thing in it by the thing's id."""

    own: Inner = field(default_factory=dict)
    runs: dict[str, Inner] = field(default_factory=dict)
    models: dict[str, Inner] = field(default_factory=dict)
    datasets: dict[str, Inner] = field(default_factory=dict)
    traces: dict[str, Inner] = field(default_factory=dict)


class Folder:
    """The source that such a folder is."""

    def __init__(self, files: Files, losses: Losses) -> None:
        self.files = files
        self.losses = losses
        self._held: dict[str, _Held] = {}
        self._registry: dict[str, Inner] = {}
        for path in sorted(files.places):
            self._sort(path)
        if files.is_cut:
            losses.add("history", "", "", "this clone is shallow: what was removed before it begins is not seen")

    def _sort(self, path: str) -> None:
        """Put a file where it belongs."""
        parts = path.removeprefix(f"{TRASH}/").split("/")
        if len(parts) == 1:
            return
        first, second, *rest = parts
        if first == _MODELS and not path.startswith(TRASH):
            if rest:
                self._registry.setdefault(second, {})["/".join(rest)] = path
            return
        held = self._held.setdefault(first, _Held())
        if not rest or second == _TAGS:
            held.own["/".join(parts[1:])] = path
        elif second in _RESERVED:
            things: dict[str, dict[str, Inner]] = {
                _MODELS: held.models, _DATASETS: held.datasets, _TRACES: held.traces,
            }  # fmt: skip
            things[second].setdefault(rest[0], {})["/".join(rest[1:])] = path
        else:
            held.runs.setdefault(second, {})["/".join(rest)] = path

    @property
    def is_store(self) -> bool:
        """Whether anything in it looks like MLflow's."""
        met = [held.own for held in self._held.values()] + list(self._registry.values())
        return any(META in own for own in met) or any(
            META in inner for held in self._held.values() for inner in held.runs.values()
        )

    def count(self) -> int:
        """How many runs there are."""
        return sum(len(held.runs) for held in self._held.values())

    # ── experiments and runs ──────────────────────────────────────────────────────────────────────────────────────

    def experiments(self) -> Iterator[Experiment]:
        """Every experiment that has a meta.yaml which can be read."""
        for name, held in self._held.items():
            for trace in held.traces:
                self.losses.add("trace", trace, "", "traces are not carried over")
            meta = self._meta("experiment", name, held.own)
            if meta is None:
                continue
            said = _Said(meta, self.losses, "experiment", name)
            yield Experiment(
                id=said.text("experiment_id") or name,
                name=said.text("name") or name,
                tags={**_tags(meta), **self._texts("experiment", name, held.own, _TAGS)},
                artifact_location=said.text("artifact_location"),
                created=said.whole("creation_time"),
                updated=said.whole("last_update_time"),
                deleted=said.text("lifecycle_stage") == "deleted",
            )

    def runs(self) -> Iterator[Run]:
        """Every run that has a meta.yaml which can be read, by experiment and id."""
        for experiment, held in self._held.items():
            for name, inner in held.runs.items():
                meta = self._meta("run", name, inner)
                if meta is not None:
                    yield self._run(experiment, name, inner, meta, held)

    def _run(self, experiment: str, name: str, inner: Inner, meta: Meta, held: _Held) -> Run:
        said = _Said(meta, self.losses, "run", name)
        status = said.text("status") or ""
        datasets, models_in = self._inputs(name, inner, held)
        return Run(
            id=said.text("run_id") or said.text("run_uuid") or name,
            experiment=experiment,
            status=_STATUSES.get(status, status or "RUNNING"),
            name=said.text("run_name") or said.text("name"),
            user=said.text("user_id"),
            started=said.whole("start_time"),
            ended=said.whole("end_time"),
            deleted=said.text("lifecycle_stage") == "deleted",
            deleted_at=said.whole("deleted_time"),
            artifact_uri=said.text("artifact_uri"),
            params=self._texts("run", name, inner, "params"),
            tags=self._texts("run", name, inner, _TAGS),
            metrics=tuple(self._metrics(name, inner)),
            datasets=datasets,
            models_in=models_in,
            models_out=self._outputs(name, inner),
            files={path: self._reader(full) for path, full in _within(inner, ARTIFACTS)},
            commit=self.files.past.get(inner[META]),
        )

    def _metrics(self, run: str, inner: Inner) -> Iterator[Metric]:
        for key, path in _within(inner, "metrics"):
            for parts in self._lines("run", run, f"metrics.{key}", path, _POINT):
                # With a dataset, whose name and digest follow, MLflow writes the step all the same.
                step = int(parts[2]) if len(parts) > _POINT[0] else 0
                yield Metric(key, float(parts[1]), int(parts[0]), step)

    def _lines(self, kind: str, name: str, within: str, path: str, sizes: tuple[int, ...]) -> Iterator[list[str]]:
        """The lines of a metric's file in their parts: time, value and, where it is told, step."""
        text = self._text(kind, name, within, path)
        for number, line in enumerate((text or "").split("\n"), 1):
            parts = line.strip().split(" ")
            if parts == [""]:
                continue
            is_whole = len(parts) in sizes or len(parts) >= max(sizes) + _OF_DATA
            if is_whole and _is_point(parts):
                yield parts
            else:
                self.losses.add(kind, name, within, f"{path}:{number}: not a point: {line[:80]!r}")

    def _inputs(self, run: str, inner: Inner, held: _Held) -> tuple[tuple[DatasetInput, ...], tuple[str, ...]]:
        datasets: list[DatasetInput] = []
        models: list[str] = []
        for path, full in _within(inner, "inputs"):
            meta = self._yaml("run", run, f"inputs.{path}", full) or {}
            source = str(meta.get("source_id") or "")
            if meta.get("source_type") == "MODEL":
                models.append(source)
            elif meta.get("source_type") == "DATASET":
                found = self._dataset(run, source, held, meta)
                datasets += [found] if found else []
        return tuple(sorted(datasets, key=lambda one: (one.name, one.digest))), tuple(sorted(models))

    def _dataset(self, run: str, source: str, held: _Held, meta: Meta) -> DatasetInput | None:
        path = held.datasets.get(source, {}).get(META)
        if path is None:
            self.losses.add("run", run, f"inputs.{source}", "the dataset that it names is not there")
            return None
        found = self._yaml("run", run, f"inputs.{source}", path)
        if found is None:
            return None
        said = _Said(found, self.losses, "dataset", source)
        name, digest, kind, place = (said.text(key) or "" for key in ("name", "digest", "source_type", "source"))
        return DatasetInput(name, digest, kind, place, said.text("schema"), said.text("profile"), _tags(meta))

    def _outputs(self, run: str, inner: Inner) -> tuple[tuple[str, int], ...]:
        found = []
        for path, full in _within(inner, "outputs"):
            meta = self._yaml("run", run, f"outputs.{path}", full)
            if meta is not None:
                said = _Said(meta, self.losses, "run", run)
                found.append((said.text("source_id") or path.partition("/")[0], said.whole("step") or 0))
        return tuple(found)

    # ── models ────────────────────────────────────────────────────────────────────────────────────────────────────

    def models(self) -> Iterator[LoggedModel]:
        """Every logged model that has a meta.yaml which can be read."""
        for experiment, held in self._held.items():
            for name, inner in held.models.items():
                meta = self._meta("logged-model", name, inner)
                if meta is None:
                    continue
                said = _Said(meta, self.losses, "logged-model", name)
                status = said.text("status") or ""
                yield LoggedModel(
                    id=said.text("model_id") or name,
                    experiment=experiment,
                    name=said.text("name") or name,
                    status=_MODEL_STATUSES.get(status, status or "PENDING"),
                    artifact_location=said.text("artifact_location"),
                    created=said.whole("creation_timestamp"),
                    updated=said.whole("last_updated_timestamp"),
                    run=said.text("source_run_id"),
                    type=said.text("model_type"),
                    deleted=said.text("lifecycle_stage") == "deleted",
                    params=self._texts("logged-model", name, inner, "params"),
                    tags=self._texts("logged-model", name, inner, _TAGS),
                    metrics=tuple(self._model_metrics(name, inner)),
                )

    def _model_metrics(self, model: str, inner: Inner) -> Iterator[ModelMetric]:
        for key, path in _within(inner, "metrics"):
            for parts in self._lines("logged-model", model, f"metrics.{key}", path, _MODEL_POINT):
                time, value, step, run, *data = parts
                name, digest = (" ".join(data[:-1]), data[-1]) if data else (None, None)
                yield ModelMetric(key, float(value), int(time), int(step), run, name, digest)

    def registered(self) -> Iterator[Registered]:
        """Every registered model that has a meta.yaml which can be read."""
        for name, inner in self._registry.items():
            meta = self._meta("model", name, inner)
            if meta is None:
                continue
            said = _Said(meta, self.losses, "model", name)
            yield Registered(
                name=said.text("name") or name,
                description=said.text("description"),
                created=said.whole("creation_timestamp"),
                updated=said.whole("last_updated_timestamp"),
                tags=self._texts("model", name, inner, _TAGS),
                versions=tuple(self._versions(name, inner)),
                aliases=self._texts("model", name, inner, "aliases"),
            )

    def _versions(self, model: str, inner: Inner) -> Iterator[Version]:
        versions: dict[str, Inner] = {}
        for path, full in inner.items():
            first, _, rest = path.partition("/")
            if first.startswith("version-") and rest:
                versions.setdefault(first.removeprefix("version-"), {})[rest] = full
        for number, files in sorted(versions.items()):
            name = f"{model}@{number}"
            meta = self._meta("model-version", name, files)
            if meta is None:
                continue
            said = _Said(meta, self.losses, "model-version", name)
            texts = ("description", "source", "storage_location", "run_link", "status", "status_message", "model_id")
            yield Version(
                version=said.text("version") or number,
                created=said.whole("creation_timestamp"),
                updated=said.whole("last_updated_timestamp"),
                user=said.text("user_id"),
                stage=said.text("current_stage"),
                run=said.text("run_id"),
                tags=self._texts("model-version", name, files, _TAGS),
                **{key: said.text(key) for key in texts},
            )

    # ── files ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _meta(self, kind: str, name: str, inner: Inner) -> Meta | None:
        """What the meta.yaml of a thing says; a loss where it is not there, or torn."""
        path = inner.get(META)
        if path is None:
            near = next(iter(inner.values()), "")
            self.losses.add(kind, name, "", f"{near}: there is no {META} in its folder")
            return None
        return self._yaml(kind, name, "", path)

    def _yaml(self, kind: str, name: str, within: str, path: str) -> Meta | None:
        def parsed(raw: bytes) -> Meta:
            found = load(raw)
            if not isinstance(found, dict):
                raise Unreadable("no names and values in it")
            return found

        return self._read(kind, name, within, path, parsed)

    def _texts(self, kind: str, name: str, inner: Inner, folder: str) -> dict[str, str]:
        """The files of a folder as texts by name."""
        found = ((key, self._text(kind, name, f"{folder}.{key}", path)) for key, path in _within(inner, folder))
        return {key: text for key, text in found if text is not None}

    def _text(self, kind: str, name: str, within: str, path: str) -> str | None:
        return self._read(kind, name, within, path, bytes.decode)

    def _read(self, kind: str, name: str, within: str, path: str, of: Callable[[bytes], T]) -> T | None:
        try:
            return of(self.files.read(path))
        except UnicodeDecodeError as error:
            reason = f"not UTF-8 at byte {error.start}"
        except Unreadable as error:
            reason = str(error) if error.line is None else f"line {error.line}: {error}"
        except OSError as error:
            reason = error.strerror or str(error)
        except GitmlError as error:
            reason = error.message
        self.losses.add(kind, name, within, f"{path}: {reason}")
        return None

    def _reader(self, path: str) -> Any:
        return lambda: self.files.read(path)


@dataclass(frozen=True, slots=True)
class _Said:
    """A meta.yaml, whose values are all texts, as what they stand for."""

    meta: Meta
    losses: Losses
    kind: str
    name: str

    def text(self, key: str) -> str | None:
        """A text; None where it is empty or null."""
        found = self.meta.get(key)
        return found if isinstance(found, str) and found not in ("", "null", "~") else None

    def whole(self, key: str) -> int | None:
        """A whole number; a loss where something else stands there."""
        found = self.text(key)
        if found is None:
            return None
        try:
            return int(float(found)) if "." in found or "e" in found else int(found)
        except (ValueError, OverflowError):
            self.losses.add(self.kind, self.name, key, f"not a number: {found[:80]!r}")
            return None


def _within(inner: Inner, folder: str) -> Iterator[tuple[str, str]]:
    """The files of a thing in one of its folders: path in that, path in the store."""
    for path, full in inner.items():
        if path.startswith(f"{folder}/"):
            yield path[len(folder) + 1 :], full


def _tags(meta: Meta) -> dict[str, str]:
    """Tags in a meta.yaml; a list there is what old stores wrote for nothing."""
    found = meta.get(_TAGS)
    return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _is_point(parts: list[str]) -> bool:
    """Whether time, value and step of a line are numbers."""
    try:
        float(parts[1])
        return all(INT_MIN <= int(part) <= INT_MAX for part in (parts[0], *parts[2:3]))
    except ValueError:
        return False
