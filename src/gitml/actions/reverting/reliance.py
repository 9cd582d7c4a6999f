"""What rests on what goes back: deployments on an alias that moves, records on their store's settings and schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitml.checks.facts import FactBook, Facts
from gitml.errors import Problem
from gitml.records.schemas import SchemaFile
from gitml.repo.change import Change
from gitml.repo.snapshot import Snapshot

DEPENDS = "revert.depends"
NEEDED = "revert.needed"
_DEPLOYS = "deploys"
_EVENT = "event"
_LEADS = "points_to"


def relying(before: Snapshot, after: Snapshot, changes: Iterable[Change]) -> Iterator[Problem]:
    """The records that deploy what some changes make lead elsewhere, or remove; those changed along are left out."""
    paths = {change.path for change in changes}
    moved = dict(_moved(before, after, [path for path in paths if path in before.entries]))
    if not moved:
        return
    for path, facts in _deploying(after, paths):
        for link in facts.links:
            if link.role == _DEPLOYS and link.text in moved:
                told = f"serves {link.text}, which {moved[link.text]}"
                hint = "say so to who runs it, then --force"
                yield Problem(DEPENDS, path, told, hint, ref=facts.ref)


def needed(today: Snapshot, after: Snapshot, changes: Iterable[Change]) -> Iterator[Problem]:
    """The settings and schemas that some changes remove although records stay that need them, with their number."""
    gone = {change.path for change in changes if change.after is None}
    kept = {_kind_of(file) for file in after.own_schemas}
    kinds = {file.path: _kind_of(file) for file in today.own_schemas if file.path in gone}
    for path in sorted(gone):
        kind = kinds.get(path)
        if today.is_settings(path):
            staying = [one for one in today.paths if one in after.entries]
            told = "makes the store, and {} of its records stay"
        elif kind and kind not in kept and kind in today.schemas.latest:
            staying = [one for one in today.paths_of(kind) if one in after.entries]
            told = f"is the schema of {kind}, and {{}} of its records stay"
        else:
            continue
        if staying:
            yield Problem(NEEDED, path, told.format(len(staying)))


def _kind_of(file: SchemaFile) -> str:
    return str((file.data or {}).get("$id", "")).partition("/")[0]


def _moved(before: Snapshot, after: Snapshot, paths: list[str]) -> Iterator[tuple[str, str]]:
    """What leads elsewhere, by ref, and how."""
    records = [path for path in paths if before.is_record_path(path)]
    then, now = FactBook(before), FactBook(after)
    for path, was in zip(records, then.of(records), strict=True):
        if was is None:
            continue
        here = now.at(path) if path in after.entries else None
        if here is None:
            yield was.ref, "goes"
        elif _leads(here) != _leads(was):
            yield was.ref, f"moves from {_told(was)} to {_told(here)}"


def _leads(facts: Facts) -> tuple[object, object]:
    links = sorted((link.text, link.id or "") for link in facts.links if link.role == _LEADS)
    return links, [dict(value) for _at, value in facts.pointers]


def _told(facts: Facts) -> str:
    places = [link.text for link in facts.links if link.role == _LEADS]
    return ", ".join(places) or "other bytes"


def _deploying(after: Snapshot, changed: set[str]) -> Iterator[tuple[str, Facts]]:
    """What wishes for something to be served; an event tells of what has happened, which nothing undoes."""
    book = FactBook(after)
    for kind in after.schemas.latest.values():
        if kind.addressing != _EVENT and any(field.role == _DEPLOYS for field in kind.shape.refs):
            paths = [path for path in after.paths_of(kind.name) if path not in changed]
            yield from ((path, facts) for path, facts in zip(paths, book.of(paths), strict=True) if facts)
