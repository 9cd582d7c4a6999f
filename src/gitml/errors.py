"""The root error, its kinds, and `Problem`: what is wrong with somebody's data, as a value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, with the place where it is wrong.

    `line` and `column` count from 1; `field` is a dotted path (`columns[name=age].type` in a keyed list).
    A problem is a value that is collected, never an exception.
    """

    code: str
    path: str
    message: str
    hint: str = ""
    severity: str = ERROR
    line: int | None = None
    column: int | None = None
    ref: str | None = None
    field: str | None = None
    commit: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        told = ": ".join(part for part in (place, self.field, self.message) if part)
        return f"{told}; {self.hint}" if self.hint else told

    @property
    def order(self) -> tuple[str, int, int, str]:
        """The order in which problems are shown: by path, line, column, code."""
        return (self.path, self.line or 0, self.column or 0, self.code)


class GitmlError(Exception):
    """A known error: one line that says what, where, and what to do.

    `code` is stable (it stands in `--format json`), `hint` is what to do, `near` the nearest names.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "", near: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.near = tuple(near)

    def __str__(self) -> str:
        told = self.message
        if self.near:
            told += f" (nearest: {', '.join(self.near)})"
        return f"{told}; {self.hint}" if self.hint else told


class BadRef(GitmlError):
    """A text that is no ref, or a ref that its kind's template cannot place."""

    code = "ref"


class BadFilter(GitmlError):
    """A filter that cannot be read; `column` counts from 1."""

    code = "filter"

    def __init__(self, message: str, *, column: int | None = None, hint: str = "", near: Iterable[str] = ()) -> None:
        super().__init__(f"filter:{column}: {message}" if column else f"filter: {message}", hint=hint, near=near)
        self.column = column


class BadValue(GitmlError):
    """An argument whose value cannot be used as given."""

    code = "value"


class NotFound(GitmlError):
    """A ref, kind, revision or file that names nothing here."""

    code = "not-found"


class Refused(GitmlError):
    """A change that the checks do not allow; `problems` say why."""

    code = "refused"

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class Conflict(GitmlError):
    """Somebody else's change stands where this one would; nothing was written. `problems`: where, if there are many."""

    code = "conflict"

    def __init__(
        self, message: str, problems: Sequence[Problem] = (), *, hint: str = "", near: Iterable[str] = ()
    ) -> None:
        super().__init__(message, hint=hint, near=near)
        self.problems = tuple(problems)


class GitFailed(GitmlError):
    """Git is missing, this is no repository, or a git command failed."""

    code = "git"


class DiskFailed(GitmlError):
    """The disk is full, read-only, or refuses."""

    code = "disk"


class MissingExtra(GitmlError):
    """An optional package is not installed."""

    code = "extra"

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed", hint=f"pip install 'gitml[{extra}]'")
