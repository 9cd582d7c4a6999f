"""The code that runs name stays reachable: what each says of it, as commits that Git will not throw away.

What was not committed is scanned first: where something new in it looks like a secret, only the commit is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gitml.checks.secrets import shape
from gitml.records.settings import TREE
from gitml.repo.git.history import changes
from gitml.repo.writing.roots import hold, kept_tree

if TYPE_CHECKING:
    from gitml.repo.change import Change
    from gitml.repo.git.session import Session
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_CODE: Final = "code"


@dataclass(frozen=True, slots=True)
class Kept:
    """Commits that shall stay, and what was left out of them."""

    commits: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def hold(self, session: Session) -> None:
        """Keep them by refs of their own."""
        hold(session, self.commits)


def kept(repository: Repository, after: Snapshot, changed: Iterable[Change]) -> Kept:
    """The code of the runs among some changes, which `after` shows done; a store in the tree counts on its main."""
    on_main = after.settings.events == TREE and repository.git.branch() == after.settings.main
    commits: dict[str, None] = {}
    notes: dict[str, None] = {}
    for commit, tree in dict.fromkeys(_codes(after, changed)):
        there = repository.session.commit(commit) if commit else None
        found = repository.session.find([tree])[0] if tree else None
        if tree and found is not None and found.type == "tree":
            fault = _secret(repository, there, tree)
            made = kept_tree(repository.session, tree, there) if fault is None else there
            notes |= {f"the uncommitted code of this run is not kept: {fault}": None} if fault else {}
        else:
            made = there
        if made is not None and not (on_main and made == there):
            commits[made] = None
    return Kept(tuple(commits), tuple(notes))


def _codes(after: Snapshot, changed: Iterable[Change]) -> Iterator[tuple[str | None, str | None]]:
    """Commit and tree, as new records name them."""
    paths = [one.path for one in changed if one.before is None and one.after is not None]
    for loaded in after.load(path for path in paths if after.is_record_path(path) and path in after.tree):
        code = loaded.record.data.get(_CODE) if loaded.record else None
        if isinstance(code, Mapping):
            yield _text(code.get("commit")), _text(code.get("tree"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _secret(repository: Repository, commit: str | None, tree: str) -> str | None:
    """Where something that was not committed looks like a secret, and what like; looked for once."""
    asked, known = ("secret", commit or "", tree), repository.session.known
    if asked not in known:
        known[asked] = _found(repository, commit, tree)
    return known[asked]


def _found(repository: Repository, commit: str | None, tree: str) -> str | None:
    session = repository.session
    base = session.find([f"{commit}^{{tree}}"])[0] if commit else None
    if base is None or base.oid == tree:
        return None
    for path, entry in changes(repository.git, [(base.oid, tree)])[base.oid, tree].changed.items():
        known = frozenset(_lines(session, f"{commit}:{path}"))
        now = _lines(session, entry.oid) if entry else []
        found = next((told for line in now if line not in known and (told := shape(line))), None)
        if found:
            return f"{path} holds {found}"
    return None


def _lines(session: Session, name: str) -> list[str]:
    found = session.find([name])[0]
    return found.content.decode("utf-8", "replace").splitlines() if found is not None else []
