"""A `.dvc` file (or a stage file of DVC's first years): what it tracks, where that came from, and the stage in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.derived import Unit, record, unreadable
from gitml.repo.readers.dvc.dotdvc import DotDvc, Origin, dot_dvc
from gitml.repo.readers.dvc.lock import LockEntry, digest_of
from gitml.repo.readers.dvc.locked import Locked
from gitml.repo.readers.dvc.results import Results
from gitml.repo.readers.dvc.said import OUTPUT, READER, STAGE, hashes, plain, run, run_ref
from gitml.repo.readers.dvc.stages import Dep, Out, Stage
from gitml.repo.readers.dvc.values import together
from gitml.repo.readers.files import Files

_KEPT = ("remote", "push", "labels", "meta")


def join(path: str, files: Files) -> Unit:
    """The records of one file."""
    raw = files.read(path)
    if raw is None:
        return Unit()
    try:
        found = dot_dvc(path, raw)
    except Unreadable as error:
        return Unit(problems=(unreadable(error, READER, path, raw),))
    problems = list(found.problems)
    stage = list(_stage(found, Results(files, problems))) if found.command is not None else []
    outputs = [_output(found, out) for out in found.outs if out.path]
    return Unit((*stage, *outputs), tuple(problems))


def _output(found: DotDvc, out: Locked) -> Record:
    data = {
        "path": out.path,
        "type": out.options.get("type") or out.role,
        "description": out.options.get("desc") or found.desc,
        **hashes(out),
        "source": found.path,
        "stage": str(Ref(STAGE, (found.path,))) if found.command is not None else None,
        "cache": out.cache,
        "frozen": found.frozen or None,
        "import": _import(found.origin) if found.origin else None,
        "meta": found.meta,
        **{name: out.options[name] for name in _KEPT if name in out.options},
    }
    return record(OUTPUT, (out.path,), found.path, data)


def _import(origin: Origin) -> dict[str, Any]:
    told = {
        "url": origin.url or (origin.path if origin.kind == "url" else None),
        "path": origin.path if origin.kind == "repo" else None,
        "rev": origin.rev,
        "rev_lock": origin.rev_lock,
        origin.algorithm: origin.hash,
        "size": origin.size,
        "version_id": origin.version_id,
        "options": dict(origin.options),
    }
    return {name: value for name, value in told.items() if value is not None and value != {}}


def _stage(found: DotDvc, results: Results) -> Iterator[Record]:
    """The stage of old in a file, and its last run where it has hashes."""
    stage, entry = _as_stage(found), _as_entry(found)
    ran = any(out.hash for out in found.outs) or not found.outs
    outs = {out.path: out for out in found.outs}
    data = {
        "name": found.path,
        "description": found.desc,
        "state": "locked" if ran else "never-run",
        "command": plain(stage.command),
        "wdir": found.wdir or None,
        "frozen": found.frozen or None,
        "always_changed": found.always_changed or None,
        "run": str(run_ref(found.path, entry)) if ran else None,
        "deps": [{"path": dep.path} | hashes(dep) for dep in found.deps],
        "outs": [{"path": out.path} | hashes(out) | {"role": out.role, "cache": out.cache} for out in found.outs],
        "params": together(results.params(stage)),
        "metrics": together(results.metrics(stage, outs)),
        "meta": found.meta,
    }
    yield record(STAGE, (found.path,), found.path, data)
    if ran:
        yield run(found.path, found.path, entry, "", results.of_run(stage, outs, ()))


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
