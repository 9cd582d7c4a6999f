"""The verbs that show: `list`, `show`, `get`, `preview`, `compare`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gitml.cli.door import FINE, Door
from gitml.cli.usage import Usage
from gitml.errors import Problem
from gitml.records.ref import Ref
from gitml.render.listing import table
from gitml.render.shapes import FORMAT, at_shape, compare_shape, list_shape, show_shape
from gitml.repo.git.index import UNMERGED
from gitml.repo.load import is_complete
from gitml.views.kinds import unread, unread_by_readers
from gitml.views.rows import Column, Rows


def list_(door: Door) -> int:
    """Records of a kind as a table; without a kind, how many there are of each."""
    args = door.args
    if args.over and not args.kind:
        raise Usage("list: over history it lists one kind", hint="git ml list run --all-commits")
    with door.waiting(f"reading {args.kind or 'all'} records"):
        store = door.store
        found = _rows(door) if args.kind else store.kinds()
        at, snapshot = store.snapshot.at, store.snapshot
        lost = found.problems if args.over else unread(snapshot, args.kind)
        others = () if args.over else unread_by_readers(snapshot, args.kind)
    if args.kind:
        _warn(door, lost, others)
    complete = found.complete and is_complete([*lost, *others])
    keep = [name.lstrip("-") for part in (*(args.columns or ()), *(args.sort or ())) for name in part.split(",")]
    shown = found
    if args.over:
        from gitml.render.past import HEAD, readable

        shown, keep = readable(found), [*keep, *HEAD]
    door.answer(
        lambda: list_shape(found, at, complete=complete, over=args.over or ()),
        lambda: shown if door.format == "md" else found,
        lambda: table(shown, door.page, keep),
    )
    return FINE


def _rows(door: Door) -> Rows:
    args = door.args
    columns, sort = _listed(args.columns), _listed(args.sort)
    how = {"columns": columns, "sort": sort, "limit": args.limit, "dialect": args.dialect}
    return door.store.rows(args.kind, args.filter, over=args.over, **how)


def _warn(door: Door, lost: Sequence[Problem], others: Sequence[Problem]) -> None:
    """Say that there are records which no table shows, or files of other tools that may hold some."""
    kind = door.args.kind
    unmerged = sorted(one.path for one in (*lost, *others) if one.code == UNMERGED)
    lost, others = ([one for one in found if one.code != UNMERGED] for found in (lost, others))
    several = len(lost) > 1
    if unmerged:
        told = (
            f"{len(unmerged)} file{'s' * (len(unmerged) > 1)} unmerged, so records are missing: {', '.join(unmerged)}"
        )
        door.tell(f"warning: {told}; git ml validate shows both sides")
    if others:
        told = f"{len(others)} file{'s' * (len(others) > 1)} of other tools cannot be read, so records may be missing"
        door.tell(f"warning: {told}; git ml validate says why")
    if not lost:
        return
    if not door.args.over:
        told = f"{len(lost)} {kind} record{'s' * several} cannot be read and so not shown"
        door.tell(f"warning: {told}; git ml validate says why")
        return
    told = f"{len(lost)} file{'s' * several} of history cannot be read, so {kind} records may be missing"
    rest = "; --format json tells of all" * several
    door.tell(f"warning: {told}: {(lost[0].commit or '')[:8]} {lost[0]}{rest}")


def _listed(given: list[str] | None) -> str | None:
    """`--sort a --sort b` is `--sort a,b`."""
    return None if given is None else ",".join(given)


def show(door: Door) -> int:
    """One record."""
    from gitml.render.record import record_rows, record_text

    wanted = Ref.parse(door.args.ref)
    with door.waiting(f"reading {wanted}"):
        store = door.store.at(wanted.rev) if wanted.rev else door.store
        snapshot = store.snapshot
        record = snapshot.record(wanted.bare)
        problems = store.problems(record)
        text = store.text_of(record.ref)
    order = snapshot.schemas.kind(record.kind).shape.order
    door.answer(
        lambda: show_shape(record, snapshot.at, problems) | ({"text": str(text)} if text else {}),
        lambda: record_rows(record),
        lambda: record_text(record, snapshot.at, order, problems, door.page, text),
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


def preview(door: Door) -> int:
    """The first rows of what a record points to; what there is to know of them on standard error."""
    from gitml.render.preview import preview_rows, preview_shape, preview_text

    wanted = Ref.parse(door.args.ref)
    with door.waiting(f"reading {wanted}"):
        store = door.store.at(wanted.rev) if wanted.rev else door.store
        found = store.preview(wanted.bare, door.args.limit)
    for note in found.notes:
        door.tell(note)
    door.answer(
        lambda: preview_shape(found, store.snapshot.at),
        lambda: preview_rows(found),
        lambda: preview_text(found, door.page),
    )
    return FINE


def compare(door: Door) -> int:
    """Records side by side, or with --curves one metric of runs, drawn."""
    from gitml.render.comparison import comparison_rows, comparison_text

    if door.args.curves:
        from gitml.cli.curves import curves

        return curves(door)
    if door.args.picture or door.args.watch:
        flag = "-o" if door.args.picture else "--watch"
        raise Usage(f"compare: {flag} is for --curves", hint="git ml compare RUN --curves METRIC")
    with door.waiting("comparing"):
        found = door.store.comparison(*door.args.refs)
    everything = door.args.all
    door.answer(
        lambda: compare_shape(found),
        lambda: comparison_rows(found),
        lambda: comparison_text(found, door.page, everything=everything),
    )
    return FINE
