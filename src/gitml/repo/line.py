"""The events line: the branch that `events` in store.yaml names, what lies on it, and where it stood at a time.

It holds what happened, and nothing that people agree on: the records of event kinds, their series, and environments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gitml.records.settings import TREE
from gitml.records.template import OWN_FOLDER, SERIES
from gitml.repo.git.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gitml.records.schemas import Schemas
    from gitml.repo.change import Change
    from gitml.repo.git.session import Session
    from gitml.repo.git.trees import Tree
    from gitml.repo.snapshot import Snapshot

EVENT: Final = "event"
ENVIRONMENT: Final = "environment"
_HEADS, _REMOTES = "refs/heads/", "refs/remotes/"


def flows(schemas: Schemas, kind: str) -> bool:
    """Whether records of a kind may lie on an events line."""
    found = schemas.latest.get(kind)
    return found is not None and (kind == ENVIRONMENT or found.addressing == EVENT)


def folders(schemas: Schemas, prefix: str) -> tuple[str, ...]:
    """The folders that may lie on an events line; those that records of other kinds share stay in the tree."""
    every = {(name, found.template.folder.rstrip("/")) for (name, _major), found in schemas.kinds.items()}
    others = {folder for name, folder in every if not flows(schemas, name)}
    alone = {
        folder
        for name, folder in every
        if flows(schemas, name)
        and folder.startswith(OWN_FOLDER)
        and not any(f"{one}/".startswith(f"{folder}/") for one in others)
    }
    series = {SERIES + folder.removeprefix(OWN_FOLDER) for folder in alone}
    return tuple(prefix + folder for folder in sorted(alone | series))


def tip(session: Session, branch: str) -> str | None:
    """Where an events line stands: its local branch, or where that is behind (or there is none) a remote's."""
    local = session.commit(_HEADS + branch)
    for remote in _remote(session, branch):
        if local is None or (remote != local and session.git.is_ancestor(local, remote)):
            local = remote
    return local


def _remote(session: Session, branch: str) -> list[str]:
    names = session.configured("remote").out.decode("utf-8", "surrogateescape").split("\n")
    found = (session.commit(f"{_REMOTES}{name}/{branch}") for name in sorted(names, key=lambda one: one != "origin"))
    return list(dict.fromkeys(filter(None, found)))


def as_of(session: Session, branch: str, until: int | None) -> str | None:
    """Where an events line stood at a second since 1970 (None: now); None where it had not begun."""
    last = tip(session, branch)
    if last is None or until is None:
        return last
    args = ("rev-list", "-1", "--first-parent", f"--min-age={until}", last, "--")
    return session.git.run(*args).decode("ascii").strip() or None


def laid(session: Session, snapshot: Snapshot, tree_of: Callable[[str], Tree]) -> Tree:
    """A snapshot's own tree with the events line over it, as that stood by the snapshot's time."""
    commit = as_of(session, snapshot.settings.events, snapshot.asked.until)
    if commit is None:
        return snapshot.ground
    return Stack(snapshot.ground, tree_of(commit), folders(snapshot.schemas, snapshot.prefix))


def parted(snapshot: Snapshot, changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
    """Some changes as those of the tree, and those of the events line, where the store has one."""
    here: list[Change] = []
    there: list[Change] = []
    starts = _starts(snapshot)
    for one in changes:
        (there if starts and one.path.startswith(starts) and not _stays(snapshot, one) else here).append(one)
    return here, there


def _starts(snapshot: Snapshot) -> tuple[str, ...]:
    if snapshot.settings.events == TREE:
        return ()
    return tuple(f"{folder}/" for folder in folders(snapshot.schemas, snapshot.prefix))


def _stays(snapshot: Snapshot, change: Change) -> bool:
    tree = snapshot.tree
    if change.fresh:
        return False
    here = tree.ground.file(change.path)
    if change.before is None and here is not None and here.oid == change.after:
        return False  # what the tree has, and the line shall have as well
    if change.before == change.after and here is None:
        return False  # the line's own, which stays as it is
    return tree.stays(change.path, change.after) if isinstance(tree, Stack) else here is not None
