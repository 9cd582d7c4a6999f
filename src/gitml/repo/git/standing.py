"""The work tree as git would add it, path by path: who writes one record has no need to see a hundred thousand.

Git is asked of a path only where something stands there, or should, and what it says is kept (kept.py). Who wants all
files gets them; they are then those of that moment.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from gitml.errors import Problem
from gitml.repo.git.configured import files_of
from gitml.repo.git.kept import RULES, Kept, rules_of, signature
from gitml.repo.git.objects import Entry, blob_id
from gitml.repo.git.refs import operation_in_progress
from gitml.repo.git.trees import Changes, Tree, is_under, over
from gitml.repo.git.worktree import Worktree

# Whoever looks at more paths at once than this has all of them looked at.
_MANY: Final = 200
# The files of a folder with more than this are not watched.
_WATCHED: Final = 1000
_PLAIN: Final = "100644"

Look = Callable[[Sequence[str]], Worktree]
"""What git would add of some paths, and of what lies in them; of all where none is named."""


class Standing(Tree):
    """The files of a work tree, on top of those of HEAD's commit; each looked at when it is first asked for."""

    def __init__(self, head: Tree, look: Look, kept: Kept, contents: dict[str, bytes]) -> None:
        super().__init__(head._command, head.base, {}, head.objects)  # noqa: SLF001  (of its own class)
        self._head = head
        self._look = look
        self._kept = kept
        self._contents = contents
        self._seen: dict[str, Entry | None] = {}
        self._folded: dict[str, Mapping[str, Entry]] = {}
        self._unchanged: set[str] = set()
        self._faults: list[Problem] = []

    @cached_property
    def _whole(self) -> Worktree:
        found = self._look(())
        self._take(found)
        self._head, self.base = found.tree, found.tree.base
        return found

    @property
    def changes(self) -> Changes:
        """What differs from HEAD, of all files."""
        return self._whole.tree.changes

    @property
    def problems(self) -> Sequence[Problem]:
        """What git cannot take in, of what was looked at."""
        return tuple(dict.fromkeys(self._faults))

    @property
    def is_listed(self) -> bool:
        """Whether all files were looked at."""
        return "_whole" in self.__dict__

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Every file, by its path from the top."""
        return self._whole.entries

    def listed(self, folder: str) -> Mapping[str, Entry]:
        """What lies in a folder of HEAD's commit."""
        return self._head.listed(folder)

    def within(self, folder: str) -> Mapping[str, Entry]:
        """What lies in a folder of HEAD's commit, by name."""
        return self._head.within(folder)

    def file(self, path: str) -> Entry | None:
        """The file at a path, as git would add it."""
        if self.is_listed:
            return self.entries.get(path)
        if path not in self._seen:
            self._seen[path] = self._looked(path) if self._stands(path) else None
        return self._seen[path]

    def ready(self, paths: Iterable[str]) -> None:
        """Look at some paths together."""
        wanted = [path for path in dict.fromkeys(paths) if path not in self._seen and self._stands(path)]
        if self.is_listed or len(wanted) <= 1:
            return
        found = self._look(wanted if len(wanted) <= _MANY else ())
        self._take(found)
        self._seen.update((path, found.tree.file(path)) for path in wanted)

    def files(self, folder: str) -> dict[str, Entry]:
        """The files that lie in a folder, not those in folders of it."""
        return {path: entry for path, entry in self.under([folder]).items() if path.rpartition("/")[0] == folder}

    def under(self, folders: Iterable[str]) -> dict[str, Entry]:
        """Every file in some folders and in folders of these; `""` is the top."""
        asked = list(folders)
        if self.is_listed or "" in asked:
            return super().under(asked)
        return {path: entry for folder in asked for path, entry in self._below(folder).items()}

    def known_as(self, folder: str) -> str | None:
        """The id of a folder in HEAD, where the same stands in the work tree."""
        if self.is_listed:
            return super().known_as(folder)
        self._below(folder)
        return self._head.folder(folder) if folder in self._unchanged else None

    def _stands(self, path: str) -> bool:
        """Whether something is at a path, or HEAD has something there: of all else there is nothing to ask."""
        above, _, name = path.rpartition("/")
        return bool(name) and (signature(self._command.full(path)) is not None or name in self._head.within(above))

    def _looked(self, path: str) -> Entry | None:
        found, entries = self._kept.ask(("file", path), lambda: self._asked(path), lambda _found: self._on(path))
        self._take(found)
        return entries.get(path)

    def _below(self, folder: str) -> Mapping[str, Entry]:
        if folder not in self._folded:
            self._folded[folder] = self._asked_of(folder) if self._stands(folder) else {}
        return self._folded[folder]

    def _asked_of(self, folder: str) -> Mapping[str, Entry]:
        asked = ("under", folder)
        found, entries = self._kept.ask(asked, lambda: self._asked(folder), lambda _found: self._all(folder))
        self._take(found)
        if found is None:
            self._unchanged.add(folder)
        return entries

    def _asked(self, path: str) -> tuple[Worktree | None, Mapping[str, Entry]]:
        """What git says of a path, and every file that is, or lies, there."""
        if operation_in_progress(self._command) is None and (same := self._same(path)) is not None:
            return None, same
        found = self._look((path,))
        below = self._head if found.tree.base == self.base else found.tree
        return found, over(dict(below.listed(path)), found.tree.changes, lambda one: is_under(one, path))

    def _same(self, path: str) -> Mapping[str, Entry] | None:
        """What HEAD has at, or below, a path, where just these bytes stand there; None where git must be asked."""
        committed = self._head.listed(path)
        if not committed or len(committed) > _MANY or not all(self._holds(*one) for one in committed.items()):
            return None
        top = self._command.full(path)
        standing = {os.path.join(place, name) for place, _folders, names in os.walk(top) for name in names}
        return committed if path in committed or len(standing) == len(committed) else None

    def _holds(self, path: str, entry: Entry) -> bool:
        """Whether a plain file holds the bytes of a blob."""
        full = self._command.full(path)
        try:
            mode = full.lstat().st_mode
            plain = stat.S_ISREG(mode) and not mode & stat.S_IXUSR and entry.mode == _PLAIN
            return plain and blob_id(full.read_bytes(), self._command.object_format) == entry.oid
        except OSError:  # git says why
            return False

    def _take(self, found: Worktree | None) -> None:
        if found is not None:
            self._contents.update(found.contents)
            self._faults += found.problems

    def _on(self, path: str) -> Iterator[str | os.PathLike[str]]:
        """What the entry of a path hangs on: the file, the index, and the rules by which git adds it."""
        yield self._command.full(path)
        yield self._command.index_file
        yield from rules_of(self._command, path)
        yield from files_of(self._command, self._kept)

    def _all(self, folder: str) -> list[str | os.PathLike[str]] | None:
        """The same for all that lies in a folder; None for one that is too large to watch."""
        found = list(self._on(folder))
        for place, folders, files in os.walk(self._command.full(folder)):
            named = (os.path.join(place, name) for name in (*folders, *files))
            found += [*named, *(os.path.join(place, rule) for rule in RULES)]
            if len(found) > _WATCHED:
                return None
        return found
