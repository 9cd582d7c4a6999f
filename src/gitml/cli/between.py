"""`diff`: what changed between two snapshots."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitml.cli.door import DATE, FINE, FOUND, Door, put
from gitml.cli.usage import Usage
from gitml.render.difference import diff_rows, diff_text
from gitml.render.shapes import diff_shape
from gitml.repo.load import UNREADABLE

if TYPE_CHECKING:
    from gitml.views.diff import Diff


def diff(door: Door) -> int:
    """Print it; with `--exit-code` exit 1 where something changed."""
    with door.waiting("comparing"):
        a, b, parted = _sides(door)
        store = door.store
        reviewed = store.review(a, b, parted=parted) if door.format == "md" else None
        found = reviewed.diff if reviewed else store.diff(a, b, parted=parted)
    _tell(door, found, a, b)
    if reviewed:
        from gitml.render.review import comment

        put(comment(reviewed))
    else:
        door.answer(lambda: diff_shape(found), lambda: diff_rows(found), lambda: diff_text(found, door.page))
    return FOUND if door.args.exit_code and found else FINE


def _sides(door: Door) -> tuple[str | None, str | None, bool]:
    """What is asked for: nothing, A, A and B, `A..B`, or `A...B`, which is from where the two parted."""
    a, b = door.args.a, door.args.b
    dots = "..." if a and "..." in a else ".."
    if a is not None and dots in a:
        if b is not None:
            raise Usage(f"diff: {a} names two already", hint=f"git ml diff {a}")
        before, _, after = a.partition(dots)
        a, b = before or "HEAD", after or "HEAD"
    if b is not None and door.args.at:
        raise Usage(f"diff: B is {b}, so --at {door.args.at} says nothing", hint="name B, or A alone and --at")
    parted = dots == "..." and a is not None and b is not None
    if parted and len(partings := door.here.partings(a, b)) > 1:
        door.tell(f"warning: {crossed(a, b, partings)}")
    return a, b, parted


def crossed(a: str, b: str, partings: Sequence[str]) -> str:
    """Which of several commits at which two parted is taken, in words."""
    others = ", ".join(one[:12] for one in partings[1:])
    told = f"{a} and {b} parted at {len(partings)} commits, since merges have crossed"
    return f"{told}: {partings[0][:12]} is taken, not {others}"


def _tell(door: Door, found: Diff, a: str | None, b: str | None) -> None:
    """Which commits are meant by dates, and what this clone lacks."""
    for text, snapshot in ((a, found.before), (b, found.after)):
        if text and re.match(DATE, text) and snapshot.at.commit:
            door.tell(f"{text} is {snapshot.at.commit[:12]}")
    missing = len({problem.path for problem in found.problems if problem.code == UNREADABLE})
    if missing:
        files = f"{missing} file{'s are' if missing > 1 else ' is'} not in this clone, so changes may be missing"
        door.tell(f"warning: {files}; git fetch --refetch brings what a partial clone has left out")
