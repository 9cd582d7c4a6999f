"""What git's hooks and CI ask: whether what is staged may be committed, what is pushed shared, a branch let in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from gitml.checks.check import changed, check, whole
from gitml.checks.validate import Validation
from gitml.errors import BadValue
from gitml.records.settings import TREE
from gitml.repo.git.revision import At
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot


class Pushed(NamedTuple):
    """One line that git gives to a pre-push hook: a ref here and there, the commits that they name; None for none."""

    local: str | None
    remote_ref: str
    remote: str | None


def read(text: str) -> list[Pushed]:
    """The lines of a pre-push hook's standard input; raises BadValue for what is none."""
    return [_line(line) for line in text.splitlines() if line.strip()]


def _line(line: str) -> Pushed:
    parts = line.split()
    if len(parts) != 4:  # noqa: PLR2004
        raise BadValue(
            f"{line!r} is no line of a pre-push hook", hint="`git push` writes them; see `git help githooks`"
        )
    _ref, local, remote_ref, remote = parts
    return Pushed(_some(local), remote_ref, _some(remote))


def _some(oid: str) -> str | None:
    return oid if oid.strip("0") else None


def staged(repository: Repository) -> Validation:
    """What is wrong in what the next commit would change, in every store that it holds, and in what refers to that."""
    found = []
    for store, after, before in repository.stores_staged():
        base = store.base(after.settings, head=before)
        scope = changed(after, before, base)
        found.append(Validation(after.at, base.at.commit if base else None, scope.count, tuple(check(scope))))
    return joined(found)


def pushed(repository: Repository, lines: Iterable[Pushed]) -> Validation:
    """What is wrong at the tips that are pushed, in what differs from what is there already."""
    found = [one for line in lines if not _flows(repository, line) for one in _tip(repository, line)]
    return joined(found) if found else Validation(At("commit", repository.git.head()), None, 0, ())


def _flows(repository: Repository, line: Pushed) -> bool:
    """Whether it is the events line, or code that runs keep: neither is a tree, and what flows was checked alone."""
    events = repository.head().settings.events
    return (events != TREE and line.remote_ref == f"refs/heads/{events}") or line.remote_ref.startswith("refs/gitml/")


def _tip(repository: Repository, line: Pushed) -> Iterator[Validation]:
    """One pushed ref; a deletion brings nothing, nor does a tag of something that is no commit."""
    git = repository.git
    tip = git.commit_or_none(line.local) if line.local else None
    if tip is None:
        return
    there = git.commit_or_none(line.remote) if line.remote else None
    snapshot = repository.commit(tip)
    for store in repository.stores(snapshot.entries):
        after = store.commit(tip)
        landed = _landed(store, after, line, there)
        before = store.commit(there) if there else landed
        scope = changed(after, before, landed) if before else whole(after, landed)
        base = landed.at.commit if landed else None
        problems = tuple(replace(problem, commit=tip) for problem in check(scope))
        yield Validation(after.at, base, scope.count, problems)


def _landed(store: Repository, after: Snapshot, line: Pushed, there: str | None) -> Snapshot | None:
    """What is on main before this push: of a push to main, what is there now; else where the branch left it.

    Nothing, where there is no main yet; None where the remote has a commit that this clone lacks.
    """
    main = after.settings.main
    if line.remote_ref != f"refs/heads/{main}" and store.git.main_ref(main):
        return store.base(after.settings, after.at.commit)
    if there:
        return store.commit(there)
    nothing = Snapshot(store.git, At("commit"), {}, prefix=store.prefix, cache=store.cache)
    return None if line.remote else nothing


def in_range(repository: Repository, a: str, b: str) -> Validation:
    """What is wrong at `b` that was not yet wrong where it and `a` parted, in every store. Raises NotFound."""
    from gitml.checks.range import between, commit_of

    before, after = commit_of(repository, a), commit_of(repository, b)
    return joined([between(store, before, after) for store in _stores_at(repository, after)])


def merged(repository: Repository, a: str, b: str) -> Validation:
    """What would be wrong once `b` is merged into `a`, in every store. Raises NotFound, GitFailed."""
    from gitml.checks.merged import CODE as MERGE
    from gitml.checks.merged import merge_check
    from gitml.checks.range import commit_of

    ours, theirs = commit_of(repository, a), commit_of(repository, b)
    found = joined([merge_check(store, ours, theirs) for store in _stores_at(repository, ours, theirs)])
    # Each store tells of all that git cannot merge; of its own records it knows more than the others.
    told = {one.path for one in found.problems if one.code == MERGE and one.ref}
    return replace(
        found, problems=tuple(one for one in found.problems if one.code != MERGE or one.ref or one.path not in told)
    )


def _stores_at(repository: Repository, *commits: str) -> list[Repository]:
    return repository.stores({path for commit in commits for path in repository.commit(commit).entries})


def joined(found: Sequence[Validation]) -> Validation:
    """Several answers as one: the snapshot and base of the first, the problems of all."""
    problems = sorted(dict.fromkeys(problem for one in found for problem in one.problems), key=lambda one: one.order)
    checked = sum(one.checked for one in found)
    return Validation(found[0].at, found[0].base, checked, tuple(problems), found[0].merge)
