"""The verbs that show: `list`, `show`, `get`, `compare`."""

from __future__ import annotations

import os
from pathlib import Path

from gitml.cli.door import FINE, Door
from gitml.records.ref import Ref
from gitml.render.comparison import comparison_rows, comparison_text
from gitml.render.listing import table
from gitml.render.record import record_rows, record_text
from gitml.render.shapes import FORMAT, at_shape, compare_shape, list_shape, show_shape
from gitml.views.kinds import is_complete, unread
from gitml.views.rows import Column, Rows


def list_(door: Door) -> int:
    """Records of a kind as a table; without a kind, how many there are of each."""
    args = door.args
    columns, sort = _listed(args.columns), _listed(args.sort)
    with door.waiting(f"reading {args.kind or 'all'} records"):
        store = door.store
        found = (
            store.rows(args.kind, args.filter, columns=columns, sort=sort, limit=args.limit, dialect=args.dialect)
            if args.kind
            else store.kinds()
        )
        at, lost = store.snapshot.at, unread(store.snapshot, args.kind)
    if args.kind and lost:
        told = f"{len(lost)} {args.kind} record{'s' * (len(lost) > 1)} cannot be read and so not shown"
        door.tell(f"warning: {told}; git ml validate says why")
    keep = [name.lstrip("-") for part in (*(args.columns or ()), *(args.sort or ())) for name in part.split(",")]
    door.answer(
        lambda: list_shape(found, at, complete=is_complete(lost)), lambda: found, lambda: table(found, door.page, keep)
    )
    return FINE


def _listed(given: list[str] | None) -> str | None:
    """`--sort a --sort b` is `--sort a,b`."""
    return None if given is None else ",".join(given)


def show(door: Door) -> int:
    """One record."""
    wanted = Ref.parse(door.args.ref)
    with door.waiting(f"reading {wanted}"):
        store = door.store.at(wanted.rev) if wanted.rev else door.store
        snapshot = store.snapshot
        record = snapshot.record(wanted.bare)
        problems = store.problems(record)
    order = snapshot.schemas.kind(record.kind).shape.order
    door.answer(
        lambda: show_shape(record, snapshot.at, problems),
        lambda: record_rows(record),
        lambda: record_text(record, snapshot.at, order, problems, door.page),
    )
    return FINE


def get(door: Door) -> int:
    """The bytes that a record points to: where they are, or a copy in a folder."""
    wanted = Ref.parse(door.args.ref)
    with door.waiting(f"fetching {wanted}"):
        store = door.store.at(wanted.rev) if wanted.rev else door.store
        place = store.get(wanted.bare, Path(door.args.into) if door.args.into else None)
    ref, path = str(wanted.bare), os.fspath(place)
    rows = Rows(None, (Column("ref", "string"), Column("path", "string")), ({"ref": ref, "path": path},), 1)
    shape = {"format": FORMAT, "at": at_shape(store.snapshot.at), "ref": ref, "path": path}
    door.answer(lambda: shape, lambda: rows, lambda: f"{path}\n")
    return FINE


def compare(door: Door) -> int:
    """Records side by side."""
    with door.waiting("comparing"):
        found = door.store.comparison(*door.args.refs)
    everything = door.args.all
    door.answer(
        lambda: compare_shape(found),
        lambda: comparison_rows(found),
        lambda: comparison_text(found, door.page, everything=everything),
    )
    return FINE
