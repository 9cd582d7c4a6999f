"""What CI does with a pull request, a step at a time: `python -m gitml.cli.review validate`, `merge`, `comment`, `all`.

action.yml and ci/gitlab.yml call it; the environment says which pull request it is (pull.py). With a token that may not
comment, as that of a fork, the job's summary takes the comment.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from gitml import hooks
from gitml.checks.check import has_errors
from gitml.checks.range import fresh
from gitml.cli.between import crossed
from gitml.cli.door import FINE, FOUND, OURS, WRONG, page, put
from gitml.cli.notes import ReadOnly, notes
from gitml.cli.pull import GITHUB, NEEDS, Pull, pull
from gitml.cli.told import told
from gitml.errors import ERROR, DiskFailed, GitFailed, GitmlError, NotFound
from gitml.render.problems import validation
from gitml.render.review import MARKER, comment

if TYPE_CHECKING:
    from gitml.checks.validate import Validation
    from gitml.errors import Problem
    from gitml.repo.repository import Repository
    from gitml.store import Store

SUMMARY: Final = "gitml-review.md"
"""The file that takes the comment where there is neither a place for comments nor a job summary."""

_ESCAPES: Final = {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"}
Environ = Mapping[str, str]


def main(argv: Sequence[str] | None = None, environ: Environ | None = None) -> int:
    """One step; the exit code: 0, 1 where something is wrong or could not be done, 2 for a step that there is not."""
    steps = list(sys.argv[1:] if argv is None else argv)
    told_by = os.environ if environ is None else environ
    if len(steps) != 1 or steps[0] not in STEPS:
        sys.stderr.write(f"git ml: name one step: {', '.join(STEPS)}\n")
        return WRONG
    try:
        return STEPS[steps[0]](Job.of(told_by))
    except GitmlError as error:
        return _failed(error, told_by, FOUND)
    except OSError as error:
        return _failed(DiskFailed(f"{error.filename or ''}: {error.strerror or error}"), told_by, FOUND)
    except Exception as error:  # noqa: BLE001  (a bug of ours: whatever it is, a user sees one line)
        from gitml.cli.bug import report

        return _failed(report(error, steps), told_by, OURS)


def _failed(error: GitmlError, environ: Environ, code: int) -> int:
    if environ.get("GITHUB_ACTIONS"):
        put(f"::error title=gitml::{_escaped(str(error))}\n")
    sys.stderr.write(told(error, page(sys.stderr, "auto"), as_json=False))
    return code


class Job:
    """One CI job: its pull request, the commits that it is between, and the store."""

    def __init__(self, store: Store, pull: Pull, environ: Environ) -> None:
        self.store = store
        self.pull = pull
        self.environ = environ
        here = [base for base in pull.bases if store.repository.git.commit_or_none(base)]
        self.base = here[0] if here else pull.bases[0]

    @classmethod
    def of(cls, environ: Environ) -> Job:
        """The job that an environment tells of, in the store around the current folder."""
        from gitml import store

        asked = pull(environ)
        return cls(store.open("."), asked, environ)

    @property
    def repository(self) -> Repository:
        """Where the store is."""
        return self.store.repository

    def within(self, question: Callable[[Repository, str, str], Validation]) -> Validation:
        """The answer to a question about the two commits; a shallow clone is told what the job must do."""
        try:
            return question(self.repository, self.base, self.pull.head)
        except NotFound as error:
            raise self.lacking(error) from None

    def lacking(self, error: NotFound) -> NotFound:
        """What is missing, with what the job must do where history is cut short."""
        if not self.repository.git.is_shallow():
            return error
        return NotFound(f"{error.message}: this step needs the whole history", hint=NEEDS[self.pull.forge])


def validate(job: Job) -> int:
    """What is wrong that was not yet wrong where the branch began."""
    return _told(job, job.within(hooks.in_range))


def merge(job: Job) -> int:
    """What would be wrong once the branch is merged."""
    return _told(job, job.within(hooks.merged))


def _told(job: Job, found: Validation) -> int:
    """Print an answer, on GitHub also at the lines that it is about."""
    text = validation(found.problems, found.checked, page(sys.stdout, "auto"))
    if job.pull.forge != GITHUB:
        put(text)
    else:
        # What a record says may look like one of the runner's commands.
        word = token_hex(16)
        put(f"::stop-commands::{word}\n{text}::{word}::\n")
        put("".join(map(_annotation, found.problems)))
    return FOUND if has_errors(found.problems) else FINE


def _annotation(problem: Problem) -> str:
    level = "error" if problem.severity == ERROR else "warning"
    places = {"file": problem.path, "line": problem.line, "col": problem.column, "title": problem.code}
    words = ",".join(f"{name}={_escaped(str(value))}" for name, value in places.items() if value)
    message = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    return f"::{level} {words}::{_escaped(message)}\n"


def _escaped(text: str) -> str:
    return re.sub(r"[%\r\n:,]", lambda found: _ESCAPES[found[0]], text.encode("utf-8", "replace").decode())


def post(job: Job) -> int:
    """Make the comment, or update it; where that is not allowed the job's summary takes it."""
    text = _comment(job)
    try:
        there = notes(job.pull, job.environ)
        if there is not None:
            sys.stderr.write(f"git ml: the comment is {there.put(MARKER, text)}\n")
            return FINE
        why = "there is no token for it" if job.pull.number else "there is no pull request"
    except ReadOnly as error:
        why = str(error)
    except GitmlError:
        _summarise(job.environ, text)
        raise
    place = _summarise(job.environ, text)
    sys.stderr.write(f"git ml: no comment ({why}): {place} has it\n")
    return FINE


def _comment(job: Job) -> str:
    """The comment: the diff from where the branch began, the problems that it brings, and those of its merge alone."""
    problems = job.within(hooks.in_range).problems
    try:
        merged = [one for one in job.within(hooks.merged).problems if one.commit is None]
    except GitFailed as error:
        sys.stderr.write(f"git ml: what the merge makes wrong is not in the comment: {error}\n")
        merged = []
    partings = job.store.partings(job.base, job.pull.head)
    if len(partings) > 1:
        sys.stderr.write(f"git ml: {crossed(job.base, job.pull.head, partings)}\n")
    found = job.store.review(job.base, job.pull.head, parted=True)
    return comment(replace(found, problems=(*problems, *fresh(merged, problems))))


def _summarise(environ: Environ, text: str) -> str:
    """Put the comment where a reader of the job finds it; the place."""
    place = environ.get("GITHUB_STEP_SUMMARY")
    with Path(place or SUMMARY).open("a" if place else "w", encoding="utf-8") as file:
        file.write(text)
    return "the job's summary" if place else SUMMARY


def everything(job: Job) -> int:
    """All steps, each of them whatever the others find."""
    return max(step(job) for step in (validate, merge, post))


STEPS: Final[Mapping[str, Callable[[Job], int]]] = {
    "validate": validate, "merge": merge, "comment": post, "all": everything,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
