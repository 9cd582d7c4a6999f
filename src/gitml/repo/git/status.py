"""How the work tree differs from the index: one `git status`, read-only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gitml.repo.git.command import Command, items
from gitml.repo.git.objects import Entry

# A monitor that git would have to ask, or start, is not ours to start; `dirty` leaves a submodule's insides to itself.
_OPTIONS = (
    "-c",
    "core.fsmonitor=false",
    "status",
    "--porcelain=v2",
    "-z",
    "--untracked-files=all",
    "--ignored=no",
    "--no-renames",
    "--ignore-submodules=dirty",
    "--branch",
    "--no-ahead-behind",
)
_HEAD = "# branch.oid "
_INITIAL = "(initial)"
UNTRACKED = "?"
UNMERGED = "U"


class Status(NamedTuple):
    """A path that differs: git's letter for HEAD to index, and for index to work tree (`.` for none).

    An untracked path has `?` twice, an unmerged one `U`. `mode` is the file's in the work tree, as git would stage it
    (empty where git does not say: untracked); `entry` what is staged, None where that is nothing;
    `stages` which versions a merge has left (1 base, 2 ours, 3 theirs).
    """

    path: str
    staged: str
    unstaged: str
    mode: str
    entry: Entry | None = None
    stages: tuple[int, ...] = ()


def status(command: Command) -> list[Status]:
    """Every path that is staged, changed, untracked or unmerged; ignored ones are not among them."""
    return status_on_head(command)[1]


def status_on_head(command: Command, under: Sequence[str] = ()) -> tuple[str | None, list[Status]]:
    """HEAD's commit (None: there is none yet), and every path (that is, or lies, `under` some) that differs from it."""
    asked = (*_OPTIONS, *(["--", *under] if under else []))
    head, found, _ignored = _read(command.run(*asked, env={"GIT_LITERAL_PATHSPECS": "1"}))
    return head, found


class Apart(NamedTuple):
    """What differs outside of a folder, and what is ignored there: folders of which all is, and single files."""

    found: list[Status]
    ignored: list[str]


def apart(command: Command, folder: str) -> Apart:
    """Every path that differs, but for those in a folder; and what git passes by."""
    _head, found, ignored = _read(command.run(*_OPTIONS, "--ignored=matching", "--", *without(folder)))
    return Apart(found, [path.rstrip("/") for path in ignored])


def without(folder: str) -> tuple[str, str]:
    """All paths but those in a folder, as git's commands are told so."""
    return ":(top)", f":(top,exclude,literal){folder.rstrip('/')}"


def _read(out: bytes) -> tuple[str | None, list[Status], list[str]]:
    """HEAD's commit, what differs from it, and what is ignored."""
    head: str | None = None
    found: list[Status] = []
    ignored: list[str] = []
    for item in items(out):
        if item.startswith(_HEAD):
            head = item.removeprefix(_HEAD) if not item.endswith(_INITIAL) else None
        elif item[0] == "?":
            found.append(Status(item[2:], UNTRACKED, UNTRACKED, ""))
        elif item[0] == "!":
            ignored.append(item[2:])
        elif item[0] == "1":
            # 1 XY sub mH mI mW hH hI path
            _, letters, _, _, staged, mode, _, oid, path = item.split(" ", 8)
            entry = None if staged.strip("0") == "" else Entry(staged, oid)
            found.append(Status(path, letters[0], letters[1], mode, entry))
        elif item[0] == "u":
            # u XY sub m1 m2 m3 mW h1 h2 h3 path
            _, _, _, *modes, mode, _, _, _, path = item.split(" ", 10)
            stages = tuple(stage for stage, held in enumerate(modes, start=1) if held.strip("0"))
            found.append(Status(path, UNMERGED, UNMERGED, mode, None, stages))
    return head, found, ignored


def ignored(command: Command, under: str = "") -> list[str]:
    """The untracked files below a folder that git ignores, and `git add` would leave out."""
    options = ("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *([under] if under else []))
    return command.lines0(*options, env={"GIT_LITERAL_PATHSPECS": "1"})
