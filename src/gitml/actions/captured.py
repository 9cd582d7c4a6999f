"""What nobody has to tell of a run: the code, the machine, the environment."""

from __future__ import annotations

from collections.abc import Collection

from gitml.actions import capture
from gitml.actions.ground import Ground
from gitml.actions.logged import Source
from gitml.actions.story import Story
from gitml.actions.values import Tell


def captured(ground: Ground, source: Source, story: Story, tell: Tell) -> Collection[str]:
    """Take it into a story that begins; the paths that are not committed as they are."""
    story.code, changed = ground.code(source.argv(), source.script(), tell)
    dirty = ground.dirty(changed, {})
    if story.code and dirty is not None:
        story.code["dirty"] = dirty
    story.host = capture.host()
    story.environment = ground.environment(source.environment() or {})
    story.variables = ground.variables()
    return changed
