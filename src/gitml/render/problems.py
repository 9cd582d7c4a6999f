"""Problems and errors as text: one line each, with where, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitml.errors import ERROR
from gitml.render.cells import printable
from gitml.render.page import PLAIN, Page
from gitml.render.sheet import joined

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.views.rows import Rows


def problem_line(problem: Problem, page: Page = PLAIN) -> str:
    """`path:line:column: error code field: message; hint`."""
    place = ":".join(printable(str(part)) for part in (problem.path, problem.line, problem.column) if part)
    severity = page.paint(problem.severity, "bad" if problem.severity == ERROR else "warn")
    field = f" {printable(problem.field)}" if problem.field else ""
    hint = f"; {printable(problem.hint)}" if problem.hint else ""
    commit = f" (in {problem.commit[:12]})" if problem.commit else ""
    start = page.paint(f"{place}:", "strong") + " " if place else ""
    return f"{start}{severity} {problem.code}{field}: {printable(problem.message)}{hint}{commit}"


def problem_lines(problems: Iterable[Problem], page: Page = PLAIN) -> list[str]:
    """A line a problem, by path, line, column and code."""
    return [problem_line(problem, page) for problem in sorted(problems, key=lambda problem: problem.order)]


def validation(problems: Iterable[Problem], checked: int, page: Page = PLAIN) -> str:
    """What `validate` says: the problems, then how many there are among how many records."""
    found = list(problems)
    return joined([*problem_lines(found, page), summary(found, checked)])


def summary(problems: Iterable[Problem], checked: int) -> str:
    """How many problems there are."""
    found = list(problems)
    errors = sum(problem.severity == ERROR for problem in found)
    told = [counted(count, word) for count, word in ((errors, "error"), (len(found) - errors, "warning")) if count]
    return f"{counted(checked, 'record')} checked: {', '.join(told) or 'no problems'}"


def counted(count: int, word: str) -> str:
    """`1 record`, `2 records`."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def problem_rows(problems: Iterable[Problem]) -> Rows:
    """Problems as rows, for CSV and Markdown."""
    from gitml.render.shapes import problem_shapes
    from gitml.views.rows import Column, Rows

    shapes = tuple(problem_shapes(problems))
    names = ("severity", "code", "path", "line", "column", "ref", "field", "message", "hint", "commit")
    columns = tuple(Column(name, "int" if name in {"line", "column"} else "string") for name in names)
    return Rows(None, columns, shapes, len(shapes))
