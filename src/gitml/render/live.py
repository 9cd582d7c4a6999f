"""What is live, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitml.render.cells import printable
from gitml.render.events import SHORT, minute
from gitml.render.page import PLAIN, Page
from gitml.render.shapes import FORMAT, Shape, at_shape, problem_shapes
from gitml.render.sheet import joined

if TYPE_CHECKING:
    from gitml.views.live.live import Live, Slot
    from gitml.views.live.rollouts import Rollout
    from gitml.views.live.trained import Datum

_DIGITS = 12


def live_shape(live: Live) -> Shape:
    """The answer of `live`."""
    return {
        "format": FORMAT,
        "at": at_shape(live.at),
        "on": live.on,
        "complete": live.complete,
        "live": [_slot_shape(slot) for slot in live.slots],
        "problems": problem_shapes(live.problems),
    }


def _slot_shape(slot: Slot) -> Shape:
    names = ("ref", "kind", "version", "missing", "since", "by", "reason", "commit", "holds_from", "status")
    shape: Shape = {name: getattr(slot, name) for name in names}
    shape["approvals"] = [approval._asdict() for approval in slot.approvals]
    shape["data"] = [_datum_shape(one) for one in slot.data]
    if slot.kind == "deployment":
        wish = ("serves", "target", "environment", "state")
        shape |= {name: getattr(slot, name) for name in wish}
        shape |= {name: _rollout_shape(one) for name, one in (("rollout", slot.rollout), ("last_rollout", slot.last))}
        shape |= {"differs": slot.differs, "difference": slot.difference}
    return shape


def _rollout_shape(rollout: Rollout | None) -> Shape | None:
    return rollout._asdict() if rollout else None


def _datum_shape(one: Datum) -> Shape:
    names = ("ref", "type", "path", "hash", "exists", "worktree", "cache", "remote")
    return {name: getattr(one, name) for name in names}


def live_text(live: Live, page: Page = PLAIN) -> str:
    """A few lines each alias and deployment: what it chooses, who agreed, on what data, and what differs."""
    nothing = f"nothing was live {'by ' + minute(live.on) if live.on else 'here'}"
    return joined([line for slot in live.slots for line in _lines(slot, page)] or [nothing])


def _lines(slot: Slot, page: Page) -> Iterator[str]:
    unknown = slot.kind == "deployment" and slot.serves is None
    chosen = "wish unknown" if unknown else printable(slot.version or "nothing")
    through = f" (by {printable(slot.serves)})" if slot.serves and slot.serves != slot.version else ""
    gone = page.paint("  which is not there", "bad") if slot.missing else ""
    stopped = "  ought to be stopped" if slot.state == "stopped" else ""
    yield f"{page.paint(printable(slot.ref), 'strong')}  {chosen}{through}{gone}{stopped}"
    said = [f"since {minute(slot.since)}" if slot.since else "", f"by {printable(slot.by)}" if slot.by else ""]
    said += [f"in {slot.commit[:SHORT]}" if slot.commit else "", f"status {slot.status}" if slot.status else ""]
    late = slot.holds_from if slot.since and slot.holds_from and slot.holds_from > slot.since else None
    said += [f"holds from {minute(late)}" if late else ""]
    if told := "  ".join(filter(None, said)):
        yield f"    {told}"
    if slot.reason:
        yield f"    {printable(slot.reason)}"
    for one in slot.approvals:
        when = f"  {minute(one.created)}" if one.created else ""
        yield f"    {printable(one.decision or 'said')} by {printable(one.by or 'somebody')}{when}"
    yield from (f"    {_datum(one, page)}" for one in slot.data)
    yield from _rolled_out(slot, page)


def _datum(one: Datum, page: Page) -> str:
    name = printable(one.ref or one.path or "data")
    algorithm, _, digits = (one.hash or "").rpartition(":")
    short = f"  {algorithm + ':' if algorithm else ''}{printable(digits[:_DIGITS])}" if one.hash else ""
    return f"data {name}{short}  {_existence(one, page)}"


def _existence(one: Datum, page: Page) -> str:
    if one.exists is None:
        return page.paint(printable(one.fault) or "not looked for", "faint")
    if not one.exists:
        where = "here nor in the remote" if one.remote == "no" else "here"
        return page.paint(f"its bytes are not {where}" if where == "here" else f"its bytes are neither {where}", "bad")
    places = [("the work tree", one.worktree == "same"), ("DVC's cache", one.cache == "yes")]
    held = [place for place, there in [*places, ("the remote", one.remote == "yes")] if there]
    return page.paint(f"in {' and '.join(held) or 'Git'}", "good")


def _rolled_out(slot: Slot, page: Page) -> Iterator[str]:
    if slot.rollout is not None:
        when = f"  {minute(slot.rollout.created)}" if slot.rollout.created else ""
        by = f"  by {printable(slot.rollout.by)}" if slot.rollout.by else ""
        yield f"    rolled out {printable(slot.rollout.version or 'an unknown version')}{when}{by}"
    if slot.difference:
        yield f"    {page.paint(printable(slot.difference), 'bad' if slot.differs else 'faint')}"
