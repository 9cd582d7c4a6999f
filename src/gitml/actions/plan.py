"""What is to be written, and how: the words of every deed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gitml.errors import Problem
from gitml.repo.change import Change


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
