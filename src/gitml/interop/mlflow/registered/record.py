"""A registered model as its records tell it: the head, its versions, its slots, and what MLflow said of them since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitml.interop.mlflow.registered.slot import Slot
from gitml.interop.mlflow.words import custom, milliseconds
from gitml.records.record import Record
from gitml.records.ref import VERSION, Ref
from gitml.repo.snapshot import Snapshot

MODEL = "model"
NO_STAGE = "None"
LATEST = "latest"
"""The alias that MLflow keeps for the version with the highest number."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version: what its record says, and over it what MLflow has changed since (`later`)."""

    number: int
    data: Mapping[str, Any]
    later: Mapping[str, Any]
    renamed: int

    @property
    def description(self) -> str | None:
        """As last written; None where MLflow took it away."""
        found = self.later.get("description", self.data.get("description"))
        return None if found is None else str(found)

    @property
    def tags(self) -> dict[str, str]:
        """The tags, those that were set later included."""
        told = {**(self.data.get("tags") or {}), **(self.later.get("tags") or {})}
        return {str(key): str(value) for key, value in told.items() if value is not None}

    @property
    def stage(self) -> str:
        """MLflow's stage."""
        return str(self.later.get("stage") or NO_STAGE)

    @property
    def is_deleted(self) -> bool:
        """Whether MLflow has deleted it."""
        return "deleted" in self.later

    @property
    def created(self) -> int:
        """When it was registered, in milliseconds since 1970."""
        return _time(self.data, "created")

    @property
    def updated(self) -> int:
        """When MLflow last changed it."""
        return max(self.created, self.renamed, _time(self.later, "updated"), _time(self.later, "moved"))

    @property
    def touched(self) -> int:
        """When it last changed its model: made, moved to another stage, deleted."""
        return max(self.created, _time(self.later, "moved"), _time(self.later, "deleted"))


@dataclass(frozen=True, slots=True)
class Model:
    """A registered model: its key, what its head says, all its versions, its slots."""

    key: str
    head: Mapping[str, Any]
    versions: Mapping[int, Version]
    slots: Mapping[str, Slot]

    @property
    def name(self) -> str:
        """The name that MLflow shows: the title, else the key."""
        return name_of(self.key, self.head)

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        return {str(key): str(value) for key, value in (self.head.get("tags") or {}).items()}

    @property
    def shown(self) -> list[Version]:
        """The versions that MLflow sees, by number."""
        return [self.versions[number] for number in sorted(self.versions) if not self.versions[number].is_deleted]

    @property
    def latest(self) -> list[Version]:
        """Of each stage the version with the highest number."""
        return list({version.stage: version for version in self.shown}.values())

    @property
    def aliases(self) -> dict[str, int]:
        """MLflow's aliases, each with the version that it chooses."""
        return {name: slot.alias for name, slot in sorted(self.slots.items()) if slot.alias is not None}

    def aliases_of(self, number: int) -> list[str]:
        """The aliases that choose a version."""
        return [name for name, chosen in self.aliases.items() if chosen == number]

    def chosen(self, alias: str) -> int | None:
        """The version that an alias chooses; `latest` is the one with the highest number."""
        if alias.lower() == LATEST:
            return self.shown[-1].number if self.shown else None
        return self.aliases.get(alias)

    @property
    def created(self) -> int:
        """When it was made, as far as the records tell, in milliseconds since 1970."""
        own = _time(self.head, "created")
        return own or min((version.created for version in self.versions.values()), default=0)

    @property
    def updated(self) -> int:
        """When it was last changed, or a version made, moved or deleted."""
        told = custom(self.head)
        own = (self.created, _time(told, "updated"), _time(told, "renamed"))
        return max(*own, *(version.touched for version in self.versions.values()))


def name_of(key: str, head: Mapping[str, Any]) -> str:
    """The name that MLflow shows for a head: its title, else the key."""
    return str(head.get("title") or key)


