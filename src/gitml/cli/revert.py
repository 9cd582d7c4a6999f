"""`revert`: records and pointers put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.cli.door import FINE, Door
from gitml.cli.usage import Usage
from gitml.cli.write import how, written
from gitml.render.difference import diff_rows, diff_text
from gitml.render.shapes import diff_shape

if TYPE_CHECKING:
    from gitml.actions.reverting.revert import Reverted


def revert(door: Door) -> int:
    """Undo what is named, or show what that would change."""
    args, options = door.args, how(door)
    if args.dry_run and (args.commit or args.message is not None):
        raise Usage("--dry-run writes nothing", hint="without --commit it shows what would change")
    with door.waiting(f"reverting {args.what or args.kind or ''}"):
        done = door.here.revert(
            args.what,
            to=args.to,
            kind=args.kind,
            field=args.field,
            data=args.data,
            force=args.force,
            dry_run=args.dry_run,
            **options,
        )
    for path in done.data:
        door.tell(f"{'would check out' if args.dry_run else 'checked out'}: {path}")
    return _shown(door, done) if args.dry_run else written(door, done, data=list(done.data))


def _shown(door: Door, done: Reverted) -> int:
    """What would change, as `diff` shows it."""
    for warning in done.warnings:
        door.tell(f"warning: {warning}")
    diff = done.diff
    more = {"warnings": list(done.warnings), "data": list(done.data)}
    door.answer(
        lambda: diff_shape(diff) | more, lambda: diff_rows(diff), lambda: diff_text(diff, door.page, "as it would be")
    )
    return FINE
