"""The figures that the project promises, as ratios: both sides in one run, and only where both give the same answer.

python benchmarks/bench.py [--size 10000] [--only NAME] [--keep FOLDER] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import closure
import dvc_peer
import generate
import growth
import jsonschema
import large
import memory
import mlflow_peer
import observed
import pandas as pd
import plugged
import reading
import recording
import timing
import writing
import yaml
from timing import HEAD, Row, best, versus, wall

import gitml
from gitml.checks import validate
from gitml.records.ref import encode
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

ROUNDS = 3
PEER_ROUNDS = 2  # of half a minute each
GIT_ML = Path(sys.executable).with_name("git-ml")
BAD = 0.01
SIZE, AUC = 64, 0.5
DEAR = ("pandas", "dvc", "git", "yaml", "jsonschema")
STORE = ("validate", "list", "hook", "run", "importing")
KEPT = ("mlflow", "plugged", "sparse", "writing")  # whose stores may stay
OTHERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    "history": lambda folder: dvc_peer.history(folder / "history", PEER_ROUNDS),
    "dvc": lambda folder: dvc_peer.tracked(folder / "dvc", ROUNDS),
    "mlflow": lambda folder: chain(
        mlflow_peer.compared(folder / "mlflow", PEER_ROUNDS), memory.compared(folder / "mlflow")
    ),
    "writing": lambda folder: writing.compared(folder / "mlflow", PEER_ROUNDS),
    "plugged": lambda folder: plugged.rows(folder / "mlflow", PEER_ROUNDS),
    "sparse": memory.sparse,
    "closure": lambda _folder: closure.closure(ROUNDS),
    "large": large.rows,
    "growth": lambda folder: growth.growth(folder / "growth"),
    "recording": recording.rows,
    "reading": lambda folder: reading.reading(folder / "reading", ROUNDS),
}


class Bench:
    """One store, and the other side's view of the same files."""

    def __init__(self, folder: Path, size: int, rounds: int = ROUNDS) -> None:
        self.folder = folder / "store"
        self.size = size
        self.rounds = rounds
        made = generate.store(size, broken=BAD)
        generate.commit(self.folder, made.files, checkout=True)
        self.paths = sorted(
            path for path in made.files if path.startswith("metadata/") and path != "metadata/store.yaml"
        )

    def fresh(self) -> Snapshot:
        """A snapshot as a new process finds it: nothing in memory; the cache on disk is as it is."""
        return Repository.find(self.folder).head()

    def forget(self) -> None:
        """Remove the cache."""
        shutil.rmtree(self.folder / ".git" / "gitml", ignore_errors=True)

    # ── validate ──────────────────────────────────────────────────────────────────────────────────────────────────

    def validate(self) -> Iterator[Row]:
        """A whole store against the reference libraries, reused, over the same files."""
        cold, ours, theirs, wrong = versus(self.by_gitml, self.by_jsonschema, self.rounds, before=self.forget)
        assert ours == wrong, "the two sides disagree on which records are wrong"
        assert ours, "a store without a wrong record proves little"
        warm, again = best(self.by_gitml, self.rounds)
        assert again == wrong
        told = "CPU: CSafeLoader + a reused jsonschema validator"
        yield Row(f"validate {self.size:,} records, cold", cold, told, theirs, at_least=5)
        yield Row(f"validate {self.size:,} records, warm", warm, told, theirs, at_least=5)

    def by_gitml(self) -> set[str]:
        """The records that break their schema, by us: all checks, not the schema's alone."""
        repository = Repository.find(self.folder)
        found = validate.everything(repository, repository.head())
        return {problem.path for problem in found.problems if problem.code.startswith("schema.")}

    def by_jsonschema(self) -> set[str]:
        """The same by the reference libraries: one validator a kind, built once and reused."""
        schemas = self.fresh().schemas
        reused = {
            kind.tag: jsonschema.Draft202012Validator(dict(kind.schema)) for kind in map(schemas.kind, schemas.names)
        }
        wrong = set()
        for path in self.paths:
            data = yaml.load((self.folder / path).read_bytes(), Loader=yaml.CSafeLoader)
            if not reused[data["schema"]].is_valid(data):
                wrong.add(path)
        return wrong

    # ── list ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def list(self) -> Iterator[Row]:
        """Filter, sort and the top 20 of all runs, against PyYAML and pandas."""
        cold, ours, theirs, peer = versus(self.by_rows, self.by_pandas, self.rounds, before=self.forget)
        warm, again = best(self.by_rows, self.rounds)
        assert ours == again == peer, "the two sides give different rows"
        told = "CPU: CSafeLoader + pandas.json_normalize"
        yield Row(f"list the top 20 of {self.size:,} records, cold", cold, told, theirs)
        yield Row(f"list the top 20 of {self.size:,} records, warm", warm, told, theirs)

    def by_rows(self) -> list[tuple[str, float]]:
        """By us."""
        store = gitml.open(self.folder).at("HEAD")
        found = store.rows(
            "run", f"params.batch_size >= {SIZE} and metrics.test.auc > {AUC}", sort="-metrics.test.auc", limit=20
        )
        return [(row["ref"], row["metrics.test.auc"]) for row in found.rows]

    def by_pandas(self) -> list[tuple[str, float]]:
        """By what one would write without us."""
        paths = [path for path in self.paths if path.startswith("metadata/runs/")]
        loaded = [yaml.load((self.folder / path).read_bytes(), Loader=yaml.CSafeLoader) for path in paths]
        frame = pd.json_normalize(loaded, sep="\x1f").assign(ref=list(map(_ref, paths, loaded)))
        number = pd.to_numeric(frame["params\x1fbatch_size"], errors="coerce")
        auc = pd.to_numeric(
            frame["metrics\x1ftest\x1fauc"].where(frame["metrics\x1ftest\x1fauc"].map(_is_number)), errors="coerce"
        )
        kept = frame.assign(auc=auc)[(number >= SIZE) & (auc > AUC)]
        best_first = kept.sort_values(["auc", "ref"], ascending=[False, True]).head(20)
        return list(zip(best_first["ref"], best_first["auc"], strict=True))

    # ── the hook ──────────────────────────────────────────────────────────────────────────────────────────────────

    def hook(self) -> Iterator[Row]:
        """`git-ml validate --staged` as a whole process, against a process of the reference libraries on that file."""
        self.by_gitml()  # the cache is warm, as after any other look at the store
        path = next(path for path in self.paths if path.startswith("metadata/runs/"))
        schema = self.folder / ".git" / "run.json"
        schema.write_text(json.dumps(dict(self.fresh().schemas.kind("run").schema)))
        by_libraries = partial(self.process, sys.executable, "-c", _PLAIN_HOOK, schema, path)
        by_gitml = partial(self.process, GIT_ML, "validate", "--staged", code=None)
        with self.staged(path, (self.folder / path).read_bytes() + b"# looked at\n"):
            ours, verdict, theirs, other = versus(by_gitml, by_libraries, 3 * self.rounds, clock=wall)
        assert verdict == other, "the two sides disagree on the file"
        told = "argparse + PyYAML + jsonschema on that file"
        yield Row(f"hook: one changed file among {self.size:,}", ours, told, theirs, at_most=150)
        gone = next(path for path in self.paths if path.startswith("metadata/environments/"))
        with self.staged(gone, None):
            ours, verdict = best(by_gitml, self.rounds, clock=wall)
        assert verdict, "nobody has missed the record that is gone"
        yield Row(f"hook: a record removed among {self.size:,}", ours, told, theirs, at_most=1000)

    def process(self, *command: str | Path, code: int | None = 0) -> int:
        """Run a process to its end, with compiled modules; its exit code, which must be `code` (None: 0 or 1)."""
        codes = (0, 1) if code is None else (code,)
        return timing.run(self.folder, self.folder.parent / "compiled", command, codes=codes).returncode

    @contextmanager
    def staged(self, path: str, content: bytes | None) -> Iterator[None]:
        """One file changed or removed, and staged; afterwards as it was."""
        file = self.folder / path
        before = file.read_bytes()
        file.unlink() if content is None else file.write_bytes(content)
        generate.git(self.folder, "add", "-A")
        try:
            yield
        finally:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(before)
            generate.git(self.folder, "add", "-A")

    # ── a run, the import ─────────────────────────────────────────────────────────────────────────────────────────

    def run(self) -> Iterator[Row]:
        """10 metrics, 20 parameters, 5 tags: written as files, and committed; against plain JSON and plain git."""
        logged = {
            "metrics": {f"metric_{number}": number / 7 for number in range(10)},
            "params": {f"param_{number}": number for number in range(20)},
            "tags": {f"tag_{number}": "value" for number in range(5)},
        }
        os.chdir(self.folder)
        _record(logged, commit=False)
        rounds = 2 * self.rounds
        ours, _, theirs, _ = versus(lambda: _record(logged, commit=False), lambda: _as_json(logged), rounds, clock=wall)
        yield Row("log a run, not committed", ours, "json.dump of the same", theirs)
        ours, _, theirs, _ = versus(
            lambda: _record(logged, commit=True), lambda: self.committed(logged), rounds, clock=wall
        )
        yield Row("log a run, committed", ours, "json.dump, git add, git commit", theirs)

    def committed(self, logged: dict[str, dict[str, Any]]) -> None:
        """The same as plain JSON, committed by git."""
        _as_json(logged)
        generate.git(self.folder, "add", "bench.json")
        generate.git(self.folder, "commit", "-q", "-m", "run")

    def importing(self) -> Iterator[Row]:
        """`import gitml` in a new process, without what a bare Python costs; nothing dear comes along."""
        dear = f"import sys, gitml; gitml.open; sys.exit(any(name in sys.modules for name in {DEAR}))"
        bare, _ = best(lambda: self.process(sys.executable, "-c", "pass"), 3 * self.rounds, clock=wall)
        ours, _ = best(lambda: self.process(sys.executable, "-c", "import gitml"), 3 * self.rounds, clock=wall)
        theirs, _ = best(lambda: self.process(sys.executable, "-c", "import pandas"), self.rounds, clock=wall)
        self.process(sys.executable, "-c", dear)
        yield Row("import gitml", ours - bare, "import pandas", theirs - bare, at_most=60)


