"""How a leaderboard changed between two commits: who entered, left, moved, and got another value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from gitml.views.board.board import Board, Entry
from gitml.views.rows import Column, Rows

Op = Literal["entered", "left", "moved", "changed"]
_SUFFIXES: Final = ("before", "after")


@dataclass(frozen=True, slots=True)
class Move:
    """One entry that is not as it was; a side on which it does not stand is None.

    It entered or left what is shown: it may stand further down on the other side. `changed` has its rank, and another
    value or run.
    """

    op: Op
    before: Entry | None
    after: Entry | None

    @property
    def either(self) -> Entry:
        """It as it is, or was."""
        entry = self.after or self.before
        if entry is None:
            raise AssertionError("a move of nothing")
        return entry


@dataclass(frozen=True, slots=True)
class Moves:
    """Two boards, and what differs among the entries that they show: those of now by rank, then those that left."""

    before: Board
    after: Board
    moves: tuple[Move, ...]
    same: int

    @property
    def rows(self) -> Rows:
        """One row a move: op, the run (or the group's value), rank and value of both sides."""
        by, column = self.after.by, self.after.aim.column
        name = Column("ref", "string") if by is None else self.after.entrants.listing.typed(by, self._types())
        numbers = [
            Column(f"{one}.{side}", kind) for one, kind in (("rank", "int"), (column, "float")) for side in _SUFFIXES
        ]
        rows = tuple(self._row(move) for move in self.moves)
        return Rows("run", (Column("op", "string"), name, *numbers), rows, len(rows))

    def _types(self) -> set[type]:
        return {type(move.either.group) for move in self.moves}

    def _row(self, move: Move) -> dict[str, object]:
        by, column = self.after.by, self.after.aim.column
        row = {"op": move.op, by or "ref": move.either.ref if by is None else move.either.group}
        for side, entry in zip(_SUFFIXES, (move.before, move.after), strict=True):
            row |= {f"rank.{side}": entry.rank, f"{column}.{side}": entry.value} if entry else {}
        return row


def moved(before: Board, after: Board) -> Moves:
    """What changed from one board to another of the same experiment, metric and limit."""
    found = list(_moves(before, after))
    changed = {move.either.key for move in found}
    same = sum(1 for entry in after.shown if entry.key not in changed)
    return Moves(before, after, tuple(found), same)


def _moves(before: Board, after: Board) -> Iterator[Move]:
    old, new = ({entry.key: entry for entry in board.entries} for board in (before, after))
    shown, kept = ({entry.key for entry in board.shown} for board in (before, after))
    for entry in after.shown:
        was = old.get(entry.key)
        if entry.key not in shown:
            yield Move("entered", was, entry)
        elif was is not None and was.rank != entry.rank:
            yield Move("moved", was, entry)
        elif was is not None and (repr(was.value), was.ref) != (repr(entry.value), entry.ref):
            yield Move("changed", was, entry)
    yield from (Move("left", entry, new.get(entry.key)) for entry in before.shown if entry.key not in kept)
