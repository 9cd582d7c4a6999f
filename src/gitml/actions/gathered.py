"""What the journals of a store hold: which runs are under way, which have landed, which are still to be written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Any

from gitml.actions.story import CRASHED, End, Story
from gitml.repo.journal.folder import END, WAITS, WRITTEN, Folder, folders, root
from gitml.repo.journal.landed import landed
from gitml.repo.journal.process import Life
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot


class State(Enum):
    """How far a journaled run has come."""

    RUNNING = "running"
    DUE = "due"
    """Its record stands nowhere."""
    UNCOMMITTED = "uncommitted"
    """Its record stands in the work tree, and in no commit."""
    LANDED = "landed"


@dataclass(frozen=True, slots=True)
class Gathered:
    """A run in a journal: its story, where its record belongs, how far it has come.

    `text` are the very bytes of its record, where it has been written before.
    """

    folder: Folder
    story: Story
    path: str
    state: State
    text: bytes | None

    @property
    def parent(self) -> str | None:
        """The run that this one is part of."""
        return self.story.head.get("parent")


def gathered(
    repository: Repository, snapshot: Snapshot, spools: Iterable[Path] = (), only: Collection[str] | None = None
) -> list[Gathered]:
    """The runs of this store in its own journals and in some spools, on a snapshot that they would be written to.

    With `only` these runs alone, and those that are part of them. A run whose process is gone without a word has
    crashed: at its last sign, as far as its journal tells.
    """
    here = root(repository.git)
    found: dict[Folder, Story] = {}
    shared: dict[str, Mapping[str, Any]] = {}
    for folder in chain(folders(here), *map(folders, spools)):
        begin = folder.begin or {}
        is_asked = only is None or not _family_of(begin).isdisjoint(only)
        is_ours = is_asked and (_is_of if folder.path.parent == here else _is_for)(repository, begin)
        story = _story(folder) if is_ours else None
        if story is not None:
            text = json.dumps(story.environment, sort_keys=True)
            story.environment = shared.setdefault(text, story.environment)  # written out once for all who have it
            found[folder] = story
    paths = {folder: snapshot.path(story.ref) for folder, story in found.items()}
    texts = {folder: _text(folder) for folder in found}
    known = landed(repository.session, {paths[folder]: text for folder, text in texts.items()})
    snapshot.tree.ready(paths.values())
    made = [
        Gathered(
            folder, story, paths[folder], _state(repository, folder, paths[folder], known, snapshot), texts[folder]
        )
        for folder, story in found.items()
    ]
    going = {str(one.story.ref) for one in made if one.state is State.RUNNING}
    # A part of what goes on is written with that.
    return [
        replace(one, state=State.RUNNING) if one.parent in going and one.state is State.DUE else one for one in made
    ]


def _family_of(begin: Mapping[str, Any]) -> frozenset[str]:
    """The refs of a run and of the one that it is part of, as its journal begins."""
    head = begin.get("head")
    parent = head.get("parent") if isinstance(head, Mapping) else None
    return frozenset(str(one) for one in (begin.get("ref"), parent) if one)


def _state(repository: Repository, folder: Folder, path: str, known: set[str], snapshot: Snapshot) -> State:
    if path in known:
        return State.LANDED
    is_here = folder.path.parent == root(repository.git)
    is_left = not is_here or folder.said(WAITS) is not None
    is_over = folder.said(WRITTEN) is not None or (folder.said(END) is not None and is_left)
    if not is_over and folder.life is not Life.GONE:
        return State.RUNNING  # one of ours that has ended is being written by its own process
    return State.DUE if snapshot.tree.file(path) is None else State.UNCOMMITTED


def _story(folder: Folder) -> Story | None:
    story = Story.of(folder)
    if story is not None and folder.said(END) is None:
        story.end = End(CRASHED)
        story.ended = folder.last
    return story


def _is_for(repository: Repository, begin: Any) -> bool:
    """Whether a run in a spool is for this store: it says so, or nothing of a store."""
    return begin.get("store") in (None, repository.prefix)


def _is_of(repository: Repository, begin: Any) -> bool:
    """Whether a run was begun in this store, from this work tree or one that is no longer there."""
    place = str(begin.get("place") or "")
    return begin.get("store") == repository.prefix and (
        place == str(repository.git.git_dir) or not Path(place).exists()
    )


def _text(folder: Folder) -> bytes | None:
    written = folder.said(WRITTEN)
    text = written.get("text") if isinstance(written, dict) else None
    return text.encode() if isinstance(text, str) else None
