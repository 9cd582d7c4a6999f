"""Stores of any size, the same for the same seed: names, types and gaps as real teams leave them.

make.py writes one to look at; million_made.py streams a million runs into Git, in minutes and with little memory.
"""

from __future__ import annotations

import hashlib
import math
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gitml.records.canonical import dump
from gitml.records.ref import Ref
from gitml.records.schemas import Schemas
from gitml.records.ulid import new_ulid
from gitml.repo.kinds import shipped

START = datetime(2025, 1, 6, 8, tzinfo=UTC)
STORE = "metadata/store.yaml"
DATE = f"{int(START.timestamp()) + 366 * 24 * 3600} +0000"
PEOPLE = ("@mona", "@ines", "@cellar-ml", "@jürgen", "@o'brien", "@ci-bot")
# Names as people and other tools give them; those that are no plain file name are hashed.
EXPERIMENTS = (
    "wine", "churn-2025", "price_bands", "credit.default", "Fraud Detection", "o'brien/uplift", "需求预测", "ocr-v2",
    "ranking", "demand", "toxicity", "vision/resnet-50", "speech", "anomaly", "search", "Größe",
)  # fmt: skip
DATASETS = ("wine", "customers", "clicks", "transactions", "Sensor Readings", "images", "地址", "reviews", "labels.v2")
MODELS = ("wine", "churn", "uplift", "ranker", "fraud", "OCR", "demand-eu", "demand-us")
SPLITS = ("train", "validation", "test")
METRICS = (
    "auc",
    "accuracy",
    "f1",
    "log_loss",
    "precision",
    "recall",
    "rmse",
    "r2",
    "ece",
    "brier",
    "top_5",
    "latency_ms",
)
LOWER = frozenset(["log_loss", "rmse", "ece", "brier", "latency_ms"])
Draw = Callable[[random.Random], Any]
PARAMS: Mapping[str, Draw] = {
    "lr": lambda draw: float(f"{10 ** draw.uniform(-5, -0.5):.3g}"),
    "n_estimators": lambda draw: draw.choice([50, 100, 200, 400, 1000]),
    "max_depth": lambda draw: draw.choice([None, 3, 5, 8, 12, "auto"]),
    "batch_size": lambda draw: 2 ** draw.randint(3, 9),
    "epochs": lambda draw: draw.randint(1, 300),
    "dropout": lambda draw: round(draw.random() * 0.6, 2),
    "optimizer": lambda draw: draw.choice(["adam", "sgd", "lion", "adamw"]),
    "weight_decay": lambda draw: draw.choice([0, 0.0, 1e-06, 0.0001, 0.01]),
    "early_stopping": lambda draw: draw.choice([True, False]),
    "features": lambda draw: draw.sample(["age", "region", "price", "volume", "hour", "on", "no"], draw.randint(1, 5)),
    "layers": lambda draw: [2 ** draw.randint(4, 9) for _layer in range(draw.randint(1, 4))],
    "seed": lambda draw: draw.randrange(2**31),
    "model.name": lambda draw: draw.choice(["resnet-50", "bert-base", "xgboost", "1e5", "2025-01-01", "yes"]),
    "scheduler": lambda draw: {"type": draw.choice(["cosine", "step"]), "warmup": draw.randint(0, 2000)},
    "note": lambda draw: draw.choice(["", "baseline", "first line\nsecond line\n", "50 % of the data: why?", "# 3"]),
    "data version": lambda draw: f"{draw.randint(2019, 2025)}",
    "hash": lambda draw: f"{draw.randrange(16**7):07x}",
    "threshold": lambda draw: draw.choice([0.5, 1, 0.25, ".5"]),
}


@dataclass
class Store:
    """A store as files: `records` of them are records; `broken` are the paths of those that break their schema."""

    files: dict[str, bytes] = field(default_factory=dict)
    records: int = 0
    broken: set[str] = field(default_factory=set)


def store(size: int, seed: int = 1, broken: float = 0.0) -> Store:
    """A store of `size` records (20 at least), a share of whose runs break the schema of their kind."""
    return Maker(size, random.Random(seed), broken).made()  # noqa: S311  (the same each time is the point)


