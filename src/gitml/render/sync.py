"""What a sync came to, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.render.changes import written_text
from gitml.render.page import PLAIN, Page
from gitml.render.shapes import Shape, written_shape
from gitml.render.sheet import joined

if TYPE_CHECKING:
    from gitml.actions.sync import Synced

_TOLD = ("recorded", "crashed", "restored", "cleared", "running", "uncommitted", "forgotten")


def synced_text(done: Synced, page: Page = PLAIN) -> str:
    """A line for all runs, and what was written."""
    counts = [(word, len(getattr(done, word))) for word in _TOLD]
    told = ", ".join(f"{count} {word}" for word, count in counts if count)
    applied = done.applied
    written = written_text(applied.commit, applied.changes, applied.problems, page) if applied.changes else ""
    pushed = [f"pushed: {done.pushed.commits} commits of the events line"] if done.pushed.commits else []
    return joined([*written.splitlines(), f"runs: {told}" if told else "no run is in the journals", *pushed])


def synced_shape(done: Synced) -> Shape:
    """A sync, run by run."""
    applied = done.applied
    told = {word: list(getattr(done, word)) for word in _TOLD}
    refused = [{"ref": ref, "message": why} for ref, why in done.refused]
    return {**written_shape(applied.commit, applied.changes, applied.problems), **told, "refused": refused,
            "pushed": done.pushed.commits, "not_pushed": done.pushed.fault or None,
            "warnings": [*done.warnings, *done.pushed.warnings]}  # fmt: skip
