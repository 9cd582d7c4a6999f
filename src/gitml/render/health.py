"""How a store is, and where its data are, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.render.cells import printable
from gitml.render.changes import change_lines
from gitml.render.listing import table
from gitml.render.page import PLAIN, Page
from gitml.render.shapes import FORMAT, Shape, at_shape, problem_shapes
from gitml.render.sheet import joined
from gitml.views.data import summary
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.views.data import DataStatus
    from gitml.views.health import Health
    from gitml.views.underway import Running, Underway

_SHORT = 12
_FEW = 4
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_SHOWN = ("path", "refs", "worktree", "cache", "remote", "state", "hint")


def health_text(found: Health, page: Page = PLAIN) -> str:
    """A store in a few lines."""
    commit = (found.at.commit or found.head or "")[:_SHORT]
    where = {"worktree": "the work tree", "staged": "what is staged"}.get(found.at.kind, f"commit {commit}")
    on = f", on {found.branch or 'no branch'}" + (f" at {commit}" if commit else ", without a commit yet")
    place = f" in {found.folder.rstrip('/')}" if found.folder else ""
    events = f", events at {found.at.events[:_SHORT]}" if found.at.events else ""
    head = where + place + (on if found.at.kind != "commit" else "") + events
    wrong = [_count(found.errors, "error"), _count(found.warnings, "warning")]
    told = f"{' and '.join(filter(None, wrong))}: git ml validate" if any(wrong) else "no problems"
    listed = table(found.kinds, page).splitlines() if found.kinds.rows else ["no records"]
    waiting = [*_uncommitted(found, page), *_underway(found.underway, page), *_unpushed(found)]
    return joined([printable(head), *listed, told, *waiting])


def _uncommitted(found: Health, page: Page) -> list[str]:
    if found.at.kind == "commit":
        return []
    unmerged = (
        [f"{len(found.unmerged)} unmerged: {', '.join(map(printable, found.unmerged))}"] if found.unmerged else []
    )
    if not found.uncommitted:
        return unmerged or ["no record and no pointer is uncommitted"]
    return [*unmerged, f"{_count(len(found.uncommitted), 'change')} of records and pointers not committed:",
            *(line for line in change_lines(found.uncommitted, page) if not line.startswith("    "))]  # fmt: skip


def _underway(found: Underway, page: Page) -> list[str]:
    """A line for each run that goes on, and one for those that are still to be recorded."""
    rows = tuple(
        {
            "running": one.ref,
            "since": f"{one.since:{_TIME}}",
            "last": f"{one.last:{_TIME}}",
            "step": "" if one.step is None else str(one.step),
            "metrics": ", ".join(f"{name} {value:.6g}" for name, value in list(one.metrics.items())[:_FEW]),
        }
        for one in found.running
    )
    columns = tuple(Column(name, "string") for name in ("running", "since", "last", "step", "metrics"))
    lines = table(Rows(None, columns, rows, len(rows)), page, ("metrics",)).splitlines() if rows else []
    told = f"{_count(found.unsynced, 'run')} not recorded yet: git ml sync"
    return [*lines, *([told] if found.unsynced else [])]


def _unpushed(found: Health) -> list[str]:
    ours = f"{_count(found.unpushed, 'commit')} of the events line not pushed yet: git ml sync"
    theirs = f"{_count(found.parted, 'commit')} of origin's events line not seen here till git ml sync joins them"
    return [ours] * bool(found.unpushed) + [theirs] * bool(found.parted)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}" if number else ""


def health_shape(found: Health) -> Shape:
    """A store's health."""
    return {
        "format": FORMAT,
        "at": at_shape(found.at),
        "branch": found.branch,
        "head": found.head,
        "folder": found.folder,
        "kinds": list(found.kinds.rows),
        "errors": found.errors,
        "warnings": found.warnings,
        "unmerged": list(found.unmerged),
        "running": [_running_shape(one) for one in found.underway.running],
        "unsynced": found.underway.unsynced,
        "unpushed": found.unpushed,
        "parted": found.parted,
        "uncommitted": [{"op": one.op, "ref": one.ref, "path": one.path} for one in found.uncommitted],
    }


def _running_shape(one: Running) -> Shape:
    times = {"since": f"{one.since:{_TIME}}", "last": f"{one.last:{_TIME}}"}
    return {"ref": one.ref, **times, "step": one.step, "metrics": dict(one.metrics)}


def data_text(found: DataStatus, page: Page = PLAIN) -> str:
    """A line for each pointer, and one for all of them."""
    if not found.data:
        return joined(["no record points to data, and DVC tracks none"])
    rows = tuple(
        {name: str(one.cells[name]) for name in _SHOWN if one.cells[name]} | {"refs": ", ".join(one.what.refs)}
        for one in found.data
    )
    columns = tuple(Column(name, "string") for name in _SHOWN)
    listed = table(Rows(None, columns, rows, len(rows)), page, ("state", "hint"))
    return joined([*listed.splitlines(), *summary(found.data)])


def data_shape(found: DataStatus) -> Shape:
    """Where the data are."""
    return {
        "format": FORMAT,
        "at": at_shape(found.at),
        "complete": found.complete,
        "findings": found.findings,
        "data": [one.cells for one in found.data],
        "problems": problem_shapes(found.problems),
    }
