"""`init`: a store in a repository, new or old: its settings, the schemas, git's attributes, and hooks if wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gitml.actions.apply import Applied, How
from gitml.actions.swept import edited, uncommitted
from gitml.errors import BadValue, GitFailed, Refused
from gitml.records.annotations import key_order
from gitml.records.canonical import dump
from gitml.records.reader import read
from gitml.records.schemas import FOLDER, is_ours
from gitml.records.settings import PATH as SETTINGS
from gitml.records.settings import TREE, Settings
from gitml.repo import drivers, hookfiles, packaged
from gitml.repo.change import Change
from gitml.repo.git import Git
from gitml.repo.git.refs import short
from gitml.repo.git.session import Session
from gitml.repo.writing.writer import write
from gitml.views.changes import Difference

ATTRIBUTES = ".gitattributes"
# The second line must come after the first: a path under series/ may end in .yaml, and the last match wins.
_LINES = ("metadata/**/*.yaml text eol=lf -filter", "metadata/series/** -text -filter")
_USUAL = ("main", "master", "trunk")


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` wrote: the store's files, the hooks, and the names of git's settings for our merge driver."""

    applied: Applied
    hooks: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()

    @property
    def written(self) -> tuple[str, ...]:
        """The files, by path from the repository's root."""
        return tuple(one.path for one in self.applied.changes)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to know."""
        return self.applied.warnings


def init(path: Path, how: How, *, hooks: bool = False, events: str | None = None) -> Initialised:
    """Make the folder at `path` a store; whatever is there already stays, and a second time changes nothing.

    `events` is the branch on which they shall flow; without it they lie in the tree.

    GitFailed outside of a repository; BadValue inside a store's own folders.
    """
    git = Git.find(path)
    prefix = _prefix(git, path)
    warnings: list[str] = []
    changes = [*_settings(git, prefix, events, warnings), *_schemas(git, prefix, warnings), *_attributes(git, prefix)]
    if along := [uncommitted(one.path, []) for one in edited(Session(git), changes)] if how.commit else []:
        raise Refused(str(along[0]), along, hint="nothing was written")
    done = write(git, changes, message=how.message or "gitml: a store for metadata", commit=how.commit,
                 branch=how.branch, author=how.author, now=how.now)  # fmt: skip
    made = tuple(hookfiles.install(git)) if hooks else ()
    drivers_set = tuple(drivers.install(git))
    differences = (Difference(_op(one), None, None, one.path, one.before, one.after) for one in changes)
    return Initialised(Applied(done.commit, tuple(differences), (), (*warnings, *done.warnings)), made,
                       drivers_set)  # fmt: skip


def _op(change: Change) -> str:
    return "added" if change.before is None else "changed"


def _prefix(git: Git, path: Path) -> str:
    """The folder of the new store, from the root: `""` or `sub/`."""
    if git.root is None:
        raise GitFailed("this repository is bare: it has no work tree", hint="clone it and work there")
    if not path.is_dir():
        raise BadValue(f"{path} is no folder", hint="a store is a folder")
    inner = path.resolve().relative_to(git.root.resolve()).as_posix()
    for folder in (path.resolve(), *path.resolve().parents):
        if folder.name in ("metadata", "schemas") and (folder.parent / SETTINGS).is_file():
            raise BadValue(f"{inner} is a folder of the store in {folder.parent.name}", hint="go up, out of it")
    return "" if inner == "." else f"{inner}/"


def _settings(git: Git, prefix: str, events: str | None, warnings: list[str]) -> Iterator[Change]:
    if events not in (None, TREE) and git.call("check-ref-format", f"refs/heads/{events}").code:
        raise BadValue(f"{events!r} is no name for a branch", hint="gitml/events is a good one")
    place = git.full(prefix + SETTINGS)
    if place.exists():
        said = Settings.of(read(place.read_bytes()).data).events
        if events not in (None, said):
            warnings.append(f"store.yaml says `events: {said}` and stays: git ml events move --to {events} changes it")
        return
    data = {
        "schema": "store/1",
        "main": _main(git),
        "events": events or TREE,
        "readers": ["dvc", "gto"],
        "series": {"dvc_above": "1 MiB"},
        "capture": {"text": False},
    }
    schema = read(packaged.files()["store.yaml"][1]).data or {}
    yield _adding(git, prefix + SETTINGS, dump(data, key_order(schema)))


def _main(git: Git) -> str:
    """The main branch: the remote's own word for it, else the usual one that exists, else the one checked out."""
    for remote in ("origin", *git.run("remote").decode("utf-8", "surrogateescape").split()):
        named = git.run("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD", check=False)
        if named:
            return short(named.decode("utf-8", "surrogateescape").strip()).removeprefix(f"{remote}/")
    here = git.branch()
    branches = [short(ref) for ref in git.refs("refs/heads/")]
    usual = next((name for name in _USUAL if name in branches), None)
    return usual or here or _USUAL[0]


def _schemas(git: Git, prefix: str, warnings: list[str]) -> Iterator[Change]:
    """The shipped schemas that are not there yet; none at all where `schemas/` is somebody else's."""
    folder = git.full(prefix + FOLDER)
    # What lies below it is not looked at, nor what is behind a link: it may be large, and is somebody else's.
    there = list(folder.iterdir()) if folder.is_dir() else []
    files = [one for one in there if one.suffix == ".yaml" and one.is_file() and not one.is_symlink()]
    if folder.is_symlink() or (there and not any(is_ours(one.read_bytes()) for one in files)):
        warnings.append(f"{prefix}{FOLDER} belongs to something else and is left alone: the packaged schemas serve")
        return
    names = {one.name.casefold() for one in there}
    for name, (_digest, content) in packaged.files().items():
        if name.casefold() not in names:
            yield _adding(git, f"{prefix}{FOLDER}{name}", content)


def _attributes(git: Git, prefix: str) -> Iterator[Change]:
    """Git's attributes of records and series, added to what stands there already."""
    path = prefix + ATTRIBUTES
    place = git.full(path)
    before = place.read_bytes() if place.is_file() else b""
    held = [" ".join(line.split()) for line in before.decode("utf-8", "replace").splitlines()]
    last = {line: number for number, line in enumerate(held)}
    first, second = _LINES
    missing = [] if first in last else [first]
    if missing or last.get(second, -1) < last[first]:
        missing.append(second)
    missing += [line for line in drivers.attributes(git, prefix) if line not in last]
    if not missing:
        return
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    gap = newline if before and not before.endswith(b"\n") else b""
    content = before + gap + b"".join(line.encode() + newline for line in missing)
    if not before and not place.exists():
        yield _adding(git, path, content)
    else:
        yield Change(path, git.hash_paths([path]).get(path), git.blob_id(content), content)


def _adding(git: Git, path: str, content: bytes) -> Change:
    return Change(path, None, git.blob_id(content), content)
