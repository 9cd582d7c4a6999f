"""The verbs that write: `init`, `new`, `set`, `rm`, `register`, `bump`, `promote`, `retire`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitml.actions.apply import Applied
from gitml.cli.door import FINE, Door
from gitml.cli.fields import fields, is_field
from gitml.cli.usage import Usage
from gitml.records.record import MISSING
from gitml.render.bump import bumped_shape, bumped_text
from gitml.render.changes import change_rows, written_text
from gitml.render.page import Page
from gitml.render.shapes import written_shape

if TYPE_CHECKING:
    from gitml.cli.door import Answer


def how(door: Door) -> dict[str, Any]:
    """How to write, as asked for; raises Usage for a message without a commit."""
    args = door.args
    if args.message is not None and not (args.commit or args.branch):
        raise Usage("-m goes with --commit or --branch", hint="without them nothing is committed, as with DVC")
    return {"commit": args.commit, "message": args.message, "branch": args.branch}


def written(door: Door, done: Applied, **more: Any) -> int:
    """What was written, in the format that was asked for; warnings on standard error."""
    for warning in done.warnings:
        door.tell(f"warning: {warning}")
    door.answer(*answer(done, door.page, {"warnings": list(done.warnings), **more}))
    return FINE


def answer(done: Applied, page: Page, more: Mapping[str, Any]) -> Answer:
    """What was written, as a shape, as rows, as text."""
    return (
        lambda: written_shape(done.commit, done.changes, done.problems) | dict(more),
        lambda: change_rows(done.changes),
        lambda: written_text(done.commit, done.changes, done.problems, page),
    )


def init(door: Door) -> int:
    """A store here."""
    from gitml import store

    done = store.initialise(hooks=door.args.hooks, events=door.args.events, clock=door.clock or store.now, **how(door))
    for hook in done.hooks:
        door.tell(f"hook: {hook}")
    if done.drivers:
        door.tell(f"git's settings in this clone: {', '.join(done.drivers)}")
    return written(door, done.applied, hooks=list(done.hooks), drivers=list(done.drivers))


def new(door: Door) -> int:
    """A new record; a dataset with its first version where `--from` names its data."""
    args, options = door.args, how(door)
    given = list(args.fields)
    name = args.name
    if name is not None and is_field(name):  # an event needs no name
        given, name = [name, *given], None
    if args.source is None:
        return written(door, door.here.new(args.kind, name, fields(given), **options))
    if args.kind != "dataset" or name is None:
        raise Usage("--from describes a dataset", hint="git ml new dataset NAME --from PATH")
    with door.waiting(f"reading {args.source}"):
        done = door.here.new_dataset(name, args.source, fields(given), **options)
    return written(door, done)


def set_(door: Door) -> int:
    """Fields of a record."""
    args, options = door.args, how(door)
    changed = fields(args.fields) | dict.fromkeys(args.unset, MISSING)
    if not changed:
        raise Usage("which fields?", hint="git ml set REF field=value, or --unset FIELD")
    return written(door, door.here.set(args.ref, changed, **options))


def rm(door: Door) -> int:
    """A record removed."""
    return written(door, door.here.rm(door.args.ref, **how(door)))


def register(door: Door) -> int:
    """The next version of a model, dataset or feature set."""
    args, options = door.args, how(door)
    with door.waiting(f"registering {args.name}"):
        done = door.here.register(args.name, run=args.run, path=args.path, fields=fields(args.set), **options)
    return written(door, done)


def bump(door: Door) -> int:
    """The next version of data that have changed, and who rests on the last one."""
    args, options = door.args, how(door)
    with door.waiting(f"reading the data of {args.name}"):
        done = door.here.bump(args.name, reason=args.reason, fields=fields(args.set), **options)
    for warning in done.applied.warnings:
        door.tell(f"warning: {warning}")
    more = {"warnings": list(done.applied.warnings), **bumped_shape(done)}
    shape, rows, text = answer(done.applied, door.page, more)
    door.answer(shape, rows, lambda: bumped_text(done, text()))
    return FINE


def promote(door: Door) -> int:
    """An alias on a version."""
    args = door.args
    return written(door, door.here.promote(args.ref, args.alias, reason=args.reason, **how(door)))


def retire(door: Door) -> int:
    """A version out of use."""
    args = door.args
    return written(door, door.here.retire(args.ref, reason=args.reason, status=args.status, **how(door)))
