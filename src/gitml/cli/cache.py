"""The verb `cache`: what is kept of what was once read, looked after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitml.cli.door import FINE, FOUND, Door
from gitml.cli.usage import Usage
from gitml.render.upkeep import count, fault_rows, faults_text, sort_rows, sorts_text
from gitml.repo import upkeep

if TYPE_CHECKING:
    from gitml.repo.cache import Cache


def cache(door: Door) -> int:
    """One of its deeds."""
    if door.args.dry_run and door.args.deed != "gc":
        raise Usage("--dry-run goes with gc", hint="git ml cache gc --dry-run says what would go")
    return {"info": _info, "verify": _verify, "clear": _clear, "gc": _gc}[door.args.deed](door)


def _shape(kept: Cache, **told: Any) -> dict[str, Any]:
    return {"format": 1, "at": None, "path": str(kept.path), "bytes": upkeep.size(kept), **told}


def _info(door: Door) -> int:
    kept = door.here.repository.cache
    found = upkeep.info(kept)
    told = f"{kept.path}: {count(upkeep.size(kept), 'byte', 'bytes')}"
    door.answer(
        lambda: _shape(kept, entries=list(sort_rows(found).rows)),
        lambda: sort_rows(found),
        lambda: sorts_text(found, told, door.page),
    )
    return FINE


def _verify(door: Door) -> int:
    kept = door.here.repository.cache
    with door.waiting("reading the cache"):
        checked, faults = upkeep.verify(kept)
    damaged = [{"key": one.key or None, "fault": one.told} for one in faults]
    door.answer(
        lambda: _shape(kept, checked=checked, damaged=damaged),
        lambda: fault_rows(faults),
        lambda: faults_text(checked, faults),
    )
    return FOUND if faults else FINE


def _clear(door: Door) -> int:
    kept = door.here.repository.cache
    freed = upkeep.clear(kept)
    told = f"{kept.path}: {count(freed, 'byte', 'bytes')} freed"
    door.answer(lambda: _shape(kept, freed=freed), lambda: sort_rows([]), lambda: sorts_text([], told))
    return FINE


def _gc(door: Door) -> int:
    from gitml.actions.upkeep import gc

    kept, dry_run = door.here.repository.cache, door.args.dry_run
    with door.waiting("looking through the cache"):
        found = gc(door.here.repository, dry_run=dry_run)
    gone = f"{count(sum(one.count for one in found), 'entry', 'entries')} {'would be ' * dry_run}removed"
    told = f"{kept.path}: {gone}, {count(upkeep.size(kept), 'byte', 'bytes')} {'now' if dry_run else 'left'}"
    door.answer(
        lambda: _shape(kept, dry_run=dry_run, removed=list(sort_rows(found).rows)),
        lambda: sort_rows(found),
        lambda: sorts_text(found, told, door.page),
    )
    return FINE
