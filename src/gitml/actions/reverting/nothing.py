"""Why there is nothing to revert, and what of it stands in the work tree alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gitml.checks.data import tracked_in

if TYPE_CHECKING:
    from gitml.actions.reverting.extent import Asked
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_FEW = 3
_MANY = 10


def nothing(asked: Asked, *, changed: bool) -> str:
    """Why there is nothing to revert; `changed` tells that a commit or a range did change what is asked for."""
    if asked.to is not None:
        told = f"{asked.ref or f'every {asked.kind}'} is what it was {asked.before.told}"
    elif changed:
        told = "all of it is undone already"
    else:
        subject = asked.head.removeprefix("revert: ").removesuffix(f", of kind {asked.kind} alone")
        told = f"{subject} changed no {asked.kind or 'record and no pointer'}"
    return f"nothing to revert: {told}{_derived(asked, asked.kind) if asked.kind and asked.ref is None else ''}"


def _derived(asked: Asked, kind: str) -> str:
    """That derived records of a kind did change: they are no files of their own."""
    sides = [{made.ref: made for made in one.derived(kind).of(kind)} for one in (asked.before, asked.after)]
    blobs = [{ref: made.blob for ref, made in side.items()} for side in sides]
    changed = {ref for ref in {**blobs[0], **blobs[1]} if blobs[0].get(ref) != blobs[1].get(ref)}
    if not changed:
        return ""
    source = listed(sorted({made.path for side in sides for ref, made in side.items() if ref in changed}))
    return f"; what is derived from {source} did change ({len(changed)}), and goes back with that alone"


def listed(names: list[str]) -> str:
    """The first few of some names, and how many more there are."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def uncommitted(repository: Repository, today: Snapshot, paths: Iterable[str], data: Iterable[str]) -> Iterator[str]:
    """That it is undone in files of the work tree which nobody has committed: these paths, and the pointers of data."""
    if today.at.kind != "worktree":
        return
    pointers = tracked_in(today).pointers if data else {}
    head = repository.head().entries
    asked = {*paths, *(pointers[path].source for path in data if path in pointers)}
    left = sorted(path for path in asked if head.get(path) != today.entries.get(path))
    if left:
        how = f"git add -- {' '.join(left)} && git commit" if len(left) <= _MANY else "git status shows it"
        yield f"what undoes it is not committed yet: {how}"
