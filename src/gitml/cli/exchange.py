"""The verbs between gitml and other tools: `import`, `export`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gitml.cli.door import FINE, Door
from gitml.cli.write import how
from gitml.interop.exchange import Loss
from gitml.interop.formats import FORMATS
from gitml.render.changes import change_rows
from gitml.render.exchange import exported_rows, exported_shape, exported_text, imported_shape, imported_text, losses
from gitml.render.shapes import to_json


def import_(door: Door) -> int:
    """What another tool has recorded, as records."""
    args, options = door.args, how(door)
    with door.waiting(f"importing from {args.source}"):
        done = FORMATS[args.tool].reader()(door.here, args.source, artifacts=args.artifacts, **options)
    for warning in done.warnings:
        door.tell(f"warning: {warning}")
    _write(args.losses, done.source, done.losses)
    door.answer(lambda: imported_shape(done), lambda: change_rows(done.changes), lambda: imported_text(done, door.page))
    return FINE


def export(door: Door) -> int:
    """What is recorded here, as another tool has it."""
    args = door.args
    with door.waiting(f"exporting to {args.target}"):
        done = FORMATS[args.tool].writer()(door.store, args.target)
    _write(args.losses, done.target, done.losses)
    door.answer(lambda: exported_shape(done), lambda: exported_rows(done), lambda: exported_text(done))
    return FINE


def _write(file: str | None, source: str, lost: Sequence[Loss]) -> None:
    """The report of what could not be carried over, where one is asked for."""
    if file is not None:
        told = {"format": 1, "source": source, "losses": losses(lost)}
        Path(file).write_text(f"{to_json(told)}\n", encoding="utf-8")
