"""What a command recorded itself: journaled in a spool of its own, so that it is neither written nor lost elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from gitml.actions import series
from gitml.actions.apply import How
from gitml.actions.logged import Source
from gitml.actions.picked_up import pick_up
from gitml.actions.run import Run
from gitml.actions.saving import Draft
from gitml.actions.story import CRASHED, End, Story
from gitml.actions.sync import take_along
from gitml.actions.values import Tell
from gitml.records.record import MISSING, Record, same
from gitml.repo.change import Change
from gitml.repo.journal.folder import END, Folder, folders
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot


class Inner(NamedTuple):
    """A run that the command recorded: its journal, and the story that this tells."""

    folder: Folder
    story: Story

    def becomes(self, head: Mapping[str, Any], code: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """Let the run be another one's reproduction: what it says first, the code as it was recorded, what it wrote."""
        story = self.story
        story.head = {**story.head, **head}
        story.code = dict(code)
        story.outputs = {**outputs, **story.outputs}
        # Of the worktree that it ran in; what was recorded knows better.
        story.end = replace(story.end, dirty=None)

    def changes(self, repository: Repository, snapshot: Snapshot, how: How, tell: Tell) -> list[Change]:
        """What adds its record, with all that belongs to it; files that it logged are copied to their place."""
        take_along(repository, self.folder, self.story)
        points = self.folder.points
        return Draft(repository, self.story, series.tallied(points()), points).changes(snapshot, how, tell)


def recorded_in(spool: Path, first: Record, tell: Tell) -> Inner | None:
    """The run that stands for another one: of its experiment, with its params, or the only one there."""
    told = [(folder, Story.of(folder)) for folder in folders(spool)]
    found = [Inner(folder, story) for folder, story in told if story and story.ref.keys[0] == first.ref.keys[0]]
    meant = _meant(found, first)
    if meant is None:
        return None
    if len(found) > 1:
        lost = len(found) - 1
        tell(f"the command recorded {lost} run{'s' * (lost > 1)} more, not taken over")
    if meant.folder.said(END) is None:
        meant.story.end = End(CRASHED)
        meant.story.ended = meant.folder.last
    return meant


def picked_up(
    repository: Repository, spool: Path, place: Path, since: int, first: Record, clock: Callable[[], datetime],
    tell: Tell,
) -> Inner | None:  # fmt: skip
    """What a command that recorded no run has written of metrics in a folder, as one; None where that is nothing."""
    known = {name: first.data[name] for name in ("params", "seeds") if name in first.data}
    source = Source(list, lambda: None, lambda: None, is_here=False)
    with Run(repository, first.ref.keys[0], clock=clock, spool=spool, source=source, **known) as run:
        pick_up(run, repository, since, place)
        is_empty = not run.metrics()
    found = None if is_empty else recorded_in(spool, first, tell)
    if found is not None:
        inputs = first.data.get("inputs")
        found.story.inputs = found.story.inputs or dict(inputs if isinstance(inputs, Mapping) else {})
    return found


def _meant(found: Sequence[Inner], first: Record) -> Inner | None:
    params = first.data.get("params", MISSING)
    alike = [one for one in found if same(one.story.params or MISSING, params)]
    return next(iter([*alike, *found]), None)
