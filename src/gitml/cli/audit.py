"""The verbs that look back: `log`, `blame`, `live`."""

from __future__ import annotations

from collections.abc import Sequence

from gitml.cli.door import FINE, Door
from gitml.errors import Problem
from gitml.records.ref import Ref

_UNSHALLOW = "git fetch --unshallow brings the rest"


def log(door: Door) -> int:
    """What happened to a record, or to all."""
    from gitml.render.events import log_page, log_shape, log_text

    args = door.args
    wanted = Ref.parse(args.ref) if args.ref else None
    with door.waiting("reading history"):
        store = door.store.at(wanted.rev) if wanted and wanted.rev else door.store
        ref = wanted.bare if wanted else None
        found = store.log(ref, field=args.field, since=args.since, author=args.author, limit=args.limit)
    _tell_ends(door, found.ends)
    lacking = [problem for event in found.events for problem in event.problems if _is_lacking(problem)]
    _tell_problems(door, found.problems, lacking)
    rows = (lambda: log_page(found)) if door.format == "md" else (lambda: found.rows)
    door.answer(lambda: log_shape(found), rows, lambda: log_text(found, door.page))
    return FINE


def blame(door: Door) -> int:
    """The last change of each field of a record."""
    from gitml.render.events import blame_shape, blame_text

    wanted = Ref.parse(door.args.ref)
    with door.waiting("reading history"):
        store = door.store.at(wanted.rev) if wanted.rev else door.store
        found = store.blame(wanted.bare)
    _tell_ends(door, found.ends)
    _tell_gaps(door, complete=found.complete or bool(found.ends))
    door.answer(lambda: blame_shape(found), lambda: found.rows, lambda: blame_text(found, door.page))
    return FINE


def live(door: Door) -> int:
    """What aliases choose and deployments serve, now or on a day."""
    from gitml.render.live import live_shape, live_text

    args = door.args
    with door.waiting("reading what is live"):
        found = door.store.live(args.on, remote=args.remote)
    _tell_ends(door, found.ends)
    for problem in found.problems:
        door.tell(f"warning: {(problem.commit or '')[:8]} {problem}")
    _tell_gaps(door, complete=found.complete or bool(found.ends or found.problems))
    door.answer(lambda: live_shape(found), lambda: found.rows, lambda: live_text(found, door.page))
    return FINE


def _is_lacking(problem: Problem) -> bool:
    from gitml.repo.load import UNREADABLE

    return problem.code == UNREADABLE


def _tell_ends(door: Door, ends: Sequence[tuple[str, str]]) -> None:
    """Say where a shallow clone's history begins."""
    if ends:
        commit, time = ends[-1]
        others = f" (and {len(ends) - 1} more)" if len(ends) > 1 else ""
        told = f"history begins at {commit[:12]}{others}, of {time[:10]}: this clone is shallow"
        door.tell(f"warning: {told}; {_UNSHALLOW}")


def _tell_gaps(door: Door, *, complete: bool) -> None:
    """Say that the answer would be more where history is whole."""
    if not complete:
        way = _UNSHALLOW if door.here.repository.git.is_shallow() else "git fetch --refetch brings them"
        door.tell(f"warning: objects of history are not in this clone: {way}")


def _tell_problems(door: Door, problems: Sequence[Problem], lacking: Sequence[Problem]) -> None:
    """Say what of history cannot be read."""
    count = len({(problem.path, problem.commit) for problem in lacking})
    if count:
        told = f"{count} version{'s' * (count > 1)} of records {'are' if count > 1 else 'is'} not in this clone"
        door.tell(f"warning: {told}: git fetch --refetch brings what a partial clone has left out")
    if problems:
        several = len(problems) > 1
        told = f"{len(problems)} version{'s' * several} of other tools' files cannot be read, so events may be missing"
        first = f"{(problems[0].commit or '')[:8]} {problems[0]}"
        door.tell(f"warning: {told}: {first}{'; --format json tells of all' * several}")
