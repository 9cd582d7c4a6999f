"""Let git stage files without touching the repository: a copy of the index, a temporary object directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gitml.repo.git.batch import cat
from gitml.repo.git.command import Command, complaint, items, raw
from gitml.repo.git.environment import quoted
from gitml.repo.git.objects import Entry

# More letters of paths than this are not named in one command.
_NAMED = 20_000
# A split index would leave its shared part in the repository; a monitor would have to be asked.
_INDEX = ("-c", "core.splitIndex=false", "-c", "core.fsmonitor=false", "update-index", "-z")

Env = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What git would stage: an entry for each path that is there, contents by id, and its word for what it refuses."""

    entries: dict[str, Entry]
    contents: dict[str, bytes] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def trial(command: Command, read: list[str], unread: list[str]) -> Trial:
    """Stage paths on trial: with contents for `read`, ids alone for `unread` (git hashes them and holds nothing)."""
    from tempfile import TemporaryDirectory

    refused: dict[str, str] = {}
    with TemporaryDirectory(prefix="gitml-") as name:
        env = _apart(command, Path(name))
        _update(command, read, env, (), refused)
        _update(command, unread, env, ("--info-only",), refused)
        asked = {*read, *unread} - refused.keys()
        entries = _listed(command, asked, env)
        # A submodule has no content here.
        oids = {entries[path].oid for path in read if path in entries and entries[path].mode != "160000"}
        contents = {oid: content for oid, content in cat(command, sorted(oids), env) if content is not None}
    return Trial(entries, contents, refused)


def _apart(command: Command, place: Path) -> Env:
    import shutil

    objects, index = place / "objects", place / "index"
    objects.mkdir()
    if command.index_file.is_file():
        # With the time of the original: git compares it with those of the files to see which it must read again.
        shutil.copy2(command.index_file, index)
    others = command.environment().get("GIT_ALTERNATE_OBJECT_DIRECTORIES")
    alternates = [quoted(str(command.objects)), *([others] if others else [])]
    return {
        "GIT_INDEX_FILE": str(index),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(alternates),
    }


def _update(command: Command, paths: list[str], env: Env, how: tuple[str, ...], refused: dict[str, str]) -> None:
    """Stage paths; where git refuses one it refuses all, so halve until it stands alone."""
    if not paths:
        return
    options = ("--replace", "--add", "--remove", *how, "--stdin")
    done = command.call(*_INDEX, *options, input=raw("\0".join(paths) + "\0"), env=env)
    if done.code == 0:
        return
    if len(paths) == 1:
        refused[paths[0]] = complaint(done)
        return
    half = len(paths) // 2
    _update(command, paths[:half], env, how, refused)
    _update(command, paths[half:], env, how, refused)


def _listed(command: Command, asked: set[str], env: Env) -> dict[str, Entry]:
    """The entries of an index at these paths."""
    few = sorted(asked) if sum(map(len, asked)) < _NAMED else []
    size = command.hash_size
    listed = items(command.run("ls-files", "-s", "-z", "--", *few, env={**env, "GIT_LITERAL_PATHSPECS": "1"}))
    # An item is `100644 <oid> 0\t<path>`.
    parted = ((item[10 + size :], Entry(item[:6], item[7 : 7 + size])) for item in listed)
    return {path: entry for path, entry in parted if path in asked}
