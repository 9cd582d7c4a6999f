"""Whether gitml is set up in this clone, and whether the clone has all that it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gitml.actions.doctor.finding import Finding, advised, good, wrong
from gitml.records.settings import PATH as SETTINGS
from gitml.repo import drivers, hookfiles
from gitml.repo.git.condition import Condition
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

_OLDEST: Final = (2, 25)


def setting(repository: Repository, rules: Snapshot, here: Condition) -> Iterator[Finding]:
    """What gitml needs of git, of the store and of the disk."""
    yield _version(here)
    yield _store(rules)
    if repository.git.root is not None:
        yield _drivers(repository)
        yield _hooks(repository)
    yield _cache(repository)
    yield _history(here)
    yield _objects(here)


def _version(here: Condition) -> Finding:
    told = f"git {'.'.join(map(str, here.version))}"
    if here.version < _OLDEST:
        return wrong("git", f"{told} is too old", f"install git {'.'.join(map(str, _OLDEST))} or later")
    return good("git", told)


def _store(rules: Snapshot) -> Finding:
    if rules.bytes_at(rules.prefix + SETTINGS) is not None:
        return good("store", f"{rules.prefix}{SETTINGS}")
    return advised("store", f"there is no {SETTINGS}: DVC's files are read, and no record is kept", "git ml init")


def _drivers(repository: Repository) -> Finding:
    name, git = "merge-driver", repository.git
    if not drivers.named(git, repository.prefix):
        return advised(name, "no .gitattributes says that records are merged field by field", "git ml init")
    if drivers.missing(git):
        return wrong(name, "git merges records by lines here: this clone does not know the driver that "
                     ".gitattributes names", "git ml doctor --fix", settable=True)  # fmt: skip
    return good(name, "git merges records field by field")


def _hooks(repository: Repository) -> Finding:
    if hookfiles.missing(repository.git):
        return advised("hooks", "not all of gitml's hooks stand in this clone: what is wrong can be committed",
                       "git ml init --hooks")  # fmt: skip
    return good("hooks", "git validates what is committed and pushed")


def _cache(repository: Repository) -> Finding:
    folder = repository.cache.folder / "gitml"
    place = next(one for one in (folder, *folder.parents) if one.exists())
    usable = place.is_dir() and os.access(place, os.W_OK)
    told = repository.cache.note or ("" if usable else f"{place} cannot be written")
    if told:
        return wrong("cache", f"{told}, so everything is read anew each time", "let yourself write there")
    return good("cache", f"what was read is kept in {_near(folder, repository)}")


def _near(folder: Path, repository: Repository) -> str:
    root = repository.git.root
    return folder.relative_to(root).as_posix() if root and folder.is_relative_to(root) else str(folder)


def _history(here: Condition) -> Finding:
    if here.shallow:
        return advised("history", "this clone is shallow: log, blame, revert and validate --range see only its end",
                       "git fetch --unshallow")  # fmt: skip
    return good("history", "all of it is here")


def _objects(here: Condition) -> Finding:
    if here.missing:
        return advised("objects", f"{here.missing:,} objects of HEAD are not in this partial clone, and gitml fetches "
                       "none unasked", "git fetch --refetch")  # fmt: skip
    return good("objects", "HEAD's are all here")
