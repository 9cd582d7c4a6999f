"""Runs that nobody wants: their journals go, so that no sync brings them back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gitml.actions.gathered import Gathered, State, gathered
from gitml.errors import BadValue, NotFound
from gitml.records.nearest import nearest
from gitml.repo.repository import Repository


def forget(repository: Repository, refs: Sequence[str], spools: Sequence[Path] = ()) -> tuple[str, ...]:
    """Forget runs that stand in no commit, and not in the work tree any more; all of them or none.

    NotFound for one that is in no journal, BadValue for one that goes on, or whose record stands there.
    """
    wanted = tuple(dict.fromkeys(refs))
    found = gathered(repository, repository.target(None), spools, wanted) if wanted else []
    known = {str(one.story.ref): one for one in found}
    for ref in wanted:
        if ref not in known:
            raise NotFound(f"{ref} is in no journal", near=nearest(ref, known), hint="what is committed goes by rm")
        _may_go(ref, known[ref])
    for ref in wanted:
        known[ref].folder.remove()
    return wanted


def _may_go(ref: str, one: Gathered) -> None:
    if one.state is State.RUNNING:
        raise BadValue(f"{ref} goes on", hint="wait for its end, or end its process")
    if one.state is State.UNCOMMITTED:
        raise BadValue(f"{ref} stands in the work tree: {one.path}", hint=f"remove it first: rm {one.path}")
