"""Git's merge driver, of one file: the rules that hold for its path, and git's own merge by lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from gitml.errors import GitFailed
from gitml.records.merging.conflict import MARKER, Labels
from gitml.records.merging.merge import Unmergeable, merge
from gitml.records.merging.rules import PLAIN, Rules, dvc_rules, rules_of
from gitml.records.merging.values import Clash
from gitml.records.reader import read
from gitml.records.ref import VERSION
from gitml.records.settings import PATH as SETTINGS
from gitml.records.template import SERIES
from gitml.repo.git import Git
from gitml.repo.textconv import schemas_here

DVC_LOCK, DVC_FILE = "dvc.lock", ".dvc"
_TOO_MANY = 127


class Versions(NamedTuple):
    """The three versions of a file; `base` is empty where both sides added it."""

    base: bytes
    ours: bytes
    theirs: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a merge comes to: None as content where git cannot merge such files; what is in conflict, and was kept.

    `by_lines` is true where git merged it, since it is no record, or one that cannot be read; `versions` where both
    sides added a version of one number.
    """

    content: bytes | None
    clean: bool
    clashes: tuple[Clash, ...] = ()
    kept: tuple[str, ...] = ()
    by_lines: bool = False
    versions: bool = False


def merge_file(git: Git, versions: Versions, path: str, labels: Labels, size: int = MARKER) -> Outcome:
    """Merge one file of the repository: a record field by field, DVC's files by stage and output, others by lines."""
    by_lines = partial(lines, git, labels=labels, size=size)
    inner = path[len(prefix_of(git, path)) :]
    data = None if inner.startswith(SERIES) else read(versions.ours).data
    if data is None:
        return by_lines(versions)
    rules = dvc_rules(path, data) if is_dvc(path) else _rules(git, path, data)
    try:
        found = merge(*versions, partial(_clean, by_lines), rules=rules, labels=labels, size=size)
    except Unmergeable:
        return by_lines(versions)
    versioned = str(data.get("schema")).partition("/")[0].endswith(VERSION)
    return Outcome(found.content, found.clean, found.clashes, found.kept, versions=found.whole and versioned)


def is_dvc(path: str) -> bool:
    """Whether a path is that of a file in which DVC keeps hashes."""
    return path.rpartition("/")[2] == DVC_LOCK or path.endswith(DVC_FILE)


def _clean(by_lines: Callable[[Versions], Outcome], base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    found = by_lines(Versions(base, ours, theirs))
    return found.content if found.clean else None


def lines(git: Git, versions: Versions, *, labels: Labels, size: int = MARKER) -> Outcome:
    """Git's merge by lines; raises GitFailed where git cannot."""
    with TemporaryDirectory(prefix="gitml-") as name:
        files = [Path(name, word) for word in ("ours", "base", "theirs")]
        for file, content in zip(files, (versions.ours, versions.base, versions.theirs), strict=True):
            file.write_bytes(content)
        named = [part for label in labels for part in ("-L", label)]
        args = ("merge-file", "-p", f"--marker-size={size}", *named, *map(str, files))
        done = git.call(*args)
    if done.code > _TOO_MANY or done.code < 0:
        if b"binary" in done.err:
            return Outcome(None, clean=False, by_lines=True)
        raise GitFailed(f"git merge-file: {done.err.decode('utf-8', 'replace').strip()}")
    return Outcome(done.out, clean=done.code == 0, by_lines=True)


def prefix_of(git: Git, path: str) -> str:
    """The folder of the store that a path is in: the nearest one with a store.yaml, else the root."""
    for folder in list(Path(path).parents)[:-1]:
        if git.full(f"{folder.as_posix()}/{SETTINGS}").is_file():
            return f"{folder.as_posix()}/"
    return ""


def _rules(git: Git, path: str, data: Mapping[str, object]) -> Rules:
    prefix = prefix_of(git, path)
    held = schemas_here(git, prefix)
    place = held.place(path[len(prefix) :])
    return PLAIN if place is None else rules_of(held.major_of(data, place.kind))