def model_named(snapshot: Snapshot, name: str) -> Model | None:
    """The registered model that has a name now; None where there is none, or it was deleted."""
    found = next((key for key in _keys_like(snapshot, name) if _has_name(snapshot, key, name)), None)
    return model_of(snapshot, found) if found is not None else None


def model_of(snapshot: Snapshot, key: str) -> Model:
    """The model of a key, with what lies in its folders."""
    versions = _beside(snapshot, Ref(MODEL + VERSION, (key, "1")))
    return _model(key, _head(snapshot, key), versions, _beside(snapshot, Ref("alias", (MODEL, key, "any"))))


def models(snapshot: Snapshot) -> Iterator[Model]:
    """Every registered model but the deleted ones; what is read in bulk is read at once."""
    versions, slots = _by_key(snapshot.records(MODEL + VERSION), 0), _by_key(_slots(snapshot), 1)
    heads = {record.ref.keys[0]: record.data for record in snapshot.records(MODEL)}
    for key in {**heads, **versions}:
        if not _is_deleted(heads.get(key, {})):
            yield _model(key, heads.get(key, {}), versions.get(key, ()), slots.get(key, ()))


class Taken:
    """The keys that are taken, by deleted models too; of a key that is asked for nothing is read but its folder."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __contains__(self, key: object) -> bool:
        ref = Ref(MODEL, (str(key),))
        has_head = self._snapshot.find(ref) is not None or self._snapshot.derived(MODEL).get(ref) is not None
        return has_head or bool(_beside(self._snapshot, Ref(MODEL + VERSION, (*ref.keys, "1"))))


def _model(key: str, head: Mapping[str, Any], versions: Iterable[Record], slots: Iterable[Record]) -> Model:
    told = custom(head)
    later, renamed = told.get("versions") or {}, _time(told, "renamed")
    numbered = ((record.ref.keys[1], record.data) for record in versions)
    found = {
        int(number): Version(int(number), data, later.get(number) or {}, renamed)
        for number, data in numbered
        if number.isascii() and number.isdigit()  # MLflow counts; a version with another name is gitml's alone
    }
    return Model(key, head, found, {slot.name: slot for record in slots if (slot := Slot.of(record)) is not None})


def _keys_like(snapshot: Snapshot, name: str) -> Iterator[str]:
    """The keys that may belong to a name: itself first, which is so nearly always."""
    yield name
    yield from (record.ref.keys[0] for record in snapshot.records(MODEL) if record.data.get("title") == name)


def _has_name(snapshot: Snapshot, key: str, name: str) -> bool:
    head = _head(snapshot, key)
    if not head:
        return bool(_beside(snapshot, Ref(MODEL + VERSION, (key, "1"))))
    return name_of(key, head) == name and not _is_deleted(head)


def _head(snapshot: Snapshot, key: str) -> Mapping[str, Any]:
    path = snapshot.find(Ref(MODEL, (key,)))
    found = snapshot.load([path])[0].record if path else snapshot.derived(MODEL).get(Ref(MODEL, (key,)))
    return found.data if found is not None else {}


def _beside(snapshot: Snapshot, ref: Ref) -> list[Record]:
    """The records in the folder of a ref's, and the derived ones of its kind and name."""
    folder = snapshot.path(ref).rpartition("/")[0]
    found = [one.record for one in snapshot.load(sorted(snapshot.tree.files(folder))) if one.record is not None]
    known = {record.ref for record in found}
    made = snapshot.derived(ref.kind).of(ref.kind)
    return [*found, *(one for one in made if one.ref.keys[:-1] == ref.keys[:-1] and one.ref not in known)]


def _slots(snapshot: Snapshot) -> Iterator[Record]:
    return (record for record in snapshot.records("alias") if record.ref.keys[0] == MODEL)


def _by_key(records: Iterable[Record], place: int) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.ref.keys[place], []).append(record)
    return found


def _is_deleted(head: Mapping[str, Any]) -> bool:
    return "deleted" in custom(head)


def _time(data: Mapping[str, Any], field: str) -> int:
    text = data.get(field)
    return milliseconds(text) if isinstance(text, str) else 0
