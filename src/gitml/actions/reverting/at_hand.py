"""Whether data may be checked out: what is wanted can be had, and what stands in the work tree is not lost by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gitml.errors import Conflict, GitmlError, NotFound
from gitml.repo.data.dvc import is_what
from gitml.repo.data.presence import YES, Asked, bring, presence
from gitml.repo.digests import known_digest

if TYPE_CHECKING:
    from gitml.repo.data.pointers import Pointer
    from gitml.repo.repository import Repository

_NOTHING = "nothing was changed"


def at_hand(repository: Repository, data: Sequence[Pointer], before: Mapping[str, Pointer]) -> None:
    """See that nothing can be lost and everything can be had, before anything is changed."""
    ours = [one for path in data if (one := _standing(repository, path, before.get(path.path)))]
    wanted = [Asked(one.path, one.md5, one.legacy or None, pushed=False) for one in data]
    git = repository.git
    found = presence(git, [*ours, *wanted])
    for one, where in zip([*ours, *wanted], found, strict=True):
        if where.cache is None:
            raise GitmlError(f"{one.path}: {where.fault}", hint=where.hint or _NOTHING)
    lacking = [one for one, where in zip([*ours, *wanted], found, strict=True) if where.cache != YES]
    reasons = {one: bring(git, one.path, one.md5) for one in lacking}
    for one, where in zip(lacking, presence(git, lacking) if lacking else (), strict=True):
        if where.cache == YES:
            continue
        if one in ours:
            known = before.get(one.path)
            told = "the only copy there is" if known and known.md5 == one.md5 else "changed, and nobody else has that"
            hint = f"dvc {'commit' if known and known.md5 == one.md5 else 'add'} {one.path} keeps it; {_NOTHING}"
            raise Conflict(f"{one.path}: the work tree's copy is {told}", hint=hint)
        why = reasons[one] or "it came in part"
        raise NotFound(f"{one.path} with md5 {one.md5} is neither in DVC's cache nor to be had: {why}",
                       hint=f"dvc push it from a clone that has it; {_NOTHING}")  # fmt: skip


def _standing(repository: Repository, wanted: Pointer, now: Pointer | None) -> Asked | None:
    """The bytes that stand in the work tree where others shall come; None where there are none, or just these."""
    file = repository.file(wanted.path)
    if not file.exists() or holds(repository, wanted.path, wanted.md5):
        return None
    if now is not None and holds(repository, now.path, now.md5):
        return Asked(now.path, now.md5, now.legacy or None, pushed=False)
    return Asked(wanted.path, known_digest(repository.cache, file)[0], pushed=False)


def holds(repository: Repository, path: str, md5: str) -> bool:
    """Whether the work tree has just these bytes at a path."""
    file = repository.file(path)
    if not file.exists():
        return False
    return (file.is_file() and known_digest(repository.cache, file)[0] == md5) or is_what(file, md5)
