"""What an import or an export came to, as text and as JSON; and what could not be carried over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitml.render.cells import printable
from gitml.render.page import PLAIN, Page
from gitml.render.shapes import FORMAT, Shape, written_shape
from gitml.render.sheet import joined
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from gitml.interop.exchange import Exported, Imported, Loss

_SHOWN = 5


def imported_text(done: Imported, page: Page = PLAIN) -> str:
    """What the source holds, what of it is new here or has changed, and what was lost."""
    ops = Counter(change.op for change in done.changes)
    written = ", ".join(f"{ops[op]} {op}" for op in ("added", "changed", "removed") if ops[op])
    end = f"committed {', '.join(commit[:12] for commit in done.commits)}" if done.commits else "written, not committed"
    told = f"{page.paint(written, 'good')}; {end}" if written else "nothing to change" if not done.commits else end
    return joined([f"read: {_counted(done.read)}", told, *_lost(done.losses)])


def imported_shape(done: Imported) -> Shape:
    """An import, change by change and loss by loss."""
    commit = done.commits[-1] if done.commits else None
    more = {"source": done.source, "read": dict(done.read), "commits": list(done.commits)}
    return {**written_shape(commit, done.changes), **more, "losses": losses(done.losses),
            "warnings": list(done.warnings)}  # fmt: skip


def exported_text(done: Exported) -> str:
    """What was written there, what stood there, and what was lost."""
    return joined([f"written: {_counted(done.written)}", f"there already: {_counted(done.standing)}",
                   *_lost(done.losses)])  # fmt: skip


def exported_shape(done: Exported) -> Shape:
    """An export, kind by kind and loss by loss."""
    return {"format": FORMAT, "target": done.target, "written": dict(done.written), "standing": dict(done.standing),
            "losses": losses(done.losses)}  # fmt: skip


def exported_rows(done: Exported) -> Rows:
    """An export as rows, for CSV and Markdown: one a kind."""
    columns = (Column("kind", "string"), Column("written", "int"), Column("standing", "int"))
    kinds = dict.fromkeys((*done.written, *done.standing))
    rows = tuple({"kind": one, "written": done.written.get(one, 0), "standing": done.standing.get(one, 0)}
                 for one in kinds)  # fmt: skip
    return Rows(None, columns, rows, len(rows))


def losses(lost: Sequence[Loss]) -> list[dict[str, Any]]:
    """What could not be carried over: source, kind, id, field, reason."""
    return [one._asdict() for one in lost]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing"


def _lost(lost: Sequence[Loss]) -> list[str]:
    """How many things were lost, and the first of them."""
    if not lost:
        return []
    shown = [printable(": ".join(part for part in (one.kind, one.id, one.field, one.reason) if part))
             for one in lost[:_SHOWN]]  # fmt: skip
    more = f"; --losses FILE lists all {len(lost)}" if len(lost) > _SHOWN else ""
    return [f"could not be carried over: {len(lost)}{more}", *(f"  {one}" for one in shown)]
