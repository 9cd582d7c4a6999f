"""`compare --curves`: drawn in the terminal, as a picture, or again and again while a run goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gitml.cli.door import FINE, Door, put
from gitml.cli.usage import Usage
from gitml.errors import DiskFailed
from gitml.render.curves import curves_rows, curves_shape, curves_text

if TYPE_CHECKING:
    from gitml.views.curves import Curves

_SECOND = 1.0
_HOME = "\x1b[H\x1b[J"


def curves(door: Door) -> int:
    """A metric of some runs over its steps."""
    args = door.args
    if args.watch and (args.picture or door.format != "table" or args.at):
        raise Usage("compare: --watch draws what goes on here, in the terminal", hint="leave -o, --at, --format out")
    if args.watch:
        is_terminal = sys.stdout.isatty()
        for frame in frames(lambda: _asked(door, again=True), lambda: time.sleep(_SECOND)):
            put((_HOME if is_terminal else "") + curves_text(frame, door.page))
        return FINE
    found = _asked(door)
    if args.picture:
        return _picture(door, found, Path(args.picture))
    door.answer(lambda: curves_shape(found), lambda: curves_rows(found), lambda: curves_text(found, door.page))
    return FINE


def frames(draw: Callable[[], Curves], wait: Callable[[], None]) -> Iterator[Curves]:
    """The curves each time that they have changed, until no run of them goes on."""
    shown = None
    while True:
        found = draw()
        if found != shown:
            yield found
        shown = found
        if not any(curve.live for curve in found.curves):
            return
        wait()


def _asked(door: Door, *, again: bool = False) -> Curves:
    if again:
        door.here.refresh()
    return door.store.curves(*door.args.refs, metric=door.args.curves)


def _picture(door: Door, found: Curves, file: Path) -> int:
    from gitml.render.plot import SUFFIXES, plot

    suffix = file.suffix.removeprefix(".").lower()
    if suffix not in SUFFIXES:
        raise Usage(f"compare: -o {file}: a picture is a .png or a .svg", hint=f"-o {file.stem}.png")
    content = plot(found, suffix)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise DiskFailed(f"{file}: cannot be written: {error.strerror}") from error
    door.tell(f"drawn: {file}")
    return FINE
