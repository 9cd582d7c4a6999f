"""Which records of runs stand in a commit: from then on git keeps them, and their journals are of no more use."""

from __future__ import annotations

from collections.abc import Mapping

from gitml.repo.git.command import items
from gitml.repo.git.session import Session


def landed(session: Session, records: Mapping[str, bytes | None]) -> set[str]:
    """The paths that are in HEAD, or that some other commit has, or had once, with the text that was written there.

    A text that git does not know at all is in no commit: only for the others history is asked. A stash is no commit.
    """
    paths = list(records)
    if session.commit("HEAD") is None:
        return set()
    there = session.find([f"HEAD:{path}" for path in paths])
    found = {path for path, one in zip(paths, there, strict=True) if one is not None}
    git = session.git
    written = {path: git.blob_id(text) for path, text in records.items() if text is not None and path not in found}
    known = dict(zip(written, session.find(list(written.values())), strict=True)) if written else {}
    asked = [path for path, one in known.items() if one is not None]
    if asked:
        folders = sorted({path.rpartition("/")[0] for path in asked})
        everywhere = ("--exclude=refs/stash", "--all", "--no-renames", "--diff-filter=A", "--name-only")
        args = ("log", "-z", "--format=", *everywhere, "--", *folders)
        found |= set(asked) & {one.strip("\n") for one in items(git.run(*args, env={"GIT_LITERAL_PATHSPECS": "1"}))}
    return found
