"""What stays while a process works with one repository: git's processes that answer, and what they have said."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Final

from gitml.repo.git.batch import HANDFUL, Blobs, Found, named
from gitml.repo.git.command import Done
from gitml.repo.git.configured import configured
from gitml.repo.git.ignoring import Ignoring
from gitml.repo.git.index import OnHead, comparing
from gitml.repo.git.kept import Kept
from gitml.repo.git.refs import head, head_files

if TYPE_CHECKING:
    from gitml.repo.git import Git

# What no ref has in its name, and what would make a revision of it.
_ODD: Final = re.compile(r"[\0-\x20~^:?*\[\\\x7f]|\.\.|@\{")


class Session:
    """A repository, and what was started and learned of it; threads may share it."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self.known: dict[tuple[str, ...], str | None] = {}
        """What was found out of objects, which never change, by a word for it and their ids."""

        self._begun: Callable[[], OnHead] | None = None

    def compare_index(self) -> None:
        """Have git compare the index with HEAD, for who has other things to do before he asks what it found."""
        if not self.git.bare:  # there nothing is staged, and nobody will ask
            self._begun = self._comparing()

    def staged_on_head(self) -> OnHead:
        """How the index differs from HEAD."""
        begun, self._begun = self._begun or self._comparing(), None
        return begun()

    def _comparing(self) -> Callable[[], OnHead]:
        # Where this process of git finds no commit, the other one may know why, and say so.
        return comparing(self.git, self.commit("HEAD") or head(self.git))

    @cached_property
    def objects(self) -> Blobs:
        """Objects one by one, for all who need a few of them."""
        return Blobs(self.git)

    @cached_property
    def kept(self) -> Kept:
        """What git has said of this work tree and its configuration, while that is as it was."""
        return Kept(self.git.git_dir)

    @cached_property
    def ignoring(self) -> Ignoring:
        """Which new paths git ignores."""
        return Ignoring(self.git, self.kept)

    def commit(self, ref: str) -> str | None:
        """The commit that a full ref, or HEAD, names now; None where it does not exist."""
        if _ODD.search(ref):
            return None
        asked = ("commit", ref)
        if ref != "HEAD" or self.kept.is_first(asked):
            return self._commit(ref)
        return self.kept.ask(asked, lambda: self._commit(ref), lambda _found: head_files(self.git))

    def _commit(self, ref: str) -> str | None:
        found = self.objects.find(f"{ref}^{{commit}}")
        return found.oid if found else None

    def find(self, names: Sequence[str]) -> list[Found | None]:
        """The objects that some names mean (`commit:path`), in the order asked; many are asked for in one process."""
        if len(names) <= HANDFUL and not any("\n" in name for name in names):
            return [self.objects.find(name) for name in names]
        return named(self.git, names)

    def configured(self, *args: str, env: Mapping[str, str] | None = None) -> Done:
        """What a git command does that reads the configuration alone."""
        return configured(self.git, self.kept, *args, env=env)
