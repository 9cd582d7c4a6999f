"""`version`."""

from __future__ import annotations

import platform

from gitml import __version__
from gitml.cli.door import FINE, Door, put


def version(door: Door) -> int:
    """Print the version."""
    if door.format == "table":
        put(f"gitml {__version__}\n")
        return FINE
    from gitml.views.rows import Column, Rows

    told = {"version": __version__, "python": platform.python_version()}
    rows = Rows(None, tuple(Column(name, "string") for name in told), (told,), 1)
    door.answer(lambda: {"format": 1, "at": None, **told}, lambda: rows, str)
    return FINE
