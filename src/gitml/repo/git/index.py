"""What is staged: the index, one git process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from subprocess import Popen
from typing import NamedTuple

from gitml.errors import GitFailed, Problem
from gitml.repo.git.command import Command, Done, failure, items, text
from gitml.repo.git.objects import Entry, blob_id
from gitml.repo.git.refs import head

# More paths than this are not named one by one in a command.
_NAMED = 200
_DEBUG_LINES = 5
_LIST = ("ls-files", "-s", "-z", "-t")
_DIFFER = (
    "diff-index",
    "--cached",
    "--raw",
    "-z",
    "--no-abbrev",
    "--no-renames",
    "--ignore-submodules=none",
    "--ita-invisible-in-index",
)
UNMERGED = "merge.conflict"
_SIDES = {
    frozenset({2, 3}): "both sides added it",
    frozenset({1, 2}): "HEAD changed it, the other side removed it",
    frozenset({1, 3}): "HEAD removed it, the other side changed it",
}
_INTENT_TO_ADD = 1 << 29  # CE_INTENT_TO_ADD in git's source


@dataclass(frozen=True, slots=True)
class Staged:
    """The index: `entries` holds what a commit would hold now.

    `unmerged` paths have a stage (1 base, 2 ours, 3 theirs) instead of an entry; `intent_to_add` paths
    (`git add -N`) are in no commit; `skip_worktree` ones (sparse checkout) are entries that no file stands for.
    """

    entries: dict[str, Entry]
    unmerged: dict[str, dict[int, Entry]] = field(default_factory=dict)
    skip_worktree: frozenset[str] = frozenset()
    intent_to_add: frozenset[str] = frozenset()

    @property
    def problems(self) -> list[Problem]:
        """One `merge.conflict` for each unmerged path."""
        return [unmerged(path, stages) for path, stages in self.unmerged.items()]


def unmerged(path: str, stages: Iterable[int] = ()) -> Problem:
    """What is wrong with a path that a merge has left in two or three versions (1 base, 2 ours, 3 theirs)."""
    told = _SIDES.get(frozenset(stages), "both sides changed it")
    return Problem(UNMERGED, path, f"unmerged: {told}", "resolve it, then `git add` it (or `git rm` it)")


def staged(command: Command) -> Staged:
    """The content of the index in force; empty where there is none."""
    return _read(command, command.run(*_LIST))


class OnHead(NamedTuple):
    """The index as how it differs from HEAD (None: there is no commit yet)."""

    head: str | None
    changes: dict[str, Entry | None]
    problems: list[Problem]


def staged_on_head(command: Command) -> OnHead:
    """How the index differs from HEAD."""
    return comparing(command, head(command))()


def comparing(command: Command, commit: str | None) -> Callable[[], OnHead]:
    """Have git compare the index with HEAD's commit while others work; what is given waits for it, and tells."""
    if commit is None:
        index = staged(command)
        return partial(OnHead, None, dict(index.entries), index.problems)
    process = command.start(*_DIFFER, commit, "--")
    return lambda: OnHead(commit, *_differing(command, process))


def _differing(command: Command, process: Popen[bytes]) -> tuple[dict[str, Entry | None], list[Problem]]:
    changes: dict[str, Entry | None] = {}
    out, err = process.communicate()
    if process.returncode:
        raise failure(_DIFFER, Done(process.returncode, out, err))
    listed = iter(items(out))
    is_unmerged = False
    for facts in listed:
        # :100644 100644 <oid before> <oid now> M, and the path as the next item
        _, mode, _, oid, letter = facts[1:].split(" ")
        is_unmerged |= letter == "U"
        changes[next(listed)] = None if letter in "DU" else Entry(mode, oid)
    return changes, staged(command).problems if is_unmerged else []


def _read(command: Command, out: bytes) -> Staged:
    listed = items(out)
    # An item is `H 100644 <oid> 0\t<path>`; H in the index, S not in the work tree, M unmerged.
    size = command.hash_size
    end, name = 9 + size, 12 + size
    unmerged: dict[str, dict[int, Entry]] = {}
    if _has(out, b"M "):
        for item in listed:
            if item[0] == "M":
                unmerged.setdefault(item[name:], {})[int(item[end + 1])] = Entry(item[2:8], item[9:end])
        listed = [item for item in listed if item[0] != "M"]
    new = tuple.__new__  # a third faster than calling Entry, a hundred thousand times
    entries = {item[name:]: new(Entry, (item[2:8], item[9:end])) for item in listed}
    skipped = frozenset(item[name:] for item in listed if item[0] == "S") if _has(out, b"S ") else frozenset()
    intended = _intended(command, out, entries)
    for path in intended:
        del entries[path]
    return Staged(entries, unmerged, skipped, intended)


def _has(out: bytes, tag: bytes) -> bool:
    """Whether an item begins with this tag: paths hold no NUL, so this is exact."""
    return out.startswith(tag) or b"\0" + tag in out


def _intended(command: Command, out: bytes, entries: dict[str, Entry]) -> frozenset[str]:
    """The paths of `git add -N`. They are listed as empty files: only where there are any, git is asked again."""
    empty = blob_id(b"", command.object_format)
    if empty.encode() not in out:
        return frozenset()
    paths = [path for path, entry in entries.items() if entry.oid == empty]
    named = paths if len(paths) <= _NAMED else []
    told = text(command.run("ls-files", "-z", "--debug", "--", *named, env={"GIT_LITERAL_PATHSPECS": "1"}))
    # A path, NUL, five lines that end in `flags: 20004000`, the next path.
    found: set[str] = set()
    path, *rest = told.split("\0")
    for part in rest:
        lines = part.split("\n", _DEBUG_LINES)
        _, known, flags = lines[_DEBUG_LINES - 1].rpartition("flags: ")
        if not known:
            raise GitFailed("git ls-files --debug: its output has changed", hint="report this, with `git version`")
        if int(flags, 16) & _INTENT_TO_ADD:
            found.add(path)
        path = lines[_DEBUG_LINES]
    return frozenset(found & set(paths))
