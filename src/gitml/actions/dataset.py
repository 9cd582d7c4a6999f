"""A dataset from a file: its head, and its first version with pointer, columns, types and counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitml.actions.apply import Plan
from gitml.actions.lifecycle import next_version, thing, version_of
from gitml.actions.records import Origin
from gitml.errors import Conflict
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

KIND = "dataset"


def new(
    repository: Repository, snapshot: Snapshot, name: str, path: str, fields: Mapping[str, Any], origin: Origin
) -> Plan:
    """A dataset's head, where there is none, and its version 1; `fields` by dotted name, the head's own ones go there.

    Conflict where it has versions already, here or on a branch; else what `pointer.point` and `profile` raise.
    """
    head = thing(name, KIND)
    number = next_version(repository, snapshot, head)
    if number > 1:
        told = f"{head} has versions already, up to {number - 1}, here or on another branch"
        raise Conflict(told, hint=f"git ml register {head} --path {path} adds the next one")
    return version_of(repository, snapshot, head, number, path=path, fields=fields, origin=origin)
