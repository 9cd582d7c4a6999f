"""`renumber`."""

from __future__ import annotations

from gitml.cli.door import Door
from gitml.cli.write import how, written


def renumber(door: Door) -> int:
    """The later of two versions with one number gets another."""
    args = door.args
    return written(door, door.here.renumber(args.ref, to=args.to, **how(door)))
