"""`apply`, the one door: changes are checked against the snapshot they would make, then written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitml.checks.check import check, has_errors, scope_of
from gitml.errors import ERROR, Problem, Refused
from gitml.repo.change import Change
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot
from gitml.repo.writing.writer import write
from gitml.views.changes import Difference, describe


@dataclass(frozen=True, slots=True)
class How:
    """How changes are to be written: left as files, committed, or committed to a branch; when, and by whom."""

    now: datetime
    commit: bool = False
    message: str | None = None
    branch: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes to make, and what to tell of them beside the changes themselves."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


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
    wanted = plan.changes
    after = snapshot.overlay(wanted)
    problems = check(scope_of(snapshot, after, repository.base(snapshot.settings), wanted))
    if has_errors(problems):
        raise Refused(_told(problems), problems, hint="nothing was written")
    differences = tuple(describe([one for one in wanted if one.before != one.after], snapshot, after))
    trailers = [("Gitml-Ref", one.ref) for one in differences if one.ref]
    written = write(
        repository.git, wanted, message=how.message, commit=how.commit, branch=how.branch, now=how.now,
        author=how.author, trailers=trailers,
    )  # fmt: skip
    return Applied(written.commit, differences, tuple(problems), (*plan.notes, *written.warnings))


def _told(problems: Sequence[Problem]) -> str:
    errors = [problem for problem in problems if problem.severity == ERROR]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{errors[0]}{more}"
