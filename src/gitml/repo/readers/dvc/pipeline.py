"""A dvc.yaml and the dvc.lock beside it, joined: the pipeline, its stages, their last runs, their outputs."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gitml.errors import Problem
from gitml.records.record import Record, same
from gitml.records.ref import Ref
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.derived import Unit, record, unreadable
from gitml.repo.readers.dvc.lock import LockEntry, lock
from gitml.repo.readers.dvc.locked import Locked, rooted
from gitml.repo.readers.dvc.results import Results
from gitml.repo.readers.dvc.said import OUTPUT, PIPELINE, READER, RUN, STAGE, by_path, hashes, line, plain, run, run_ref
from gitml.repo.readers.dvc.stages import Out, Pipeline, Stage, pipeline
from gitml.repo.readers.dvc.values import together
from gitml.repo.readers.files import Files


def join(folder: str, files: Files, kind: str | None = None) -> Unit:
    """The records, or those of one kind, of the pipeline in a folder (`""` or `sub`)."""
    path, lock_path = (posixpath.join(folder, name) for name in ("dvc.yaml", "dvc.lock"))
    problems: list[Problem] = []
    said = _pipeline(path, files, problems)
    locked = _lock(lock_path, files, problems)
    results = Results(files, problems)
    stages = said.stages if said is not None else ()
    made = [_Made(stage, locked.get(stage.name), results, said.metrics if said else ()) for stage in stages]
    records = [found for one in made for found in one.records(lock_path, kind)]
    orphans = [entry for name, entry in locked.items() if said is None or name not in {one.stage.name for one in made}]
    records += [found for entry in orphans for found in _orphan(folder, lock_path, entry) if kind in (None, found.kind)]
    if said is not None and kind in (None, PIPELINE):
        records.append(_of_pipeline(said, results, made))
    lines = {str(Ref(STAGE, (stage.address,))): stage.line for stage in stages if stage.line}
    return Unit(tuple(records), tuple(problems), READER, lines)


def _pipeline(path: str, files: Files, problems: list[Problem]) -> Pipeline | None:
    raw = files.read(path)
    if raw is None:
        return None
    try:
        found = pipeline(path, raw, files.read)
    except Unreadable as error:
        problems.append(unreadable(error, READER, path, raw))
        return None
    problems.extend(found.problems)
    named = tuple(stage for stage in found.stages if stage.name)
    if named != found.stages:
        line = next(stage.line for stage in found.stages if not stage.name)
        problems.append(Problem(f"read.{READER}", path, "a stage has no name", "give it one", line=line))
    return replace(found, stages=named)


def _lock(path: str, files: Files, problems: list[Problem]) -> Mapping[str, LockEntry]:
    raw = files.read(path)
    if raw is None:
        return {}
    try:
        entries, faults = lock(path, raw)
    except Unreadable as error:
        problems.append(unreadable(error, READER, path, raw))
        return {}
    problems.extend(faults)
    return {name: entry for name, entry in entries.items() if name}


@dataclass(frozen=True, slots=True)
class _Made:
    """A stage and what the lock says of its last run."""

    stage: Stage
    entry: LockEntry | None
    results: Results
    named: tuple[str, ...]

    def records(self, lock_path: str, kind: str | None) -> Iterator[Record]:
        if kind in (None, STAGE):
            yield self._stage()
        if self.entry is not None and kind in (None, RUN):
            results = self.results.of_run(self.stage, self.outs, self.named)
            yield run(self.stage.address, lock_path, self.entry, self.stage.wdir, results)
        for out in self.stage.outs if kind in (None, OUTPUT) else ():
            if out.path:  # the repository itself has no name
                yield self._output(out)

    @property
    def deps(self) -> Mapping[str, Locked]:
        """What the last run read, by path."""
        return by_path(self.stage.wdir, self.entry.deps if self.entry else ())

    @property
    def outs(self) -> Mapping[str, Locked]:
        """What the last run wrote, by path."""
        return by_path(self.stage.wdir, self.entry.outs if self.entry else ())

    @property
    def state(self) -> str:
        """Whether the lock knows the stage as it is now."""
        stage, entry = self.stage, self.entry
        if entry is None:
            return "never-run"
        now = {file: told for file, told in self.results.params(stage).items() if told}
        then = {rooted(stage.wdir, file): dict(told) for file, told in entry.params.items() if told}
        alike = (
            line(entry.command) == line(stage.command)
            and {dep.path for dep in stage.deps} == set(self.deps)
            and {out.path for out in stage.outs} == set(self.outs)
            and same(now, then)
        )
        return "locked" if alike else "changed"

    def _stage(self) -> Record:
        stage, deps, outs = self.stage, self.deps, self.outs
        ref = run_ref(stage.address, self.entry) if self.entry else None
        data = {
            "pipeline": str(Ref(PIPELINE, (stage.pipeline,))),
            "name": stage.name,
            "description": stage.desc,
            "state": self.state,
            "command": plain(stage.command),
            "wdir": stage.wdir or None,
            "frozen": stage.frozen or None,
            "always_changed": stage.always_changed or None,
            "run": str(ref) if ref else None,
            "deps": [{"path": dep.path} | hashes(deps.get(dep.path)) for dep in stage.deps],
            "outs": [
                {"path": out.path} | hashes(outs.get(out.path)) | {"role": out.role, "cache": out.cache}
                for out in stage.outs
            ],
            "params": together(self.results.params(stage)),
            "metrics": together(self.results.metrics(stage, outs)),
            "meta": stage.meta,
        }
        return record(STAGE, (stage.address,), stage.pipeline, data)

    def _output(self, out: Out) -> Record:
        data = {
            "path": out.path,
            "type": out.options.get("type") or out.role,
            "description": out.options.get("desc"),
            **hashes(self.outs.get(out.path)),
            "stage": str(Ref(STAGE, (self.stage.address,))),
            "cache": out.cache,
            **{name: out.options[name] for name in ("remote", "push", "labels", "meta") if name in out.options},
        }
        return record(OUTPUT, (out.path,), self.stage.pipeline, data)


def _orphan(folder: str, path: str, entry: LockEntry) -> Iterator[Record]:
    """What the lock alone knows: a stage that is gone, and its last run."""
    address = entry.name if not folder else f"{folder}/dvc.yaml:{entry.name}"
    data = {
        "name": entry.name,
        "state": "orphan",
        "command": plain(entry.command),
        "run": str(run_ref(address, entry)),
        "deps": [{"path": place} | hashes(found) for place, found in by_path(folder, entry.deps).items()],
        "outs": [{"path": place} | hashes(found) for place, found in by_path(folder, entry.outs).items()],
    }
    yield record(STAGE, (address,), path, data)
    yield run(address, path, entry, folder, {})


def _of_pipeline(said: Pipeline, results: Results, made: Iterable[_Made]) -> Record:
    data = {
        "path": said.path,
        "stages": [str(Ref(STAGE, (stage.address,))) for stage in said.stages],
        "params": results.all_params(said),
        "metrics": results.all_metrics(said, {one.stage.address: one.outs for one in made}),
        "plots": said.plots or None,
        "artifacts": {name: dict(told) for name, told in said.artifacts.items()},
    }
    return record(PIPELINE, (said.path,), said.path, data)
