"""`leaderboard`: the best runs of an experiment, how that changed, how far they overfit, what their parameters do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitml.cli.door import FINE, Door
from gitml.cli.usage import Usage
from gitml.errors import NotFound

if TYPE_CHECKING:
    from gitml.store import Store
    from gitml.views.board.board import Board

_LIMIT = 20


def leaderboard(door: Door) -> int:
    """A board, or one of the three things that are made of it."""
    args = door.args
    ways = [flag for flag, given in (("--diff", args.diff), ("--gap", args.gap), ("--effects", args.effects)) if given]
    if len(ways) > 1:
        raise Usage(f"leaderboard: {' and '.join(ways)} are two questions", hint="ask one after the other")
    if args.by and ways in (["--gap"], ["--effects"]):
        raise Usage(f"leaderboard: {ways[0]} is of runs, --by of groups of them", hint="leave --by out")
    if args.effects and args.metric:
        raise Usage("leaderboard: --effects names its metric itself", hint="leave --metric out")
    {"--diff": _diff, "--gap": _gap, "--effects": _effects}.get(ways[0] if ways else "", _board)(door)
    return FINE


def _asked(door: Door, store: Store, **more: Any) -> Board:
    args = door.args
    limit = _LIMIT if args.limit is None else args.limit
    columns = None if args.columns is None else ",".join(args.columns)
    how = {"metric": args.metric, "where": args.filter, "by": args.by, "limit": limit, "columns": columns, **more}
    found = store.board(args.experiment, **how)
    if found.unread:
        files = f"{len(found.unread)} file{'s' * (len(found.unread) > 1)}"
        door.tell(f"warning: {files} cannot be read, so runs may be missing; git ml validate says why")
    return found


def _board(door: Door) -> None:
    from gitml.render.board import board_line, board_shape, board_text

    with door.waiting("reading run records"):
        found = _asked(door, door.store)
        rows = found.rows
    door.tell(board_line(found))
    door.answer(lambda: board_shape(found), lambda: rows, lambda: board_text(found, door.page))


def _diff(door: Door) -> None:
    from gitml.render.board import board_line, moves_shape, moves_text
    from gitml.views.board.moved import moved

    if getattr(door.args, "at", None):
        raise Usage("leaderboard: --diff names both sides itself", hint="leave --at out")
    with door.waiting("reading run records"):
        a, b = door.args.diff
        after = _asked(door, door.here.at(b))
        found = moved(_before(door, door.here.at(a), after), after)
    door.tell(board_line(after))
    door.answer(lambda: moves_shape(found), lambda: found.rows, lambda: moves_text(found, door.page))


def _before(door: Door, store: Store, after: Board) -> Board:
    """The board as it was; nobody stands on it where there was no run of the experiment, or none with the metric."""
    try:
        return _asked(door, store, metric=after.aim.metric)
    except NotFound as error:
        door.tell(f"{door.args.diff[0]}: {error.message}")
        return replace(after, at=store.snapshot.at, entries=())


def _gap(door: Door) -> None:
    from gitml.render.board import board_line, gaps_shape, gaps_text

    with door.waiting("reading run records"):
        found = door.store.gaps(_asked(door, door.store))
    door.tell(board_line(found.board))
    door.answer(lambda: gaps_shape(found), lambda: found.rows, lambda: gaps_text(found, door.page))


def _effects(door: Door) -> None:
    from gitml.render.board import board_line, effects_shape, effects_text, skipped_line
    from gitml.views.board.effects import effects

    with door.waiting("reading run records"):
        found = effects(_asked(door, door.store, metric=door.args.effects))
    door.tell(board_line(found.board))
    if skipped := skipped_line(found):
        door.tell(skipped)
    door.answer(lambda: effects_shape(found), lambda: found.rows, lambda: effects_text(found, door.page))
