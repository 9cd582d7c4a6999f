"""The record of a run as it grows, and how it is saved at the end: checked, retried once, kept aside, never lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gitml.actions import capture, series
from gitml.actions.apply import Applied, How, apply
from gitml.actions.records import adding
from gitml.actions.redaction import redacted
from gitml.actions.values import Tell
from gitml.errors import Conflict
from gitml.records.canonical import dump
from gitml.records.ref import Ref
from gitml.records.template import OWN_FOLDER, SERIES
from gitml.repo import graft, unsaved
from gitml.repo.change import Change
from gitml.repo.code import Code
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.views.metrics import Metrics

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(slots=True)
class Recording:
    """What is known of a run so far; `snapshot` is the store as it was at the start."""

    repository: Repository
    snapshot: Snapshot
    ref: Ref
    data: Mapping[str, Any]
    environment: Callable[[], Mapping[str, Any] | None]
    code: dict[str, Any] = field(default_factory=dict)
    state: Code = field(default_factory=lambda: Code(None, None, ()))
    params: dict[str, Any] = field(default_factory=dict)
    seeds: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    points: list[series.Point] = field(default_factory=list)

    def finished(self, status: str, ended: datetime, tell: Tell, more: Mapping[str, Any]) -> dict[str, Any]:
        """The record's data, but for what hangs on the snapshot that it lands on; without what looks like a secret."""
        dirty = capture.is_dirty(self.repository, self.state.changed, self.outputs.values())
        code = {**self.code, "dirty": dirty} if self.code else {}
        found = {"status": status, "ended": ended.astimezone(UTC).strftime(_TIME), "code": code, "inputs": self.inputs,
                 "outputs": self.outputs, "params": self.params, "seeds": self.seeds, "tags": self.tags,
                 "metrics": series.last_values(self.points), "host": dict(capture.host()), **more}  # fmt: skip
        return redacted({**self.data, **{key: value for key, value in found.items() if value}}, tell)


def save(recording: Recording, status: str, ended: datetime, how: How, tell: Tell, **more: Any) -> Applied:
    """Write a run's record, with its environment and series; what cannot be written is kept aside, and told.

    A Conflict is tried once more: another run may have written the environment that both share.
    """
    data = {**recording.data, "status": status}
    try:
        data = recording.finished(status, ended, tell, more)
        try:
            done = _apply(recording, data, how)
        except Conflict:
            done = _apply(recording, data, how)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not take the place of the training's own result
        told = f"{recording.ref} could not be written: {error or type(error).__name__}; {_kept_aside(recording, data, how)}"
        tell(told)
        return Applied(None, (), (), (told,))
    for warning in done.warnings:
        tell(f"{recording.ref}: {warning}")
    return done


def _apply(recording: Recording, data: Mapping[str, Any], how: How) -> Applied:
    snapshot = recording.repository.target(how.branch)
    return apply(recording.repository, snapshot, _changes(recording, snapshot, data, how), how)


def _changes(recording: Recording, snapshot: Snapshot, data: Mapping[str, Any], how: How) -> list[Change]:
    """The record, its series where there is one, and its environment where nobody has recorded that yet."""
    name, shared = _environment(recording, snapshot, how)
    beside = _series(recording, snapshot)
    fields = {**data, "series": beside and beside[0], "environment": name}
    record = adding(snapshot, recording.ref, {key: value for key, value in fields.items() if value})
    return [record, *([beside[1]] if beside else []), *shared]


def _environment(recording: Recording, snapshot: Snapshot, how: How) -> tuple[str | None, list[Change]]:
    """The ref of the environment's record, and the change that adds it."""
    known = recording.environment()
    if not known:
        return None, []
    name, content = capture.environment_of(snapshot.schemas.kind("environment"), known)
    ref = Ref("environment", (name,))
    path = snapshot.path(ref)
    entry = snapshot.entries.get(path)
    if entry is None:
        return str(ref), [Change(path, None, snapshot.git.blob_id(content), content)]
    if how.commit and snapshot.at.kind != "commit" and not _is_committed(recording.repository, path):
        # Another run has written it and nobody has committed it: it lands with the first record that needs it.
        return str(ref), [Change(path, entry.oid, entry.oid, snapshot.bytes_at(path), entry.mode)]
    return str(ref), []


def _is_committed(repository: Repository, path: str) -> bool:
    return graft.read(repository.git, repository.git.head(), [path]).entry(path) is not None


def _series(recording: Recording, snapshot: Snapshot) -> tuple[dict[str, Any], Change] | None:
    """What the record says of its series, and the change that adds the CSV."""
    if not series.is_series(recording.points):
        return None
    content = series.table(recording.points)
    own = snapshot.schemas.path(recording.ref).removeprefix(OWN_FOLDER).removesuffix(".yaml")
    path = f"{SERIES}{own}.csv"
    told = {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "points": len(recording.points),
            "summary": series.summary(recording.points, Metrics.of(snapshot))}  # fmt: skip
    return told, Change(snapshot.prefix + path, None, snapshot.git.blob_id(content), content)


def _kept_aside(recording: Recording, data: Mapping[str, Any], how: How) -> str:
    """Keep what would have been written below the Git directory; where that is."""
    snapshot = recording.snapshot
    try:
        changes = _changes(recording, snapshot, data, how)
        files = {change.path: change.content for change in changes if change.content is not None}
    except Exception:  # noqa: BLE001 - what made the first attempt fail may do so again: the record alone, then
        files = {snapshot.path(recording.ref): dump(data)}
    path = snapshot.path(recording.ref)
    place = unsaved.keep(recording.repository.git, recording.ref.keys[1], files)
    if place is None:
        return f"no disk takes it, so here it is:\n{files[path].decode()}"
    return f"it is kept in {place / path}"
