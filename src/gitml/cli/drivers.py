"""What git itself calls: the merge driver, and the text that `git diff` shows. No verbs: people never type them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gitml.errors import DiskFailed

if TYPE_CHECKING:
    from gitml.cli.door import Door
    from gitml.records.merging.conflict import Labels
    from gitml.records.merging.values import Clash
    from gitml.repo.driver import Outcome

MERGED, CONFLICT, WRONG = 0, 10, 2
"""Exit codes: another one than 0 and 10 lets git's own merge stand in (repo/drivers.py)."""
_ARGUMENTS = 8


def merge_driver(door: Door) -> int:
    """`%O %A %B %L %P %S %X %Y`: merge, write the result to %A, exit 0 or 10; say what is in conflict."""
    from gitml.repo.driver import Versions, merge_file
    from gitml.repo.git import Git
    from gitml.repo.sides import labels

    argv = door.args.command
    if len(argv) != _ARGUMENTS:
        sys.stderr.write("git ml: git calls merge-driver, as merge.gitml.driver says; git ml init sets it\n")
        return WRONG
    base, ours, theirs, size, path = argv[:5]
    git = Git.find(Path())
    named = labels(git, (argv[5], argv[6], argv[7]), os.environ)
    versions = Versions(*(Path(file).read_bytes() for file in (base, ours, theirs)))
    found = merge_file(git, versions, path, named, int(size))
    for told in _told(found, named):
        sys.stderr.write(f"git ml: {path}: {told}\n")
    if found.content is not None and found.content != versions.ours:
        _replace(Path(ours), found.content)
    return MERGED if found.clean else CONFLICT


def _told(found: Outcome, labels: Labels) -> list[str]:
    kept = [f"{field} stays as it was written by hand; the other side removed it" for field in found.kept]
    if found.clean:
        return kept
    if found.by_lines:
        return [*kept, "no record that can be read on both sides, so it is merged by lines, and in conflict"]
    if not found.clashes:
        both = "; git ml renumber keeps both" if found.versions else ""
        return [*kept, f"added on both sides, by {labels.ours} and by {labels.theirs}{both}"]
    return [*kept, *(f"conflict in {clash.field}: {_between(clash, labels)}" for clash in found.clashes)]


def _between(clash: Clash, labels: Labels) -> str:
    """Both values of a field; of whole mappings only who has changed them."""
    from gitml.records.merging.conflict import value

    if isinstance(clash.ours, dict) and isinstance(clash.theirs, dict):
        return f"changed by {labels.ours} and by {labels.theirs}"
    return f"{value(clash.ours)} in {labels.ours}, {value(clash.theirs)} in {labels.theirs}"


def _replace(place: Path, content: bytes) -> None:
    """All of it or nothing: where this fails git still has our side."""
    new = place.with_name(f"{place.name}.gitml-{os.getpid()}")
    try:
        new.write_bytes(content)
        new.replace(place)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise DiskFailed(f"{place}: {error.strerror}") from error


def textconv(door: Door) -> int:
    """A record's canonical text, comments kept, so that a diff shows nothing but meaning; other files as they are."""
    from gitml.repo.git import Git
    from gitml.repo.textconv import canonical

    argv = door.args.command
    if len(argv) != 1:
        sys.stderr.write("git ml: git calls textconv, as diff.gitml.textconv says; git ml init sets it\n")
        return WRONG
    content = canonical(Git.find(Path()), Path(argv[0]).read_bytes())
    sys.stdout.buffer.write(content)
    sys.stdout.flush()
    return MERGED
