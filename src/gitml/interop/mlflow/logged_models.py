"""Models as runs log them (MLflow 3): records of their own, or, while their run goes on, a part of what that says."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlflow.entities import LoggedModel, LoggedModelParameter, LoggedModelStatus, LoggedModelTag, Metric

from gitml.interop.mlflow import words
from gitml.interop.mlflow.experiments import Experiments, Known
from gitml.interop.mlflow.live import Live, Underway
from gitml.interop.mlflow.opened import Opened
from gitml.interop.mlflow.recorder import Recorder, files_of
from gitml.records.record import MISSING, column
from gitml.records.ref import Ref, encode
from gitml.repo.snapshot import Snapshot
from gitml.store.batch import New

KIND = "logged-model"
MODELS = "models"
"""Where a run that goes on keeps what it has logged: `custom.mlflow.models`, by id."""
RUN, METRICS = "run_id", "metrics"
_STATUSES = {"PENDING": "pending", "READY": "ready", "FAILED": "failed", "UNSPECIFIED": "pending"}


@dataclass(frozen=True, slots=True)
class Logged:
    """A logged model: its ref, what its record says or will say, and the run that it is part of while that goes on."""

    ref: Ref
    data: Mapping[str, Any]
    live: Live | None = None

    @property
    def id(self) -> str:
        """MLflow's id of it."""
        return self.ref.keys[1]

    @property
    def is_deleted(self) -> bool:
        """Whether it was deleted."""
        return "deleted" in self.data

    @property
    def run(self) -> str | None:
        """MLflow's id of the run that logged it."""
        told = words.custom(self.data).get(RUN)
        return str(told) if told else Ref.parse(self.data["run"]).keys[1] if self.data.get("run") else None

    def entity(self, experiment: str, location: str) -> LoggedModel:
        """MLflow's entity for it."""
        data, created = self.data, words.milliseconds(self.data["created"])
        measured = words.custom(data).get(METRICS) or ()
        return LoggedModel(
            experiment_id=experiment, model_id=self.id, name=str(data.get("name") or self.id),
            artifact_location=location, creation_timestamp=created,
            last_updated_timestamp=words.milliseconds(data["updated"]) if data.get("updated") else created,
            model_type=data.get("type"), source_run_id=self.run, status=LoggedModelStatus(data["status"].upper()),
            tags=[LoggedModelTag(key, str(value)) for key, value in (data.get("tags") or {}).items()],
            params=[LoggedModelParameter(key, words.param_text(value))
                    for key, value in (data.get("params") or {}).items()],
            metrics=[Metric(model_id=self.id, **one) for one in measured],
        )  # fmt: skip


