"""Known errors as text and as JSON."""

from __future__ import annotations

from gitml.errors import ERROR, GitmlError, Refused
from gitml.render.cells import printable
from gitml.render.page import Page
from gitml.render.problems import counted, problem_lines
from gitml.render.shapes import Shape, error_shape, problem_shapes, to_json


def told(error: GitmlError, page: Page, *, as_json: bool) -> str:
    """A known error for standard error: one line; before it, where changes were refused, a line for each problem."""
    if as_json:
        return f"{to_json(shape(error))}\n"
    mark = page.paint("git ml:", "bad")
    if not isinstance(error, Refused) or not error.problems:
        return f"{mark} {printable(str(error))}\n"
    errors = sum(problem.severity == ERROR for problem in error.problems)
    end = "; ".join(part for part in (f"refused for {counted(errors, 'error')}", error.hint) if part)
    return "".join(f"{line}\n" for line in [*problem_lines(error.problems, page), f"{mark} {printable(end)}"])


def shape(error: GitmlError) -> Shape:
    """A known error as CONTRACT.md has it; with the problems, where a change was refused."""
    whole = error_shape(error)
    if isinstance(error, Refused):
        whole["error"]["problems"] = problem_shapes(error.problems)
    return whole
