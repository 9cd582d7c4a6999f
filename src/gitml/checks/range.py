"""`validate --range A..B`: what is wrong at B that was not yet wrong where B and A parted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from gitml.checks.check import CHECKS, READING, check, whole
from gitml.checks.validate import Validation
from gitml.errors import BadValue, NotFound, Problem
from gitml.repo.load import UNREADABLE

if TYPE_CHECKING:
    from gitml.checks.scope import Scope
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

Key = tuple[str, ...]


def commit_of(repository: Repository, revision: str) -> str:
    """The commit that a revision or a date names; raises NotFound, BadValue where it names no commit."""
    try:
        at = repository.git.resolve_at(revision, _main(repository))
    except NotFound as error:
        if repository.git.is_shallow():
            raise NotFound(f"{error.message}, and this clone is shallow", hint="git fetch --unshallow") from None
        raise
    if at.commit is None:
        raise BadValue(f"{revision} is no commit", hint="name two commits, branches or tags; commit what is not yet")
    return at.commit


def _main(repository: Repository) -> str:
    return repository.head().settings.main


def bases(repository: Repository, a: str, b: str) -> list[str]:
    """The commits at which two commits parted, several where merges have crossed; raises NotFound for none."""
    found = repository.git.merge_bases(a, b)
    if found:
        return found
    message = f"{a[:12]} and {b[:12]} have no commit in common"
    if repository.git.is_shallow():
        raise NotFound(f"{message} in this clone, which is shallow", hint="git fetch --unshallow")
    raise NotFound(message, hint="name two commits of one history")


def between(repository: Repository, a: str, b: str) -> Validation:
    """What is wrong at `b` that was not yet wrong where it and `a` parted, both full ids. Raises NotFound.

    Where merges have crossed there are several such places: then everything counts that any of them shows to be wrong,
    and nothing that was wrong at any of them.
    """
    after = repository.commit(b)
    before = [repository.commit(base) for base in bases(repository, a, b)]
    scopes = [at_the_gate(repository, after, base) for base in before]
    found = [problem for scope in scopes for problem in check(scope)]
    # Where nothing is wrong now, all that matters of before is what nobody could read of it.
    asked = CHECKS if found else READING
    known = [check(at_the_gate(repository, base, base), asked) for base in before]
    lost = [one for base, told in zip(before, known, strict=True) for one in unreadable(told, base)]
    problems = sorted([*fresh(dict.fromkeys(found), *known), *lost], key=lambda problem: problem.order)
    return Validation(after.at, before[0].at.commit, scopes[0].count, tuple(problems))


def brought(repository: Repository, before: Snapshot, after: Snapshot) -> tuple[Problem, ...]:
    """What is wrong in a snapshot that was not yet wrong where it and another parted; else in that other one."""
    a, b = before.at.commit, after.at.commit
    if a and b and after.at.kind == before.at.kind == "commit" and repository.git.merge_bases(a, b):
        return between(repository, a, b).problems
    return against(repository, before, after)


def against(repository: Repository, before: Snapshot, after: Snapshot) -> tuple[Problem, ...]:
    """What is wrong in a snapshot that was not yet wrong in another."""
    return fresh(judged(repository, after, before), judged(repository, before, before))


def judged(repository: Repository, snapshot: Snapshot, base: Snapshot) -> list[Problem]:
    """All that is wrong in a snapshot about to be let in, which a review compares with `base`."""
    return check(at_the_gate(repository, snapshot, base))


def at_the_gate(repository: Repository, snapshot: Snapshot, base: Snapshot) -> Scope:
    """Everything in a snapshot, compared with `base`, by what had landed when that was made."""
    settings = snapshot.settings
    landed = repository.base(settings, base.at.commit) if base.at.commit else None
    return replace(whole(snapshot, base), landed=landed, gate=True)


def fresh(found: Iterable[Problem], *known: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems that are not among known ones, wherever they stand in their files by now; in their order."""
    left: Counter[Key] = Counter()
    for one in known:
        left |= Counter(map(key, one))
    new = []
    for problem in sorted(found, key=lambda problem: problem.order):
        if left[key(problem)] > 0:
            left[key(problem)] -= 1
        else:
            new.append(problem)
    return tuple(new)


def unreadable(problems: Iterable[Problem], snapshot: Snapshot) -> list[Problem]:
    """What a partial clone lacks of a snapshot that others are compared with: nobody can say then what is worse."""
    return [replace(one, commit=snapshot.at.commit) for one in problems if one.code == UNREADABLE]


def key(problem: Problem) -> Key:
    """What a problem is known by: all but its line, its column and the commit that it was found in."""
    return (problem.code, problem.severity, problem.path, problem.field or "", problem.message)