class LoggedModels:
    """The logged models of a store."""

    def __init__(self, opened: Opened, underway: Underway, recorder: Recorder, experiments: Experiments) -> None:
        self._opened = opened
        self._underway = underway
        self._recorder = recorder
        self._experiments = experiments
        self._held: tuple[Snapshot, dict[str, Logged]] | None = None
        recorder.parts = self.parts

    # ── what there is ─────────────────────────────────────────────────────────────────────────────────────────────

    def known(self) -> dict[str, Logged]:
        """All of them, by id."""
        live = [] if self._opened.address.ref is not None else self._underway.all()
        found = dict(self._recorded())
        for one in live:
            found |= {model.id: model for model in of_run(one)}
        return found

    def find(self, model: str) -> Logged | None:
        """The one of an id."""
        return self._opened.found(lambda _snapshot: self.known().get(model))

    def _recorded(self) -> dict[str, Logged]:
        snapshot = self._opened.snapshot
        if self._held is None or self._held[0] is not snapshot:
            made = {one.ref.keys[1]: Logged(one.ref, one.data) for one in snapshot.records(KIND)}
            waiting = (told for told in snapshot.records("run") if words.custom(told.data).get(MODELS))
            kept = {model.id: model for run in waiting for model in _parts(run.ref, run.data)}
            self._held = snapshot, kept | made
        return self._held[1]

    def entity(self, model: Logged) -> LoggedModel:
        """MLflow's entity for one."""
        known = self._experiments.known([model.ref.keys[0]])[model.ref.keys[0]]
        return model.entity(known.id, self._experiments.run_location(known, model.ref, words.custom(model.data)))

    # ── what can be done ──────────────────────────────────────────────────────────────────────────────────────────

    def create(self, known: Known, name: str, run: str | None, **said: Any) -> Logged:
        """Make one, whose files are awaited; `said` are its type, params and tags."""
        ref = Ref(KIND, (known.key, f"m-{uuid.uuid4().hex}"))
        data: dict[str, Any] = {"name": name, "origin": words.ORIGIN, "status": "pending", "created": self._now()}
        data |= {key: value for key, value in said.items() if value}
        kept = {**({RUN: run} if run else {}), **self._experiments.fixed(known, ref)}
        if kept:
            data["custom"] = {words.CUSTOM: kept}
        with self._opened.writing():
            live = self._underway.get(run) if run else None
            made = Logged(ref, data, live)
            if live is not None:
                self._say(made)
            else:
                snapshot = self._opened.snapshot
                maker = Ref("run", (known.key, run)) if run else None
                new = self._new(made, str(maker) if maker and snapshot.find(maker) else None)
                self._opened.write(lambda store: store.new(*new, **self._opened.how))
            return made

    def change(self, model: Logged, fields: Mapping[tuple[str, ...], Any]) -> None:
        """Set fields of one by path; MISSING takes one away."""
        told = {("updated",): self._now(), **fields}
        with self._opened.writing():
            model = self.find(model.id) or model
            if model.live is not None:
                self._say(replace(model, data=_with(model.data, told)))
            else:
                named = {column(*path): value for path, value in told.items()}
                self._opened.write(lambda store: store.set(model.ref, named, **self._opened.how))

    def finalize(self, model: Logged, status: LoggedModelStatus) -> None:
        """Say that its files are there, or lost."""
        files = files_of(self._opened, model.ref)
        said: dict[tuple[str, ...], Any] = {("status",): _STATUSES[str(status)]}
        self.change(model, {**said, ("files",): files} if files else said)

    def measured(self, model: str, run: str, metrics: Iterable[Metric]) -> None:
        """Add values of metrics to those of a model."""
        found = self.find(model)
        if found is None:
            return
        held = list(words.custom(found.data).get(METRICS) or ())
        fresh = [one for one in (_measure(metric, run) for metric in metrics) if one not in held]
        if fresh:
            every = held + fresh
            last = {
                (one["key"],): one["value"] for one in sorted(every, key=lambda one: (one["step"], one["timestamp"]))
            }
            fields: dict[tuple[str, ...], Any] = {("metrics", *path): value for path, value in last.items()}
            self.change(found, {**fields, ("custom", words.CUSTOM, METRICS): every})

    def parts(self, live: Live) -> list[New]:
        """The models of a run that ends, as records to be written with it."""
        run = str(live.recording.story.ref)
        return [self._new(model, run) for model in of_run(live)]

    def _new(self, model: Logged, run: str | None) -> New:
        data = {**model.data, **({"run": run} if run else {})}
        return KIND, "/".join(map(encode, model.ref.keys)), {column(key): value for key, value in data.items()}

    def _say(self, model: Logged) -> None:
        live = model.live
        if live is not None:
            kept = live.kept.get(MODELS) or {}
            said = {**model.data, "experiment": model.ref.keys[0]}
            live.keep(**{MODELS: {**kept, model.id: said}})

    def _now(self) -> str:
        return words.now(self._opened.store.clock())


def of_run(live: Live) -> Iterator[Logged]:
    """The models that a run which goes on has logged so far."""
    story = live.recording.story
    for model in _parts(story.ref, {"custom": story.custom}):
        yield replace(model, live=live)


def _parts(run: Ref, data: Mapping[str, Any]) -> Iterator[Logged]:
    for model, said in (words.custom(data).get(MODELS) or {}).items():
        told = {key: value for key, value in said.items() if key != "experiment"}
        yield Logged(Ref(KIND, (str(said.get("experiment") or run.keys[0]), model)), told)


def _measure(metric: Metric, run: str) -> dict[str, Any]:
    """A value of a metric, as a record keeps it for MLflow."""
    found = {
        "key": metric.key, "value": float(metric.value), "timestamp": int(metric.timestamp), "step": int(metric.step),
        "run_id": run, "dataset_name": metric.dataset_name, "dataset_digest": metric.dataset_digest,
    }  # fmt: skip
    return {key: value for key, value in found.items() if value is not None}


def _with(data: Mapping[str, Any], fields: Mapping[tuple[str, ...], Any]) -> dict[str, Any]:
    """A mapping with fields set by path; MISSING takes one away."""
    found = dict(data)
    for path, value in fields.items():
        first, *rest = path
        if rest:
            found[first] = _with(found.get(first) or {}, {tuple(rest): value})
        elif value is MISSING:
            found.pop(first, None)
        else:
            found[first] = value
    return found
