"""The record of a run as it grows, and how it is saved at the end: checked, retried once, kept aside, never lost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from gitml.actions import capture, series
from gitml.actions.apply import Applied, How, apply
from gitml.actions.batch import Batch
from gitml.actions.capture.variables import variables
from gitml.actions.flow import Material, described
from gitml.actions.records import Origin, adding, given
from gitml.actions.redaction import redacted
from gitml.actions.swept import UNCOMMITTED
from gitml.actions.values import Tell, plain
from gitml.errors import ERROR, BadValue, Conflict, GitmlError, NotFound, Refused
from gitml.records.canonical import dump
from gitml.records.ref import Ref
from gitml.records.template import OWN_FOLDER, SERIES
from gitml.repo.change import Change
from gitml.repo.code import Code
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing import unsaved
from gitml.views.metrics import Metrics

_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended; `text` is recorded only where the store's settings ask for texts."""

    status: str
    error: Mapping[str, Any] = field(default_factory=dict)
    utilization: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass
class Recording:
    """What is known of a run so far; `origin` is its start, `head` what its record says first."""

    repository: Repository
    ref: Ref
    origin: Origin
    target: Callable[[], Snapshot]
    environment: Callable[[], Mapping[str, Any] | None]
    head: Mapping[str, Any]
    code: dict[str, Any] = field(default_factory=dict)
    state: Code = field(default_factory=lambda: Code(None, None, ()))
    params: dict[str, Any] = field(default_factory=dict)
    seeds: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    points: list[series.Point] = field(default_factory=list)
    end: End = field(default_factory=lambda: End("running"))
    note: str | None = None

    @cached_property
    def snapshot(self) -> Snapshot:
        """The store as it was when it was first asked; a run that names no record asks only at its end."""
        return self.target()

    def described(self, field_name: str, material: Material) -> dict[str, Any]:
        """An input or output; what is not in the snapshot may have been recorded since it was taken."""
        try:
            return described(self.repository, self.snapshot, field_name, material)
        except NotFound:
            del self.snapshot
            return described(self.repository, self.snapshot, field_name, material)

    def check_type(self, word: str) -> None:
        """BadValue for a type that the schema does not take: before anything has run, for later is too late."""
        found = self.snapshot.schemas.kind(self.ref.kind).violations({"type": word})
        fault = next((one for one in found if one.path == ("type",)), None)
        if fault:
            raise BadValue(f"type: {fault.message}", hint=fault.hint)

    def finished(self, snapshot: Snapshot, ended: datetime, tell: Tell) -> dict[str, Any]:
        """The record's data, but for its series and environment; without what looks like a secret."""
        kind = snapshot.schemas.kind(self.ref.kind)
        dirty = capture.is_dirty(self.repository, self.state.changed, self.outputs.values())
        text = {"message": self.end.text} if self.end.text and snapshot.settings.capture_text else {}
        found = {
            "status": self.end.status,
            "ended": ended.astimezone(UTC).strftime(_TIME),
            "description": self.note,
            "code": {**self.code, "dirty": dirty} if self.code else {},
            "inputs": self.inputs,
            "outputs": self.outputs,
            "params": self.params,
            "seeds": self.seeds,
            "metrics": series.last_values(self.points),
            "error": {**self.end.error, **text},
            "variables": variables(snapshot.settings.capture_variables),
            "host": dict(capture.host()),
            "utilization": dict(self.end.utilization),
            "tags": self.tags,
        }
        told = {key: one for key, one in {**self.head, **found}.items() if one}
        return redacted({**given(kind, self.ref, self.origin), **plain(told, str(self.ref), tell)}, tell)


def save(recording: Recording, how: How, tell: Tell, batch: Batch | None = None) -> Applied:
    """Write a run's record, with its environment and series; what cannot be written is kept aside, and told.

    In a batch it waits for the batch's end, which writes it or keeps it aside.
    """
    try:
        done = _persistently(recording, how, tell) if batch is None else _joined(recording, how, tell, batch)
    except KeyboardInterrupt:
        tell(f"{recording.ref} was interrupted while it was written; {_kept_aside(recording, how, tell)}")
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not take the place of the training's own result
        said = str(error) or type(error).__name__
        told = f"{recording.ref} could not be written: {said}; {_kept_aside(recording, how, tell)}"
        tell(told)
        return Applied(None, (), (), (told,))
    for warning in done.warnings:
        tell(f"{recording.ref}: {warning}")
    return done