def runs(size: int, seed: int = 1, kept: Callable[[Ref, dict[str, Any]], Mapping[str, Any]] | None = None) -> Store:
    """A store of nothing but runs that all have the same fields, save for gaps; `kept` says what stays of each."""
    maker = Maker(size, random.Random(seed), 0.0)  # noqa: S311  (the same each time is the point)
    maker.environment()
    maker.dataset(DATASETS[0])
    alike = _Profile(list(PARAMS.items()), METRICS, ("",), filled=0.95)
    maker.experiments = [(name, weight, alike) for name, weight, _own in maker.experiments]
    maker.store = Store({STORE: maker.store.files[STORE]})
    for _number in range(size):
        ref, data = maker.drawn()
        maker.add(ref, kept(ref, data) if kept else data)
    return maker.store


class Maker:
    """Draws records, one after the other, and keeps those that others refer to."""

    def __init__(self, size: int, draw: random.Random, broken: float) -> None:
        self.size = size
        self.draw = draw
        self.share = broken
        self.schemas = Schemas(shipped(None))
        self.store = Store({STORE: b"schema: store/1\nmain: main\nevents: tree\n"})
        self.time = START
        self.step = timedelta(days=365) / size
        self.versions: dict[str, list[tuple[str, str]]] = {}  # head -> (ref, id)
        self.runs: list[str] = []
        self.environments: list[str] = []
        profiles = {name: self._profile() for name in EXPERIMENTS}
        # A few experiments hold most of the runs.
        self.experiments = [(name, 1 / rank, profiles[name]) for rank, name in enumerate(EXPERIMENTS, 1)]

    @property
    def few(self) -> int:
        """How many datasets there are, how many environments and models."""
        return max(1, self.size // 400)

    def made(self) -> Store:
        """All of a store."""
        self.ground()
        reserved = self.few * 4
        while self.store.records < self.size - reserved:
            (self.evaluation if self.versions and self.runs and self.draw.random() < 0.05 else self.run)()  # noqa: PLR2004
        for number in range(self.few):
            if self.store.records + 4 <= self.size:
                self.model(numbered(MODELS, number))
        while self.store.records < self.size:
            self.run()
        return self.store

    def ground(self) -> None:
        """What runs refer to."""
        for name in METRICS:
            self.add(Ref("metric", (name,)), {"direction": "lower" if name in LOWER else "higher"})
        for _number in range(self.few):
            self.environment()
        for number in range(self.few):
            self.dataset(numbered(DATASETS, number))

    def add(self, ref: Ref, data: Mapping[str, Any]) -> str:
        """One record; what its file name does not show goes into it."""
        kind = self.schemas.kind(ref.kind)
        hidden = {
            key: name for key, name in zip(kind.template.keys, ref.keys, strict=True) if kind.template.hides(key, name)
        }
        path = self.schemas.path(ref)
        self.store.files[path] = dump({"schema": kind.tag, **hidden, **data}, kind.shape.order)
        self.store.records += 1
        return path

    def now(self) -> tuple[str, str]:
        """A little later: the time, and an id of it."""
        self.time += self.step * self.draw.random() * 2
        made = new_ulid(int(self.time.timestamp() * 1000), self.draw.randbytes(10))
        return self.time.strftime("%Y-%m-%dT%H:%M:%SZ"), made

    def hex(self, digits: int) -> str:
        """A digest of so many digits."""
        return f"{self.draw.getrandbits(digits * 4):0{digits}x}"

    def environment(self) -> None:
        """One environment."""
        packages = {
            name: f"{self.draw.randint(0, 4)}.{self.draw.randint(0, 30)}"
            for name in ("numpy", "scikit-learn", "torch", "dvc")
        }
        name = self.hex(8)
        self.environments.append(f"environment/{name}")
        version = {"name": "python", "version": f"3.{self.draw.randint(11, 13)}"}
        self.add(Ref("environment", (name,)), {"language": version, "packages": packages})

    def dataset(self, name: str) -> None:
        """A head and some versions of it."""
        self.add(
            Ref("dataset", (name,)), {"description": f"What we know of {name}.", "owners": self.draw.sample(PEOPLE, 2)}
        )
        for version in range(1, self.draw.randint(1, 5) + 1):
            created, made = self.now()
            ref, data = Ref("dataset-version", (name, str(version))), f"data/{len(self.versions)}-{version}.csv"
            md5, size = self.hex(32), self.draw.randrange(10**3, 10**9)
            self.store.files[f"{data}.dvc"] = (
                f"outs:\n- md5: {md5}\n  size: {size}\n  hash: md5\n  path: {data.rpartition('/')[2]}\n".encode()
            )
            types = ["float", "int", "string"]
            columns = [{"name": column, "type": self.draw.choice(types), "nulls": self.draw.randint(0, 99)}
                       for column in self.draw.sample(list(PARAMS), self.draw.randint(2, 12))]  # fmt: skip
            previous = self.versions.get(name, [])[-1:]
            self.add(ref, {
                "id": made, "created": created, "by": self.draw.choice(PEOPLE), "rows": size // 40, "columns": columns,
                "pointer": {"type": "dvc", "path": data, "md5": md5, "size": size},
                **({"inputs": {"previous": {"ref": previous[0][0], "id": previous[0][1]}}} if previous else {}),
            })  # fmt: skip
            self.versions.setdefault(name, []).append((str(ref), made))

    def run(self) -> None:
        """One run, which may break its schema."""
        ref, data = self.drawn()
        breaks = self.draw.random() < self.share
        path = self.add(ref, break_one(data, self.draw) if breaks else data)
        if breaks:
            self.store.broken.add(path)
        else:
            self.runs.append(str(ref))

    def drawn(self) -> tuple[Ref, dict[str, Any]]:
        """What a run is called, and says."""
        name, _weight, profile = self.draw.choices(
            self.experiments, [weight for _name, weight, _profile in self.experiments]
        )[0]
        created, made = self.now()
        ref = Ref("run", (name, made))
        status = self.draw.choices(["finished", "failed", "running", "killed"], [90, 6, 2, 2])[0]
        data: dict[str, Any] = {"type": "train", "status": status, "created": created, "by": self.draw.choice(PEOPLE)}
        if status != "running":
            ended = self.time + timedelta(seconds=self.draw.randint(5, 9000))
            data["ended"] = ended.strftime("%Y-%m-%dT%H:%M:%SZ")
        data["code"] = {"commit": self.hex(40), "dirty": self.draw.random() < 0.3, "path": "train.py",  # noqa: PLR2004
                        "command": f"python train.py --experiment '{name}'"}  # fmt: skip
        data["inputs"] = {"train": dict(zip(("ref", "id"), self.version(), strict=True))}
        data["params"] = {key: draw(self.draw) for key, draw in profile.params if self.draw.random() < profile.filled}
        data["seeds"] = {"numpy": self.draw.randrange(2**32)}
        data["metrics"] = self.metrics(profile, bad=status == "failed")
        data["environment"] = self.draw.choice(self.environments)
        data["host"] = {
            "os": "Linux 6.1",
            "cpu_count": 2 ** self.draw.randint(1, 6),
            "memory_gb": self.draw.choice([16, 24.5, 64]),
        }
        if self.draw.random() < 0.4:  # noqa: PLR2004
            data["tags"] = {
                "team": self.draw.choice(["cellar", "growth"]),
                "release": self.draw.choice(["1.0", "no", "2025"]),
            }
        return ref, data

    def metrics(self, profile: _Profile, *, bad: bool) -> dict[str, Any]:
        """What an experiment measures, by split."""
        names = [name for name in profile.metrics if self.draw.random() < profile.filled]
        values = {split: {name: self.value(name, bad=bad) for name in names} for split in profile.splits}
        flat: dict[str, Any] = values.get("", {})
        return (
            flat
            | {split: inner for split, inner in values.items() if split and inner}
            | {"duration_s": self.draw.randint(1, 9000)}
        )

    def value(self, name: str, *, bad: bool) -> float | int:
        """A metric's value."""
        if bad and self.draw.random() < 0.3:  # noqa: PLR2004
            return self.draw.choice([math.nan, math.inf])
        if name == "latency_ms":
            return self.draw.randint(1, 900)
        return self.draw.choice([0, 1, 1.0]) if self.draw.random() < 0.02 else self.draw.betavariate(8, 2)  # noqa: PLR2004

    def version(self) -> tuple[str, str]:
        """The ref and the id of some version of a dataset."""
        return self.draw.choice(self.versions[self.draw.choice(list(self.versions))])

    def evaluation(self) -> None:
        """One evaluation of an earlier run."""
        name = self.draw.choice(EXPERIMENTS)
        created, made = self.now()
        values = {metric: self.draw.random() for metric in self.draw.sample(METRICS, 5)}
        of: dict[str, str] = {"ref": self.draw.choice(self.runs)}
        data = {"type": "holdout", "of": of, "created": created, "split": self.draw.choice(SPLITS), "metrics": values,
                "inputs": {"test": dict(zip(("ref", "id"), self.version(), strict=True))}}  # fmt: skip
        self.add(Ref("evaluation", (name, made)), data)

    def model(self, name: str) -> None:
        """A head, one version of it, its approval and the alias that chooses it."""
        self.add(Ref("model", (name,)), {"description": f"Predicts {name}.", "owners": [self.draw.choice(PEOPLE)]})
        created, made = self.now()
        ref, training = self.version()
        self.add(Ref("model-version", (name, "1")), {
            "id": made, "created": created, "run": self.draw.choice(self.runs), "type": "GradientBoostingClassifier",
            "metrics": {"validation": {"auc": self.draw.random()}}, "training_data": {"ref": ref, "id": training},
        })  # fmt: skip
        slot = {"id": made, "since": created, "by": self.draw.choice(PEOPLE), "reason": "better than all before"}
        self.add(Ref("status", ("model", name, "1")), {"status": "approved", **slot})
        self.add(Ref("alias", ("model", name, "production")), {"version": "1", **slot})

    def _profile(self) -> _Profile:
        names = ["lr", *self.draw.sample(list(PARAMS)[1:], self.draw.randint(6, len(PARAMS) - 1))]
        # Every experiment has some parameters that no other one has.
        own = [f"{self.draw.choice(names)}_{number}" for number in range(self.draw.randint(0, 8))]
        params = [(name, PARAMS[name]) for name in names] + [(name, PARAMS[name.rpartition("_")[0]]) for name in own]
        metrics = ["auc", *self.draw.sample(METRICS[1:], self.draw.randint(2, 8))]
        splits = self.draw.choice([("",), SPLITS[:2], SPLITS, ("", "validation")])
        return _Profile(params, metrics, splits, self.draw.uniform(0.6, 1.0))


@dataclass(frozen=True)
class _Profile:
    """What an experiment's runs look like; `filled` is the chance that a field is there."""

    params: Sequence[tuple[str, Draw]]
    metrics: Sequence[str]
    splits: Sequence[str]
    filled: float


def numbered(names: Sequence[str], number: int) -> str:
    """The names in turn, each time round with another number behind them."""
    rounds, at = divmod(number, len(names))
    return f"{names[at]}-{rounds}" if rounds else names[at]


def break_one(data: Mapping[str, Any], draw: random.Random) -> dict[str, Any]:
    """The same data with one fault that its schema forbids and YAML does not."""
    broken = dict(data)
    fault = draw.randrange(6)
    if fault == 0:
        broken["metrics"] = {**data["metrics"], "auc": "0,91"}
    elif fault == 1:
        del broken["created"]
    elif fault == 2:  # noqa: PLR2004
        broken["acuracy"] = 0.91
    elif fault == 3:  # noqa: PLR2004
        broken["status"] = "done"
    elif fault == 4:  # noqa: PLR2004
        broken["created"] = str(data["created"]).replace("T", " ")
    else:
        broken["host"] = {**data["host"], "cpu_count": -1}
    return broken


def commit(folder: Path, files: Mapping[str, bytes], *, checkout: bool = False) -> None:
    """A new repository in `folder` with one commit of these files, and its work tree where that is wanted."""
    start(folder)
    git(folder, "fast-import", "--quiet", stream=b"".join(_stream(files)))
    if checkout:
        git(folder, "reset", "-q", "--hard")


def start(folder: Path) -> None:
    """A new repository without a commit, in a new folder."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    for name, value in {"user.name": "Mona", "user.email": "mona@example.org", "gc.auto": "0"}.items():
        git(folder, "config", name, value)


def _stream(files: Mapping[str, bytes]) -> Iterator[bytes]:
    yield f"commit refs/heads/main\ncommitter Mona <mona@example.org> {DATE}\ndata 4\nmade\n".encode()
    for path, content in sorted(files.items()):
        yield f'M 100644 inline "{path}"\ndata {len(content)}\n'.encode() + content + b"\n"


def git(folder: Path, *args: str, stream: bytes | None = None) -> bytes:
    """Run git in a folder."""
    return subprocess.run(["git", *args], cwd=folder, input=stream, check=True, stdout=subprocess.PIPE).stdout


def digest(files: Mapping[str, bytes]) -> str:
    """What tells two stores apart."""
    hashed = hashlib.sha256()
    for path, content in sorted(files.items()):
        hashed.update(path.encode() + b"\0" + content + b"\0")
    return hashed.hexdigest()
