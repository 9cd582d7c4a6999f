"""The code that ran: which commits, what lies between them, which files differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitml.views.beside.parts import Code, Range

if TYPE_CHECKING:
    from gitml.repo.git import Git
    from gitml.views.beside.parts import Subject

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class _Ran:
    """The code of one record: its commit, the tree with what was not committed, and whether there was such."""

    commit: str | None = None
    tree: str | None = None
    dirty: bool | None = None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> _Ran:
        dirty = said.get("dirty")
        return cls(_oid(said.get("commit")), _oid(said.get("tree")), dirty if isinstance(dirty, bool) else None)


def code(subjects: Sequence[Subject], git: Git) -> Code | None:
    """What lies between the first one's code and that of each other; None where no record names a commit."""
    ran = [_ran(each) for each in subjects]
    if not any(each.commit for each in ran):
        return None
    here = _here(git, (oid for each in ran for oid in (each.commit, each.tree) if oid))
    ranges = tuple(None if number == 0 else _range(git, ran[0], each, here) for number, each in enumerate(ran))
    lost = tuple(dict.fromkeys(each.commit for each in ran if each.commit and each.commit not in here))
    return Code(
        all(_is_same(ran[0], each, told) for each, told in zip(ran[1:], ranges[1:], strict=True)),
        tuple(each.commit for each in ran),
        tuple(each.dirty for each in ran),
        ranges,
        lost,
        bool(lost) and git.is_shallow(),
    )


def _ran(one: Subject) -> _Ran:
    """The first that names a commit: the record itself, else the run that made it."""
    said = (record.data.get("code") for record in one.told)
    found = (_Ran.of(each) for each in said if isinstance(each, Mapping))
    return next((each for each in found if each.commit), _Ran())


def _oid(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _here(git: Git, oids: Iterable[str]) -> set[str]:
    """Those of some commits and trees that this clone has."""
    return {oid for oid, content in git.cat(dict.fromkeys(oids)) if content is not None}


def _range(git: Git, first: _Ran, other: _Ran, here: set[str]) -> Range | None:
    ends = (_end(first, here), _end(other, here))
    if ends[0] is None or ends[1] is None:
        return None
    files = () if ends[0] == ends[1] else git.touched(ends[0], ends[1])
    if first.commit in here and other.commit in here and first.commit and other.commit:
        behind, ahead = (0, 0) if first.commit == other.commit else git.apart(first.commit, other.commit)
        return Range(ahead, behind, files)
    return Range(None, None, files)


def _end(one: _Ran, here: set[str]) -> str | None:
    """What ran, as far as it is here: with what was not committed, where there was such."""
    wanted = (one.tree, one.commit) if one.dirty else (one.commit, one.tree)
    return next((oid for oid in wanted if oid and oid in here), None)


def _is_same(first: _Ran, other: _Ran, told: Range | None) -> bool:
    """Whether the same code ran; of what is not here only equal names can tell."""
    if told is not None:
        return not told.files and told.ahead in (0, None) and told.behind in (0, None)
    if first.tree and other.tree:
        return first.tree == other.tree
    return first.commit == other.commit and not first.dirty and not other.dirty
