"""What the journals of a store hold: which runs are under way, which have landed, which are still to be written."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Any

from gitml.actions.portions import apart, has_first, have_left, is_in, ref_of, story_of, together
from gitml.actions.story import Story
from gitml.repo.journal.folder import END, RANK, WAITS, WRITTEN, Folder, folders, root
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

    `text` are the very bytes of its record, where it has been written before; `stands` where they shall be replaced.
    """

    folder: Folder
    story: Story
    path: str
    state: State
    text: bytes | None
    stands: bool = False

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
    found: dict[Folder, Story] = {}
    shared: dict[str, Mapping[str, Any]] = {}
    for folder in together(_asked(repository, spools, only)):
        story = story_of(folder)
        if story is not None:
            text = json.dumps(story.environment, sort_keys=True)
            story.environment = shared.setdefault(text, story.environment)  # written out once for all who have it
            found[folder] = story
    made = _launched(repository, snapshot, _placed(repository, snapshot, found))
    going = {str(one.story.ref) for one in made if one.state is State.RUNNING}
    # A part of what goes on is written with that.
    return [
        replace(one, state=State.RUNNING) if one.parent in going and one.state is State.DUE else one for one in made
    ]


def _asked(repository: Repository, spools: Iterable[Path], only: Collection[str] | None) -> Iterator[Folder]:
    """The journals of this store, all or some of them."""
    here = root(repository.git)
    for folder in chain(folders(here), *map(folders, spools)):
        begin = folder.begin or {}
        is_asked = only is None or not _family_of(begin).isdisjoint(only)
        if is_asked and (_is_of if folder.path.parent == here else _is_for)(repository, begin):
            yield folder


def _placed(repository: Repository, snapshot: Snapshot, found: Mapping[Folder, Story]) -> list[Gathered]:
    """Where the records of some runs belong, and how far they have come."""
    paths = {folder: snapshot.path(story.ref) for folder, story in found.items()}
    texts = {folder: _text(folder) for folder in found}
    written = {paths[folder]: text for folder, text in texts.items() if text is not None}
    known = landed(repository.session, {**dict.fromkeys(paths.values()), **written})
    snapshot.tree.ready(paths.values())
    return [
        Gathered(folder, story, path, _state(repository, folder, path, known, snapshot), texts[folder])
        for (folder, story), path in zip(found.items(), paths.values(), strict=True)
    ]


def _launched(repository: Repository, snapshot: Snapshot, found: list[Gathered]) -> list[Gathered]:
    """The same, where portions of launches came after the records of these, or before anything of rank 0."""
    written = {one.path: one for one in found if one.text is not None}
    alone: dict[Folder, Story] = {}
    made: dict[Folder, Gathered] = {one.folder: one for one in found}
    for one in found:
        folder, story = one.folder, one.story
        if RANK not in (folder.begin or {}) or one.text is not None:
            continue
        stands = one.state is State.LANDED or snapshot.tree.file(one.path) is not None
        if not have_left(folder) or not (stands or has_first(folder) or folder.is_silent):
            made[folder] = replace(one, state=State.RUNNING)
        elif stands and not is_in(repository, snapshot, folder, story):
            first = written.get(one.path)
            if first is not None and first.state is State.UNCOMMITTED and snapshot.bytes_at(one.path) == first.text:
                made[first.folder] = _added(first, folder)
                del made[folder]
            else:
                alone[folder] = apart(story, folder, ref_of(folder, story.ref), is_there=True)
        elif not stands and not has_first(folder):
            alone[folder] = apart(story, folder, ref_of(folder, story.ref), is_there=False)
    made |= {one.folder: one for one in _placed(repository, snapshot, alone)} if alone else {}
    return list(made.values())


def _added(first: Gathered, folder: Folder) -> Gathered:
    """A run whose record nobody has committed, with a portion that came later."""
    whole = Folder(first.folder.path, (*first.folder.others, *folder.places))
    return Gathered(whole, story_of(whole) or first.story, first.path, State.DUE, None, stands=True)


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
