"""The next version of data that has changed: what is new about it against the last one, and who rests on that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitml.actions.apply import Applied, Plan
from gitml.actions.lifecycle import MODEL, next_version, thing, version_of
from gitml.actions.pointer import Pointed, point
from gitml.actions.records import Origin
from gitml.checks.facts import FactBook
from gitml.checks.survey import referring
from gitml.errors import BadValue, NotFound
from gitml.records.record import Record, column
from gitml.records.ref import VERSION, Ref
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

KIND = "dataset"
_POINTER = "pointer"
_TRACKED = ("dvc", "git")
_IDENTITIES = ("md5", "blob", "commit")


@dataclass(frozen=True, slots=True)
class Dependent:
    """A record that refers to a version: its ref, the field that does, the role that the version plays for it."""

    ref: str
    field: str
    role: str


@dataclass(frozen=True, slots=True)
class Bump:
    """What a bump comes to: the plan, the version before, who rests on that; a `note` where there is nothing to do."""

    plan: Plan
    previous: str
    dependents: tuple[Dependent, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bumped:
    """What was written, the version before, who rests on that; a `note` where nothing had changed."""

    applied: Applied
    previous: str
    dependents: tuple[Dependent, ...] = ()
    note: str = ""


def bump(
    repository: Repository, snapshot: Snapshot, name: str, *, fields: Mapping[str, Any], origin: Origin
) -> Bump:  # fmt: skip
    """The next version of a dataset (or `feature-set/NAME`) from its data as they are now, where no version has them.

    What people have said of the last version's columns goes with those that are still there. NotFound where there is
    no version yet, BadValue where its data are not tracked here; else what `pointer.point` raises.
    """
    head = _head(name)
    versions = _versions(snapshot, head)
    last = versions[-1]
    pointed = point(repository, snapshot, repository.file(_path(last)))
    for version in reversed(versions):
        if _is(repository, version, pointed):
            told = f"nothing has changed: {pointed.pointer['path']} is what {version.ref} says"
            return Bump(Plan((), pointed.notes), str(last.ref), note=told)
    number = next_version(repository, snapshot, head)
    plan = version_of(repository, snapshot, head, number, path=pointed, fields=fields, origin=origin, before=last)
    return Bump(plan, str(last.ref), dependents(snapshot, last.ref))


def _head(name: str) -> Ref:
    head = thing(name, KIND)
    if head.kind == MODEL:
        told = f"{head} is made by a run, which alone knows what is new about it"
        raise BadValue(told, hint=f"git ml register {head.keys[0]} --run REF --path FILE")
    return head


def _versions(snapshot: Snapshot, head: Ref) -> list[Record]:
    """The versions of a head, the last one last; NotFound."""
    found = [record for record in snapshot.records(head.kind + VERSION) if record.ref.keys[0] == head.keys[0]]
    numbered = [record for record in found if record.ref.keys[1].isascii() and record.ref.keys[1].isdigit()]
    if not numbered:
        snapshot.record(head)
        raise NotFound(f"{head} has no version yet", hint=f"git ml register {head} --path PATH adds the first")
    return sorted(numbered, key=lambda record: int(record.ref.keys[1]))


def _path(version: Record) -> str:
    pointer = version.data.get(_POINTER)
    kind = pointer.get("type") if isinstance(pointer, Mapping) else None
    if not isinstance(pointer, Mapping) or kind not in _TRACKED or not isinstance(pointer.get("path"), str):
        head = Ref(version.kind.removesuffix(VERSION), version.ref.keys[:1])
        told = f"{version.ref} points to no file that DVC or git tracks here" + (f", but to a {kind}" if kind else "")
        raise BadValue(told, hint=f"git ml register {head} --set pointer.…")
    return str(pointer["path"])


def _is(repository: Repository, version: Record, pointed: Pointed) -> bool:
    """Whether a version points to just these bytes."""
    pointer, now = version.data.get(_POINTER), pointed.pointer
    if not isinstance(pointer, Mapping) or (pointer.get("type"), pointer.get("path")) != (now["type"], now["path"]):
        return False
    if any(name in now and pointer.get(name) == now[name] for name in _IDENTITIES):
        return True
    then, commit = pointer.get("commit"), now.get("commit")
    return isinstance(then, str) and isinstance(commit, str) and _same_folder(repository, now["path"], then, commit)


def _same_folder(repository: Repository, path: str, then: str, now: str) -> bool:
    """Whether a folder of git's is the same in two commits."""
    trees = [
        repository.git.run("rev-parse", "--verify", "--quiet", f"{one}:{path}", check=False) for one in (then, now)
    ]
    return trees[0] == trees[1] != b""


def dependents(snapshot: Snapshot, ref: Ref) -> tuple[Dependent, ...]:
    """The records that refer to a version, each with the field."""
    wanted = str(ref)
    found = (
        Dependent(facts.ref, column(*map(str, link.at)) if link.at else "", link.role)
        for _path, facts in referring(FactBook(snapshot), [wanted])
        for link in facts.links
        if link.text == wanted
    )
    return tuple(sorted(set(found), key=lambda one: (one.ref, one.field)))
