"""Whether the data is there that a snapshot points to: in the work tree, in DVC's cache, in its remote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gitml.errors import ERROR, Problem
from gitml.repo.data.presence import CHANGED, MISSING, NO, PARTLY, SAME, YES, Asked, Presence, presence
from gitml.repo.readers.dvc.locked import is_elsewhere
from gitml.views.rows import Column, Rows
from gitml.views.targets import DVC, GIT, OUTPUT, Key, Target, ever_live, targets, together

if TYPE_CHECKING:
    from gitml.repo.git.revision import At
    from gitml.repo.repository import Repository
    from gitml.repo.snapshot import Snapshot

_COLUMNS: Final = (
    Column("path", "string"), Column("refs", "list"), Column("worktree", "string"), Column("cache", "string"),
    Column("remote", "string"), Column("state", "string"), Column("hint", "string"), Column("type", "string"),
    Column("hash", "string"), Column("size", "int"), Column("source", "string"), Column("remote_name", "string"),
    Column("committed", "bool"), Column("finding", "bool"), Column("live", "list"),
)  # fmt: skip


class Verdict(NamedTuple):
    """A state in words, what to do about it, and whether it must not go on so."""

    state: str
    hint: str = ""
    finding: bool = False


@dataclass(frozen=True, slots=True)
class Datum:
    """Bytes that are pointed to, where they are, and what that means; `finding`: committed, and not to be had."""

    what: Target
    where: Presence
    committed: bool
    verdict: Verdict

    @property
    def cells(self) -> dict[str, Any]:
        """It as a row, and as JSON; what does not apply is null."""
        says = self.what.says
        return {
            "path": self.what.place,
            "type": self.what.type,
            "hash": self.what.identity,
            "size": says.get("size"),
            "refs": list(self.what.refs),
            "live": list(self.what.live),
            "source": says.get("source") or says.get("stage"),
            "committed": self.committed,
            "worktree": self.where.worktree,
            "cache": self.where.cache,
            "remote": self.where.remote,
            "remote_name": self.where.remote_name,
            "state": self.verdict.state,
            "hint": self.verdict.hint,
            "finding": self.verdict.finding,
        }


@dataclass(frozen=True, slots=True)
class DataStatus:
    """What was looked at, each with its state, by path; what could not be read; whether history was whole."""

    at: At
    data: tuple[Datum, ...]
    problems: tuple[Problem, ...] = ()
    complete: bool = True

    @property
    def findings(self) -> int:
        """How much of what is committed nobody else can have."""
        return sum(one.verdict.finding for one in self.data)

    @property
    def is_fine(self) -> bool:
        """Whether all that is committed can be had from a remote, and everything could be read."""
        return not self.findings and all(problem.severity != ERROR for problem in self.problems)

    @property
    def rows(self) -> Rows:
        """As a table, with all that there is to say."""
        rows = tuple({key: value for key, value in one.cells.items() if value is not None} for one in self.data)
        return Rows(None, _COLUMNS, rows, len(rows))


def data(repository: Repository, snapshot: Snapshot, *, ever: bool = False) -> DataStatus:
    """Where all is that a snapshot points to; with `ever` also what any version pointed to that was ever live.

    Remotes are asked themselves, not DVC's index of them. GitmlError where there is no work tree to ask DVC in.
    """
    repository.file("")
    found, complete = targets(snapshot), True
    if ever:
        live, complete = ever_live(repository, snapshot)
        found = together([*found.values(), *live.values()])
    is_commit = snapshot.at.kind == "commit"
    landed = found if is_commit else {**targets(repository.head()), **(live if ever else {})}
    judge = _Judge(snapshot, found)
    data = tuple(sorted(judge.all(repository, landed), key=lambda one: (one.what.place, not one.what.tracked)))
    return DataStatus(snapshot.at, data, snapshot.derived(OUTPUT).problems, complete)


class _Judge:
    """What it means where things are, in a snapshot that points to these."""

    def __init__(self, snapshot: Snapshot, found: Mapping[Key, Target]) -> None:
        self.snapshot = snapshot
        self.found = found
        self.outputs = {one.place: one for one in found.values() if one.tracked}

    def all(self, repository: Repository, landed: Mapping[Key, Target]) -> Iterator[Datum]:
        asked = {one.key: self._question(one) for one in self.found.values() if self._is_dvc_s(one)}
        answers = dict(zip(asked, presence(repository.git, list(asked.values())), strict=True))
        for one in self.found.values():
            where = answers.get(one.key, Presence())
            committed = one.key in landed
            found = self._kept_by_dvc(one, where) if one.key in answers else self._elsewhere(one)
            yield Datum(one, where, committed, self._told(found, where, one, committed=committed))

    def _is_dvc_s(self, one: Target) -> bool:
        says = one.says
        has_hash = one.type == DVC and isinstance(says.get("md5"), str)
        return has_hash and says.get("cache") is not False and not is_elsewhere(one.place) and "repository" not in says

    def _question(self, one: Target) -> Asked:
        by_design = self._by_design(one)
        legacy = bool(one.says.get("legacy")) if one.tracked else None
        here = one.tracked and self.snapshot.at.kind == "worktree"
        return Asked(one.place, one.says["md5"], legacy, one.says.get("remote"), by_design is None, here)

    def _by_design(self, one: Target) -> str | None:
        """Why no remote is meant to have it, whichever version of it this is."""
        output = self.outputs.get(one.place)
        says = output.says if output else {}
        origin = says.get("import")
        if isinstance(origin, Mapping) and "path" in origin and "url" in origin:
            return f"imported from {origin['url']}: DVC fetches it there, and does not push it"
        return "not pushed, by design: its push is false" if says.get("push") is False else None

    def _kept_by_dvc(self, one: Target, where: Presence) -> Verdict:
        by_design = self._by_design(one)
        if by_design is not None and not (where.fault and where.cache is None):
            return Verdict(by_design)
        if where.remote == YES:
            return Verdict("pushed")
        if where.fault:
            return _unanswered(one, where)
        return _lacking(one, where)

    def _elsewhere(self, one: Target) -> Verdict:
        """What DVC does not keep, or does not know yet."""
        if one.type == DVC and one.says.get("cache") is False:
            return self._kept_by_git(one)
        if one.type == GIT:
            return Verdict("Git keeps it")
        if one.type != DVC or "repository" in one.says:
            at = one.says.get("repository") or one.says.get("uri") or one.place
            return Verdict(f"kept elsewhere ({at}): nobody is asked")
        if is_elsewhere(one.place):
            return Verdict("outside of the repository: DVC does not push it")
        return Verdict("has no md5 that could be asked for", "dvc commit, dvc repro or dvc update gives it one")

    def _kept_by_git(self, one: Target) -> Verdict:
        inside = one.place in self.snapshot.entries
        if inside or any(path.startswith(f"{one.place}/") for path in self.snapshot.entries):
            return Verdict("Git keeps it: its cache is false")
        return Verdict("its cache is false, and Git does not have it", f"git add {one.place}", finding=True)

    def _told(self, found: Verdict, where: Presence, one: Target, *, committed: bool) -> Verdict:
        """The verdict with what the work tree adds; what nobody has committed keeps nobody waiting."""
        state, hint, finding = found
        if where.worktree == CHANGED:
            state += "; changed in the work tree"
            hint = hint or (f"dvc add {one.place}" if one.says.get("source") else "dvc repro, or dvc commit")
        elif where.worktree == MISSING:
            state += "; not in the work tree"
            here = where.cache == YES
            hint = hint or (f"dvc {'checkout' if here else 'pull'} {one.place}" if here or not where.fault else "")
        if finding and not committed:
            state += "; not committed yet"
        return Verdict(state, hint, finding and committed)


def _unanswered(one: Target, where: Presence) -> Verdict:
    """What it means that a remote could not be asked: nothing good, unless DVC has noted the version that it pushed."""
    version = one.says.get("version_id")
    if version and where.cache is not None:
        return Verdict(f"pushed as version {version}; {where.fault}", where.hint)
    return Verdict(where.fault, where.hint, finding=True)


def _lacking(one: Target, where: Presence) -> Verdict:
    """What to do about bytes that a remote does not have, or not all of them."""
    told = f"not in the remote {where.remote_name}"
    if where.remote == PARTLY:
        lacks = f"{where.lacking} of {where.files} files" if where.lacking else "the folder's listing"
        told = f"pushed in part: the remote {where.remote_name} lacks {lacks}"
        if where.cache == YES and where.listed:
            # Seen: `dvc push` says "Everything is up to date" for ever, and its own status is content, too.
            md5 = str(one.identity)
            way = f"{'' if one.says.get('legacy') else 'files/md5/'}{md5[:2]}/{md5[2:]}"
            hint = f"remove {way} there, then {_push(one)}: DVC takes a folder whose listing is there for pushed"
            return Verdict(told, hint, finding=True)
    if where.cache == YES:
        return Verdict(told, _push(one), finding=True)
    if where.worktree == SAME:
        return Verdict(f"{told}, nor in the cache", f"dvc commit {one.place} && dvc push {one.place}", finding=True)
    return Verdict(f"{told}, and not whole here either", "push it from a clone that has it", finding=True)


def _push(one: Target) -> str:
    return f"dvc push {one.place}" if one.tracked else "dvc push --all-commits"


def summary(found: Iterable[Datum]) -> Sequence[str]:
    """What there is to say of all together, in a line or two."""
    every = list(found)
    bad = sum(one.verdict.finding for one in every)
    told = f"{len(every)} pointer{'s' * (len(every) != 1)}"
    lines = [f"{told}: {bad} committed, and not to be had from a remote" if bad else f"{told}: all there"]
    gone = [one for one in every if one.verdict.finding and one.where.cache == NO and one.where.worktree != SAME]
    return [*lines, f"{len(gone)} of them are not here either"] if gone else lines
