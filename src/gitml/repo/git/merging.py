"""How git itself would merge two commits: as the hosting site does it, which runs no driver and reads no settings.

The merge is made in a scratch repository that borrows the objects of this one. So no driver, attribute or setting of
this clone has a say in it, and nothing is written here.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gitml.errors import GitFailed
from gitml.repo.git.batch import cat
from gitml.repo.git.command import PARTIAL, Command, Done, execute, failure, items
from gitml.repo.git.environment import quoted
from gitml.repo.git.objects import Entry, promisor, tree

_CONFLICT = "CONFLICT"
_TOO_OLD = 129  # git's word for an option that it does not know
_NO_ATTRIBUTES = "* !merge\n* !text\n* !eol\n* !conflict-marker-size\n"


@dataclass(frozen=True, slots=True)
class Clash:
    """One path that git could not merge: `stages` are its versions (1 base, 2 ours, 3 theirs), `told` git's words."""

    path: str
    stages: Mapping[int, Entry] = field(default_factory=dict)
    told: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """The tree that a merge makes: its files, the bytes that neither side has, and what could not be merged."""

    entries: Mapping[str, Entry]
    contents: Mapping[str, bytes]
    clashes: tuple[Clash, ...] = ()


def merge_tree(command: Command, ours: str, theirs: str, known: frozenset[str] = frozenset()) -> Merged:
    """The merge of two commits; of `known` blobs the bytes are not read. GitFailed where git is older than 2.38."""
    with _scratch(command) as scratch:
        args = ("merge-tree", "--write-tree", "-z", "--messages", ours, theirs)
        done = scratch.call(*args)
        if done.code not in (0, 1) or not done.out:
            raise _failure(command, args, done)
        listed = items(done.out)
        entries = tree(scratch, listed[0])
        fresh = {entry.oid for entry in entries.values() if entry.mode != "160000" and entry.oid not in known}
        contents = {oid: raw for oid, raw in cat(scratch, fresh) if raw is not None}
    return Merged(entries, contents, tuple(_clashes(listed[1:], ours, theirs)) if done.code else ())


def _failure(command: Command, args: tuple[str, ...], done: Done) -> Exception:
    if done.code == _TOO_OLD:
        told = execute(("version",), command.folder, os.environ).out.decode("utf-8", "replace").strip()
        return GitFailed(f"{told} cannot merge without a work tree", hint="install git 2.38 or later")
    error = failure(args, done)
    return GitFailed(error.message, hint=PARTIAL) if promisor(command) else error


@contextmanager
def _scratch(command: Command) -> Iterator[Command]:
    """An empty repository that reads the objects of this one, and has no attributes, drivers or settings."""
    with tempfile.TemporaryDirectory(prefix="gitml-merge-") as folder:
        place = Path(folder)
        for part in ("objects", "refs", "info"):
            (place / part).mkdir()
        (place / "HEAD").write_text("ref: refs/heads/none\n")
        format_ = command.object_format
        extension = f"[extensions]\n\tobjectformat = {format_}\n" if format_ != "sha1" else ""
        version = 1 if extension else 0
        (place / "config").write_text(f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extension}")
        (place / "info" / "attributes").write_text(_NO_ATTRIBUTES)
        shallow = Path(dict(command.settings).get("GIT_SHALLOW_FILE") or command.common_dir / "shallow")
        if shallow.is_file():
            (place / "shallow").write_bytes(shallow.read_bytes())
        yield Command(None, place, place, True, format_, tuple(_settings(command, place)))  # noqa: FBT003


def _settings(command: Command, place: Path) -> Iterator[tuple[str, str]]:
    borrowed = [quoted(str(command.objects))]
    objects = command.common_dir / "objects"
    if command.objects != objects:
        borrowed.append(quoted(str(objects)))
    others = dict(command.settings).get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
    yield "GIT_DIR", str(place)
    yield "GIT_ALTERNATE_OBJECT_DIRECTORIES", os.pathsep.join([*borrowed, *([others] if others else [])])
    yield "GIT_CONFIG_GLOBAL", os.devnull
    yield "GIT_CONFIG_NOSYSTEM", "1"
    yield "GIT_CONFIG_COUNT", "0"
    yield "GIT_ATTR_NOSYSTEM", "1"


def _clashes(listed: list[str], *sides: str) -> Iterator[Clash]:
    """Paths that are conflicted, by path: those in several versions, and those that git only speaks of."""
    end = listed.index("")
    stages: dict[str, dict[int, Entry]] = {}
    for item in listed[:end]:
        facts, _, path = item.partition("\t")
        mode, oid, stage = facts.split(" ")
        stages.setdefault(path, {})[int(stage)] = Entry(mode, oid)
    told: dict[str, str] = {}
    for paths, sort, message in _messages(listed[end + 1 :]):
        if sort.startswith(_CONFLICT):
            for path in [path for path in paths if path in stages] or paths[:1]:
                told.setdefault(path, message.strip())
    for path in sorted({*stages, *told}):
        yield Clash(_own(path, sides), stages.get(path, {}), told.get(path, ""))


def _own(path: str, sides: tuple[str, ...]) -> str:
    """The path as it was before git moved it aside, to `path~<commit>`."""
    return next((path.removesuffix(f"~{side}") for side in sides if path.endswith(f"~{side}")), path)


def _messages(listed: list[str]) -> Iterator[tuple[list[str], str, str]]:
    """What git says beside: the paths that it is about, its sort, the words."""
    rest = iter(listed)
    for count in rest:
        paths = [next(rest) for _path in range(int(count))]
        yield paths, next(rest), next(rest)