def _persistently(recording: Recording, how: How, tell: Tell) -> Applied:
    """Write it; once more after a Conflict, and as files where it cannot be committed."""
    try:
        try:
            return _apply(recording, how, tell)
        except Conflict:  # another run may have written the environment that both share
            return _apply(recording, how, tell)
    except Refused as error:
        if {one.code for one in error.problems if one.severity == ERROR} != {UNCOMMITTED}:
            raise
        return _as_files(recording, how, tell, error.message)
    except GitmlError as error:
        if not how.commit or how.branch is not None:
            raise
        return _as_files(recording, how, tell, str(error))


def _joined(recording: Recording, how: How, tell: Tell, batch: Batch) -> Applied:
    changes = _changes(recording, batch.snapshot, replace(batch.how(), now=how.now), tell)
    known = {one.path for one in batch.changes if not one.fresh}
    return batch.take([one for one in changes if one.path not in known], run=recording.ref.keys[1])


def _as_files(recording: Recording, how: How, tell: Tell, why: str) -> Applied:
    """Write it to the work tree alone, for a reason."""
    done = _apply(recording, replace(how, commit=False, branch=None), tell)
    return replace(done, warnings=(*done.warnings, f"written, not committed: {why}"))


def _apply(recording: Recording, how: How, tell: Tell) -> Applied:
    snapshot = recording.repository.target(how.branch)
    return apply(recording.repository, snapshot, _changes(recording, snapshot, how, tell), how)


def _changes(recording: Recording, snapshot: Snapshot, how: How, tell: Tell) -> list[Change]:
    """The record, its series where there is one, and its environment where nobody has recorded that yet."""
    data = recording.finished(snapshot, how.now, tell)
    name, shared = _environment(recording, snapshot, how)
    beside = _series(recording, snapshot)
    if beside:
        data["series"] = beside[0]
    if name:
        data["environment"] = name
    return [adding(snapshot, recording.ref, data, fresh=True), *([beside[1]] if beside else []), *shared]


def _environment(recording: Recording, snapshot: Snapshot, how: How) -> tuple[str | None, list[Change]]:
    """The ref of the environment's record, and the change that adds it."""
    known = recording.environment()
    if not known:
        return None, []
    known = capture.locked(recording.repository, known)
    name, content = capture.environment_of(snapshot.schemas.kind("environment"), known)
    ref = Ref("environment", (name,))
    path = snapshot.path(ref)
    entry = snapshot.tree.file(path)
    if entry is None:
        return str(ref), [Change(path, None, snapshot.git.blob_id(content), content)]
    is_here = how.commit and snapshot.at.kind != "commit"
    # By the HEAD that the write is judged by, not by one to which somebody has just committed it.
    if is_here and recording.repository.stood_on(snapshot).tree.file(path) is None:
        # Another run has written it and nobody has committed it: it lands with the first record that needs it.
        return str(ref), [Change(path, entry.oid, entry.oid, snapshot.bytes_at(path), entry.mode)]
    return str(ref), []


def _series(recording: Recording, snapshot: Snapshot) -> tuple[dict[str, Any], Change] | None:
    """What the record says of its series, and the change that adds the CSV."""
    if not series.is_series(recording.points):
        return None
    content = series.table(recording.points)
    own = snapshot.schemas.path(recording.ref).removeprefix(OWN_FOLDER).removesuffix(".yaml")
    path = f"{snapshot.prefix}{SERIES}{own}.csv"
    told = {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "points": len(recording.points),
            "summary": series.summary(recording.points, Metrics.of(snapshot))}  # fmt: skip
    return told, Change(path, None, snapshot.git.blob_id(content), content, fresh=True)


def _kept_aside(recording: Recording, how: How, tell: Tell) -> str:
    """Keep what would have been written below the Git directory; where that is."""
    name = recording.ref.keys[1]
    try:
        changes = _changes(recording, recording.snapshot, how, tell)
        files = {one.path: one.content for one in changes if one.content is not None}
        path = changes[0].path
    except Exception:  # noqa: BLE001 - what made the first attempt fail may do so again: what is known, then, as it is
        path, known = f"{name}.yaml", {**recording.head, "params": recording.params, "status": recording.end.status}
        known |= {"metrics": series.last_values(recording.points), "created": recording.origin.time}
        files = {path: dump(redacted({key: one for key, one in known.items() if one}, tell))}
    place = unsaved.keep(recording.repository.git, name, files)
    if place is None:
        return f"no disk takes it, so here it is:\n{files[path].decode()}"
    return f"it is kept in {place / path}"
