"""A stack of trees: a tree of its own, and over some of its folders what another commit has there: the events line.

What stands in both is the tree's. Where the two say the same, as a run that was copied into the tree does, the line's
folder is the stack's, id and all, so that whoever knows folders by their ids knows those of a stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial

from gitml.errors import Problem
from gitml.repo.git.objects import Entry
from gitml.repo.git.trees import Changes, Tree, is_under


class Stack(Tree):
    """A tree (of a commit, or of what stands on one) with a line's folders over it; both share their objects."""

    def __init__(self, ground: Tree, line: Tree, folders: Iterable[str]) -> None:
        """`folders` are those that the line may have; they do not lie in each other."""
        super().__init__(ground._command, ground.base, {}, ground.objects)  # noqa: SLF001  (of its own class)
        self._ground = ground
        self._line = line
        self._folders_of_line = tuple(folders)
        self._starts = tuple(f"{folder}/" for folder in self._folders_of_line)
        self._laid = tuple(folder for folder in self._folders_of_line if line.folder(folder) is not None)
        self._laid_starts = tuple(f"{folder}/" for folder in self._laid)

    @property
    def ground(self) -> Tree:
        """The tree alone, without the line."""
        return self._ground

    @property
    def layers(self) -> tuple[Tree, ...]:
        """The tree and the line."""
        return self._ground, self._line

    def flows(self, path: str) -> bool:
        """Whether a path is one that the line may have."""
        return path.startswith(self._starts)

    def stays(self, path: str, oid: str | None) -> bool:
        """Whether a change at a path is one of the tree: a copy of what the line has, or of what the tree alone has.

        What is removed (None) is removed from the tree first: the line keeps what happened.
        """
        if not self.flows(path):
            return True
        there = self._line.file(path)
        return self._ground.file(path) is not None if there is None or oid is None else there.oid == oid

    def on_top(self, changes: Changes) -> Tree:
        """The same with some files changed, each in the layer that it belongs to."""
        here, there = (_Those(changes, partial(self._is_of, ground)) for ground in (True, False))
        return Stack(self._ground.on_top(here), self._line.on_top(there), self._folders_of_line)

    def _is_of(self, ground: bool, path: str, entry: Entry | None) -> bool:  # noqa: FBT001  (given with `partial`)
        return self.stays(path, entry.oid if entry else None) == ground

    @cached_property
    def changes(self) -> Changes:
        """What the tree has otherwise than the line, committed or not, and what is changed outside of the line."""
        ground, line = self._ground, self._line
        committed = (one for folder in self._laid for one in ground.listed(folder).items())
        asked = [*filter(self.flows, line.changes), *ground.changes]
        asked += [path for path, entry in committed if path not in ground.changes and entry != line.file(path)]
        found = {path: self.file(path) for path in asked}
        same = {path for path in found if path.startswith(self._laid_starts) and path not in line.changes}
        return {path: entry for path, entry in found.items() if path not in same or entry != line.file(path)}

    def differs(self, other: Tree) -> frozenset[str]:
        """The paths at which another tree of the repository has something else."""
        return differing(self, other)

    @property
    def problems(self) -> Sequence[Problem]:
        """What of the tree git cannot take in."""
        return self._ground.problems

    @property
    def is_listed(self) -> bool:
        """Whether all files are known already."""
        return self._ground.is_listed and self._line.is_listed

    @cached_property
    def below(self) -> Mapping[str, Entry]:
        """Every file of the two commits."""
        return self.listed("")

    def listed(self, folder: str) -> Mapping[str, Entry]:
        """What lies in a folder, in the commits alone."""
        if self._is_of_line(folder):
            return self._line.listed(folder)
        found = self._ground.listed(folder)
        return self._with_line(found, folder) if self._leads(folder) else found

    def within(self, folder: str) -> Mapping[str, Entry]:
        """What lies in a folder of the commits, by name; a folder over which the line lies is the line's."""
        if self._is_of_line(folder):
            return self._line.within(folder)
        found = self._ground.within(folder)
        start = f"{folder}/" if folder else ""
        names = {one[len(start) :].partition("/")[0] for one in self._leads(folder)}
        theirs = {name: entry for name, entry in self._line.within(folder).items() if name in names} if names else {}
        return {**theirs, **found, **{name: theirs[name] for name in theirs if start + name in self._laid}}

    def file(self, path: str) -> Entry | None:
        """The file at a path: the tree's, else the line's."""
        found = self._ground.file(path)
        return self._line.file(path) if found is None and self.flows(path) else found

    def files(self, folder: str) -> dict[str, Entry]:
        """The files that lie in a folder, not those in folders of it."""
        theirs = self._line.files(folder) if f"{folder}/".startswith(self._starts) else {}
        return {**theirs, **self._ground.files(folder)}

    def under(self, folders: Iterable[str]) -> dict[str, Entry]:
        """Every file in some folders and in folders of these."""
        asked = list(folders)
        theirs = {path: entry for path, entry in self._line.under(asked).items() if self.flows(path)}
        return {**theirs, **self._ground.under(asked)}

    def without(self, folders: tuple[str, ...]) -> Mapping[str, Entry]:
        """Every file that lies in none of some folders, which end in `/`."""
        return {path: entry for path, entry in self.entries.items() if not path.startswith(folders)}

    def ready(self, paths: Iterable[str]) -> None:
        """Look up some files together."""
        self._ground.ready(paths)

    def known_as(self, folder: str) -> str | None:
        """An id that names all that lies in a folder; None where none is known, as where the line lies."""
        lies = any(is_under(one, folder) or is_under(folder, one) for one in self._folders_of_line)
        return None if lies else self._ground.known_as(folder)

    def _is_of_line(self, folder: str) -> bool:
        return f"{folder}/".startswith(self._laid_starts)

    def _leads(self, folder: str) -> list[str]:
        """The line's folders that lie in one."""
        return [one for one in self._laid if is_under(one, folder)]

    def _of_line(self, folder: str) -> Iterator[tuple[str, Entry]]:
        for one in [folder] if self._is_of_line(folder) else self._leads(folder):
            yield from self._line.listed(one).items()

    def _with_line(self, found: Mapping[str, Entry], folder: str) -> dict[str, Entry]:
        own = {path: entry for path, entry in found.items() if not path.startswith(self._laid_starts)}
        return {**own, **dict(self._of_line(folder))}


class _Those(Mapping[str, "Entry | None"]):
    """Those of some changes that are meant, which may grow."""

    def __init__(self, changes: Changes, meant: Callable[[str, Entry | None], bool]) -> None:
        self._changes = changes
        self._meant = meant

    def __getitem__(self, path: str) -> Entry | None:
        found = self._changes[path]
        if not self._meant(path, found):
            raise KeyError(path)
        return found

    def __iter__(self) -> Iterator[str]:
        return (path for path, entry in self._changes.items() if self._meant(path, entry))

    def __len__(self) -> int:
        return sum(1 for _path in self)


def differing(one: Tree, other: Tree) -> frozenset[str]:
    """The paths at which two trees differ, of which one at least is a stack."""
    asked = {*one.changes, *other.changes, *one.layers[0].differs(other.layers[0])}
    lines = [stack.layers[1] if len(stack.layers) > 1 else None for stack in (one, other)]
    if lines[0] is not None and lines[1] is not None:
        asked |= lines[0].differs(lines[1])
    else:
        asked |= {path for line in lines if line is not None for path in line.below}
    return frozenset(path for path in asked if one.file(path) != other.file(path))
