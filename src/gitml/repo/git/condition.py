"""What git's speed hangs on in this clone, and what the clone lacks: read-only, and quick at any size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitml.repo.git.command import Command, text
from gitml.repo.git.objects import promisor
from gitml.repo.git.shallow import boundary

COUNTED = 1_000  # commits are not counted beyond that
_TRUE = frozenset(["true", "yes", "on", "1", "\0"])  # what is said without a value is true
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Condition:
    """How a clone stands with git.

    `files` are those of the index, `commits` those that HEAD reaches (COUNTED at most), `loose` objects that lie each
    in a file, `missing` those of HEAD that a partial clone lacks. `settings` are git's, by name in lower case.
    """

    version: tuple[int, ...]
    settings: Mapping[str, str]
    files: int
    commits: int
    has_graph: bool
    loose: int
    packs: int
    shallow: bool
    missing: int

    def on(self, name: str) -> bool:
        """Whether a setting says yes."""
        return self.settings.get(name, "").lower() in _TRUE


def condition(command: Command) -> Condition:
    """How this clone stands."""
    counted = _counted(command)
    return Condition(
        version(command),
        settings(command),
        _files(command),
        _number(command, "rev-list", "--count", f"--max-count={COUNTED}", "HEAD"),
        _has_graph(command),
        counted.get("count", 0),
        counted.get("packs", 0),
        bool(boundary(command)),
        _missing(command),
    )


def version(command: Command) -> tuple[int, ...]:
    """Git's version: (2, 39, 5)."""
    return tuple(map(int, _NUMBERS.findall(text(command.run("version")))[:3]))


def settings(command: Command) -> dict[str, str]:
    """Every setting of git's that is in force; of several values the last, as git takes it."""
    pairs = (item.partition("\n") for item in command.lines0("config", "--list", "-z", check=False))
    return {name: value if separator else "\0" for name, separator, value in pairs}


def _files(command: Command) -> int:
    """Entries of the index, by its header; of one that is split, by that of the shared part."""
    shared = text(command.run("rev-parse", "--shared-index-path", check=False)).removesuffix("\n")
    return _entries(command.folder / shared if shared else command.index_file)


def _entries(index: Path) -> int:
    try:
        with index.open("rb") as file:
            head = file.read(12)
    except FileNotFoundError:
        return 0
    return int.from_bytes(head[8:]) if head.startswith(b"DIRC") else 0


def _number(command: Command, *args: str) -> int:
    return int(command.run(*args, check=False) or 0)


def _has_graph(command: Command) -> bool:
    info = command.objects / "info"
    return (info / "commit-graph").exists() or (info / "commit-graphs" / "commit-graph-chain").exists()


def _counted(command: Command) -> dict[str, int]:
    lines = text(command.run("count-objects", "-v")).splitlines()
    return {name: int(value) for name, _, value in (line.partition(": ") for line in lines) if value.isdecimal()}


def _missing(command: Command) -> int:
    if promisor(command) is None:
        return 0
    listed = command.run("rev-list", "--objects", "--missing=print", "--no-walk", "HEAD", check=False)
    return sum(line.startswith(b"?") for line in listed.splitlines())
