"""The address that MLflow is given: `gitml:///path/to/repository?ref=v1.0`, or `?commit=end&branch=experiments`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

from gitml.errors import BadValue

SCHEME = "gitml"
NEVER, END, BATCH = "never", "end", "batch"
_KEYS = ("ref", "commit", "branch")
_DRIVE = re.compile(r"^/[A-Za-z]:[/\\]")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is, the revision that is looked at (then nothing is written), and how it is written.

    `commit` is `never` (files, for a person to commit), `end` (each deed, a run when it ends) or `batch` (ended runs
    together); `branch` is the branch that is written to.
    """

    path: Path
    ref: str | None = None
    commit: str = NEVER
    branch: str | None = None

    @classmethod
    def of(cls, uri: str) -> Self:
        """What a URI says; a path after two slashes or none counts from the working folder. Raises BadValue."""
        parts = urlsplit(uri)
        if parts.scheme != SCHEME:
            raise BadValue(f"{uri!r} is no address of a store", hint=f"write {SCHEME}:///path/to/repository")
        told = dict(parse_qsl(parts.query, keep_blank_values=True))
        unknown = [key for key in told if key not in _KEYS]
        if unknown or parts.fragment:
            raise BadValue(f"{uri}: {unknown[0] if unknown else '#'} says nothing", hint=f"known: {', '.join(_KEYS)}")
        path = unquote(parts.netloc + parts.path)
        path = path[1:] if _DRIVE.match(path) else path
        return cls._checked(Path(path).absolute(), told)

    @classmethod
    def _checked(cls, path: Path, told: dict[str, str]) -> Self:
        ref, branch = told.get("ref") or None, told.get("branch") or None
        commit = told.get("commit") or (END if branch else NEVER)
        if commit not in (NEVER, END, BATCH):
            raise BadValue(f"commit={commit} says nothing", hint=f"write commit={END}, {BATCH} or {NEVER}")
        if ref and ("commit" in told or branch):
            raise BadValue("a store as of a ref is only read", hint="leave out commit= and branch=")
        if branch and commit == NEVER:
            raise BadValue("a branch is written by commits alone", hint=f"write commit={END} or {BATCH}")
        return cls(path, ref, commit, branch)
