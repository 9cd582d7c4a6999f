"""One record as text: its YAML under a heading of comments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitml.records.canonical import KeyOrder, dump
from gitml.records.record import flatten
from gitml.render.cells import printable
from gitml.render.page import PLAIN, Page
from gitml.render.problems import problem_lines
from gitml.render.sheet import joined
from gitml.views.rows import Column, Rows

if TYPE_CHECKING:
    from pathlib import Path

    from gitml.errors import Problem
    from gitml.records.record import Record
    from gitml.repo.git.revision import At


def record_text(
    record: Record, at: At, order: KeyOrder | None = None, problems: Iterable[Problem] = (), page: Page = PLAIN,
    text: Path | None = None,
) -> str:  # fmt: skip
    """The record in canonical YAML, in the key order of its schema, below comments that say what and where it is.

    `text` is the file of what a run that failed said last, on this machine.
    """
    heading = [
        page.paint(f"# {record.ref}", "strong"),
        page.paint(f"# {printable(record.path)} {_told(at)}{', derived' * record.derived}", "faint"),
    ]
    notes = [f"# {line}" for line in problem_lines(problems, page)]
    notes += [page.paint(f"# what it said last, kept on this machine alone: {printable(str(text))}", "faint")] * bool(
        text
    )
    return joined([*heading, *notes]) + dump(record.data, order).decode()


def _told(at: At) -> str:
    where = f"at {(at.commit or '')[:12]}" if at.kind == "commit" else f"in the {_WORDS[at.kind]}"
    return f"{where}, events at {at.events[:12]}" if at.events else where


_WORDS = {"staged": "staged content", "worktree": "work tree"}


def record_rows(record: Record) -> Rows:
    """One record's fields as rows, for CSV and Markdown."""
    cells = tuple({"field": name, "value": value} for name, value in flatten(record.data).items())
    return Rows(None, (Column("field", "string"), Column("value", "mixed")), cells, len(cells))
