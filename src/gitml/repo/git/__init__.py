"""One repository: find it, and every question that is put to git, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gitml.repo.git import batch, index, objects, refs, revision
from gitml.repo.git.command import Command
from gitml.repo.git.index import Staged
from gitml.repo.git.locate import locate
from gitml.repo.git.objects import Entry
from gitml.repo.git.revision import At

# What a hook never asks is imported where it is asked: together that is a twentieth of its time.
if TYPE_CHECKING:
    from gitml.repo.git.commits import Commit
    from gitml.repo.git.ranges import Touched
    from gitml.repo.git.status import Status
    from gitml.repo.git.worktree import Wanted, Worktree


@dataclass(frozen=True, slots=True)
class Git(Command):
    """A repository, found by `Git.find`; the functions of this room's modules as methods."""

    @classmethod
    def find(cls, path: Path) -> Git:
        """The repository around a path; GitFailed where there is none or git is missing. One process."""
        found = locate(path)
        return cls(found.root, found.git_dir, found.common_dir, found.bare, found.object_format, found.settings)

    def cat(self, oids: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        """Contents of objects in the order asked; None for one that is not here. Never fetches."""
        return batch.cat(self, oids)

    def tree(self, commit: str) -> dict[str, Entry]:
        """Every file of a commit, by its path from the top."""
        return objects.tree(self, commit)

    def blob_id(self, content: bytes) -> str:
        """The id that this repository gives a blob of this content."""
        return objects.blob_id(content, self.object_format)

    def hash_paths(self, paths: Iterable[str]) -> dict[str, str]:
        """Blob ids of files of the work tree, cleaned; unreadable ones are left out."""
        return objects.hash_paths(self, paths)

    def promisor(self) -> str | None:
        """The remote that a partial clone left its objects with; None in a full one."""
        return objects.promisor(self)

    def fetch_missing(self, oids: Iterable[str]) -> None:
        """Fetch objects that a partial clone lacks, all at once."""
        objects.fetch_missing(self, oids)

    def staged(self) -> Staged:
        """The content of the index."""
        return index.staged(self)

    def staged_on_head(self) -> index.OnHead:
        """How the index differs from HEAD."""
        return index.staged_on_head(self)

    def status(self) -> list[Status]:
        """Every path that is staged, changed, untracked or unmerged."""
        from gitml.repo.git import status

        return status.status(self)

    def changed_in_worktree(self) -> list[Status]:
        """Every path whose file differs from the index, untracked and unmerged ones included."""
        from gitml.repo.git import status

        return [found for found in status.status(self) if found.unstaged != "."]

    def ignored(self, under: str = "") -> list[str]:
        """Untracked files below a folder that git ignores."""
        from gitml.repo.git import status

        return status.ignored(self, under)

    def worktree(
        self,
        wanted: Wanted | None = None,
        objects: batch.Blobs | None = None,
        *,
        hashed: bool = True,
        under: Sequence[str] = (),
    ) -> Worktree:
        """The work tree as `git add -A` would stage it; with `under` only what is, or lies in, these differs."""
        from gitml.repo.git import worktree

        return worktree.worktree(self, wanted or worktree.everything, objects, hashed=hashed, under=under)

    def unread(self, path: str) -> bytes | None:
        """The bytes of a changed file of the work tree that has no id yet; None for one that is gone, or very large."""
        from gitml.repo.git import worktree

        return worktree.content(self.full(path))

    def head(self) -> str | None:
        """The commit that is checked out; None before the first one."""
        return refs.head(self)

    def branch(self) -> str | None:
        """The branch that is checked out; None on a detached HEAD."""
        return refs.branch(self)

    def refs(self, prefix: str = "refs/") -> dict[str, str]:
        """Refs below a prefix and the commits that they name."""
        return refs.refs(self, prefix)

    def main_ref(self, name: str) -> str | None:
        """The full ref of the main line, remote-tracking first."""
        return refs.main_ref(self, name)

    def operation_in_progress(self) -> str | None:
        """What git has begun and not ended: merge, rebase, am, cherry-pick, revert; None."""
        return refs.operation_in_progress(self)

    def resolve(self, rev: str) -> str:
        """The commit that a revision names; NotFound with the nearest names."""
        return revision.resolve(self, rev)

    def commit_or_none(self, rev: str) -> str | None:
        """The commit that a revision names; None where there is none."""
        return revision.commit_or_none(self, rev)

    def resolve_at(self, at: str | None, main: str | None = None) -> At:
        """The snapshot that a text asks for."""
        return revision.resolve_at(self, at, main)

    def commit_info(self, oid: str) -> Commit:
        """What a commit says."""
        from gitml.repo.git import commits

        return next(commits.commits(self, [oid]))

    def commits(self, oids: Iterable[str]) -> Iterator[Commit]:
        """What commits say, in the order asked."""
        from gitml.repo.git import commits

        return commits.commits(self, oids)

    def first_parents(self, tip: str) -> list[tuple[int, str]]:
        """The first-parent line that ends at a commit, oldest first: (committer's seconds since 1970, id)."""
        from gitml.repo.git import commits

        return commits.first_parents(self, tip)

    def merge_base(self, a: str, b: str) -> str | None:
        """The best common ancestor; None where there is none."""
        from gitml.repo.git import commits

        return commits.merge_base(self, a, b)

    def merge_bases(self, a: str, b: str) -> list[str]:
        """All best common ancestors: several after merges that cross."""
        from gitml.repo.git import commits

        return commits.merge_bases(self, a, b)

    def apart(self, a: str, b: str) -> tuple[int, int]:
        """How many commits one has that the other has not, and the other way round."""
        from gitml.repo.git import ranges

        return ranges.apart(self, a, b)

    def touched(self, a: str, b: str) -> tuple[Touched, ...]:
        """The files that differ between two commits or trees, with their lines added and removed."""
        from gitml.repo.git import ranges

        return ranges.touched(self, a, b)

    def is_ancestor(self, ancestor: str, commit: str) -> bool:
        """Whether one commit is, or comes before, the other."""
        from gitml.repo.git import commits

        return commits.is_ancestor(self, ancestor, commit)

    def is_shallow(self) -> bool:
        """Whether history ends before its beginning."""
        from gitml.repo.git import commits

        return commits.is_shallow(self)

    def by_date(self, tip: str, when: str) -> str:
        """The last commit on a first-parent line before the first that is later than a day or a time."""
        from gitml.repo.git import commits

        return commits.by_date(self, tip, when)
