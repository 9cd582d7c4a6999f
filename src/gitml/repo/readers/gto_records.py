"""GTO's registry as derived records: `model/<name>@<version>`, where it stands, and `alias/model/<name>/<stage>`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from gitml.records.ref import Ref
from gitml.repo.data.plain import Unreadable
from gitml.repo.git.commits import iso
from gitml.repo.readers.gto import Artifact, Registry, Slot, Version
from gitml.repo.readers.values import load_values

KIND = "model"

Annotation = Mapping[str, Any]
"""What `artifacts:` in a dvc.yaml, or an artifacts.yaml, says of one name: type, path, desc, labels."""

_DESC = "description"


def artifacts_yaml(raw: bytes) -> dict[str, Annotation]:
    """The artifacts of GTO's old artifacts.yaml, in the words of dvc.yaml's `artifacts:`; Unreadable."""
    said = load_values(raw, "artifacts.yaml")
    if not isinstance(said, dict):
        raise Unreadable("artifacts.yaml holds no mapping of names", 1)
    found = {str(name): told for name, told in said.items() if isinstance(told, dict)}
    return {name: {"desc" if key == _DESC else str(key): told[key] for key in told} for name, told in found.items()}


def registry_records(
    registry: Registry,
    pointer_of: Callable[[Version], Mapping[str, Any] | None],
    annotation_of: Callable[[Version], Annotation | None] = lambda _version: None,
) -> list[tuple[Ref, dict[str, Any]]]:
    """Records of all versions, of where those stand that were taken back or deprecated, and of the stages in force.

    A stage of a deprecated artifact is not in force: `gto show` hides it.
    """
    found: list[tuple[Ref, dict[str, Any]]] = []
    for artifact in registry.artifacts.values():
        for version in _one_each(artifact):
            keys = (artifact.name, version.version)
            pointer, annotation = pointer_of(version), annotation_of(version) or {}
            found.append((Ref(f"{KIND}-version", keys), _version(version, pointer, annotation)))
            found += [(Ref("status", (KIND, *keys)), said) for said in _status(version)]
        slots = artifact.slots.values() if artifact.active else ()
        found += [(Ref("alias", (KIND, artifact.name, slot.stage)), _alias(slot)) for slot in slots]
    return found


def _one_each(artifact: Artifact) -> Iterator[Version]:
    """Each version once: where one was registered on two commits, the one that stands, else the first met."""
    chosen: dict[str, Version] = {}
    for version in artifact.versions:
        there = chosen.get(version.version)
        if there is None or (version.active and not there.active):
            chosen[version.version] = version
    yield from chosen.values()


def _version(version: Version, pointer: Mapping[str, Any] | None, annotation: Annotation) -> dict[str, Any]:
    said = {"tag": version.tag, "commit": version.commit, "registered": version.registered}
    told = {name: annotation[name] for name in ("type", "path") if name in annotation}
    found = {
        "created": _time(version.time),
        "by": version.by,
        "reason": version.message,
        "description": annotation.get("desc"),
        "pointer": pointer,
        "labels": annotation.get("labels"),
        "code": {"commit": version.commit},
        "custom": {"gto": said | told},
    }
    return {name: value for name, value in found.items() if value}


def _status(version: Version) -> Iterator[dict[str, Any]]:
    if version.ended is not None:
        yield {
            "status": "deprecated" if version.deprecated else "retired",
            "since": _time(version.ended.time),
            "by": version.ended.by,
            "reason": version.ended.message,
            "custom": {"gto": {"tag": version.ended.tag, "commit": version.ended.commit}},
        }


def _alias(slot: Slot) -> dict[str, Any]:
    return {
        "version": slot.version,
        "since": _time(slot.since),
        "by": slot.by,
        "reason": slot.reason,
        "custom": {"gto": {"tag": slot.tag, "commit": slot.commit}},
    }


def _time(when: datetime) -> str:
    return iso(int(when.timestamp()))
