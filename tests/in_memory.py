"""Snapshots without a repository: the real class over files that are held in memory."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from gitml.records.canonical import dump
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.records.schemas import Schemas
from gitml.repo.cache import Cache
from gitml.repo.git import Git
from gitml.repo.git.objects import Entry
from gitml.repo.git.revision import At
from gitml.repo.index.table import Table
from gitml.repo.readers.derived import Derived
from gitml.repo.snapshot import Snapshot
from gitrepo import init

COMMIT = "9f1c2ab0d4e5f6a7b8c9d0e1f2a3b4c5d6e7f809"


@cache
def _shipped() -> Cache:
    """Where the shipped schemas are kept once read, for the time of a test process."""
    folder = tempfile.mkdtemp(prefix="gitml-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Cache(Path(folder))


@cache
def _nowhere() -> Git:
    """An empty repository: it has no tags, and every content is given."""
    folder = tempfile.mkdtemp(prefix="gitml-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Git.find(init(Path(folder)))


def snapshot(files: Mapping[str, Mapping[str, Any] | bytes], at: At | None = None, prefix: str = "") -> Snapshot:
    """A snapshot of these files: bytes, or data to be written canonically."""
    raw = {path: held if isinstance(held, bytes) else dump(held) for path, held in files.items()}
    oids = {path: hashlib.sha1(held).hexdigest() for path, held in raw.items()}  # noqa: S324
    entries = {path: Entry("100644", oid) for path, oid in oids.items()}
    contents = {oids[path]: held for path, held in raw.items()}
    here = at or At("worktree", COMMIT)
    return Snapshot(_nowhere(), here, entries, prefix=prefix, contents=contents, cache=_shipped())


def store(records: Mapping[str, Mapping[str, Any]], at: At | None = None) -> Snapshot:
    """A snapshot of records by ref; `schema:` is added, and nothing checks them."""
    empty = snapshot({})
    return snapshot({empty.path(ref): _written(empty, ref, data) for ref, data in _refs(records)}, at)


def _refs(records: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[Ref, Mapping[str, Any]]]:
    return ((Ref.parse(text), data) for text, data in records.items())


def _written(empty: Snapshot, ref: Ref, data: Mapping[str, Any]) -> bytes:
    return dump({"schema": f"{ref.kind}/1", **data}, empty.schemas.kind(ref.kind).shape.order)


class Loose:
    """Records of one kind that no schema knows: any data at all, for laws that hold of any."""

    schemas = Schemas(())

    def __init__(self, *data: Mapping[str, Any]) -> None:
        self.held = [Record(Ref("thing", (f"{n:03}",)), f"things/{n}", f"{n:040}", each) for n, each in enumerate(data)]

    def records(self, _kind: str) -> Iterator[Record]:
        return iter(self.held)

    @property
    def worked_out(self) -> dict[tuple[str, str], Any]:
        return {("table", "thing"): Table.of(self.held), ("derived", "thing"): Derived()}


def loose(*data: Mapping[str, Any]) -> Snapshot:
    """The records `thing/000`, `thing/001`, … of a kind without a schema."""
    return cast("Snapshot", Loose(*data))
