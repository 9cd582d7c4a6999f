"""Leaderboards, how they changed, gaps and effects: as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gitml.records.record import MISSING
from gitml.render.cells import cell, printable, typed
from gitml.render.listing import table
from gitml.render.page import PLAIN, Page, Style
from gitml.render.shapes import FORMAT, Shape, at_shape
from gitml.render.sheet import joined
from gitml.views.columns import REF

if TYPE_CHECKING:
    from gitml.views.board.board import Board, Entry
    from gitml.views.board.effects import Effect, Effects
    from gitml.views.board.gap import Gap, Gaps
    from gitml.views.board.moved import Move, Moves

_MARKS: Final[dict[str, tuple[str, Style]]] = {
    "entered": ("+", "good"),
    "left": ("-", "bad"),
    "moved": ("~", "warn"),
    "changed": ("~", "warn"),
}
_LEVELS: Final = 12
_DIGITS: Final = 6


def board_line(board: Board) -> str:
    """What a board is of, and who does not stand on it: `wine by validation.auc, higher is better; left out: …`."""
    told = f"{board.experiment} by {board.aim.metric}, {board.aim.direction} is better"
    return f"{told}{left_out(board.left_out)}"


def left_out(reasons: Mapping[str, int]) -> str:
    """How many are left out, the most first; nothing where none is."""
    told = [f"{count:,} {why}" for why, count in sorted(reasons.items(), key=lambda one: (-one[1], one[0]))]
    return f"; left out: {', '.join(told)}" if told else ""


def board_text(board: Board, page: Page = PLAIN) -> str:
    """A line a run, or a value of the field that they are grouped by."""
    keep = [*(board.columns or ()), board.aim.column, *([board.by] if board.by else []), "rank", "runs", "mean"]
    return table(board.rows, page, keep)


def board_shape(board: Board) -> Shape:
    """The answer of `leaderboard`."""
    rows = board.rows
    return {
        **_head(board),
        "total": rows.total,
        "columns": [{"name": column.name, "type": column.type} for column in rows.columns],
        "rows": list(rows.rows),
    }


def _head(board: Board) -> Shape:
    return {
        "format": FORMAT,
        "at": at_shape(board.at),
        "experiment": board.experiment,
        "metric": board.aim.metric,
        "direction": board.aim.direction,
        "by": board.by,
        "left_out": dict(board.left_out),
        "complete": board.complete,
    }


def moves_text(moves: Moves, page: Page = PLAIN) -> str:
    """A line an entry that changed: `~ run/wine/01JD…  3 -> 1  0.91`; last how many did not."""
    lines = list(_moves(moves, page))
    same = page.paint(f"{moves.same:,} as before", "faint") if moves.same else ""
    return joined([*lines, *([same] if same else [])] or ["no run stands on either"])


def _moves(moves: Moves, page: Page) -> Iterator[str]:
    for move in moves.moves:
        mark, style = _MARKS[move.op]
        either = move.either
        by = moves.after.by
        name = (
            either.ref if by is None else f"{by} = {typed(either.group)}" if either.group is not MISSING else f"no {by}"
        )
        yield f"{page.paint(f'{mark} {printable(name)}', style)}  {_way(move, grouped=by is not None)}"


def _way(move: Move, *, grouped: bool) -> str:
    """`entered at 2`, `left 5, now 12`, `3 -> 1`: the rank, then the value of each side."""
    before, after = _rank(move.before), _rank(move.after)
    words = {
        "entered": f"entered at {after}" + (f", from {before}" if move.before else ""),
        "left": f"left {before}" + (f", now {after}" if move.after else ", stands there no more"),
    }.get(move.op, f"{before} -> {after}" if before != after else f"stays {after}")
    values = [cell(entry.value) for entry in (move.before, move.after) if entry]
    by = [entry.ref for entry in (move.before, move.after) if entry and grouped]
    through = f"  by {' -> '.join(dict.fromkeys(by))}" if by else ""
    return f"{words}  {' -> '.join(dict.fromkeys(values))}{through}"


def _rank(entry: Entry | None) -> str:
    return "no rank" if entry is None or entry.rank is None else str(entry.rank)


def moves_shape(moves: Moves) -> Shape:
    """The answer of `leaderboard --diff`."""
    head = _head(moves.after)
    sides = {"from": at_shape(moves.before.at), "to": head.pop("at")}
    changes = [
        {
            "op": move.op,
            **({} if move.either.group is MISSING else {"value": move.either.group}),
            "before": _entry(move.before),
            "after": _entry(move.after),
        }
        for move in moves.moves
    ]
    return {"format": head.pop("format"), **sides, **head, "same": moves.same, "changes": changes}


def _entry(entry: Entry | None) -> Shape | None:
    return None if entry is None else {"rank": entry.rank, REF: entry.ref, "metric": entry.value}


def gaps_text(gaps: Gaps, page: Page = PLAIN) -> str:
    """A line a run, metric and split."""
    found = gaps.rows
    if not found.rows:
        return joined(["no run has a metric of training and of another split"])
    return table(found, page, [column.name for column in found.columns])


def gaps_shape(gaps: Gaps) -> Shape:
    """The answer of `leaderboard --gap`."""
    return {**_head(gaps.board), "gaps": [_gap(gap) for gap in gaps.gaps]}


def _gap(gap: Gap) -> Shape:
    told = {"rank": gap.entry.rank, "ref": gap.entry.ref, "metric": gap.pair.metric, "split": gap.pair.split}
    names = ("train", "value", "delta", "relative", "verdict")
    return told | {name: getattr(gap, name) for name in names}


def effects_text(effects: Effects, page: Page = PLAIN) -> str:
    """A line a parameter of numbers, a few lines one of other values."""
    found = effects.rows
    if not found.rows:
        return joined([f"no parameter differs among {effects.n:,} runs that have the metric"])
    shown: dict[str, int] = {}
    rows = []
    for row in found.rows:
        name = row["parameter"]
        shown[name] = shown.get(name, 0) + 1
        if shown[name] <= _LEVELS or page.width is None:
            rows.append({key: _rounded(value) for key, value in row.items()})
    cut = len(found.rows) - len(rows)
    others = len(effects.effects) - len(effects.shown)
    told = [f"+{cut:,} values: --format csv"] * bool(cut) + [f"+{others:,} parameters: --limit"] * bool(others)
    note = [page.paint(line, "faint") for line in told if page.width is not None]
    text = table(replace(found, rows=tuple(rows), total=len(rows)), page, [column.name for column in found.columns])
    return text + joined(note)


def _rounded(value: object) -> object:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def skipped_line(effects: Effects) -> str:
    """Which parameters are not among them, and why; nothing where all are."""
    told = [f"{len(names):,} {why} ({', '.join(names[:3])}{', …' * (len(names) > 3)})"  # noqa: PLR2004
            for why, names in sorted(effects.skipped.items())]  # fmt: skip
    return f"no effect is told of: {'; '.join(told)}" if told else ""


def effects_shape(effects: Effects) -> Shape:
    """The answer of `leaderboard --effects`."""
    return {
        **_head(effects.board),
        "n": effects.n,
        "total": len(effects.effects),
        "effects": [_effect(one) for one in effects.shown],
        "skipped": {why: list(names) for why, names in effects.skipped.items()},
    }


def _effect(effect: Effect) -> Shape:
    names = ("parameter", "n", "rho", "slope", "per", "epsilon2")
    shape: Shape = {name: getattr(effect, name) for name in names}
    return shape | {"levels": [level._asdict() for level in effect.levels]}
