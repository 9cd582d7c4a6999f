"""`events`."""

from __future__ import annotations

from gitml.cli.door import FINE, Door
from gitml.cli.usage import Usage
from gitml.cli.write import answer


def events(door: Door) -> int:
    """Events moved to a branch of their own, or into the tree."""
    args = door.args
    if args.message is not None and not args.commit:
        raise Usage("-m goes with --commit", hint="without it nothing of the tree is committed, as with DVC")
    with door.waiting("moving events"):
        done = door.here.move_events(args.to, commit=args.commit, message=args.message)
    for told in done.warnings:
        door.tell(told)
    door.answer(*answer(done, door.page, {"warnings": list(done.warnings)}))
    return FINE
