"""The portions of one launch: what each node has said of their run, in a journal or spool of its own, as one run.

Where the record of that stands already, a portion that comes later is added to it while nobody has committed it, and is
a part of it else, a run of its own with it as its parent. Where nothing of rank 0 is at hand it waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gitml.actions.curves import points
from gitml.actions.ranks import id_of
from gitml.actions.story import CRASHED, FAILED, FINISHED, LEFT, End, Story
from gitml.errors import GitmlError
from gitml.records.ref import Ref
from gitml.repo.journal.folder import BEGIN, END, OWN, RANK, WRITTEN, Folder
from gitml.repo.journal.lines import events, tail, whole
from gitml.repo.journal.process import Life, life

if TYPE_CHECKING:
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

SYNCED: Final = "sync-"
"""How the files begin in which a sync notes what it has written."""
_PARENT: Final = "parent"


def together(found: Iterable[Folder]) -> list[Folder]:
    """Journals, those of one launch as one: what of it has been recorded, and what has not."""
    alone: list[Folder] = []
    launches: dict[tuple[str, str], list[Path]] = {}
    for folder in found:
        begin = folder.begin or {}
        if RANK not in begin:
            alone.append(folder)
            continue
        written = folder.said(WRITTEN)
        path = str(written.get("path")) if isinstance(written, Mapping) else ""
        launches.setdefault((str(begin.get("ref")), path), []).append(folder.path)
    return alone + [_joined(paths) for paths in launches.values()]


def _joined(paths: list[Path]) -> Folder:
    first, *others = sorted(paths, key=lambda path: not (path / OWN).exists())
    return Folder(first, tuple(others))


def story_of(folder: Folder) -> Story | None:
    """What a journal tells; what has not come to its end has crashed, a launch fails where one of its ranks does."""
    story = Story.of(folder)
    if story is None:
        return None
    written = folder.said(WRITTEN)
    if isinstance(written, Mapping) and written.get("ref", str(story.ref)) != str(story.ref):
        return apart(story, folder, Ref.parse(str(written["ref"])), is_there=False)  # its text is known
    if folder.said(END) is None:
        story.end, story.ended = End(CRASHED), folder.last
    elif RANK in (folder.begin or {}) and story.fault and story.end.status == FINISHED:
        story.end = replace(story.end, status=FAILED)
    return story


def has_first(folder: Folder) -> bool:
    """Whether it holds what rank 0 has said."""
    return any((place / OWN).exists() for place in folder.places)


def have_left(folder: Folder) -> bool:
    """Whether all other ranks have come to their ends, as far as that can be seen."""
    return all(_has_left(file) for file in _said_by(folder) if file.name != OWN) or folder.is_silent


def _has_left(file: Path) -> bool:
    begin = _begin(file)
    return begin is None or _is_left(file) or life(begin.get("process") or {}) is Life.GONE


def _begin(file: Path) -> Mapping[str, Any] | None:
    """What a rank began with; None for a process that one has started."""
    first = next(events(whole(file)), None)
    return first[2] if first is not None and first[1] == BEGIN else None


def _is_left(file: Path) -> bool:
    return any(word in (LEFT, END) for _at, word, _said in events(tail(file)))


def apart(story: Story, folder: Folder, ref: Ref, *, is_there: bool) -> Story:
    """A portion's story as that of a run of its own; part of that of its launch where `is_there` a record of that."""
    launch = str(story.ref)
    known = {_PARENT: launch} if is_there else {}
    story.head = {**story.head, "name": f"rank {(folder.begin or {}).get(RANK)} of {launch}", **known}
    story.ref = ref
    is_whole = all(_is_left(file) for file in _said_by(folder) if _begin(file) is not None)
    story.end = End(FAILED if story.fault else FINISHED if is_whole else CRASHED)
    story.ended = folder.last
    return story


def ref_of(folder: Folder, launch: Ref) -> Ref:
    """The ref of a portion on its own: the same whenever that is asked."""
    names = " ".join(sorted(file.name for file in _said_by(folder)))
    return Ref(launch.kind, (launch.keys[0], id_of(f"{launch} {names}")))


def _said_by(folder: Folder) -> Iterator[Path]:
    return (file for file in folder.files if file.exists() and not file.name.startswith(SYNCED))


def is_in(repository: Repository, snapshot: Snapshot, folder: Folder, story: Story) -> bool:
    """Whether the record of a launch holds a portion already: a sync may have been killed before it could note that."""
    try:
        data = snapshot.record(story.ref).data
        known = {_known(point, data) for point in points(repository, snapshot, story.ref)}
    except GitmlError:  # what cannot be read is recorded once more, rather than lost
        return False
    held = all(told.items() <= dict(data.get(name) or {}).items() for name, told in _parts(story))
    return held and all(_known(point, data) in known for point in folder.points())


def _parts(story: Story) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, getattr(story, name)) for name in ("params", "tags", "seeds"))


def _known(point: Any, data: Mapping[str, Any]) -> tuple[Any, ...]:
    value = repr(float(point.value))
    return (point.name, value, point.step, point.time) if "series" in data else (point.name, value)
