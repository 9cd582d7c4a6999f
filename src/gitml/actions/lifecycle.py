"""The life of models, datasets and feature sets: versions registered, aliases moved, versions retired."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gitml.actions.apply import Plan
from gitml.actions.inheritance import from_run, from_version, is_what_the_run_wrote
from gitml.actions.pointer import Pointed, point
from gitml.actions.records import Fields, Origin, adding, given, paths_of, set_fields
from gitml.actions.swept import kept
from gitml.errors import BadRef, BadValue, NotFound
from gitml.records.edit import changed
from gitml.records.record import MISSING, Record
from gitml.records.ref import VERSION, Ref, decode
from gitml.records.schema import Kind
from gitml.repo.change import Change
from gitml.repo.git.names import names_everywhere
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

MODEL = "model"
_SUFFIX = ".yaml"
_VERSIONED = re.compile(r"@[0-9]+$")
_TABLES = ("dataset", "feature-set")


def thing(name: str, kind: str = MODEL) -> Ref:
    """The head that a name means: `wine` of the kind, `dataset/wine` as it says; BadRef."""
    word, slash, rest = name.partition("/")
    if slash and word in (MODEL, *_TABLES):
        kind, name = word, decode(rest)
    if not name:
        raise BadRef("a name is missing", hint=f"write {kind}/NAME, or NAME alone")
    if _VERSIONED.search(name) and "%40" not in rest:
        raise BadRef(f"{name} names a version, and its number comes by itself", hint=f"write {name.rpartition('@')[0]}")
    return Ref(kind, (name,))


def next_version(repository: Repository, snapshot: Snapshot, head: Ref) -> int:
    """One more than the highest version on any branch that has been fetched, staged, or in the snapshot."""
    folder = snapshot.path(Ref(head.kind + VERSION, (*head.keys, "1"))).rpartition("/")[0]
    names = names_everywhere(repository.git, folder)
    names |= {path[len(folder) + 1 :] for path in snapshot.tree.under([folder])}
    numbers = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
    return max((int(number) for number in numbers if number.isascii() and number.isdigit()), default=0) + 1


def register(
    repository: Repository, snapshot: Snapshot, name: str, *, run: str | None, path: str | None,
    fields: Mapping[str, Any], origin: Origin,
) -> Plan:  # fmt: skip
    """The next version of a model (or `dataset/NAME`, `feature-set/NAME`), with its head where there is none.

    From `run` it takes what such a version can hold (inheritance.py), from `path` the pointer; `fields` win over both.
    """
    head = thing(name)
    number = next_version(repository, snapshot, head)
    return version_of(repository, snapshot, head, number, path=path, fields=fields, origin=origin, run=run)


def version_of(
    repository: Repository, snapshot: Snapshot, head: Ref, number: int, *, path: str | Pointed | None,
    fields: Mapping[str, Any], origin: Origin, run: str | None = None, before: Record | None = None,
) -> Plan:  # fmt: skip
    """One version of a head, and the head where there is none; fields that only a new head knows go there.

    With the version `before` it, what that one said and still holds is taken over, and what is new is said.
    """
    kind = snapshot.schemas.kind(head.kind + VERSION)
    ref = Ref(kind.name, (*head.keys, str(number)))
    data = given(kind, ref, origin)
    notes: tuple[str, ...] = ()
    source = snapshot.record(_run_ref(run)) if run else None
    if source is not None:
        data |= from_run(source, kind)
    pointed = path if isinstance(path, Pointed) else point(repository, snapshot, path) if path else None
    if pointed is not None:
        about, notes = _about(head, pointed)
        data |= {"pointer": dict(pointed.pointer), **about}
        notes += pointed.notes + is_what_the_run_wrote(source, pointed.pointer)
    if before is not None:
        data |= from_version(before, data, kind)
    new_head, own = _head(snapshot, head, kind, paths_of(fields), origin)
    record = adding(snapshot, ref, changed(data, own))
    return Plan((*new_head, record, *(pointed.changes if pointed else ())), notes)


def _run_ref(run: str) -> Ref:
    ref = Ref.parse(run)
    if ref.kind != "run" or ref.rev:
        raise BadRef(f"{run} is no run", hint="write run/EXPERIMENT/ID, as git ml list run shows it")
    return ref


def _about(head: Ref, pointed: Pointed) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a table's bytes say of themselves; a model's are its own business."""
    if head.kind not in _TABLES:
        return {}, ()
    if not pointed.file.exists():
        raise NotFound(f"{pointed.file.name} is not here", hint=f"dvc pull {pointed.pointer['path']}")
    from gitml.actions.profile import profile  # its regular expressions take a while, and few come this way

    found = profile(pointed.file)
    told = tuple(f"{pointed.pointer['path']}: {note}" for note in found.notes)
    return {key: value for key, value in found.fields.items() if key != "format" or head.kind == "dataset"}, told