_PLAIN_HOOK = """
import argparse, sys
parser = argparse.ArgumentParser(); parser.add_argument("schema"); parser.add_argument("path")
asked = parser.parse_args()
import json, jsonschema, yaml
data = yaml.load(open(asked.path, "rb"), Loader=yaml.CSafeLoader)
sys.exit(not jsonschema.Draft202012Validator(json.load(open(asked.schema))).is_valid(data))
"""


def _ref(path: str, data: dict[str, Any]) -> str:
    _metadata, _runs, experiment, _shard, name = path.split("/")
    return f"run/{encode(data.get('experiment', experiment))}/{encode(data.get('id', Path(name).stem))}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _record(logged: dict[str, dict[str, Any]], *, commit: bool) -> None:
    with gitml.run("bench", params=logged["params"], tags=logged["tags"], commit=commit) as recorded:
        recorded.log(logged["metrics"])


def _as_json(logged: dict[str, dict[str, Any]]) -> None:
    Path("bench.json").write_text(json.dumps({**logged, "time": time.time()}))


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=10_000, help="records in the store")
    parser.add_argument("--only", choices=[*STORE, *OTHERS])
    parser.add_argument("--keep", type=Path, help="a folder where MLflow's and sparse stores stay, for the next time")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--record", metavar="COMMAND", help="keep the figures as an observation, by this command")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitml-bench-") as folder:
        names = [told.only] if told.only else [*STORE, *OTHERS]
        rows = list(measured(Path(folder), told.size, names, told.keep and told.keep.resolve()))
        os.chdir(tempfile.gettempdir())
    figures = [{**asdict(row), "ratio": row.ratio, "kept": row.kept} for row in rows]
    if told.record:
        print(observed.keep(told.record, figures), file=sys.stderr)
    if told.json:
        print(json.dumps(figures, indent=1))
    else:
        print("\n".join([HEAD, *(row.told() for row in rows)]))
    return 0


def measured(folder: Path, size: int, names: Sequence[str], kept: Path | None = None) -> Iterator[Row]:
    """The rows of some benchmarks; the store is only made for those that ask it, and those of `KEPT` may stay."""
    bench = Bench(folder, size) if any(name in STORE for name in names) else None
    for name in names:
        yield from (
            getattr(bench, name)() if name in STORE else OTHERS[name](kept if kept and name in KEPT else folder)
        )


if __name__ == "__main__":
    sys.exit(main())
