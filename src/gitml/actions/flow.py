"""What went into a run and what came out of it: records by ref and id, files by path and digest, addresses."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gitml.actions.pointer import locate, rooted
from gitml.errors import BadRef, NotFound
from gitml.records.record import Record
from gitml.records.ref import VERSION, Ref
from gitml.repo import packaged
from gitml.repo.data.dvc import file_digest
from gitml.repo.digests import known_digest
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

Material = str | os.PathLike[str] | Ref | Record
"""A ref, a path, an address, or a record itself."""

INPUTS, OUTPUTS = "inputs", "outputs"
_KNOWN_BY = ("md5", "sha256", "version_id")


def described(repository: Repository, snapshot: Snapshot, field: str, material: Material) -> dict[str, Any]:
    """What a run's record says of one input or output; NotFound, BadRef where it names nothing, or no such thing."""
    kinds = _kinds(snapshot, field)
    if isinstance(material, Record):
        return _of_record(material, material.ref, kinds)
    if isinstance(material, Ref):
        return _of_ref(repository, snapshot, material, kinds)
    ref = _as_ref(material, kinds)
    if ref is not None and not _is_file(repository, material):
        return _of_ref(repository, snapshot, ref, kinds)
    if isinstance(material, str) and "://" in material:
        return {"uri": material}
    return _of_file(repository, snapshot, material, kinds)


def described_apart(material: Material) -> dict[str, Any]:
    """The same where there is no repository: which version it is, is for `resolved` to find; NotFound."""
    if isinstance(material, Ref | Record):
        return {"ref": str(material.ref if isinstance(material, Record) else material)}
    file = Path(material)
    if file.exists():
        md5, size = file_digest(file)
        inside = file.absolute().is_relative_to(Path.cwd())
        return {**_placed(file, inside=inside), "md5": md5, "size": size}
    if isinstance(material, str) and "://" in material:
        return {"uri": material}
    ref = _as_ref(material, tuple(name.removesuffix(".yaml") for name in packaged.files()))
    if ref is None:
        raise NotFound(f"{material}: no such file or folder")
    return {"ref": str(ref)}


def _placed(file: Path, *, inside: bool) -> dict[str, str]:
    place = Path(os.path.normpath(file.absolute()))
    return {"path": place.relative_to(Path.cwd()).as_posix()} if inside else {"uri": place.as_uri()}


def resolved(repository: Repository, snapshot: Snapshot, field: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a run that had no repository told of an input or output, with the version that it is, where there is one."""
    kinds = _kinds(snapshot, field)
    if set(told) == {"ref"}:
        try:
            return _of_ref(repository, snapshot, Ref.parse(str(told["ref"])), kinds)
        except (BadRef, NotFound):
            return dict(told)  # the checks say what is wrong with it
    if "ref" not in told and {"path", "md5"} <= set(told):
        version = next(_versions(snapshot, str(told["path"]), str(told["md5"]), kinds), None)
        return {"ref": str(version.ref), "id": version.data.get("id"), **told} if version else dict(told)
    return dict(told)


def _kinds(snapshot: Snapshot, field: str) -> tuple[str, ...]:
    """The kinds that a run's inputs, or outputs, may refer to."""
    refs = snapshot.schemas.kind("run").shape.refs
    return next((one.kinds for one in refs if one.pattern == (field, "*", "ref")), ())


def _as_ref(material: str | os.PathLike[str], kinds: tuple[str, ...]) -> Ref | None:
    try:
        ref = Ref.parse(material) if isinstance(material, str) else None
    except BadRef:
        return None
    return ref if ref is not None and (ref.kind in kinds or ref.kind + VERSION in kinds) else None


def _is_file(repository: Repository, material: str | os.PathLike[str]) -> bool:
    try:
        locate(repository, material)
    except NotFound:
        return False
    return True


def _of_ref(repository: Repository, snapshot: Snapshot, ref: Ref, kinds: tuple[str, ...]) -> dict[str, Any]:
    there = repository.at(ref.rev) if ref.rev else snapshot
    return _of_record(there.record(ref.bare), ref, kinds)


def _of_record(record: Record, ref: Ref, kinds: tuple[str, ...]) -> dict[str, Any]:
    if record.kind not in kinds:
        versions = record.kind + VERSION in kinds
        told = f"{ref} names no version" if versions else f"a {record.kind} is nothing that goes in or comes out"
        raise BadRef(told, hint=f"write {ref}@VERSION" if versions else f"one of {', '.join(kinds)} does")
    pointer = record.data.get("pointer")
    known = {key: pointer[key] for key in _KNOWN_BY if key in pointer} if isinstance(pointer, dict) else {}
    held = record.data.get("id")
    return {"ref": str(ref)} | ({"id": held} if isinstance(held, str) and record.kind.endswith(VERSION) else {}) | known


def _of_file(
    repository: Repository, snapshot: Snapshot, path: str | os.PathLike[str], kinds: tuple[str, ...]
) -> dict[str, Any]:
    file = locate(repository, path)
    md5, size = known_digest(repository.cache, file)
    name = rooted(repository, file)
    if name is None:
        return {"uri": file.as_uri(), "md5": md5, "size": size}
    found = {"path": name, "md5": md5, "size": size}
    version = next(_versions(snapshot, name, md5, kinds), None)
    return {"ref": str(version.ref), "id": version.data.get("id"), **found} if version else found


def _versions(snapshot: Snapshot, path: str, md5: str, kinds: tuple[str, ...]) -> Iterator[Record]:
    """The versions, last ones first, whose pointer names just these bytes at this path."""
    for kind in kinds:
        if not kind.endswith(VERSION) or kind not in snapshot.schemas.latest:
            continue
        for record in sorted(snapshot.records(kind), key=lambda one: str(one.data.get("created")), reverse=True):
            pointer = record.data.get("pointer")
            if isinstance(pointer, dict) and (pointer.get("path"), pointer.get("md5")) == (path, md5):
                yield record
