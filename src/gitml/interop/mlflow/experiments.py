"""Experiments as MLflow sees them: records, folders of runs that have none, and the one that is always there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from mlflow.entities import Experiment, ExperimentTag, LifecycleStage
from mlflow.utils.uri import append_to_uri_path, resolve_uri_if_local
from mlflow.utils.validation import (
    _validate_experiment_artifact_location,
    _validate_experiment_name,
    _validate_experiment_tag,
)

from gitml.checks.secrets import shape
from gitml.interop.mlflow import words
from gitml.interop.mlflow.faults import invalid, missing, taken, unready
from gitml.interop.mlflow.opened import Opened
from gitml.records.record import MISSING, column
from gitml.records.ref import Ref
from gitml.records.template import file_name, shard
from gitml.repo.snapshot import Snapshot

KIND = "experiment"
UPDATED = "updated"
_LOCATION = "artifact_location"
_BEHIND_A_SERVER = ("mlflow-artifacts", "http", "https")
"""Schemes of places that MLflow's server passes on: what is behind them is the server's own business."""


@dataclass(frozen=True, slots=True)
class Known:
    """An experiment: its key, and what its record says; nothing where it has none."""

    key: str
    data: Mapping[str, Any]
    is_recorded: bool

    @property
    def id(self) -> str:
        """MLflow's id of it."""
        return words.experiment_id(self.key, self.data)

    @property
    def name(self) -> str:
        """The name that MLflow shows."""
        return words.experiment_name(self.key, self.data)

    @property
    def is_deleted(self) -> bool:
        """Whether it was deleted."""
        return "deleted" in self.data

    @property
    def tags(self) -> dict[str, str]:
        """MLflow's tags of it."""
        note = self.data.get("description")
        return {**(self.data.get("tags") or {}), **({} if note is None else {words.NOTE: str(note)})}


