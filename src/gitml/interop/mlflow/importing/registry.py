"""A registered model as records: the head, its versions, what MLflow has said of those since, and aliases."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unicodedata import normalize

from gitml.interop.mlflow.importing.mapping import Words
from gitml.interop.mlflow.importing.said import Registered, Version
from gitml.interop.mlflow.importing.writing import Draft, Unit
from gitml.interop.mlflow.words import CUSTOM, custom, free_key
from gitml.records.record import MISSING
from gitml.records.ref import VERSION, Ref
from gitml.records.ulid import new_ulid
from gitml.repo.snapshot import Snapshot

_KIND = "model"
_HEAD = ("title", "description", "created", "tags", "custom")
_DELETED = "Deleted_Internal"
_SLOTS = {"Staging": "staging", "Production": "production"}
_NO_STAGE = ("None", "", None)
Runs = Callable[[str | None], Ref | None]


def units(said: Registered, snapshot: Snapshot, words: Words, runs: Runs) -> Iterator[Unit]:
    """The head with its versions, and the slots of aliases and stages; `runs` finds the run of an id."""
    key = _key(said.name, snapshot)
    versions = []
    for one in said.versions:
        if one.stage == _DELETED:
            words.losses.add("model-version", f"{said.name}@{one.version}", "", "it was deleted in MLflow")
        else:
            versions.append(one)
    drafts = [_version(said.name, key, one, words, runs) for one in versions]
    yield Unit(_KIND, said.name, (_head(said, key, versions, drafts, snapshot, words), *drafts))
    ids = {draft.ref.keys[1]: _id_of(draft, snapshot) for draft in drafts}
    for slot, data in _slots(said, versions).items():
        if data["version"] in ids:
            whole = {**data, "id": ids[data["version"]]}
            draft = Draft(Ref("alias", (_KIND, key, slot)), whole, ("version", "id", "custom"))
            yield Unit("alias", f"{said.name}/{slot}", (draft,))
        else:
            words.losses.add("alias", f"{said.name}/{slot}", "version", f"there is no version {data['version']}")


def _key(name: str, snapshot: Snapshot) -> str:
    """The key of a model: that of the one which has its name now, else a new one: what was deleted stays so."""
    heads = {record.ref.keys[0]: record.data for record in snapshot.records(_KIND)}
    there = (key for key, head in heads.items() if "deleted" not in custom(head))
    found = next((key for key in there if str(heads[key].get("title") or key) == name), None)
    return found if found is not None else free_key(normalize("NFC", name), {normalize("NFC", one) for one in heads})


def _head(
    said: Registered, key: str, versions: list[Version], drafts: list[Draft], snapshot: Snapshot, words: Words
) -> Draft:
    """The head; with what is said of versions that stand, for those do not change any more."""
    ref = Ref(_KIND, (key,))
    later = {}
    for one, draft in zip(versions, drafts, strict=True):
        told = _later(one, draft, snapshot, words)
        if told:
            later[draft.ref.keys[1]] = told
    kept = {name: one for name, one in custom(_data(ref, snapshot)).items() if name not in ("updated", "versions")}
    updated = words.time(said.updated, _KIND, said.name, "last_updated_timestamp")
    told = {
        "title": None if said.name == key else said.name,
        "description": said.description,
        "created": words.time(said.created, _KIND, said.name, "creation_timestamp"),
        "tags": dict(said.tags),
        "custom": {CUSTOM: kept | _full(updated=updated, versions=later)},
    }
    return Draft(ref, words.held(told, _KIND, said.name), _HEAD)


def _later(one: Version, draft: Draft, snapshot: Snapshot, words: Words) -> dict[str, Any]:
    """What MLflow says of a version that its own record does not."""
    stood = _data(draft.ref, snapshot) or draft.data
    found: dict[str, Any] = {}
    for field in ("description",):
        if draft.data.get(field) != stood.get(field):
            found[field] = draft.data.get(field)
    old, new = stood.get("tags") or {}, draft.data.get("tags") or {}
    tags = {name: new.get(name) for name in {**old, **new} if old.get(name) != new.get(name)}
    stage = None if one.stage in _NO_STAGE else one.stage
    updated = words.time(one.updated, "model-version", draft.ref.keys[1], "last_updated_timestamp")
    same = updated == stood.get("created")
    return found | _full(tags=tags, stage=stage, updated=None if same else updated)


def _version(name: str, key: str, one: Version, words: Words, runs: Runs) -> Draft:
    """A version's record, which is written once."""
    where = f"{name}@{one.version}"
    run = runs(one.run)
    created = one.created if one.created is not None and words.in_range(one.created) else 0
    told = {
        "id": new_ulid(created, hashlib.sha256(f"mlflow {key}@{one.version}".encode("utf-8", "replace")).digest()),
        "created": words.time(created, "model-version", where, "creation_timestamp"),
        "by": one.user,
        "description": one.description,
        "run": str(run) if run else None,
        "tags": dict(one.tags),
        "custom": {
            CUSTOM: _full(
                source=one.source,
                location=one.storage_location if one.storage_location != one.source else None,
                run_id=one.run,
                run_link=one.run_link,
                model_id=one.model_id,
                status=None if one.status == "READY" else one.status,
                status_message=one.status_message,
            )
        },
    }
    data = words.held(told, "model-version", where)
    return Draft(Ref(_KIND + VERSION, (key, one.version)), data, (), fixed=True)


def _slots(said: Registered, versions: list[Version]) -> dict[str, dict[str, Any]]:
    """The slots of aliases, and of the stages that have one: of several versions there the last."""
    slots: dict[str, dict[str, Any]] = {name: {"version": version} for name, version in said.aliases.items()}
    for one in sorted(versions, key=lambda one: (one.updated or 0, int(one.version) if one.version.isdigit() else 0)):
        slot = _SLOTS.get(one.stage or "")
        if slot is not None:
            own = said.aliases.get(slot)
            marks = {"stage": one.stage} | ({"alias": own} if own else {})
            slots[slot] = {"version": one.version, "custom": {CUSTOM: marks}}
    return slots


def _id_of(draft: Draft, snapshot: Snapshot) -> Any:
    """The id of a version: the one that stands, else that of its draft."""
    return _data(draft.ref, snapshot).get("id") or draft.data["id"]


def _data(ref: Ref, snapshot: Snapshot) -> Mapping[str, Any]:
    return snapshot.record(ref).data if snapshot.find(ref) is not None else {}


def _full(**told: Any) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value not in (None, {}, [], MISSING)}
