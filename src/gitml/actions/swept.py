"""What a commit would take along, or lose, that its verb does not say: what nobody has committed of the same files.

A commit holds whole files. So where a file of the work tree differs from HEAD already, all of that would stand under
the verb's message, or be gone where the file goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from gitml.errors import Problem
from gitml.repo.git.session import Session
from gitml.repo.writing import graft
from gitml.repo.writing.expect import listed
from gitml.views.changes import describe
from gitml.views.files import by_meaning

if TYPE_CHECKING:
    from gitml.repo.change import Change
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

UNCOMMITTED = "write.uncommitted"
_FEW = 5
_FIRST = "commit or stash them first"
_LOST = "commit or stash it first, or delete the file yourself"


def swept(repository: Repository, today: Snapshot, after: Snapshot, changes: Iterable[Change]) -> Iterator[Problem]:
    """The files of some changes that differ from HEAD in what these do not write, each with the fields."""
    found = edited(repository.session, changes)
    head = repository.head() if found else today
    for change in found:
        landed = head.tree[change.path].oid
        ref, theirs = _fields(replace(change, before=landed, after=change.before), head, today)
        if change.after is None:
            yield uncommitted(change.path, theirs, ref, gone=True)
            continue
        _ref, ours = _fields(change, today, after)
        _ref, all_ = _fields(replace(change, before=landed), head, after)
        along = [name for name in all_ if name not in ours]
        if along or not theirs:  # where no field differs, comments and form do
            yield uncommitted(change.path, along, ref)


def edited(session: Session, changes: Iterable[Change]) -> list[Change]:
    """Those of some changes that are made on what differs from HEAD; a file that HEAD has not is new as a whole.

    In the middle of a merge there are none: nothing can be committed then, and the writer says so.
    """
    made = [change for change in changes if change.before not in (None, change.after)]
    if not made or session.git.operation_in_progress():
        return []
    landed = graft.read(session, session.commit("HEAD"), [change.path for change in made])
    entries = ((change, landed.entry(change.path)) for change in made)
    return [change for change, entry in entries if entry and entry.oid not in (change.before, change.after)]


def dropped(repository: Repository, today: Snapshot, changes: Iterable[Change]) -> Iterator[Problem]:
    """The files that some changes remove although neither HEAD nor the index holds what is in them, as git rm has it.

    Only the work tree has such files, and there nothing else holds what goes with them.
    """
    gone = [change for change in changes if change.after is None and today.at.kind == "worktree"]
    head, index = repository.head(), listed(repository.git, [change.path for change in gone])
    for change in gone:
        landed, staged = head.tree.file(change.path), index.get(change.path)
        if change.before in (landed and landed.oid, staged and staged.oid):
            continue
        if landed is None:
            yield Problem(UNCOMMITTED, change.path, "is neither committed nor staged, and would be lost", _LOST)
        else:
            ref, theirs = _fields(replace(change, before=landed.oid, after=change.before), head, today)
            yield uncommitted(change.path, theirs, ref, gone=True)


def kept(snapshot: Snapshot, path: str) -> str:
    """How to keep a file of the work tree that HEAD has not as it is: `, uncommitted; git commit …`; else nothing."""
    if snapshot.at.kind != "worktree":
        return ""
    session, here = Session(snapshot.git), snapshot.tree[path]
    if graft.read(session, session.commit("HEAD"), [path]).entry(path) == here:
        return ""
    name = quote(path)
    add = "" if listed(snapshot.git, [path]) else f"git add {name} && "
    return f", uncommitted; {add}git commit {name} keeps it"


def uncommitted(path: str, fields: Sequence[str], ref: str | None = None, *, gone: bool = False) -> Problem:
    """What nobody has committed of a file: these fields, or where none is known, its text."""
    more = f" and {len(fields) - _FEW} more" if len(fields) > _FEW else ""
    what = ", ".join(fields[:_FEW]) + more or "text"
    end = "be lost" if gone else "go into this commit"
    told = f"has changes ({what}) that nobody has committed, and that would {end}"
    return Problem(UNCOMMITTED, path, told, _LOST if gone else f"{_FIRST}, or leave --commit out", ref=ref)


def _fields(change: Change, before: Snapshot, after: Snapshot) -> tuple[str | None, list[str]]:
    """The ref of what a change is about, and the names of the fields in which it differs by meaning."""
    (one,) = describe([change], before, after)
    found = by_meaning(one, before, after)
    return one.ref, [each.field for each in found.fields] if found else []
