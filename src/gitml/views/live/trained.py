"""The data that a version rests on: what it is, and whether its bytes are still to be had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from gitml.records.links import links
from gitml.repo.data.presence import SAME, YES, Asked, presence
from gitml.views.lineage.held import hash_of
from gitml.views.lineage.makers import Makers, resolved
from gitml.views.targets import DVC, GIT, Target, of_record

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.repo.data.presence import Presence
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_ROLES: Final = frozenset(["trained_on", "input", "features", "derived_from"])


@dataclass(frozen=True, slots=True)
class Datum:
    """Data that something was made of: the record that says so, the place, and the hash (`md5:9c07…`).

    `exists` is None where nobody was asked, or could be; `worktree` is same, changed or missing, `cache` and `remote`
    are yes, no or partly.
    """

    ref: str | None
    type: str | None
    path: str | None
    hash: str | None
    exists: bool | None = None
    worktree: str | None = None
    cache: str | None = None
    remote: str | None = None
    fault: str = ""


def data_of(snapshot: Snapshot, version: Record, makers: Makers) -> list[Datum]:
    """What a version was trained on: what it names itself, else what the run read that made it, else its own bytes.

    The version of a dataset is data itself.
    """
    named = list(_inputs(snapshot, version))
    made = None if named else makers.of(version, snapshot)
    read = named or (_read_by(made.snapshot, made.run) if made else []) or list(_bytes(snapshot, version))
    return list({(one.path, one.hash, one.ref): one for one in read}.values())


def _read_by(snapshot: Snapshot, run: Record) -> list[Datum]:
    """What a run read; of a DVC stage not the code, which Git keeps, unless there is nothing else."""
    read = list(_inputs(snapshot, run))
    return [one for one in read if one.ref or one.path not in snapshot.entries] or read


def _inputs(snapshot: Snapshot, record: Record) -> Iterator[Datum]:
    """What a record says that it was made of: refs, and bytes beside them or without one."""
    kind = snapshot.schemas.kind(record.kind)
    told: set[str] = set()
    for link in links(record, kind):
        if link.role in _ROLES and link.text not in told:
            told.add(link.text)
            other = resolved(link.text, snapshot)
            pointed = list(_bytes(snapshot, other)) if other else []
            yield from pointed or [Datum(link.text, None, None, _beside(record.data, link.text))]
    inputs = record.data.get("inputs")
    for one in inputs.values() if isinstance(inputs, Mapping) else ():
        if isinstance(one, Mapping) and "ref" not in one and isinstance(one.get("path"), str):
            yield Datum(None, DVC if "md5" in one else None, one["path"], hash_of(one))


def _beside(data: Mapping[str, Any], ref: str) -> str | None:
    """The hash that stands beside a ref among the inputs."""
    inputs = data.get("inputs")
    for one in inputs.values() if isinstance(inputs, Mapping) else ():
        if isinstance(one, Mapping) and one.get("ref") == ref:
            return hash_of(one)
    return None


def _bytes(snapshot: Snapshot, record: Record) -> Iterator[Datum]:
    kind = snapshot.schemas.kind(record.kind)
    for target in of_record(record, kind.shape.pointers):
        yield Datum(str(record.ref), target.type, target.place or None, _hash(target))
    if record.derived and not kind.shape.pointers:
        yield Datum(str(record.ref), DVC, str(record.data.get("path", "")) or None, hash_of(record.data))


def _hash(target: Target) -> str | None:
    told = hash_of(target.says)
    return told if told is not None or target.identity is None else target.identity


def sought(repository: Repository, snapshot: Snapshot, data: Sequence[Datum], *, remote: bool) -> dict[Datum, Datum]:
    """Each of these with whether its bytes exist: in the work tree or in DVC's cache, on request in its remote."""
    wanted = list(dict.fromkeys(data))
    known = {one: _in_git(snapshot, one) if one.type == GIT else one for one in wanted}
    by_dvc = [one for one in wanted if one.type == DVC and one.path and (one.hash or "").startswith("md5:")]
    if repository.git.root is not None and by_dvc:
        asked = [Asked(one.path or "", (one.hash or "")[4:], pushed=remote, here=True) for one in by_dvc]
        answers = presence(repository.git, asked)
        known |= {one: _told(one, answer) for one, answer in zip(by_dvc, answers, strict=True)}
    return known


def _told(one: Datum, where: Presence) -> Datum:
    places = (where.worktree == SAME, where.cache == YES, where.remote == YES)
    answered = where.cache is not None or where.worktree is not None
    exists = True if any(places) else False if answered else None
    return replace(
        one, exists=exists, worktree=where.worktree, cache=where.cache, remote=where.remote, fault=where.fault
    )


def _in_git(snapshot: Snapshot, one: Datum) -> Datum:
    blob = (one.hash or "").rpartition(":")[2]
    there = snapshot.read([blob]) if (one.hash or "").startswith("blob:") else {}
    return replace(one, exists=blob in there if blob else None)
