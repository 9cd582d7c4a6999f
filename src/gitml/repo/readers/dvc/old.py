"""The stage in a stage file of DVC's first years, before `dvc.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitml.errors import Problem
from gitml.records.record import Record
from gitml.repo.readers.derived import record
from gitml.repo.readers.dvc.dotdvc import DotDvc
from gitml.repo.readers.dvc.lock import LockEntry, digest_of
from gitml.repo.readers.dvc.results import Results
from gitml.repo.readers.dvc.said import STAGE, hashes, plain, run, run_ref
from gitml.repo.readers.dvc.stages import Dep, Out, Stage
from gitml.repo.readers.dvc.values import together
from gitml.repo.readers.files import Files


def stage(found: DotDvc, files: Files, problems: list[Problem]) -> Iterator[Record]:
    """The stage in such a file, and its last run where it has hashes; what cannot be read is added to `problems`."""
    results = Results(files, problems)
    made, entry = _as_stage(found), _as_entry(found)
    ran = any(out.hash for out in found.outs) or not found.outs
    outs = {out.path: out for out in found.outs}
    data = {
        "name": found.path,
        "description": found.desc,
        "state": "locked" if ran else "never-run",
        "command": plain(made.command),
        "wdir": found.wdir or None,
        "frozen": found.frozen or None,
        "always_changed": found.always_changed or None,
        "run": str(run_ref(found.path, entry)) if ran else None,
        "deps": [{"path": dep.path} | hashes(dep) for dep in found.deps],
        "outs": [{"path": out.path} | hashes(out) | {"role": out.role, "cache": out.cache} for out in found.outs],
        "params": together(results.params(made)),
        "metrics": together(results.metrics(made, outs)),
        "meta": found.meta,
    }
    yield record(STAGE, (found.path,), found.path, data)
    if ran:
        yield run(found.path, found.path, entry, "", results.of_run(made, outs, ()))


def _as_stage(found: DotDvc) -> Stage:
    return Stage(
        address=found.path,
        name=found.path,
        pipeline=found.path,
        command=found.command or "",
        wdir=found.wdir,
        deps=tuple(Dep(dep.path, dep.path) for dep in found.deps),
        outs=tuple(Out(out.path, out.path, out.role, out.cache, out.persist, out.options) for out in found.outs),
        params=found.param_names,
        frozen=found.frozen,
        always_changed=found.always_changed,
        desc=found.desc,
        meta=found.meta,
        line=None,
    )


def _as_entry(found: DotDvc) -> LockEntry:
    said: Mapping[str, Any] = {
        "cmd": plain(found.command or ""),
        "deps": [{"path": dep.path} | hashes(dep) for dep in found.deps],
        "outs": [{"path": out.path} | hashes(out) for out in found.outs],
        "params": dict(found.params),
    }
    return LockEntry(found.path, found.command or "", found.deps, found.outs, found.params, digest_of(said))
