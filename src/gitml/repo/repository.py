"""Where a store is found, and how its snapshots are opened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from gitml.errors import BadValue, GitFailed, NotFound
from gitml.records.schemas import FOLDER, SchemaFile
from gitml.records.settings import PATH as SETTINGS
from gitml.records.settings import TREE, Settings
from gitml.repo.cache import Cache
from gitml.repo.git import Git
from gitml.repo.git.batch import Blobs
from gitml.repo.git.index import OnHead
from gitml.repo.git.kept import Kept
from gitml.repo.git.revision import At
from gitml.repo.git.session import Session
from gitml.repo.git.trees import Tree
from gitml.repo.progress import Progress
from gitml.repo.snapshot import Files, Snapshot

if TYPE_CHECKING:
    import git as gitpython

    from gitml.repo.derive import Deriver

_TREES = 4


@dataclass(frozen=True)
class Repository:
    """A repository and the store in it: `prefix` is the store's folder, relative to the root (`""` or `sub/`)."""

    git: Git
    prefix: str
    cache: Cache = field(compare=False, repr=False)
    progress: Progress = field(default_factory=Progress, compare=False, repr=False)
    _commits: WeakValueDictionary[tuple[At, str, tuple[SchemaFile, ...]], Snapshot] = field(
        default_factory=WeakValueDictionary, compare=False, repr=False
    )

    @classmethod
    def find(cls, path: Path) -> Repository:
        """The repository around a path; the store is the nearest folder with a metadata/store.yaml, else its root."""
        git = Git.find(path)
        return cls(git, _prefix(git, path), Cache(git.common_dir))

    @cached_property
    def deriver(self) -> Deriver:
        """What makes derived records for all snapshots of this repository; a hook never asks, nor imports it."""
        from gitml.repo.derive import Deriver

        return Deriver(self.git, self.objects)

    @cached_property
    def session(self) -> Session:
        """What stays while this process works here."""
        return Session(self.git)

    @property
    def kept(self) -> Kept:
        """What git has said, while that is as it was."""
        return self.session.kept

    @cached_property
    def _trees(self) -> dict[str, Tree]:
        return {}

    @property
    def objects(self) -> Blobs:
        """Objects one by one, for all who need a few of them."""
        return self.session.objects

    def _deriver(self) -> Deriver:
        return self.deriver

    def here(self) -> Snapshot:
        """What a user sees: the work tree, or HEAD where there is none (a bare repository)."""
        return self.head() if self.git.bare else self.worktree()

    def rules(self) -> Snapshot:
        """What a user sees of the schemas and settings, and nothing else of the work tree's changes."""
        if self.git.bare:
            return self.head()
        under = (f"{self.prefix}{FOLDER}", f"{self.prefix}{SETTINGS}")
        found = self.git.worktree(self._wanted, self.objects, under=under)
        return self._snapshot(At("worktree"), found.tree, contents=found.contents, problems=found.problems)

    def worktree(self) -> Snapshot:
        """The work tree, as git would add it."""
        # Other files' ids are nobody's business here, and hashing what lies around could take minutes.
        found = self.git.worktree(self._wanted, self.objects, hashed=False)
        return self._snapshot(At("worktree"), found.tree, contents=found.contents, problems=found.problems)

    def standing(self) -> Snapshot:
        """The work tree, of which each path is looked at when it is asked for: for who writes a few."""
        from gitml.repo.git.standing import Standing

        head = self.session.commit("HEAD")
        tree = self._tree_of(head) if head else Tree(self.git, None, {}, self.objects)
        contents: dict[str, bytes] = {}
        look = partial(self.git.worktree, self._wanted, self.objects, hashed=False)
        standing = Standing(tree, lambda under: look(under=under), self.kept, contents)
        return self._snapshot(At("worktree"), standing, contents=contents)

    def _tree_of(self, commit: str) -> Tree:
        """The tree of a commit; the last ones stay while nobody has listed them, for HEAD is asked for all the time."""
        found = self._trees.pop(commit, None)
        if found is None or found.is_listed:
            found = Tree(self.git, commit, {}, self.objects)
        self._trees[commit] = found
        while len(self._trees) > _TREES:
            self._trees.pop(next(iter(self._trees)))
        return found

    def staged(self) -> Snapshot:
        """The staged content."""
        return self._staged(self._on_head())

    def _on_head(self) -> OnHead:
        if self.git.bare:
            raise BadValue("this repository is bare: nothing is staged in it", hint="name a commit (--at HEAD)")
        return self.session.staged_on_head()

    def _staged(self, found: OnHead, tree: Tree | None = None) -> Snapshot:
        problems = [problem for problem in found.problems if self._wanted(problem.path)]
        return self._snapshot(At("staged"), tree or self._tree(found), problems=problems)

    def _tree(self, found: OnHead) -> Tree:
        # What is looked up below is looked up once: the same folders are asked for of both.
        below = self._tree_of(found.head) if found.head else Tree(self.git, None, {}, self.objects)
        return below.on_top(found.changes)

    def head(self) -> Snapshot:
        """HEAD's commit; an empty snapshot where there is none yet."""
        head = self.session.commit("HEAD")
        return self.commit(head) if head else self._snapshot(At("commit"), {})

    def stood_on(self, snapshot: Snapshot) -> Snapshot:
        """HEAD: for the work tree the one that its snapshot was taken on."""
        commit = snapshot.ground.base if snapshot.asked.kind == "worktree" else None
        return self.commit(commit) if commit else self.head()

    def staged_on_head(self) -> tuple[Snapshot, Snapshot]:
        """The staged content, and HEAD below it."""
        return self._stood_on(self._on_head())

    def _stood_on(self, found: OnHead, tree: Tree | None = None) -> tuple[Snapshot, Snapshot]:
        after = self._staged(found, tree)
        if found.head is None:
            return after, self._snapshot(At("commit"), {})
        before = self.commit(found.head)
        after.read_ahead(before)
        return after, before

    def stores_staged(self) -> Iterator[tuple[Repository, Snapshot, Snapshot]]:
        """Every store that what is staged concerns, with the staged content and HEAD below it as it sees them."""
        from gitml.repo.readers.dvc import is_pointer_file

        found = self._on_head()
        tree = self._tree(found)
        # What DVC tracks counts wherever it lies; any other file counts for the stores that hold it.
        concerns_all = any(map(is_pointer_file, found.changes))
        unmerged = [problem.path for problem in found.problems]
        there = tree.entries if concerns_all else filter(tree.__contains__, _settings_above(found.changes))
        for store in self.stores([*there, *unmerged]):
            yield store, *Repository._stood_on(store, found, tree)

    def stores(self, paths: Iterable[str]) -> list[Repository]:
        """Every store in a tree, by its settings file: a commit holds all of them, wherever it was made from."""
        inner = f"/{SETTINGS}"
        found = (path for path in paths if path.endswith(SETTINGS))
        prefixes = {path.removesuffix(SETTINGS) for path in found if path == SETTINGS or path.endswith(inner)}
        return [self._with(prefix) for prefix in sorted(prefixes or {self.prefix})]

    def _with(self, prefix: str) -> Repository:
        """The store in a folder, over what this one has running and knows of the repository."""
        found = replace(self, prefix=prefix)
        vars(found).update(session=self.session, _trees=self._trees)
        return found

    def commit(self, commit: str, asker: tuple[SchemaFile, ...] = (), until: int | None = None) -> Snapshot:
        """A commit, by its full id; `asker` are the schemas of the store that asks, `until` is that of At."""
        at = At("commit", commit, until=until)
        return self._kept(at, asker, lambda: self._tree_of(commit))

    def made_on(self, commit: str, asker: tuple[SchemaFile, ...] = ()) -> Snapshot:
        """What a commit was made on: its first parent; of a first commit nothing. NotFound beyond a shallow clone."""
        parents = self.git.commit_info(commit).parents
        if not parents:
            return self._snapshot(At("commit"), {}, asker=asker)
        if dict(self.git.cat(parents[:1]))[parents[0]] is None:
            told = f"what {commit[:12]} was made on is not in this clone"
            raise NotFound(told, hint="git fetch --unshallow brings the rest of history")
        return self.commit(parents[0], asker)

    def _kept(self, at: At, asker: tuple[SchemaFile, ...], entries: Callable[[], Files]) -> Snapshot:
        """A commit's snapshot, which never changes: who holds it and asks again gets it (HEAD is often the base)."""
        key = (at, self.prefix, asker)
        found = self._commits.get(key)
        if found is None or self._has_moved(found):
            found = self._commits[key] = self._snapshot(at, entries(), asker=asker)
        return found

    def _has_moved(self, snapshot: Snapshot) -> bool:
        """Whether the events line has gone on since a snapshot showed its tip."""
        if "tree" not in vars(snapshot) or snapshot.settings.events == TREE or snapshot.asked.until is not None:
            return False
        from gitml.repo import line

        return line.tip(self.session, snapshot.settings.events) != snapshot.tree.events

    def _laid(self, snapshot: Snapshot) -> Tree:
        """A snapshot's tree with the events line over it, as far as that went by its time."""
        from gitml.repo import line

        return line.laid(self.session, snapshot, self._tree_of)

    def _snapshot(self, at: At, entries: Files, **more: Any) -> Snapshot:
        made = Snapshot(
            self.git,
            at,
            entries,
            prefix=self.prefix,
            cache=self.cache,
            deriver=self._deriver,
            progress=self.progress,
            **more,
        )
        made.line = self._laid
        return made

    def at(self, text: str | None, main: str | None = None, asker: tuple[SchemaFile, ...] = ()) -> Snapshot:
        """A snapshot by name: `worktree`, `staged`, a revision, or a date; raises NotFound."""
        found = self.git.resolve_at(text, main)
        if found.kind == "worktree":
            return self.worktree()
        return self.staged() if found.kind == "staged" else self.commit(found.commit or "", asker, found.until)

    def base(
        self, settings: Settings, commit: str | None = None, *, head: Snapshot | None = None, until: int | None = None
    ) -> Snapshot | None:
        """What has landed: the merge-base with main (its remote-tracking branch first), on main itself HEAD.

        For a commit of old it is what that one and main have in common. None where it is not known: a shallow clone
        whose history does not reach it. Who knows HEAD already gives it; `until` is that of At.
        """
        if commit is not None:
            main = self.git.main_ref(settings.main)
            found = self.git.merge_base(commit, main) if main else commit
            return self.commit(found, until=until) if found else None
        main = None if self.git.branch() == settings.main else self.git.main_ref(settings.main)
        head = head or self.head()
        if main is None or head.at.commit is None:
            return head
        found = self.git.merge_base(head.at.commit, main)
        if found is None:
            return None if self.git.is_shallow() else head
        return self.commit(found)

    def parted(self, a: str, b: str, names: tuple[str, str] | None = None) -> str:
        """The commit at which two revisions parted: what `a...b` begins with; `names` are theirs in messages.

        Raises NotFound where there is none.
        """
        return self.partings(a, b, names)[0]

    def partings(self, a: str, b: str, names: tuple[str, str] | None = None) -> list[str]:
        """The commits at which two revisions parted, several where merges have crossed; raises NotFound for none."""
        found = self.git.merge_bases(self.git.resolve(a), self.git.resolve(b))
        if not found:
            one, other = names or (a, b)
            is_cut = self.git.is_shallow()
            hint = "git fetch --unshallow brings the rest of history" if is_cut else f"write {one}..{other}"
            raise NotFound(f"{one} and {other} have no commit in common", hint=hint)
        return found

    def target(self, branch: str | None) -> Snapshot:
        """The snapshot that a change for a branch is made on: its tip, or what is here for the checked-out one."""
        flows = branch is not None and branch != TREE and self.head().settings.events == branch
        if flows or branch is None or (branch == self.git.branch() and not self.git.bare):
            return self.head() if self.git.bare else self.standing()
        tip = self.session.commit(f"refs/heads/{branch}")
        return self.commit(tip) if tip else self.head()

    def _wanted(self, path: str) -> bool:
        """Which changed files are worth reading: a record, a schema, a pointer is small text."""
        return path.endswith((".yaml", ".yml", ".dvc", ".lock")) or path.rpartition("/")[2] == "Dvcfile"

    def file(self, path: str) -> Path:
        """A path of the work tree; raises GitFailed in a bare repository."""
        if self.git.root is None:
            raise GitFailed("this repository is bare: it has no work tree", hint="clone it and work there")
        return self.git.root / path

    def author(self) -> str:
        """The name that git would give the author of a commit; empty where nobody has told it."""
        ident = self.session.configured("var", "GIT_AUTHOR_IDENT").out.decode("utf-8", "replace")
        return ident.partition(" <")[0].strip()

    def porcelain(self) -> gitpython.Repo:
        """The repository as a GitPython object."""
        import git as gitpython

        return gitpython.Repo(self.git.root or self.git.git_dir)


def _settings_above(paths: Iterable[str]) -> list[str]:
    """Where the settings files of stores that hold some paths would be."""
    folders: set[str] = set()
    for path in paths:
        above = path
        while above and (above := above.rpartition("/")[0]) not in folders:
            folders.add(above)
    return [f"{folder}/{SETTINGS}" if folder else SETTINGS for folder in folders]


def _prefix(git: Git, path: Path) -> str:
    if git.root is None:
        return ""
    here = path.resolve()
    root = git.root.resolve()
    for folder in (here, *here.parents):
        if not folder.is_relative_to(root):
            break
        if (folder / SETTINGS).is_file():
            inner = folder.relative_to(root).as_posix()
            return "" if inner == "." else f"{inner}/"
    return ""
