"""Single records: made, changed field by field, removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from gitml.actions.apply import Plan
from gitml.actions.derived import read_only
from gitml.actions.swept import dropped, kept
from gitml.errors import WARNING, BadRef, BadValue, Conflict
from gitml.records.canonical import dump
from gitml.records.record import Path, Record, segments
from gitml.records.ref import Ref, decode
from gitml.records.schema import Kind
from gitml.records.ulid import new_ulid
from gitml.repo.change import Change
from gitml.repo.journal.folder import Folder, root
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

Fields = Mapping[Path, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record comes from: when, by whom, and a source of random bytes for new ids."""

    now: datetime
    by: str
    random: Callable[[int], bytes]

    @property
    def time(self) -> str:
        """The time as records hold it: UTC, to the second."""
        return self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def new_id(self) -> str:
        """A new ULID."""
        return new_ulid(int(self.now.timestamp() * 1000), self.random(10))


def make(snapshot: Snapshot, kind: str, name: str | None, fields: Mapping[str, Any], origin: Origin) -> list[Change]:
    """A new record of a kind, named as people type it; `fields` by dotted name."""
    made = origin.new_id()
    ref = ref_of(snapshot.schemas.kind(kind), name, lambda: made)
    return new(snapshot, ref, paths_of(fields), origin, fresh=ref.keys[-1] == made)


def set_named(snapshot: Snapshot, ref: Ref, fields: Mapping[str, Any]) -> Plan:
    """Fields of a record set by dotted name; where it says so already and nobody has committed that, a note."""
    changes = tuple(set_fields(snapshot, ref, paths_of(fields)))
    left = "" if changes else kept(snapshot, snapshot.path(ref))
    return Plan(changes, (f"nothing to change: {ref} says so already{left}",) if left else ())


def paths_of(fields: Mapping[str, Any]) -> Fields:
    """Dotted names as paths into a record."""
    return {segments(name): value for name, value in fields.items()}


def ref_of(kind: Kind, name: str | None, new_id: Callable[[], str]) -> Ref:
    """The ref that a kind and a name typed beside it mean: raw for one key, `a/b` or `name@2` for several.

    The id of an event may be left out: then a new one is made.
    """
    keys = kind.template.keys
    if kind.addressing == "version" and name and "@" in name:
        head, _at, version = name.rpartition("@")
        given: tuple[str, ...] = (decode(head), decode(version))
    elif len(keys) == 1:
        given = (name,) if name else ()
    else:
        given = tuple(map(decode, name.split("/"))) if name else ()
    if kind.addressing == "event" and len(given) == len(keys) - 1:
        given = (*given, new_id())
    if len(given) != len(keys) or not all(given):
        raise BadRef(f"{name or ''!r} does not name a {kind.name}", hint=f"it is named by {', '.join(keys)}")
    return Ref(kind.name, given)


def new(snapshot: Snapshot, ref: Ref, fields: Fields, origin: Origin, *, fresh: bool = False) -> list[Change]:
    """A new record, `fresh` where its id is; raises Conflict where there is one, BadRef or NotFound."""
    from gitml.records.edit import changed

    path = snapshot.path(ref)
    if path in snapshot.tree:
        raise Conflict(f"{ref} is there already: {path}", hint=f"git ml set {ref} field=value changes it")
    return [adding(snapshot, ref, changed(given(snapshot.schemas.kind(ref.kind), ref, origin), fields), fresh=fresh)]


def given(kind: Kind, ref: Ref, origin: Origin) -> dict[str, Any]:
    """What is known without being told: schema, hidden names, and of versions, events and slots id, time and author."""
    keys = zip(kind.template.keys, ref.keys, strict=True)
    data: dict[str, Any] = {"schema": kind.tag} if kind.tagged else {}
    data |= {key: name for key, name in keys if kind.template.hides(key, name)}
    told: dict[str, dict[str, Any]] = {
        "version": {"id": origin.new_id(), "created": origin.time, "by": origin.by},
        "event": {"created": origin.time, "by": origin.by},
        "slot": {"since": origin.time, "by": origin.by},
    }
    known = kind.schema.get("properties", {})
    return data | {key: value for key, value in told.get(kind.addressing, {}).items() if key in known and value}


def adding(snapshot: Snapshot, ref: Ref, data: Mapping[str, Any], *, fresh: bool = False) -> Change:
    """The change that adds a record with this data, in canonical form; `fresh` where its id was made just now."""
    kind = snapshot.schemas.kind(ref.kind)
    content = dump(data, kind.shape.order)
    return Change(snapshot.path(ref), None, snapshot.git.blob_id(content), content, fresh=fresh)


def recorded(snapshot: Snapshot, ref: Ref) -> Record:
    """A record that somebody has written; raises NotFound, BadValue where a reader has made it."""
    record = snapshot.record(ref)
    if record.derived:
        raise read_only(record)
    return record


def set_fields(snapshot: Snapshot, ref: Ref, fields: Fields) -> list[Change]:
    """Fields of a record set (or removed: MISSING), every other line left as it is; no change gives no changes."""
    from gitml.records.edit import edit

    record = recorded(snapshot, ref)
    kind = snapshot.schemas.kind(ref.kind)
    raw = snapshot.bytes_at(record.path)
    if raw is None:
        raise BadValue(f"{ref}: the object {record.blob} is not in this clone", hint="git fetch brings it")
    content = edit(raw, fields, kind.shape.order)
    if content == raw:
        return []
    mode = snapshot.tree[record.path].mode
    return [Change(record.path, record.blob, snapshot.git.blob_id(content), content, mode)]


def remove(repository: Repository, snapshot: Snapshot, ref: Ref, *, force: bool = False) -> Plan:
    """A record removed; raises NotFound. What of it nobody has committed or staged is a problem, a warning by force."""
    record = recorded(snapshot, ref)
    change = Change(record.path, record.blob, None, None, snapshot.tree[record.path].mode)
    lost = dropped(repository, snapshot, [change])
    if ref.kind != "run":
        return Plan((change,), problems=tuple(replace(one, severity=WARNING) if force else one for one in lost))
    # What its journal holds would come back with the next sync.
    lost = (replace(one, hint=f"{one.hint}, and git ml sync --forget {ref}") for one in lost)
    told = tuple(replace(one, severity=WARNING) if force else one for one in lost)
    return Plan((change,), problems=told, then=Folder(root(repository.git) / ref.keys[-1]).forget)
