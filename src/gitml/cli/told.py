"""Known errors as text and as JSON."""

from __future__ import annotations

from gitml.errors import ERROR, BadFilter, Conflict, GitmlError, Refused
from gitml.render.cells import printable
from gitml.render.page import Page
from gitml.render.problems import counted, problem_lines
from gitml.render.shapes import Shape, error_shape, problem_shapes, to_json
from gitml.render.sheet import display_width


def told(error: GitmlError, page: Page, *, as_json: bool, where: str | None = None) -> str:
    """A known error for standard error: one line; before it a line for each problem, where changes were refused.

    `where` is the filter that was given: where that is wrong, a mark stands below the column.
    """
    if as_json:
        return f"{to_json(shape(error))}\n"
    mark = page.paint("git ml:", "bad")
    if isinstance(error, BadFilter) and error.column and where and "\n" not in where:
        before = " " * display_width(printable(where[: error.column - 1]))
        return f"{mark} {printable(str(error))}\n  {printable(where)}\n  {before}{page.paint('^', 'bad')}\n"
    if not isinstance(error, Refused | Conflict) or not error.problems:
        return f"{mark} {printable(str(error))}\n"
    errors = sum(problem.severity == ERROR for problem in error.problems)
    said = f"refused for {counted(errors, 'error')}" if isinstance(error, Refused) else error.message
    end = "; ".join(part for part in (said, error.hint) if part)
    return "".join(f"{line}\n" for line in [*problem_lines(error.problems, page), f"{mark} {printable(end)}"])


def shape(error: GitmlError) -> Shape:
    """A known error as README has it; with the problems for which a change was refused, or a filter's column."""
    whole = error_shape(error)
    if isinstance(error, BadFilter):
        whole["error"]["column"] = error.column
    if isinstance(error, Refused) or (isinstance(error, Conflict) and error.problems):
        whole["error"]["problems"] = problem_shapes(error.problems)
    return whole
