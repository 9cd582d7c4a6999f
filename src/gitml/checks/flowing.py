"""Where events flow on a line of their own: what the tree says of them, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING

from gitml.checks.survey import referring
from gitml.errors import BadRef, Problem
from gitml.records.ref import Ref

if TYPE_CHECKING:
    from gitml.checks.scope import Scope
    from gitml.repo.git.trees import Tree

DIFFERS = "events.differ"
ABSENT = "events.absent"


def same(scope: Scope) -> Iterator[Problem]:
    """An event that stands in the tree and on the line says the same in both, byte for byte."""
    tree = scope.snapshot.tree
    if tree.events is None:
        return
    ground, line = tree.layers
    for path in sorted(tree.changes if scope.whole else {*scope.changed, *scope.paths}):
        there = line.file(path)
        here = ground.file(path) if there else None
        if there is not None and here is not None and here.oid != there.oid:
            told = f"differs from what the events line has at {(tree.events or '')[:12]}"
            yield Problem(DIFFERS, path, told, "an event is recorded once: copy it from there, or record another")


def landed(scope: Scope) -> Iterator[Problem]:
    """What the tree says refers to no event that is on the line alone: main holds all that it rests on."""
    tree = scope.snapshot.tree
    if tree.events is None:
        return
    ground, line = tree.layers
    asked = _records(scope, ground) if scope.whole else [*scope.present, *_referrers(scope, ground, line)]
    paths = [path for path in dict.fromkeys(asked) if path in ground]
    for path, facts in zip(paths, scope.facts.of(paths), strict=True):
        for link in facts.links if facts else ():
            found = _path(scope, link.text)
            if found is not None and found not in ground and found in line:
                told = f"{link.text} is on the events line alone, and what lands must hold all that it refers to"
                hint = f"copy it: git checkout {scope.snapshot.settings.events} -- {quote(found)}"
                yield scope.problem_in(path, ABSENT, told, hint, at=link.at)


def _referrers(scope: Scope, ground: Tree, line: Tree) -> Iterator[str]:
    """What refers to events whose copies are taken out of the tree."""
    if scope.base is None:
        return
    stood = scope.base.tree.ground
    gone = [path for path in scope.changed if path not in ground and path in line and path in stood]
    refs = {str(one.record.ref) for one in scope.snapshot.load(sorted(gone)) if one.record is not None}
    yield from (path for path, _facts in referring(scope.facts, refs))


def _records(scope: Scope, ground: Tree) -> list[str]:
    """The records that the tree itself has."""
    snapshot = scope.snapshot
    folders = {snapshot.prefix + kind.template.folder for kind in snapshot.schemas.latest.values()}
    return sorted(filter(snapshot.is_record_path, ground.under(sorted(folders))))


def _path(scope: Scope, text: str) -> str | None:
    try:
        ref = Ref.parse(text)
    except BadRef:  # another check says so
        return None
    return None if ref.rev else scope.snapshot.find(ref)
