"""An import at work: experiments, runs with the models that they logged, and the registry, in this order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from gitml.actions.apply import How
from gitml.interop.mlflow.importing.copying import copied
from gitml.interop.mlflow.importing.mapping import Words
from gitml.interop.mlflow.importing.order import parents_first
from gitml.interop.mlflow.importing.places import Place, places
from gitml.interop.mlflow.importing.registry import units
from gitml.interop.mlflow.importing.said import Experiment, LoggedModel, Run, Source
from gitml.interop.mlflow.importing.writing import Draft, Portions, Unit
from gitml.interop.mlflow.words import CUSTOM, PARENT
from gitml.records.ref import Ref
from gitml.repo.journal.lines import Point
from gitml.repo.repository import Repository

MODEL = "logged-model"
_EXPERIMENT = ("title", "description", "created", "deleted", "tags", "custom")
_RUN = (
    "name", "origin", "status", "created", "ended", "deleted", "by", "description", "parent", "code", "inputs",
    "outputs", "params", "metrics", "series", "tags", "custom",
)  # fmt: skip
_MODEL = (
    "name", "type", "origin", "status", "created", "updated", "deleted", "run", "params", "metrics", "tags", "custom",
)  # fmt: skip


@dataclass
class Work:
    """One import: a source, and the repository and the manner in which it is written."""

    repository: Repository
    source: Source
    how: How
    artifacts: bool = field(default=False, kw_only=True)
    read: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._losses = self.source.losses
        self._words = Words(self._losses)
        self.portions = Portions(self.repository, self.how, self._losses)
        self._snapshot = self.repository.target(self.how.branch)
        self._places: dict[str, Place] = {}
        self._seen: dict[str, Ref] = {}

    def do(self) -> None:
        """Read everything, and write it."""
        progress = self.repository.progress
        self._experiments()
        models = self._models()
        progress.done, progress.whole = 0, self.source.count()
        for run in parents_first(self._fresh(), lambda name: self._ref(name) is not None):
            self.portions.put(self._run(run, models.pop(run.id, [])))
            progress.done += 1
        for left in (one for some in models.values() for one in some):
            self.portions.put(Unit(MODEL, left.id, (self._model(left, self._ref(left.run)),)))
        self.portions.flush()
        self._registry()
        progress.whole = 0

    def _count(self, what: str, many: int = 1) -> None:
        self.read[what] = self.read.get(what, 0) + many

    # ── experiments ───────────────────────────────────────────────────────────────────────────────────────────────

    def _experiments(self) -> None:
        """The place of each experiment by MLflow's id; their records are on their way."""
        found = {one.id: one for one in self.source.experiments()}
        created = {
            name: self._words.time(one.created, "experiment", name, "creation_time") for name, one in found.items()
        }
        self._places = places(self._snapshot, found.values(), created)
        for name, one in found.items():
            self._count("experiments")
            key, is_others = self._places[name]
            if is_others:
                self._losses.add("experiment", name, "", f"another {one.name!r} is here: the runs go there")
                continue
            data = self._words.experiment(one, key, located=not self.artifacts)
            self.portions.put(Unit("experiment", name, (Draft(Ref("experiment", (key,)), data, _EXPERIMENT),)))

    def _key(self, experiment: str) -> str:
        """The key of an experiment; one of which nothing but its id is known is named by that."""
        if experiment not in self._places:
            bare = Experiment(experiment, f"experiment-{experiment}", {})
            self._places |= places(self._snapshot, [bare], {experiment: None})
            self._losses.add("experiment", experiment, "", f"only its runs are known: they go to {bare.name}")
        return self._places[experiment].key

    # ── runs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _fresh(self) -> Iterator[Run]:
        """Every run once."""
        met: set[str] = set()
        for run in self.source.runs():
            if run.id in met:
                self._losses.add("run", run.id, "", "there are two of this id: the first is taken")
            else:
                met.add(run.id)
                yield run

    def _ref(self, run: str | None) -> Ref | None:
        """The ref of a run that was seen, or is in the store."""
        if run is None or run in self._seen:
            return self._seen.get(run or "")
        refs = (Ref("run", (place.key, run)) for place in dict.fromkeys(self._places.values()))
        return next((ref for ref in refs if self._snapshot.find(ref) is not None), None)

    def _run(self, run: Run, models: list[LoggedModel]) -> Unit:
        """A run with the models that it has logged."""
        self._count("runs")
        ref = Ref("run", (self._key(run.experiment), run.id))
        parent = run.tags.get(PARENT)
        data = self._words.run(run, self._ref(parent) if parent != run.id else None)
        self._seen[run.id] = ref
        if self.artifacts:
            outputs, is_whole = copied(self.repository, ref, run, self._losses)
            data |= {"outputs": outputs} if outputs else {}
            if is_whole and outputs:
                data.get("custom", {}).get(CUSTOM, {}).pop("artifact_uri", None)
        draft = Draft(ref, data, _RUN, self._points(run), ("outputs",))
        return Unit("run", run.id, (draft, *(self._model(one, ref) for one in models)))

    def _points(self, run: Run) -> tuple[Point, ...]:
        """Every point, where some metric has several; else the record says it all."""
        found = []
        for one in sorted(run.metrics, key=lambda one: (one.key, one.time, one.step)):
            time = one.time
            if not self._words.in_range(time):
                self._losses.add("run", run.id, f"metrics.{one.key}", f"{time} is no time between 1970 and 9999")
                time = run.started if run.started is not None and self._words.in_range(run.started) else 0
            found.append(Point((one.key,), one.value, one.step, time))
        return tuple(found) if len(found) > len({one.key for one in run.metrics}) else ()

    # ── models ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _models(self) -> dict[str, list[LoggedModel]]:
        """The logged models by the run that logged them, empty for none."""
        found: dict[str, list[LoggedModel]] = {}
        is_known = any(kind == MODEL for kind, _major in self._snapshot.schemas.kinds)
        for one in self.source.models():
            self._count("logged models")
            if is_known:
                found.setdefault(one.run or "", []).append(one)
            else:
                self._losses.add(MODEL, one.id, "", f"this store has no schemas/{MODEL}.yaml: git ml init brings it")
        return found

    def _model(self, one: LoggedModel, run: Ref | None) -> Draft:
        return Draft(Ref(MODEL, (self._key(one.experiment), one.id)), self._words.model(one, run), _MODEL)

    def _registry(self) -> None:
        """Registered models, each after the one before it: what cites a run finds it written."""
        for one in self.source.registered():
            self._count("models")
            self._count("model versions", len(one.versions))
            snapshot = self.repository.target(self.how.branch)
            for unit in units(one, snapshot, self._words, self._ref):
                self.portions.put(unit)
                self.portions.flush()
