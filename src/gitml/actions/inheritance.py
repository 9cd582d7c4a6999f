"""What a version takes over from the run that made it, or from the version before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitml.errors import BadRef
from gitml.records.record import Record
from gitml.records.ref import VERSION, Ref
from gitml.records.schema import Kind

_SAME = ("metrics", "environment", "preprocessing", "inputs", "framework", "algorithm")
_DATA, _FEATURES = "dataset" + VERSION, "feature-set" + VERSION
# Inputs that a model was not trained on, by what people call them.
_HELD_BACK = ("test", "val", "valid", "validation", "eval", "evaluation", "holdout", "dev")
_TRAINED_ON = ("train", "training", "training_data", "data")
# What people have said of data, and of a column, that is as true of the next version; statistics are not.
_LASTING = ("source", "classifications", "tags", "labels")
_LASTING_OF_COLUMNS = ("unit", "description", "term", "role", "classification", "tags")
_IDENTITIES = ("md5", "sha256", "version_id")


def from_run(run: Record, kind: Kind) -> dict[str, Any]:
    """The fields of a version, of those that its kind knows, that a run's record gives."""
    known = kind.schema.get("properties", {})
    found: dict[str, Any] = {"run": str(run.ref)}
    found |= {name: run.data[name] for name in _SAME if name in run.data}
    if "params" in run.data:
        found["hyperparameters"] = run.data["params"]
    if "training_data" in known:
        found |= _roles(found.pop("inputs", {}))
    return {name: value for name, value in found.items() if name in known and value}


def _roles(inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The one data set that it was trained on, the features, and all other inputs."""
    left = dict(inputs)
    roles: dict[str, Any] = {}
    for role, kind in (("training_data", _DATA), ("features", _FEATURES)):
        name = _chosen([name for name, one in left.items() if _kind(one) == kind])
        if name is not None:
            roles[role] = {key: value for key, value in left.pop(name).items() if key in ("ref", "id")}
    return {**roles, "inputs": left}


def _chosen(names: list[str]) -> str | None:
    """The input that has a role: the one that is called so, else the first that is not held back."""
    for name in names:
        if name.lower() in _TRAINED_ON:
            return name
    return next((name for name in names if name.lower() not in _HELD_BACK), None)


def _kind(one: Mapping[str, Any]) -> str | None:
    try:
        return Ref.parse(str(one.get("ref", ""))).kind
    except BadRef:
        return None


def is_what_the_run_wrote(run: Record | None, pointer: Mapping[str, Any]) -> tuple[str, ...]:
    """A note where a run says that it wrote other bytes to that path."""
    outputs = run.data.get("outputs") if run else None
    for one in outputs.values() if isinstance(outputs, dict) else ():
        same = one.get("path") == pointer.get("path") and "md5" in one and "md5" in pointer
        if run and same and one["md5"] != pointer["md5"]:
            return (f"{pointer['path']} is not what {run.ref} wrote there: {one['md5']} then, {pointer['md5']} now",)
    return ()


def from_version(before: Record, data: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """What the next version takes over from the one before it, and what is new about it; `data` is what it has."""
    known = kind.schema.get("properties", {})
    pointer = before.data.get("pointer", {})
    inputs = {"ref": str(before.ref), "id": before.data.get("id")} | {key: pointer.get(key) for key in _IDENTITIES}
    columns = data.get("columns", [])
    found = {name: before.data[name] for name in _LASTING if name in before.data}
    found["inputs"] = {"previous": {key: value for key, value in inputs.items() if value is not None}}
    found["columns"] = _columns(before.data.get("columns", []), columns)
    found["changes"] = _changes(before.data, data)
    return {name: value for name, value in found.items() if name in known and value}


def _columns(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns as they are now, with what people have said of them; where nobody can count them, as they were."""
    told = {one["name"]: {key: one[key] for key in _LASTING_OF_COLUMNS if key in one} for one in before}
    if not now:
        return [{key: one[key] for key in ("name", "type") if key in one} | told[one["name"]] for one in before]
    return [one | told.get(one["name"], {}) for one in now]


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Rows more or fewer; columns added, removed, or of another type."""
    rows = (before.get("rows"), now.get("rows"))
    found: dict[str, Any] = {}
    if isinstance(rows[0], int) and isinstance(rows[1], int):
        found["rows"] = rows[1] - rows[0]
    if "columns" not in before or "columns" not in now:
        return found
    old, new = ({one["name"]: one.get("type") for one in said["columns"]} for said in (before, now))
    found["added"] = [name for name in new if name not in old]
    found["removed"] = [name for name in old if name not in new]
    found["changed"] = [
        {"name": name, "before": kind, "after": new[name]}
        for name, kind in old.items()
        if kind is not None and new.get(name) not in (None, kind)
    ]
    return {name: value for name, value in found.items() if value != []}
