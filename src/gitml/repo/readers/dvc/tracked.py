"""A `.dvc` file (or a stage file of DVC's first years): what it tracks, and where that came from."""

from __future__ import annotations

from typing import Any

from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.repo.data.plain import Unreadable
from gitml.repo.readers.derived import Unit, record, unreadable
from gitml.repo.readers.dvc.dotdvc import DotDvc, Origin, dot_dvc
from gitml.repo.readers.dvc.locked import Locked
from gitml.repo.readers.dvc.said import OUTPUT, READER, STAGE, hashes
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
    outputs = [_output(found, out) for out in found.outs if out.path]
    if found.command is None:
        return Unit(tuple(outputs), found.problems)
    from gitml.repo.readers.dvc.old import stage

    problems = list(found.problems)
    return Unit((*stage(found, files, problems), *outputs), tuple(problems))


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
