"""The verb `status`: how the store is, and with `--data` where its data are."""

from __future__ import annotations

from gitml.cli.door import FINE, FOUND, Door
from gitml.render.health import data_shape, data_text, health_shape, health_text


def status(door: Door) -> int:
    """The store in a few lines; its data one by one, and exit 1 where committed data cannot be had from a remote."""
    if door.args.data or door.args.ever_live:
        return _data(door)
    with door.waiting("looking"):
        found = door.store.status(door.args.spool)
    door.answer(lambda: health_shape(found), lambda: found.rows, lambda: health_text(found, door.page))
    return FINE


def _data(door: Door) -> int:
    with door.waiting("asking DVC's cache and remotes"):
        found = door.store.data_status(ever_live=door.args.ever_live)
    for problem in found.problems:
        door.tell(str(problem))
    if not found.complete:
        door.tell("warning: history is cut off here, so not all that was ever live is known; git fetch --unshallow")
    door.answer(lambda: data_shape(found), lambda: found.rows, lambda: data_text(found, door.page))
    return FINE if found.is_fine else FOUND
