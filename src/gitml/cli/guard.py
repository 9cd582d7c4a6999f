"""`validate`; in a hook it is a whole process of 150 ms, so it imports the checks alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from gitml.cli.door import FINE, FOUND, Door, Shape, put
from gitml.cli.usage import Usage
from gitml.errors import NotFound

if TYPE_CHECKING:
    from gitml.checks.validate import Validation
    from gitml.store import Store


def validate(door: Door) -> int:
    """Say what is wrong: exit 1 where there is an error."""
    args = door.args
    ways = [name for name in ("paths", "staged", "pushed", "range", "merge") if getattr(args, name)]
    if len(ways) > 1 or (args.at and ways not in ([], ["paths"])):
        told = "PATH, --staged, --range, --merge and --at X (with or without PATH) are different questions"
        raise Usage(told, hint="ask one of them")
    if args.fix and (args.at or ways not in ([], ["paths"])):
        raise Usage("--fix rewrites files of the work tree", hint="git ml validate --fix, and stage what it changed")
    with door.waiting("validating"):
        fixed = _fixed(door) if args.fix else []
        found = _found(door)
    _answer(door, found, fixed)
    from gitml.checks.check import has_errors

    return FOUND if has_errors(found.problems) else FINE


def _found(door: Door) -> Validation:
    args = door.args
    if args.staged:
        return _staged(door)
    if args.pushed:
        return _pushed(door)
    if args.range:
        return _in_range(door, args.range)
    if args.merge:
        return _merged(door, *args.merge)
    return door.store.validate(_paths(door.store, args.paths))


def _staged(door: Door) -> Validation:
    from gitml.repo.repository import Repository

    repository = Repository.find(Path())
    repository.session.compare_index()  # which takes git as long as it takes to import the checks
    from gitml import hooks

    found = hooks.staged(repository)
    door.tell_of(repository)
    return found


def _pushed(door: Door) -> Validation:
    from gitml import hooks
    from gitml.repo.repository import Repository

    repository = Repository.find(Path())
    found = hooks.pushed(repository, hooks.read(sys.stdin.read()))
    door.tell_of(repository)
    return found


def _in_range(door: Door, text: str) -> Validation:
    a, dots, b = text.partition("..")
    if not dots:
        raise Usage(f"--range takes two revisions, and {text} is one", hint=f"git ml validate --range {text}..HEAD")
    from gitml import hooks

    repository = door.here.repository
    return hooks.in_range(repository, a or "HEAD", b.removeprefix(".") or "HEAD")


def _merged(door: Door, a: str, b: str) -> Validation:
    from gitml import hooks

    return hooks.merged(door.here.repository, a, b)


def _fixed(door: Door) -> list[str]:
    done = door.here.fix(_paths(door.here, door.args.paths))
    for warning in done.warnings:
        door.tell(f"warning: {warning}")
    fixed = [change.path for change in done.changes]
    for path in fixed:
        door.tell(f"rewritten: {path}")
    door.here.refresh()
    return fixed


def _paths(store: Store, given: Sequence[str]) -> list[str] | None:
    """Paths as typed, from the repository's root, None for all that there is; raises NotFound where nothing is."""
    root = store.repository.git.root
    here = Path.cwd() if root else Path()
    paths = [_path(store, text, Path(os.path.relpath(here / text, root)) if root else Path(text)) for text in given]
    return paths if paths and all(paths) else None


def _path(store: Store, text: str, path: Path) -> str:
    name = path.as_posix()
    if name.startswith("../") or name == "..":
        raise NotFound(f"{text} lies outside of the repository", hint=f"its root is {store.repository.git.root}")
    if name == ".":
        return store.snapshot.prefix.rstrip("/")
    if not _is_there(store, name):
        raise NotFound(
            f"there is no {text} {store.snapshot.told}", hint="name a file or a folder that git has, or would add"
        )
    return name


def _is_there(store: Store, name: str) -> bool:
    """Whether git has a file or folder of that name; what it cannot take in (a merge's conflict) is there as well."""
    snapshot = store.snapshot
    troubled = (problem.path for problem in snapshot.tree_problems)
    return name in snapshot.entries or any(
        path == name or path.startswith(f"{name}/") for path in chain(snapshot.entries, troubled)
    )


def _answer(door: Door, found: Validation, fixed: list[str]) -> None:
    if not found.problems and door.format == "table":
        # Most often it is this: what renders more is not imported for it.
        if not door.args.quiet:
            put(f"{found.checked} record{'s' * (found.checked != 1)} checked: no problems\n")
        return
    from gitml.render.problems import problem_rows, validation
    from gitml.render.shapes import validate_shape

    more: Shape = {"fixed": fixed} if door.args.fix else {}
    more |= {"merge": dict(zip(("ours", "theirs"), found.merge, strict=True))} if found.merge else {}
    door.answer(
        lambda: validate_shape(found.problems, found.at, found.base, found.checked) | more,
        lambda: problem_rows(found.problems),
        lambda: validation(found.problems, found.checked, door.page),
    )
