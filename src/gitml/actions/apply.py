"""`apply`, the one door: changes are checked against the snapshot they would make, then written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gitml.actions.resting import resting
from gitml.actions.swept import swept
from gitml.checks.check import check, has_errors, scope_of
from gitml.errors import ERROR, WARNING, Problem, Refused
from gitml.repo.change import Change
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.writer import write
from gitml.views.changes import Difference, describe


@dataclass(frozen=True, slots=True)
class How:
    """How changes are to be written: left as files, committed, or committed to a branch; when, and by whom.

    Errors with a code in `allow` are warnings: who forces a change is told what it breaks.
    """

    now: datetime
    commit: bool = False
    message: str | None = None
    branch: str | None = None
    author: str | None = None
    allow: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes to make, and what to tell of them beside the changes themselves.

    `problems` are those that the action alone knows of. `message` is the commit's where nobody has given one,
    `trailers` stand in its last block. `then` is what must come about once the files are written; where it raises, they
    are set back.
    """

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    message: str | None = None
    trailers: tuple[tuple[str, str], ...] = ()
    then: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What was written: the commit (None where that is left to the person), the differences, and what to know."""

    commit: str | None
    changes: tuple[Difference, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def apply(repository: Repository, snapshot: Snapshot, changes: Plan | Iterable[Change], how: How) -> Applied:
    """Check changes on a snapshot and write them; raises Refused with the problems, Conflict, or DiskFailed.

    A change whose blobs are equal is a file that stands there already and shall be in the same commit.
    """
    plan = changes if isinstance(changes, Plan) else Plan(tuple(changes))
    ready = checked(repository, snapshot, plan, how)
    trailers = [*plan.trailers, *(("Gitml-Ref", one.ref) for one in ready.changes if one.ref)]
    written = write(
        repository.session, plan.changes, message=how.message or plan.message, commit=how.commit, branch=how.branch,
        now=how.now, author=how.author, trailers=trailers, then=plan.then,
    )  # fmt: skip
    return replace(ready, commit=written.commit, warnings=(*plan.notes, *written.warnings))


def checked(repository: Repository, snapshot: Snapshot, plan: Plan, how: How) -> Applied:
    """What applying a plan would come to, with nothing written; raises Refused with the problems."""
    after = snapshot.overlay(plan.changes)
    stood = repository.stood_on(snapshot)
    head = stood if _commits_here(repository, how) else None
    scope = scope_of(snapshot, after, repository.base(snapshot.settings, head=stood), plan.changes)
    found = [*check(scope), *plan.problems]
    if head is not None:
        found += [*swept(repository, snapshot, after, plan.changes), *resting(scope, head, plan.changes)]
    problems = sorted((_allowed(one, how) for one in dict.fromkeys(found)), key=lambda one: one.order)
    if has_errors(problems):
        raise Refused(_told(problems), problems, hint="nothing was written")
    differences = describe([one for one in plan.changes if one.before != one.after], snapshot, after)
    return Applied(None, tuple(differences), tuple(problems), plan.notes)


def _commits_here(repository: Repository, how: How) -> bool:
    """Whether a commit is made of the work tree's files; on another branch it is made of that one's.

    In the middle of a merge none can be made, and the writer says so.
    """
    git = repository.git
    if git.bare or not (how.commit or how.branch is not None):
        return False
    return how.branch in (None, git.branch()) and not git.operation_in_progress()


def _allowed(problem: Problem, how: How) -> Problem:
    return replace(problem, severity=WARNING) if problem.code in how.allow else problem


def _told(problems: Sequence[Problem]) -> str:
    errors = [problem for problem in problems if problem.severity == ERROR]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0]}{more}"
