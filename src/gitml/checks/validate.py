"""`validate`: the questions that people put to the checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gitml.checks.check import changed, check, stepped, whole
from gitml.checks.scope import Scope
from gitml.errors import WARNING, Problem
from gitml.repo.git.revision import At
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Validation:
    """What was looked at, against what had landed (None: not known), how many records, and what is wrong.

    `merge` are the commits whose merge was looked at: what the second one would make of the first.
    """

    at: At
    base: str | None
    checked: int
    problems: tuple[Problem, ...]
    merge: tuple[str, str] | None = None


def everything(repository: Repository, snapshot: Snapshot) -> Validation:
    """A whole snapshot; of a work tree with what git ignores, which is looked for meanwhile."""
    if snapshot.at.kind != "worktree":
        return _judged(repository, snapshot)
    from concurrent.futures import ThreadPoolExecutor  # as without this

    with ThreadPoolExecutor(1) as beside:
        ignored = beside.submit(snapshot.git.ignored, snapshot.prefix + "metadata")
        found = _judged(repository, snapshot)
        problems = sorted([*found.problems, *_ignored(snapshot, ignored.result())], key=lambda problem: problem.order)
    return replace(found, problems=tuple(problems))


def _judged(repository: Repository, snapshot: Snapshot) -> Validation:
    """All records; where a commit below was judged before, by what differs from that."""
    from gitml.checks.judged import learn, step  # a hook comes without it

    base = repository.base(snapshot.settings, snapshot.at.commit, until=snapshot.at.until)
    known = step(repository, snapshot) if base else None
    if known is not None:
        scope = stepped(snapshot, known.before, base, known.paths)
        found = replace(_validation(scope), checked=known.size)
    else:
        found = _validation(whole(snapshot, base))
    learn(snapshot, found.checked, found.problems, piped=known.piped if known else None)
    return found


def some(repository: Repository, snapshot: Snapshot, paths: Iterable[str]) -> Validation:
    """The records at some paths, or below some folders (`""` is the root)."""
    wanted = tuple(path.rstrip("/") for path in paths)
    # Below a file nothing lies: who asks for some alone need not have the whole tree listed.
    alone = all(path in snapshot.tree for path in wanted)
    every = [path for path in sorted(set(wanted)) if snapshot.is_record_path(path)] if alone else snapshot.paths
    chosen = [path for path in every if _is_below(path, wanted)]
    troubled = [problem.path for problem in snapshot.tree_problems if _is_below(problem.path, wanted)]
    base = repository.base(snapshot.settings, snapshot.at.commit, until=snapshot.at.until)
    differing = frozenset(path for path in wanted if base is None or base.tree.file(path) != snapshot.tree.file(path))
    return _validation(Scope(snapshot, base, differing.union(chosen, troubled), tuple(chosen)))


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(folder in ("", path) or path.startswith(f"{folder}/") for folder in folders)


def staged(repository: Repository) -> Validation:
    """What the next commit would change, and what refers to it."""
    snapshot, head = repository.staged_on_head()
    return _validation(changed(snapshot, head, repository.base(snapshot.settings, head=head)))


def _validation(scope: Scope) -> Validation:
    base = scope.base.at.commit if scope.base else None
    return Validation(scope.snapshot.at, base, scope.count, tuple(check(scope)))


def _ignored(snapshot: Snapshot, paths: Iterable[str]) -> list[Problem]:
    """Records that git ignores are seen by nobody else."""
    return [
        Problem(
            "path.ignored",
            path,
            "is ignored by git, so that no commit will hold it",
            "change .gitignore, or move it",
            WARNING,
        )
        for path in paths
        if snapshot.is_record_path(path)
    ]
