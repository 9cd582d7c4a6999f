"""`run`: a command and its record; `reproduce`: the same again, and how it compares."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gitml.cli.door import FINE, FOUND, Door, page
from gitml.cli.fields import fields, words
from gitml.cli.usage import Usage
from gitml.cli.write import answer, how
from gitml.errors import BadValue
from gitml.records.record import segments
from gitml.render.changes import change_rows
from gitml.render.sync import synced_shape, synced_text

if TYPE_CHECKING:
    from gitml.actions.again.needs import Needs


def run(door: Door) -> int:
    """Run a command and record it; its exit code is ours."""
    args, options = door.args, how(door)
    if not args.command:
        raise Usage("no command is given", hint="it stands behind --: git ml run --experiment E -- python train.py")
    # Standard output is the command's, unless a program wants to read our answer from it.
    ours = door.format != "table"
    from gitml import store

    done = store.run_command(
        args.experiment,
        args.command,
        params=nested(fields(args.param)),
        tags=words(args.tag, "NAME=TEXT"),
        inputs=words(args.input, "NAME=REF|PATH"),
        outputs=words(args.output, "NAME=PATH"),
        stdout=sys.stderr if ours else None,
        clock=door.clock or store.now,
        spool=args.spool,
        **options,
    )
    warnings = (*done.warnings, *done.applied.warnings)
    for warning in warnings:
        door.tell(f"warning: {warning}")
    more = {"ref": done.ref, "exit_code": done.code, "warnings": list(warnings)}
    told = answer(done.applied, page(sys.stdout if ours else sys.stderr, args.color), more)
    if ours:
        door.answer(*told)
    elif not done.whole:
        door.tell(f"part of {done.ref}, which rank 0 records")
    else:
        sys.stderr.write(door.rendered(*told))
    return done.code


def sync(door: Door) -> int:
    """What ran elsewhere or crashed, as records; exit 1 where a run could not be written, or not pushed."""
    options = how(door)
    with door.waiting("looking at the journals"):
        done = door.here.sync(door.args.spool, push=not door.args.no_push, forget=door.args.forget, **options)
    for warning in (*done.warnings, *done.pushed.warnings):
        door.tell(f"warning: {warning}")
    for ref, why in done.refused:
        door.tell(f"{ref} could not be written: {why}")
    if done.pushed.fault:
        door.tell(done.pushed.fault)
    door.answer(lambda: synced_shape(done), lambda: change_rows(done.applied.changes),
                lambda: synced_text(done, door.page))  # fmt: skip
    return FOUND if done.refused or done.pushed.fault else FINE


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Values by dotted name as mappings in mappings; raises BadValue where a name leads into a value."""
    whole: dict[str, Any] = {}
    for name, value in values.items():
        *path, last = segments(name)
        place = whole
        for step in path:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise BadValue(f"{name}: {step} is a value already", hint="a name is a value or a mapping, not both")
        place[last] = value
    return whole


def reproduce(door: Door) -> int:
    """Run a run again and record it; exit 1 where the command failed or, with --check, the result differs."""
    from gitml.render.reproduced import needs_lines, reproduced_shape, reproduced_text
    from gitml.views.verification import DIFFERENT

    args, options = door.args, how(door)
    if args.tolerance and not args.check:
        raise Usage("reproduce: --tolerance is for --check", hint="git ml reproduce RUN --check --tolerance auc=1%")
    ours = door.format != "table"

    def first(needed: Needs) -> None:
        for line in needs_lines(needed):
            door.tell(line)

    done = door.here.reproduce(
        args.ref, env=args.env, keep=args.keep, check=args.check, tolerances=words(args.tolerance, "NAME=AMOUNT"),
        stdout=sys.stderr if ours else None, first=first, **options,
    )  # fmt: skip
    warnings = (*done.warnings, *done.applied.warnings)
    for warning in warnings:
        door.tell(f"warning: {warning}")
    shape, rows, text = answer(done.applied, door.page, {**reproduced_shape(done), "warnings": list(warnings)})
    door.answer(shape, rows, lambda: reproduced_text(done, door.page) + text())
    compared = done.verification
    differs = compared is not None and compared.verdict in (DIFFERENT, None)
    return FOUND if done.code or differs else FINE