class Experiments:
    """The experiments of a store, by key and by MLflow's id; files lie below `root`, a URI."""

    def __init__(self, opened: Opened, root: str | None) -> None:
        self._opened = opened
        self._root = root
        self._held: tuple[Snapshot, dict[str, Known]] | None = None

    # ── what there is ─────────────────────────────────────────────────────────────────────────────────────────────

    def known(self, used: Iterable[str] = ()) -> dict[str, Known]:
        """All of them, by key; `used` are those that runs have which are not in the snapshot yet."""
        snapshot = self._opened.statements
        if self._held is None or self._held[0] is not snapshot:
            self._held = snapshot, _known(snapshot)
        found = self._held[1]
        fresh = [key for key in used if key not in found]
        return {**found, **{key: Known(key, {}, is_recorded=False) for key in fresh}} if fresh else found

    def by_id(self, wanted: str, used: Callable[[], Iterable[str]]) -> Known:
        """The one of an id, recorded or used by a run; RESOURCE_DOES_NOT_EXIST."""

        def look(names: Iterable[str]) -> Known | None:
            return next((one for one in self.known(names).values() if one.id == str(wanted)), None)

        found = look(()) or self._opened.found(lambda _snapshot: look(used()))
        if found is None and not str(wanted).lstrip("-").isdigit():
            invalid(f"Invalid experiment ID '{wanted}'. Experiment ID must be a valid integer.")
        if found is None:
            missing(f"No Experiment with id={wanted} exists")
        return found

    def entity(self, known: Known) -> Experiment:
        """MLflow's entity for it."""
        made, updated = known.data.get("created"), words.custom(known.data).get(UPDATED)
        created = words.milliseconds(made) if made else 0  # MLflow compares it
        stage = LifecycleStage.DELETED if known.is_deleted else LifecycleStage.ACTIVE
        tags = [ExperimentTag(key, value) for key, value in known.tags.items()]
        last = words.milliseconds(updated) if updated else created
        return Experiment(known.id, known.name, self.location(known), stage, tags, created, last)

    # ── where files lie ───────────────────────────────────────────────────────────────────────────────────────────

    def location(self, known: Known) -> str:
        """The URI below which the files of its runs lie."""
        own = words.custom(known.data).get(_LOCATION)
        return str(own or append_to_uri_path(self.root, file_name(known.key)))

    @property
    def root(self) -> str:
        """The URI below which all files lie: the store's own folder of files, in this clone."""
        return self._root or (self._opened.root / "artifacts").as_uri()

    def run_location(self, known: Known, ref: Ref, custom: Mapping[str, Any]) -> str:
        """The URI of a run's files."""
        if custom.get("artifact_uri"):
            return str(custom["artifact_uri"])
        run = ref.keys[1]
        if words.custom(known.data).get(_LOCATION):
            return str(append_to_uri_path(self.location(known), run, "artifacts"))
        return str(append_to_uri_path(self.location(known), shard(run), run))

    def fixed(self, known: Known, ref: Ref) -> dict[str, Any]:
        """What a run, or a logged model, has to say of where its files lie, where its experiment does not."""
        if self._elsewhere is None or words.custom(known.data).get(_LOCATION):
            return {}
        return {"artifact_uri": self.run_location(known, ref, {})}

    @cached_property
    def _elsewhere(self) -> str | None:
        """The root of files, where that has to be written down: nobody else can work it out, and it is no secret."""
        if self._root is None or urlsplit(self._root).scheme in _BEHIND_A_SERVER or shape(self._root):
            return None
        given = str(resolve_uri_if_local(self._root))
        own = self._opened.root / "artifacts"
        return None if given.rstrip("/") in (own.as_uri(), str(own)) else given

    # ── what can be done ──────────────────────────────────────────────────────────────────────────────────────────

    def create(self, name: str, location: str | None, tags: Iterable[ExperimentTag]) -> str:
        """Make one; its id. RESOURCE_ALREADY_EXISTS for a name that is in use, also by a deleted one."""
        _validate_experiment_name(name)
        if location:
            location = resolve_uri_if_local(location)
            _validate_experiment_artifact_location(location)
            _check_open(location)
        tags = list(tags)
        for tag in tags:
            _validate_experiment_tag(tag.key, tag.value)
        with self._opened.writing():
            self._opened.look()
            known = self.known()
            self._check_free(name, known)
            key = words.free_key(name, known)
            now = words.now(self._opened.store.clock())
            fields: dict[str, Any] = {"created": now}
            if key != name:
                fields["title"] = name
            if not location and self._elsewhere is not None:
                location = str(append_to_uri_path(self._elsewhere, words.experiment_id(key, {})))
            if location:
                fields[column("custom", words.CUSTOM, _LOCATION)] = location
            for tag in tags:
                fields |= _tag(tag.key, tag.value)
            self._new(key, fields)
            return words.experiment_id(key, {})

    def change(self, known: Known, fields: Mapping[str, Any], *, quietly: bool = False) -> None:
        """Set fields of one; MISSING takes one away. One without a record gets one."""
        now = words.now(self._opened.store.clock())
        told = {**fields} if quietly else {column("custom", words.CUSTOM, UPDATED): now, **fields}
        if known.is_recorded:
            self._opened.write(lambda store: store.set(Ref(KIND, (known.key,)), told, **self._opened.how))
        else:
            self._new(known.key, {"created": now, **{key: one for key, one in told.items() if one is not MISSING}})

    def rename(self, known: Known, name: str) -> None:
        """Show another name; INVALID_STATE for one that is deleted, RESOURCE_ALREADY_EXISTS for one that is in use."""
        with self._opened.writing():
            if known.is_deleted:
                unready(f"The experiment {known.id} is deleted: restore it before it is renamed")
            self._check_free(name, {key: one for key, one in self.known().items() if key != known.key})
            self.change(known, {"title": MISSING if name == known.key else name})

    def set_tag(self, known: Known, key: str, value: str | None) -> None:
        """Set a tag of one; None takes it away."""
        self.change(known, _tag(key, value))

    def _check_free(self, name: str, known: Mapping[str, Known]) -> None:
        held = next((one for one in known.values() if one.name == name), None)
        if held is not None:
            state = " in deleted state: restore it, or have it removed for good, before the name is used again"
            taken(f"Experiment(name={name}) already exists{state if held.is_deleted else ''}.")

    def _new(self, key: str, fields: Mapping[str, Any]) -> None:
        self._opened.write(lambda store: store.new(KIND, key, fields, **self._opened.how))


def _check_open(location: str) -> None:
    """Refuse a place of files that comes with its password: Git would keep that for ever."""
    told = shape(location)
    if told is not None:
        invalid(
            f"the artifact location holds what looks like {told}, and is written into Git, which never forgets: leave "
            "it out, and give it to who reads and writes there (in environment variables, a key file, a .netrc)"
        )


def _tag(key: str, value: str | None) -> dict[str, Any]:
    """A tag as fields: text goes where records have it."""
    said: Any = MISSING if value is None else value
    return {"description" if key == words.NOTE else column("tags", key): said}


def _known(snapshot: Snapshot) -> dict[str, Known]:
    found = {one.ref.keys[0]: Known(one.ref.keys[0], one.data, is_recorded=True) for one in snapshot.records(KIND)}
    return {words.DEFAULT_KEY: Known(words.DEFAULT_KEY, {}, is_recorded=False), **found}
