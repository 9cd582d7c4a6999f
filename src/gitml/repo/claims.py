"""Two versions that claim one number: where each of them is, in a merge, in the work tree, on main, or in the past."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gitml.errors import BadValue
from gitml.records.reader import read
from gitml.repo.git import Git
from gitml.repo.git.command import raw
from gitml.repo.git.objects import Entry
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot

OURS, THEIRS = 2, 3
"""The stages of an unmerged path."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One of the versions that claim a number: its entry, its bytes, what it says."""

    entry: Entry
    content: bytes
    data: dict[str, Any]

    @property
    def id(self) -> str | None:
        """Its identity."""
        held = self.data.get("id")
        return held if isinstance(held, str) else None

    @property
    def age(self) -> tuple[str, str]:
        """What tells the earlier one from the later."""
        return str(self.data.get("created", "")), self.id or ""


def in_merge(snapshot: Snapshot, stages: dict[int, Entry], path: str) -> tuple[Claim, Claim]:
    """The versions of both sides of an unmerged path; raises BadValue where one of them cannot be read, or is gone."""
    found = [claim(snapshot, stages[side]) for side in (OURS, THEIRS) if side in stages]
    if len(found) < 2 or None in found:  # noqa: PLR2004
        raise BadValue(f"{path} is in conflict, and not with a version on either side", hint="resolve it by hand")
    return found[0], found[1]  # type: ignore[return-value]  # neither is None


def claim(snapshot: Snapshot, entry: Entry) -> Claim | None:
    """What an entry says; None where it cannot be read."""
    content = snapshot.read([entry.oid]).get(entry.oid)
    data = None if content is None else read(content).data
    return None if content is None or data is None else Claim(entry, content, data)


def standing(snapshot: Snapshot, path: str) -> Claim | None:
    """The version that a snapshot has at a path."""
    entry = snapshot.entries.get(path)
    return claim(snapshot, entry) if entry else None


def landed(repository: Repository, snapshot: Snapshot, path: str) -> tuple[Claim | None, str | None]:
    """The version that main has at a path, and main's tip; None and None where main is not known here."""
    ref = repository.git.main_ref(snapshot.settings.main)
    tip = repository.git.resolve(ref) if ref else None
    return (standing(repository.commit(tip), path), tip) if tip else (None, None)


def of_old(snapshot: Snapshot, path: str, wanted: str) -> Claim | None:
    """The version with an id that some commit here had at a path, those that no branch reaches any more included."""
    for oid in _past(snapshot.git, path):
        found = claim(snapshot, Entry("100644", oid))
        if found is not None and found.id == wanted:
            return found
    return None


def _past(git: Git, path: str) -> Iterable[str]:
    """The blobs that commits had at a path, the last first."""
    options = ("--all", "--reflog", "--full-history", "-m", "--format=", "--raw", "-z", "--no-abbrev", "--no-renames")
    listed = git.lines0("log", *options, "--", path, env={"GIT_LITERAL_PATHSPECS": "1"})
    facts = (item.split(" ") for item in listed if item.startswith(":"))
    return dict.fromkeys(fact[3] for fact in facts if fact[3].strip("0"))


def settle(git: Git, entries: dict[str, Entry | None]) -> None:
    """Stage paths as they have been settled (None: gone), and nothing else: a conflict at one of them is over."""
    gone = f"0 {'0' * git.hash_size}"
    lines = [f"{gone}\t{path}\0" for path in entries]  # first all sides of a conflict go
    lines += [f"{entry.mode} {entry.oid}\t{path}\0" for path, entry in entries.items() if entry]
    git.run("update-index", "-z", "--index-info", input=raw("".join(lines)))
