"""`events move`: the events of a store from its tree to a line of their own, and back; not a byte of them changes.

Nothing that was reachable is lost: the first commit on the line has the commit that the events come from beside it, and
coming back a ref keeps the line's tip.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitml.actions.apply import Applied
from gitml.actions.flowing import rested_on
from gitml.errors import BadValue, Conflict, NotFound
from gitml.records.annotations import key_order
from gitml.records.edit import edit
from gitml.records.reader import read
from gitml.records.settings import PATH as SETTINGS
from gitml.records.settings import TREE
from gitml.repo import packaged
from gitml.repo.change import Change
from gitml.repo.line import folders, tip
from gitml.repo.readers.dvc import is_pointer_file
from gitml.repo.writing.commit import Words
from gitml.repo.writing.flow import flow
from gitml.repo.writing.roots import hold
from gitml.repo.writing.writer import write
from gitml.views.changes import Difference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gitml.actions.plan import How
    from gitml.repo.git.objects import Entry
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot


def move(repository: Repository, to: str, how: How) -> Applied:
    """Let events lie on the line `to`, or in the `tree`; what the tree's records refer to stays in the tree as well.

    Raises BadValue where that is no branch's name or the store has no settings, Conflict where both have an event that
    they tell otherwise.
    """
    snapshot = repository.here()
    now = snapshot.settings.events
    if not snapshot.settings.present:
        raise BadValue("there is no metadata/store.yaml here", hint="git ml init makes a store")
    if to == now:
        return Applied(None, (), (), (f"events lie {_told(now)} already",))
    if TREE not in (to, now):
        raise BadValue(f"events lie on {now}", hint=f"git ml events move --to tree, then --to {to}")
    return _to_line(repository, snapshot, to, how) if now == TREE else _to_tree(repository, snapshot, how)


def _told(events: str) -> str:
    return "in the tree" if events == TREE else f"on {events}"


def _to_line(repository: Repository, snapshot: Snapshot, to: str, how: How) -> Applied:
    session = repository.session
    entries = snapshot.named({path: entry for path, entry in _events(snapshot).items() if _moves(path)})
    contents = _contents(snapshot, entries)
    events = [Change(path, None, one.oid, contents.get(path), one.mode) for path, one in sorted(entries.items())]
    needed = set(rested_on(snapshot, (path for path in snapshot.paths if path not in entries), entries.__contains__))
    gone = [Change(one.path, one.after, None, None, one.mode) for one in events if one.path not in needed]
    message = how.message or f"gitml: events move to {to}"
    words = Words(message, how.author, how.now)
    head = session.commit("HEAD")
    made: list[str | None] = []

    def lay() -> None:
        beside = [head] if head else []
        made.append(flow(session, events, to, words, beside=beside, alone=True).commit)

    done = _write(repository, [_settings(snapshot, to), *gone], message, how, lay)
    told = [f"{_files(len(events))} committed to {to}: {made[0][:12]}"] if made[0] else []
    told += [f"{_files(len(needed))} stay in the tree as well, whose records refer to them"] if needed else []
    return replace(done, warnings=(*told, *done.warnings))


def _to_tree(repository: Repository, snapshot: Snapshot, how: How) -> Applied:
    session, line = repository.session, snapshot.settings.events
    last = tip(session, line)
    found = snapshot.tree.layers[1].entries if last and len(snapshot.tree.layers) > 1 else {}
    starts = tuple(f"{folder}/" for folder in folders(snapshot.schemas, snapshot.prefix))
    ground = snapshot.tree.ground
    coming = {path: entry for path, entry in found.items() if path.startswith(starts)}
    for path, entry in coming.items():
        here = ground.file(path)
        if here is not None and here.oid != entry.oid:
            raise Conflict(f"{path}: the tree tells it otherwise than {line}", hint="git ml validate shows all such")
    events = [Change(path, None, one.oid, None, one.mode) for path, one in sorted(coming.items()) if path not in ground]
    message = how.message or "gitml: events move to the tree"
    done = _write(repository, [_settings(snapshot, TREE), *events], message, how,
                  lambda: hold(session, [last] if last else []))  # fmt: skip
    told = f"{_files(len(events))} written; {line} stays as it was, until you delete it"
    return replace(done, warnings=(*((told,) if last else ()), *done.warnings))


def _write(
    repository: Repository, changes: Sequence[Change], message: str, how: How, then: Callable[[], None]
) -> Applied:
    written = write(repository.session, changes, message=message, commit=how.commit, now=how.now, author=how.author,
                    then=then)  # fmt: skip
    settings = changes[0]
    told = Difference("changed", None, None, settings.path, settings.before, settings.after)
    return Applied(written.commit, (told,), (), written.warnings)


def _events(snapshot: Snapshot) -> Mapping[str, Entry]:
    return snapshot.tree.under(folders(snapshot.schemas, snapshot.prefix))


def _moves(path: str) -> bool:
    """Whether a file of an event's folder goes along: DVC looks for its own in the work tree."""
    return not is_pointer_file(path) and not path.endswith(".gitignore")


def _contents(snapshot: Snapshot, entries: Mapping[str, Entry]) -> dict[str, bytes]:
    """The bytes that Git does not have yet, by path."""
    held = snapshot.contents
    found = {path: held[entry.oid] for path, entry in entries.items() if entry.oid in held}
    lacking = [path for path, entry in entries.items() if path in snapshot.ground.changes and path not in found]
    fresh = ((path, snapshot.git.unread(path)) for path in lacking)
    return {**found, **{path: raw for path, raw in fresh if raw is not None}}


def _settings(snapshot: Snapshot, events: str) -> Change:
    """store.yaml with `events` set, every other line as it was."""
    path = snapshot.prefix + SETTINGS
    raw, entry = snapshot.bytes_at(path), snapshot.tree.file(path)
    if raw is None or entry is None:
        raise NotFound(f"{path} cannot be read", hint="git ml validate says why")
    content = edit(raw, {("events",): events}, key_order(read(packaged.files()["store.yaml"][1]).data or {}))
    return Change(path, entry.oid, snapshot.git.blob_id(content), content, entry.mode)


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)} of events"
