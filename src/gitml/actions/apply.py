"""`apply`, the one door: changes are checked against the snapshot they would make, then written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gitml.actions.flowing import Split
from gitml.actions.plan import How, Plan
from gitml.actions.resting import resting
from gitml.actions.swept import swept
from gitml.checks.check import check, has_errors, scope_of
from gitml.errors import ERROR, WARNING, Problem, Refused
from gitml.repo.change import Change
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.views.changes import Difference, describe


@dataclass(frozen=True, slots=True)
class Applied:
    """What was written: the commit (None where that is left to the person), the differences, and what to know."""

    commit: str | None
    changes: tuple[Difference, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


__all__ = ["Applied", "How", "Plan", "apply", "checked"]


def apply(repository: Repository, snapshot: Snapshot, changes: Plan | Iterable[Change], how: How) -> Applied:
    """Check changes on a snapshot and write them; raises Refused with the problems, Conflict, or DiskFailed.

    A change whose blobs are equal is a file that stands there already and shall be in the same commit.
    """
    plan = changes if isinstance(changes, Plan) else Plan(tuple(changes))
    plan, split, after = _prepared(snapshot, plan, how)
    ready = _checked(repository, snapshot, after, plan, split, how)
    trailers = [*plan.trailers, *(("Gitml-Ref", one.ref) for one in ready.changes if one.ref)]
    written = split.write(repository, after, plan, how, trailers)
    return replace(ready, commit=written.commit, warnings=(*plan.notes, *written.warnings))


def checked(repository: Repository, snapshot: Snapshot, plan: Plan, how: How) -> Applied:
    """What applying a plan would come to, with nothing written; raises Refused with the problems."""
    plan, split, after = _prepared(snapshot, plan, how)
    return _checked(repository, snapshot, after, plan, split, how)


def _prepared(snapshot: Snapshot, plan: Plan, how: How) -> tuple[Plan, Split, Snapshot]:
    """A plan with what it brings along where events flow, its parts, and the snapshot that it makes."""
    split, after = Split.of(snapshot, plan.changes, how.branch), snapshot.overlay(plan.changes)
    whole = split.whole(after)
    if whole is split:
        return plan, split, after
    more = (*whole.here[len(split.here) :], *whole.there[len(split.there) :])
    plan = replace(plan, changes=(*plan.changes, *more))
    return plan, whole, snapshot.overlay(plan.changes)


def _checked(
    repository: Repository, snapshot: Snapshot, after: Snapshot, plan: Plan, split: Split, how: How
) -> Applied:
    stood = repository.stood_on(snapshot)
    head = stood if _commits_here(repository, how) else None
    scope = scope_of(snapshot, after, repository.base(snapshot.settings, head=stood), plan.changes)
    found = [*check(scope), *plan.problems]
    if head is not None:
        found += [*swept(repository, snapshot, after, split.here), *resting(scope, head, split.here)]
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
