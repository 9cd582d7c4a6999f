"""Entries of `dvc.lock` that go back: by wholes, and told where code and params have not gone back with them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitml.actions.reverting.inverse import shown
from gitml.checks.data import tracked_in
from gitml.errors import BadValue, Problem
from gitml.records.record import Record, differences
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.data.dvc import is_what
from gitml.repo.data.lockfile import entries, spliced, texts
from gitml.repo.readers.dvc import LOCK, STAGES

if TYPE_CHECKING:
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_STAGE, _OUTPUT = "dvc-stage", "dvc-output"


def undo_lock(path: str, old: bytes | None, new: bytes | None, now: bytes | None) -> tuple[bytes | None, list[str]]:
    """A lock of today with the entries of old where they are still those of new; the stages that have moved on."""
    was, made, here = ({name: one.digest for name, one in entries(path, raw).items()} for raw in (old, new, now))
    changed = [name for name in {**was, **made} if was.get(name) != made.get(name)]
    back = [name for name in changed if here.get(name) != was.get(name)]
    moved_on = [name for name in back if here.get(name) != made.get(name)]
    given = texts(path, old)
    return spliced(path, now, {name: given.get(name) for name in back if name not in moved_on}), moved_on


def is_lock(path: str) -> bool:
    """Whether a path is a lock's."""
    return posixpath.basename(path) == LOCK


def half_restored(repository: Repository, today: Snapshot, after: Snapshot, changes: Iterable[Change]) -> list[str]:
    """What to tell of the stages whose entries go back: what of their code, params and data is not as they have it."""
    back = {address for change in changes if is_lock(change.path) for address in _back(today, after, change.path)}
    stages = [record for record in after.derived(_STAGE).of(_STAGE) if record.ref.keys[0] in back] if back else []
    data = tracked_in(after).pointers if stages else {}
    told = []
    for stage in stages:
        hashes = {path: pointer.md5 for path, pointer in data.items()}
        other = [*_other_files(repository, after, stage, hashes), *_other_words(after, stage)]
        if other:
            what = f"{stage.ref} was made with other things than stand here: {', '.join(other)}"
            told.append(f"{what}; unless they go back too (git checkout REV -- PATH) DVC will run it again")
    return told


def _back(today: Snapshot, after: Snapshot, path: str) -> Iterator[str]:
    """The addresses of the stages whose entries differ."""
    try:
        now, then = (entries(path, snapshot.bytes_at(path)) for snapshot in (today, after))
    except BadValue:
        return
    folder = posixpath.dirname(path)
    for name, entry in then.items():
        if name not in now or now[name].digest != entry.digest:
            yield f"{folder}/{STAGES}:{name}" if folder else name


def _other_files(repository: Repository, after: Snapshot, stage: Record, hashes: Mapping[str, str]) -> Iterator[str]:
    """The files that a stage read, and those that it wrote into Git, which hold something else today."""
    outputs = {record.ref.keys[0]: record.data for record in after.derived(_OUTPUT).of(_OUTPUT)}
    written = [out for out in stage.data.get("outs", ()) if out.get("cache") is False]
    for item in (*stage.data.get("deps", ()), *written):
        path, md5 = str(item.get("path")), item.get("md5")
        if not isinstance(md5, str):
            continue
        kept = outputs.get(path, {}).get("cache") is not False
        same = hashes[path] == md5 if path in hashes and kept else _is_here(repository, path, md5)
        if not same:
            yield path


def _is_here(repository: Repository, path: str, md5: str) -> bool:
    file = repository.file(path)
    return file.exists() and is_what(file, md5)


def _other_words(after: Snapshot, stage: Record) -> Iterator[str]:
    """The params that a stage reads otherwise today, and its command."""
    run = _run(after, stage)
    if run is None or stage.data.get("state") == "locked":
        return
    moved = differences(run.data.get("params"), stage.data.get("params"))
    yield from (f"{one.field} ({shown(one.after)}, was {shown(one.before)})" for one in moved)
    if not moved:
        yield "its command, or the names of what it reads and writes"


def _run(after: Snapshot, stage: Record) -> Record | None:
    named: Any = stage.data.get("run")
    return after.derived("run").get(Ref.parse(named)) if isinstance(named, str) else None


def conflict(path: str, stages: Iterable[str], code: str) -> list[Problem]:
    """The stages that have been run again since."""
    told = "was run again since: its entry is neither what it was nor what it became"
    return [Problem(code, path, f"the stage {name} {told}", "git checkout REV -- dvc.lock, and dvc checkout",
                    field=name) for name in stages]  # fmt: skip
