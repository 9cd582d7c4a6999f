"""What a commit would rest on that no commit has: records and data that stand in the work tree alone.

A commit of a verb is HEAD and what the verb writes. What a record in it refers to, and what it says of data, must be
there too; the checks look at the work tree, which may hold more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from gitml.actions.swept import UNCOMMITTED
from gitml.checks.data import tracked_in
from gitml.checks.facts import FactBook
from gitml.checks.integrity import DERIVED
from gitml.errors import BadRef
from gitml.records.ref import Ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitml.checks.facts import Facts
    from gitml.checks.scope import Scope
    from gitml.errors import Problem
    from gitml.records.record import Path
    from gitml.repo.change import Change
    from gitml.repo.data.pointers import Pointer
    from gitml.repo.snapshot import Snapshot

_FIRST = "commit it first, or leave --commit out"
_HASHES = {"dvc": "md5", "git": "blob"}


class _Need(NamedTuple):
    """What a record needs: another one, known by its id, or the data at a path, tracked by a tool with a hash."""

    ref: Ref | None
    data: str
    tool: str
    known_by: str | None

    def told(self, file: str) -> str:
        if self.ref is not None:
            return f"{self.ref} is not committed ({file}), and this commit would refer to it"
        return f"{self.data} is not committed ({file}), and this commit would point to it"


def resting(scope: Scope, head: Snapshot, changes: Iterable[Change]) -> Iterator[Problem]:
    """The refs and pointers of changed records that lead to what is neither in HEAD nor among the changes.

    What leads nowhere here either is told by the checks; what HEAD's own record says already is not this change's.
    """
    made = list(changes)
    here, landing = _Side(scope.snapshot, scope.facts), _Side(head.overlay(made))
    paths = [one.path for one in made if one.after is not None and scope.snapshot.is_record_path(one.path)]
    for path, facts in zip(paths, scope.facts.of(paths), strict=True):
        needed = [(at, need, here.file(need)) for at, need in (_needs(facts) if facts else ())]
        lacking = [(at, need, file) for at, need, file in needed if file and landing.lacks(need, file, here)]
        stood = _stood(head, path) if lacking else frozenset()
        for at, need, file in lacking:
            if need not in stood:
                yield scope.problem_in(path, UNCOMMITTED, need.told(file), _FIRST, at=at)


def _needs(facts: Facts) -> Iterator[tuple[Path, _Need]]:
    """What a record needs, by field; a ref into a commit needs nothing else, nor one to what Git or DVC make."""
    for link in facts.links:
        try:
            ref = Ref.parse(link.text)
        except BadRef:  # the checks say so
            continue
        if ref.rev is None and ref.kind not in DERIVED:
            yield link.at, _Need(ref, "", "", link.id)
    for at, pointer in facts.pointers:
        tool, data = str(pointer.get("type")), pointer.get("path")
        known_by = pointer.get(_HASHES.get(tool, ""))
        if isinstance(data, str) and isinstance(known_by, str):
            yield at, _Need(None, data, tool, known_by)


def _stood(head: Snapshot, path: str) -> frozenset[_Need]:
    """What HEAD's record at a path needs."""
    facts = FactBook(head).at(path) if path in head.tree and head.is_record_path(path) else None
    return frozenset(need for _at, need in _needs(facts)) if facts else frozenset()


class _Side:
    """A snapshot, asked where it holds what records need."""

    def __init__(self, snapshot: Snapshot, facts: FactBook | None = None) -> None:
        self.snapshot = snapshot
        self.facts = facts or FactBook(snapshot)

    @cached_property
    def tracked(self) -> Mapping[str, Pointer]:
        return tracked_in(self.snapshot).pointers

    def lacks(self, need: _Need, file: str, other: _Side) -> bool:
        """Whether what the other side has in a file is not here; a file that is the same is not looked into."""
        return self.snapshot.tree.file(file) != other.snapshot.tree.file(file) and self.file(need) is None

    def file(self, need: _Need) -> str | None:
        """The file that holds what is needed, just as it is known; None where nothing does."""
        if need.ref is not None:
            return self._record(need.ref, need.known_by)
        if need.tool == "git":
            entry = self.snapshot.tree.file(need.data)
            return need.data if entry is not None and entry.oid == need.known_by else None
        found = self.tracked.get(need.data)
        return found.source if found is not None and found.md5 == need.known_by else None

    def _record(self, ref: Ref, held: str | None) -> str | None:
        path = self.snapshot.find(ref)
        if path is None:
            made = self.snapshot.derived(ref.kind).get(ref)
            return made.path if made else None
        facts = self.facts.at(path) if held is not None else None
        return path if facts is None or facts.id == held else None