def _head(
    snapshot: Snapshot, head: Ref, kind: Kind, fields: Fields, origin: Origin
) -> tuple[tuple[Change, ...], Fields]:
    """The change that adds the head, where there is none, and the fields that are left for the version."""
    if snapshot.path(head) in snapshot.tree:
        return (), fields
    schema = snapshot.schemas.kind(head.kind)
    known = schema.schema.get("properties", {})
    own = {path: value for path, value in fields.items() if path[0] in known}
    left = {path: value for path, value in fields.items() if path not in own}
    unknown = [str(path[0]) for path in left if path[0] not in kind.schema.get("properties", {})]
    if unknown:
        raise BadValue(f"neither a {head.kind} nor its versions have a field {unknown[0]!r}", hint="custom.… takes any")
    return (adding(snapshot, head, changed(given(schema, head, origin), own)),), left


def promote(snapshot: Snapshot, ref: Ref, alias: str, reason: str | None, origin: Origin) -> Plan:
    """Let an alias choose a version; the checks refuse what the lifecycle forbids. NotFound, BadRef."""
    kind, name, version = _version(ref)
    slot = Ref("alias", (kind, name, alias))
    return _slot(snapshot, ref, slot, {"version": version}, reason, origin, f"{slot} chooses {ref.bare} already")


def retire(snapshot: Snapshot, ref: Ref, status: str, reason: str | None, origin: Origin) -> Plan:
    """Give a version a status; the checks refuse what the lifecycle forbids. NotFound, BadRef."""
    slot = Ref("status", _version(ref))
    return _slot(snapshot, ref, slot, {"status": status}, reason, origin, f"{ref.bare} is {status} already")


def _version(ref: Ref) -> tuple[str, str, str]:
    """Kind, name and version that a ref names."""
    if not ref.kind.endswith(VERSION):
        raise BadRef(f"{ref} names no version", hint=f"write {ref.kind}/NAME@VERSION")
    return ref.kind.removesuffix(VERSION), ref.keys[0], ref.keys[1]


def _slot(
    snapshot: Snapshot, ref: Ref, slot: Ref, chosen: Mapping[str, str], reason: str | None, origin: Origin, already: str
) -> Plan:
    """A slot made or moved; what else a person has written into it stays."""
    held = snapshot.record(ref.bare).data.get("id")
    kind = snapshot.schemas.kind(slot.kind)
    told = {**given(kind, slot, origin), **chosen, "id": held, "reason": reason}
    if snapshot.find(slot) is None:
        return Plan((adding(snapshot, slot, {key: value for key, value in told.items() if value is not None}),))
    before = snapshot.record(slot).data
    if all(before.get(key) == value for key, value in {**chosen, "id": held}.items()):
        return Plan((), (f"{already}{kept(snapshot, snapshot.path(slot))}",))
    moved: Fields = {
        (key,): MISSING if told.get(key) is None else told[key] for key in (*chosen, "id", "since", "by", "reason")
    }
    return Plan(tuple(set_fields(snapshot, slot, moved)))
